"""Random scenarios through the public API, compared with an independent model of one shard."""

import base64
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kinesis_cli import EventSourceMapping, Record, SimulationResult, simulate
from kinesis_cli.simulation.trace import Destination, ExpiredRecords, Invocation
from tests.examples import examples
from tests.unit.reference_model import LaneModel, Outcome, Settings, ShardModel

START = 1_700_000_000.0  # epoch seconds
DURATION = 0.1  # seconds of each call
FIRST_SEQUENCE_NUMBER = 49590338271490256608559692538361571095921575989136588898
SHARD_STRIDE = 1000  # between the sequence numbers of one shard and the next


@dataclass(frozen=True)
class Flaw:
    """How the function fails on a record, and for how many calls with the same batch."""

    kind: Literal["raise", "report", "malformed"]
    calls: int


GOOD = Flaw("raise", 0)
NEVER = 10**9  # calls until it goes well

Shard = tuple[tuple[float, Flaw], ...]  # arrival in seconds after START and flaw, per record


@dataclass(frozen=True)
class Scenario:
    """Some shards of a stream, a function and a mapping."""

    shards: tuple[Shard, ...]
    mapping: Settings
    retention: float = 86400.0  # seconds
    throttled: frozenset[int] = frozenset()  # numbers of delivery attempts
    lanes: int = 1  # ParallelizationFactor
    keys: tuple[str, ...] = ("sensor-1",)  # of the records, in turn

    def outcome(self, shard: int, batch: tuple[int, ...], earlier_calls: int) -> Outcome:
        """What the function does with a batch."""
        bad = [(i, self.shards[shard][i][1]) for i in batch]
        bad = [(i, flaw) for i, flaw in bad if flaw.calls > earlier_calls]
        kinds = {flaw.kind for _, flaw in bad}
        if "raise" in kinds:
            return "raise"
        if "malformed" in kinds:
            return "malformed"
        return ("report", bad[0][0]) if bad else "success"


class Function:
    """The scenario's function as Lambda would call it."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.calls: Counter[tuple[int, tuple[int, ...]]] = Counter()

    def __call__(self, event: dict[str, Any], _context: object) -> object:
        ids = [one["eventID"].split(":") for one in event["Records"]]
        shard = int(ids[0][0].removeprefix("shardId-"))
        batch = indices([one for _, one in ids])
        outcome = self.scenario.outcome(shard, batch, self.calls[shard, batch])
        self.calls[shard, batch] += 1
        match outcome:
            case "raise":
                raise ValueError("a poison record")
            case "malformed":
                return {"batchItemFailures": [{"itemIdentifier": ""}]}
            case "report", index:
                # later failures are reported too, in the wrong order: the lowest counts
                failures = [batch[-1], index]
                return {
                    "batchItemFailures": [{"itemIdentifier": number(shard, i)} for i in failures]
                }
        return None


def number(shard: int, index: int) -> str:
    return str(FIRST_SEQUENCE_NUMBER + shard * SHARD_STRIDE + index)


def shard_id(shard: int) -> str:
    return f"shardId-{shard:012d}"


def record(shard: int, index: int, arrival: float, key: str) -> Record:
    members = {
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": key,
            "sequenceNumber": number(shard, index),
            "data": base64.b64encode(b"{}").decode(),
            "approximateArrivalTimestamp": arrival,
        },
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": f"{shard_id(shard)}:{number(shard, index)}",
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": "arn:aws:iam::123456789012:role/function",
        "awsRegion": "eu-west-1",
        "eventSourceARN": "arn:aws:kinesis:eu-west-1:123456789012:stream/readings",
    }
    raw = json.dumps(members, separators=(",", ":")).encode()
    return Record(shard_id(shard), number(shard, index), key, arrival, raw)


def simulated(scenario: Scenario) -> SimulationResult:
    mapping = EventSourceMapping(
        batch_size=scenario.mapping.batch_size,
        parallelization_factor=scenario.lanes,
        maximum_retry_attempts=scenario.mapping.maximum_retry_attempts,
        maximum_record_age_in_seconds=int(scenario.mapping.maximum_record_age_in_seconds),
        bisect_batch_on_function_error=scenario.mapping.bisect_batch_on_function_error,
        report_batch_item_failures=scenario.mapping.report_batch_item_failures,
    )
    records = [
        record(shard, index, START + offset, scenario.keys[index % len(scenario.keys)])
        for shard, flaws in enumerate(scenario.shards)
        for index, (offset, _) in enumerate(flaws)
    ]
    return simulate(
        sorted(records, key=lambda one: one.arrival),
        Function(scenario),
        mapping,
        start_at=START,
        invocation_duration=DURATION,
        retention_hours=scenario.retention / 3600,
        inject=[f"throttle@{attempt}" for attempt in sorted(scenario.throttled)],
    )


def modelled(scenario: Scenario, shard: int, start: float) -> ShardModel:
    return shard_model(scenario, shard, start).run()


def shard_model(scenario: Scenario, shard: int, start: float) -> ShardModel:
    return ShardModel(
        settings=scenario.mapping,
        arrivals=[START + offset for offset, _ in scenario.shards[shard]],
        outcome=lambda batch, calls: scenario.outcome(shard, batch, calls),
        start=start,
        invocation_duration=DURATION,
        retention=scenario.retention,
        throttled=scenario.throttled,
    )


def indices(numbers: Sequence[str]) -> tuple[int, ...]:
    return tuple((int(one) - FIRST_SEQUENCE_NUMBER) % SHARD_STRIDE for one in numbers)


def account(result: SimulationResult, shard: int) -> dict[str, object]:
    """What the simulation did with one shard, in the model's terms."""
    own = [row for row in result.rows if getattr(row, "shard_id", None) == shard_id(shard)]
    calls = [row for row in own if isinstance(row, Invocation)]
    gone = [row.sequence_numbers for row in own if isinstance(row, ExpiredRecords)]
    return {
        "deliveries": [(indices(row.sequence_numbers), row.attempt) for row in calls],
        "documents": [document(row) for row in own if isinstance(row, Destination)],
        "expired": {index for numbers in gone for index in indices(numbers)},
    }


def document(row: Destination) -> tuple[object, ...]:
    """Condition, the records covered, and the count of attempts where that is a rule."""
    request: Any = row.document["requestContext"]
    info: Any = row.document["KinesisBatchInfo"]
    covered = indices(row.sequence_numbers)
    ends = indices([info["startSequenceNumber"], info["endSequenceNumber"]])
    assert (*ends, info["batchSize"]) == (covered[0], covered[-1], len(covered))
    exhausted = request["condition"] == "RetryAttemptsExhausted"
    return request["condition"], covered, request["approximateInvokeCount"] if exhausted else None


def expected(model: ShardModel) -> dict[str, object]:
    return {
        "deliveries": [(one.batch, one.attempt) for one in model.deliveries],
        "documents": [(one.condition, one.batch, one.attempts) for one in model.documents],
        "expired": {index for index, ending in model.endings.items() if ending == "expired"},
    }


def compare(scenario: Scenario, *, times: bool) -> None:
    """Simulate and model a scenario; assert that the same happened."""
    result = simulated(scenario)
    endings: Counter[str] = Counter(succeeded=0, discarded=0, expired=0)
    for shard in range(len(scenario.shards)):
        rows = [row for row in result.invocations if row.shard_id == shard_id(shard)]
        # The phase of the polls is not a rule; take it from the run.
        model = modelled(scenario, shard, rows[0].at if rows else START)
        assert account(result, shard) == expected(model)
        if times:
            starts = [one.at - START for one in model.deliveries]
            assert [row.at - START for row in rows] == pytest.approx(starts, abs=1e-4)
        endings.update(model.endings.values())
    summary = msgspec.structs.asdict(result.summary)
    assert {ending: summary[ending] for ending in endings} == endings
    assert summary["records"] == sum(endings.values())


# --- Scenarios --------------------------------------------------------------------------------

FLAWS = st.just(GOOD) | st.builds(
    Flaw, st.sampled_from(["raise", "report", "malformed"]), st.sampled_from([1, 2, 3, NEVER])
)


def settings_of(
    ages: st.SearchStrategy[float], retries: st.SearchStrategy[int]
) -> st.SearchStrategy[Settings]:
    return st.builds(
        Settings,
        batch_size=st.integers(1, 7),
        maximum_retry_attempts=retries,
        maximum_record_age_in_seconds=ages,
        bisect_batch_on_function_error=st.booleans(),
        report_batch_item_failures=st.booleans(),
    )


def shards_of(
    offsets: st.SearchStrategy[float],
) -> st.SearchStrategy[tuple[tuple[tuple[float, Flaw], ...], ...]]:
    """Shards whose records arrive at some of `offsets` (seconds after the start), in order."""
    shard = st.lists(st.tuples(offsets, FLAWS), max_size=12).map(
        lambda rows: tuple(sorted(rows, key=lambda row: row[0]))
    )
    return st.lists(shard, min_size=1, max_size=2).map(tuple)


UNLIMITED = st.just(-1)
WAITING = st.just(-5.0)  # all records are in the stream when the mapping goes live


@settings(max_examples=examples(50), deadline=None)
@given(st.builds(Scenario, shards_of(WAITING), settings_of(UNLIMITED, st.integers(0, 4))))
def test_retries_reports_and_bisection_go_as_the_model_says(scenario: Scenario) -> None:
    compare(scenario, times=True)


# Seconds before the start: young, about to expire, or too old; never within the second in which
# the first poll falls.
AGES = st.sampled_from([-0.5, -20.0, -50.0, -57.25, -58.5, -61.0, -100.0])


@settings(max_examples=examples(50), deadline=None)
@given(st.builds(Scenario, shards_of(AGES), settings_of(st.just(60), st.integers(-1, 6))))
def test_records_grow_too_old_as_the_model_says(scenario: Scenario) -> None:
    compare(scenario, times=True)


RETENTION = 120.0
OLD_AND_SLOW = (-118.9, Flaw("raise", NEVER))
KEPT = st.sampled_from([-0.5, -50.0, -100.0, -115.0, -118.5])


@example(  # record 2 leaves the stream while it waits behind a batch that takes long
    Scenario(
        ((OLD_AND_SLOW, (-118.9, GOOD), (-118.9, GOOD), (-0.5, GOOD), (-0.5, GOOD)),),
        Settings(batch_size=2),
        RETENTION,
    )
)
@given(
    st.builds(
        Scenario,
        shards_of(KEPT),
        settings_of(st.sampled_from([-1, 60]), st.integers(-1, 6)),
        st.just(RETENTION),
    )
)
def test_records_leave_the_stream_as_the_model_says(scenario: Scenario) -> None:
    compare(scenario, times=True)


@given(
    st.builds(
        Scenario,
        shards_of(st.floats(-5, 30).map(lambda seconds: round(seconds, 3))),
        st.builds(
            Settings,
            batch_size=st.just(1),
            maximum_retry_attempts=st.integers(0, 4),
            bisect_batch_on_function_error=st.booleans(),
            report_batch_item_failures=st.booleans(),
        ),
    )
)
def test_records_that_arrive_meanwhile_are_delivered_as_the_model_says(scenario: Scenario) -> None:
    # One record a batch: how records fall into batches depends on the polls, which are no rule.
    compare(scenario, times=False)


@given(
    st.builds(
        Scenario,
        shards_of(WAITING).map(lambda shards: shards[:1]),  # attempts are numbered across shards
        settings_of(UNLIMITED, st.integers(0, 4)),
        throttled=st.frozensets(st.integers(1, 25), max_size=8),
    )
)
def test_throttled_attempts_change_nothing_but_the_time(scenario: Scenario) -> None:
    compare(scenario, times=False)


@settings(max_examples=examples(70), deadline=None)
@given(
    st.builds(
        Scenario,
        shards_of(WAITING).map(lambda shards: shards[:1]),
        settings_of(UNLIMITED, st.integers(0, 4)),
        lanes=st.integers(2, 10),
        keys=st.lists(st.sampled_from("abcdef"), min_size=1, max_size=12).map(tuple),
    )
)
def test_lanes_work_on_keys_as_the_model_says(scenario: Scenario) -> None:
    result = simulated(scenario)
    rows = result.invocations
    shard = shard_model(scenario, 0, rows[0].at if rows else START)
    keys = [scenario.keys[i % len(scenario.keys)] for i in range(len(scenario.shards[0]))]
    model = LaneModel(shard, keys, scenario.lanes).run().shard

    def in_order(calls: Sequence[tuple[tuple[int, ...], int, float]]) -> list[tuple[object, ...]]:
        # Calls that begin at the same time have no order.
        return sorted((round(at - START, 3), batch, attempt) for batch, attempt, at in calls)

    told = in_order([(indices(row.sequence_numbers), row.attempt, row.at) for row in rows])
    said = in_order([(one.batch, one.attempt, one.at) for one in model.deliveries])
    assert [call[1:] for call in told] == [call[1:] for call in said]
    assert [call[0] for call in told] == pytest.approx([call[0] for call in said], abs=2e-3)
    documents = [document(row) for row in result.rows if isinstance(row, Destination)]
    assert sorted(documents, key=str) == sorted(
        [(one.condition, one.batch, one.attempts) for one in model.documents], key=str
    )
