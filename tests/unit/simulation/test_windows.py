"""Tumbling windows: state from call to call, and the final call of each window."""

import itertools
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kinesis_cli import Record, SimulationResult, simulate
from kinesis_cli.stream.times import iso_time
from tests.unit.streams import (
    FIRST_NUMBER,
    START,
    STREAM_ARN,
    fickle_answers,
    injected,
    numbers_of,
    record,
    recordings,
    records_at,
)

LENGTH = 30  # seconds; START is a boundary
Events = list[dict[str, Any]]


class Counter:
    """A function that counts records in its state, and keeps the events that it was given."""

    def __init__(self, failing: Callable[[dict[str, Any]], bool] = lambda event: False) -> None:
        self._failing = failing
        self.events: Events = []

    def __call__(self, event: dict[str, Any], context: object) -> object:
        self.events.append(json.loads(json.dumps(event)))
        if self._failing(event):
            raise ValueError("failing")
        return {"state": {"n": event["state"].get("n", 0) + len(event["Records"])}}

    @property
    def calls(self) -> list[tuple[int, object, bool]]:
        """Records, state and whether it is the final call, of each."""
        return [
            (len(event["Records"]), event["state"], event["isFinalInvokeForWindow"])
            for event in self.events
        ]


def is_final(event: dict[str, Any]) -> bool:
    return bool(event["isFinalInvokeForWindow"])


def windowed(
    records: list[Record], function: Callable[[Any, Any], object], **settings: object
) -> SimulationResult:
    mapping = {"TumblingWindowInSeconds": LENGTH, **settings}
    return simulate(records, function, mapping, start_at=START)


def test_state_is_handed_over_and_starts_empty_in_each_window() -> None:
    function = Counter()
    result = windowed(records_at(1, 5, 10, 31, 40), function)
    assert function.calls == [
        (1, {}, False),
        (1, {"n": 1}, False),
        (1, {"n": 2}, False),
        (0, {"n": 3}, True),
        (1, {}, False),
        (1, {"n": 1}, False),
        (0, {"n": 2}, True),
    ]
    assert result.summary.succeeded == 5
    assert [call.reason for call in result.invocations][3] == "the window is closed"


def test_a_call_is_told_its_window_shard_and_stream() -> None:
    function = Counter()
    windowed(records_at(31), function)
    first, final = function.events
    assert {name: value for name, value in first.items() if name != "Records"} == {
        "window": {"start": "2023-11-14T22:14:30Z", "end": "2023-11-14T22:15:00Z"},
        "state": {},
        "shardId": "shardId-000000000000",
        "eventSourceARN": STREAM_ARN,
        "isFinalInvokeForWindow": False,
        "isWindowTerminatedEarly": False,
    }
    assert final == {
        **first,
        "Records": [],
        "state": {"n": 1},
        "isFinalInvokeForWindow": True,
    }


def test_a_boundary_belongs_to_the_window_that_it_begins() -> None:
    function = Counter()
    windowed(records_at(29.999, 30.0), function)
    assert [call[0] for call in function.calls] == [1, 0, 1, 0]
    assert function.events[2]["window"]["start"] == "2023-11-14T22:14:30Z"


def test_a_later_record_closes_the_window_at_once() -> None:
    result = windowed(records_at(1, 31), Counter())
    final = result.invocations[1]
    assert final.sequence_numbers == ()
    assert final.at - START < 33  # the poll that brought the record


def test_an_idle_window_closes_two_minutes_after_its_end() -> None:
    result = windowed(records_at(1), Counter())
    assert [call.at - START for call in result.invocations][1] == LENGTH + 120
    assert result.summary.elapsed_seconds == pytest.approx(LENGTH + 120.1)


def test_a_late_record_goes_into_the_open_window() -> None:
    # One that arrived in a window that is closed: records keep the order of the stream.
    function = Counter()
    windowed([record(0, at=1), record(1, at=31), record(2, at=29)], function, BatchSize=1)
    assert [(n, final) for n, _, final in function.calls] == [
        (1, False),
        (0, True),
        (1, False),
        (1, False),
        (0, True),
    ]
    assert function.calls[3][1] == {"n": 1}


def test_a_batch_never_spans_two_windows() -> None:
    function = Counter()
    records = [record(index, at=at) for index, at in enumerate([-40, -35, -20, -10, -9])]
    windowed(records, function)  # all of them wait when the mapping goes live
    assert function.calls == [
        (2, {}, False),
        (0, {"n": 2}, True),
        (3, {}, False),
        (0, {"n": 3}, True),
    ]


def test_each_shard_has_windows_and_state_of_its_own() -> None:
    function = Counter()
    windowed([record(0, at=1), record(1, at=2, shard=1), record(2, at=3)], function)
    finals = {e["shardId"][-1]: e["state"] for e in function.events if is_final(e)}
    assert finals == {"0": {"n": 2}, "1": {"n": 1}}


def test_too_large_a_state_ends_its_window_early_and_further_records_open_it_anew() -> None:
    events: Events = []

    def growing(event: dict[str, Any], context: object) -> object:
        events.append(event)
        return {"state": {"text": "x" * (2**20 if len(events) == 1 else 2**20 - 20)}}

    result = windowed(records_at(1, 5, 10), growing)
    flags = [
        (len(e["Records"]), len(e["state"]), is_final(e), e["isWindowTerminatedEarly"])
        for e in events
    ]
    assert flags == [
        (1, 0, False, False),
        (0, 1, True, True),
        (1, 0, False, False),
        (1, 1, False, False),
        (0, 1, True, False),
    ]
    assert len(events[1]["state"]["text"]) == 2**20
    assert len({e["window"]["start"] for e in events}) == 1
    assert result.summary.succeeded == 3


def test_an_early_end_closes_the_window_for_good_where_nothing_follows() -> None:
    flags: list[tuple[object, bool, bool]] = []

    def too_large(event: dict[str, Any], context: object) -> object:
        flags.append((len(event["state"]), is_final(event), event["isWindowTerminatedEarly"]))
        return {"state": {"text": "x" * 2**20}}

    result = windowed(records_at(1), too_large)
    assert flags == [(0, False, False), (1, True, True)]
    assert result.summary.elapsed_seconds < LENGTH


def test_an_answer_without_state_is_a_failed_call() -> None:
    result = windowed(records_at(1), lambda event, context: {}, MaximumRetryAttempts=0)
    first = result.invocations[0]
    assert first.outcome == "failed"
    assert first.reason == (
        "the answer has no state, which a tumbling window needs; "
        "retries exhausted, 1 record discarded [UNSURE(poll-phase)]"
    )
    assert result.destination[0]["responseContext"] == {
        "statusCode": 200,
        "executedVersion": "$LATEST",
        "functionError": None,
    }


def test_a_failed_call_leaves_the_state_as_it_was() -> None:
    counter = Counter(lambda event: len(counter.events) == 2)
    windowed(records_at(1, 5), counter)
    assert counter.calls == [
        (1, {}, False),
        (1, {"n": 1}, False),
        (1, {"n": 1}, False),
        (0, {"n": 2}, True),
    ]


def test_a_failing_final_call_is_retried_and_given_up_and_the_shard_waits_for_it() -> None:
    function = Counter(is_final)
    result = windowed(records_at(1, 31), function, MaximumRetryAttempts=2)
    assert [(n, final) for n, _, final in function.calls] == [
        (1, False),
        (0, True),
        (0, True),
        (0, True),
        (1, False),
        (0, True),
        (0, True),
        (0, True),
    ]
    document = result.destination[0]
    context = document["requestContext"]
    assert isinstance(context, dict)
    assert (context["condition"], context["approximateInvokeCount"]) == (
        "RetryAttemptsExhausted",
        3,
    )
    assert document["KinesisBatchInfo"] == {
        "shardId": "shardId-000000000000",
        "streamArn": STREAM_ARN,
    }
    assert document["timeWindowInfo"] == {
        "window": {"start": "2023-11-14T22:14:00Z", "end": "2023-11-14T22:14:30Z"},
        "isFinalInvokeForWindow": True,
        "isWindowTerminatedEarly": False,
    }
    assert function.calls[4][1] == {}
    assert (result.summary.succeeded, result.summary.discarded) == (2, 0)


def test_the_age_limit_ends_the_retries_of_a_final_call() -> None:
    function = Counter(is_final)
    result = windowed(records_at(1, 31), function, MaximumRecordAgeInSeconds=60)
    conditions = [document["requestContext"]["condition"] for document in result.destination]  # type: ignore[index]
    assert conditions == ["RecordAgeExceeded", "RecordAgeExceeded"]
    assert "responseContext" not in result.destination[0]
    first_window = [call for call in result.invocations if not call.sequence_numbers][:-1]
    assert len(first_window) > 3
    assert first_window[-1].at - START < 1 + 60


def test_a_final_call_is_made_once_although_its_records_are_too_old_by_then() -> None:
    function = Counter()
    result = windowed(records_at(1), function, MaximumRecordAgeInSeconds=60)
    assert function.calls == [(1, {}, False), (0, {"n": 1}, True)]
    assert result.destination == []


def test_unlimited_retries_of_a_final_call_end_with_the_retention() -> None:
    function = Counter(is_final)
    result = simulate(
        records_at(1, 31),
        function,
        {"TumblingWindowInSeconds": LENGTH},
        start_at=START,
        retention_hours=1,
    )
    assert result.summary.succeeded == 2
    assert result.destination == []
    calls = [(len(call.sequence_numbers), call.at - START) for call in result.invocations]
    second_record = calls.index((1, max(at for size, at in calls if size)))
    assert calls[second_record - 1][1] < 3601 < calls[second_record][1] < 3601 + 61
    block = result.summary.longest_block
    assert block is not None
    assert block.seconds > 3500
    assert block.sequence_number == ""  # no record's failure, but the final call's


def test_a_report_inside_a_window_keeps_the_state_of_the_partly_failed_call() -> None:
    events: Events = []

    def summing(event: dict[str, Any], context: object) -> object:
        events.append(event)
        n = event["state"].get("n", 0) + len(event["Records"])
        failures = [{"itemIdentifier": str(FIRST_NUMBER + 2)}] if len(events) == 1 else []
        return {"state": {"n": n}, "batchItemFailures": failures}

    result = windowed(
        records_at(*[0.0] * 4), summing, FunctionResponseTypes=["ReportBatchItemFailures"]
    )
    assert [len(event["Records"]) for event in events] == [4, 2, 0]
    assert [event["state"] for event in events] == [{}, {"n": 4}, {"n": 6}]
    assert [call.outcome for call in result.invocations] == ["partial", "success", "success"]


def test_both_halves_of_a_split_work_on_from_the_state_before() -> None:
    counter = Counter(lambda event: len(counter.events) == 1)
    windowed(records_at(*[0.0] * 4), counter, BisectBatchOnFunctionError=True)
    assert counter.calls == [
        (4, {}, False),
        (2, {}, False),
        (2, {"n": 2}, False),
        (0, {"n": 4}, True),
    ]


def test_a_batching_window_gathers_within_a_tumbling_window() -> None:
    function = Counter()
    result = windowed(records_at(1, 3, 12, 28, 31), function, MaximumBatchingWindowInSeconds=20)
    assert [(n, final) for n, _, final in function.calls] == [
        (3, False),  # at 20 s
        (1, False),  # at once when the next window's record arrives
        (0, True),
        (1, False),
        (0, True),
    ]
    starts = [call.at - START for call in result.invocations]
    assert starts[0] == 20
    assert 31 <= starts[1] < 32.1


def test_the_members_of_a_window_count_towards_six_megabytes() -> None:
    # Two records and a small state fit one call; beside a state of 1 MB they do not.
    data = "x" * (int(2.6 * 2**20) * 3 // 4)
    sizes: list[int] = []

    def function(event: dict[str, Any], context: object) -> object:
        sizes.append(len(event["Records"]))
        return {"state": "s" * 1_000_000}

    records = [record(index, at=-10 + index, data=data) for index in range(4)]
    windowed(records, function)
    assert sizes == [2, 1, 1, 0]


@given(
    st.lists(st.sampled_from([0.0, 0.5, 3.0, 29.0, 31.0, 400.0]), max_size=15), st.integers(1, 4)
)
@settings(deadline=None)
def test_each_window_counts_its_records_once_whatever_the_rhythm(
    gaps: list[float], batch_size: int
) -> None:
    arrivals = [sum(gaps[: place + 1]) for place in range(len(gaps))]
    function = Counter()
    windowed(records_at(*arrivals), function, BatchSize=batch_size)
    counted = [e["state"].get("n", 0) for e in function.events if is_final(e)]
    expected: dict[float, int] = {}
    for at in arrivals:
        expected[at // LENGTH] = expected.get(at // LENGTH, 0) + 1
    assert counted == list(expected.values())


@st.composite
def windowed_mappings(draw: st.DrawFn) -> dict[str, object]:
    """Mappings with tumbling windows."""
    return {
        "TumblingWindowInSeconds": draw(st.sampled_from([1, 30, 900])),
        "BatchSize": draw(st.integers(1, 7)),
        "MaximumBatchingWindowInSeconds": draw(st.sampled_from([0, 0, 1, 30])),
        "MaximumRetryAttempts": draw(st.sampled_from([-1, 0, 1, 3])),
        "MaximumRecordAgeInSeconds": draw(st.sampled_from([-1, 60, 3600])),
        "BisectBatchOnFunctionError": draw(st.booleans()),
        "FunctionResponseTypes": draw(st.sampled_from([[], ["ReportBatchItemFailures"]])),
    }


@given(recordings(), windowed_mappings(), fickle_answers(), injected())
@settings(deadline=None)
def test_every_record_ends_once_and_windows_only_move_on_whatever_fails(
    records: list[Record],
    mapping: dict[str, object],
    answers: list[tuple[str, int]],
    faults: list[str],
) -> None:
    last_start: dict[str, str] = {}
    turn = itertools.cycle(answers)

    def moody(event: dict[str, Any], context: object) -> object:
        window, shard_id = event["window"], event["shardId"]
        assert window["start"] >= last_start.get(shard_id, "")
        last_start[shard_id] = window["start"]
        for each in event["Records"]:
            assert iso_time(each["kinesis"]["approximateArrivalTimestamp"])[:19] < window["end"]
        kind, position = next(turn)
        numbers = numbers_of(event)
        match kind:
            case "raise":
                raise ValueError("drawn")
            case "malformed":
                return {}
            case "report" if numbers:
                failures = [{"itemIdentifier": numbers[position % len(numbers)]}]
                return {"state": {}, "batchItemFailures": failures}
        return {"state": {}}

    result = simulate(records, moody, mapping, start_at=START, inject=faults, retention_hours=0.5)
    s = result.summary
    assert s.succeeded + s.discarded + s.expired == s.records == len(records)
    assert not [
        call
        for call in result.invocations
        if call.error and call.error.error_type == "AssertionError"
    ]
