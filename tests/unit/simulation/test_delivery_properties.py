"""What must hold for every recording, mapping and function."""

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kinesis_cli import EventSourceMapping, Record, SimulationResult, simulate
from kinesis_cli.simulation.trace import Invocation
from kinesis_cli.stream.record_source import RecordList
from tests.examples import examples
from tests.unit.streams import (
    START,
    Fickle,
    fickle_answers,
    injected,
    mappings,
    record,
    recordings,
)

Answers = list[tuple[str, int]]


def run(
    records: Sequence[Record],
    mapping: EventSourceMapping,
    answers: Answers,
    faults: Sequence[str] = (),
    until: float | None = None,
) -> SimulationResult:
    return simulate(
        records,
        Fickle(answers),
        mapping,
        start_at=START,
        inject=faults,
        seed=3,
        retention_hours=0.5,  # shorter than AWS's least, so that blocked shards soon come free
        until=until,
    )


def by_shard(result: SimulationResult) -> dict[str, list[Invocation]]:
    shards: dict[str, list[Invocation]] = {}
    for invocation in result.invocations:
        shards.setdefault(invocation.shard_id, []).append(invocation)
    return shards


def is_duplicate(invocation: Invocation) -> bool:
    return invocation.reason.startswith("delivered again")


@given(recordings(), mappings(), fickle_answers(), injected(), st.sampled_from([None, 2.0, 4000.0]))
@settings(max_examples=examples(70), deadline=None)
def test_every_record_ends_exactly_once(
    records: list[Record],
    mapping: EventSourceMapping,
    answers: Answers,
    faults: list[str],
    until: float | None,
) -> None:
    result = run(records, mapping, answers, faults, until=None if until is None else START + until)

    s = result.summary
    ends = (s.succeeded, s.discarded, s.filtered, s.expired, s.skipped, s.undelivered)
    assert min(ends) >= 0
    assert sum(ends) == s.records == len(records)
    told = Counter([*result.discarded, *result.filtered, *result.expired])
    assert set(told.values()) <= {1}
    assert (len(result.discarded), len(result.filtered), len(result.expired)) == ends[1:4]
    if until is None:
        assert s.undelivered == 0


@given(recordings(), mappings(), fickle_answers(), injected())
@settings(deadline=None)
def test_a_record_is_not_delivered_after_it_has_ended(
    records: list[Record], mapping: EventSourceMapping, answers: Answers, faults: list[str]
) -> None:
    result = run(records, mapping, answers, faults)

    ended: set[str] = set()
    for row in result.rows:
        numbers = getattr(row, "sequence_numbers", ())
        if isinstance(row, Invocation):
            if not is_duplicate(row):
                assert not ended & set(numbers)
            if row.outcome == "success":
                ended |= set(numbers)
        elif numbers:
            ended |= set(numbers)


@given(recordings(), mappings(), fickle_answers())
@settings(deadline=None)
def test_a_batch_keeps_to_one_shard_its_order_and_its_limit(
    records: list[Record], mapping: EventSourceMapping, answers: Answers
) -> None:
    shard_of = {record.sequence_number: record.shard_id for record in records}
    for invocation in run(records, mapping, answers).invocations:
        numbers = invocation.sequence_numbers
        assert 1 <= len(numbers) <= mapping.batch_size
        assert {shard_of[number] for number in numbers} == {invocation.shard_id}
        assert list(numbers) == sorted(numbers, key=int)


@given(recordings(), mappings(), fickle_answers())
@settings(deadline=None)
def test_first_deliveries_keep_the_order_of_each_partition_key(
    records: list[Record], mapping: EventSourceMapping, answers: Answers
) -> None:
    key_of = {record.sequence_number: record.partition_key for record in records}
    seen: set[str] = set()
    last: dict[tuple[str, str], int] = {}
    for invocation in run(records, mapping, answers).invocations:
        for number in invocation.sequence_numbers:
            # With several lanes only the order within a key is promised.
            lane = key_of[number] if mapping.parallelization_factor > 1 else ""
            if number not in seen:
                seen.add(number)
                assert int(number) > last.get((invocation.shard_id, lane), 0)
                last[invocation.shard_id, lane] = int(number)


@given(recordings(), mappings(), fickle_answers(), injected())
@settings(deadline=None)
def test_a_batch_is_called_at_most_once_more_than_it_may_be_retried(
    records: list[Record], mapping: EventSourceMapping, answers: Answers, faults: list[str]
) -> None:
    retries = mapping.maximum_retry_attempts
    calls: Counter[tuple[str, ...]] = Counter()
    for invocation in run(records, mapping, answers, faults).invocations:
        assert retries < 0 or invocation.attempt <= 1 + retries
        calls[invocation.request_id, *invocation.sequence_numbers] += 1
    assert retries < 0 or max(calls.values(), default=0) <= 1 + retries


@given(recordings(), mappings(), fickle_answers())
@settings(deadline=None)
def test_calls_of_one_lane_do_not_overlap(
    records: list[Record], mapping: EventSourceMapping, answers: Answers
) -> None:
    lanes = mapping.parallelization_factor
    for invocations in by_shard(run(records, mapping, answers)).values():
        ends: list[float] = []
        for invocation in invocations:
            ends = [end for end in ends if end > invocation.at + 1e-6]
            assert len(ends) < lanes
            ends.append(invocation.at + invocation.duration_ms / 1000)


@given(recordings(), mappings(), fickle_answers())
@settings(deadline=None)
def test_the_checkpoint_never_moves_back(
    records: list[Record], mapping: EventSourceMapping, answers: Answers
) -> None:
    if mapping.parallelization_factor > 1:
        return  # lanes keep checkpoints of their own
    for invocations in by_shard(run(records, mapping, answers)).values():
        checkpoints = [int(i.checkpoint) for i in invocations if i.checkpoint is not None]
        assert all(earlier <= later for earlier, later in itertools.pairwise(checkpoints))


@given(recordings(), mappings(), fickle_answers())
@settings(deadline=None)
def test_every_discarded_record_is_covered_by_exactly_one_document(
    records: list[Record], mapping: EventSourceMapping, answers: Answers
) -> None:
    result = run(records, mapping, answers)
    covered: Counter[str] = Counter()
    for document in result.destination:
        batch = document["KinesisBatchInfo"]
        assert isinstance(batch, Mapping)
        inside = [
            record.sequence_number
            for record in records
            if record.shard_id == batch["shardId"]
            and int(batch["startSequenceNumber"])
            <= int(record.sequence_number)
            <= int(batch["endSequenceNumber"])
        ]
        if mapping.parallelization_factor == 1 and not mapping.filter_patterns:
            assert len(inside) >= batch["batchSize"]
    for number in result.discarded:
        covered[number] += 1
    assert set(covered.values()) <= {1}
    assert sum(d["KinesisBatchInfo"]["batchSize"] for d in result.destination) == len(covered)  # type: ignore[index]


@given(recordings(), mappings(), fickle_answers(), injected())
@settings(max_examples=examples(25), deadline=None)
def test_the_same_seed_gives_the_same_trace(
    records: list[Record], mapping: EventSourceMapping, answers: Answers, faults: list[str]
) -> None:
    first, second = (run(records, mapping, answers, faults) for _ in range(2))
    assert untimed(first) == untimed(second)


def untimed(result: SimulationResult) -> list[str]:
    """The rows without the tracebacks, which name addresses of nothing that matters."""
    return [repr(row) for row in result.rows]


@given(st.integers(1, 200), st.integers(0, 199))
@settings(max_examples=examples(20), deadline=None)
def test_finding_one_poison_record_by_bisecting_takes_logarithmically_many_calls(
    count: int, poison: int
) -> None:
    poison %= count
    records = [record(index) for index in range(count)]
    bad = records[poison].sequence_number

    def function(event: dict[str, Any], context: object) -> object:
        numbers = [r["kinesis"]["sequenceNumber"] for r in event["Records"]]
        if bad in numbers:
            raise ValueError(bad)
        return None

    mapping = {"BatchSize": 200, "BisectBatchOnFunctionError": True, "MaximumRetryAttempts": 0}
    result = simulate(records, function, mapping, start_at=START)

    assert result.discarded == [bad]
    assert len(result.invocations) <= 2 * (count - 1).bit_length() + 1


class CountingSource(RecordList):
    """Counts how often it is asked for records."""

    takes = 0

    def take(self, shard_id: str, until: float, limit: int, max_bytes: int) -> list[Record]:
        self.takes += 1
        return super().take(shard_id, until, limit, max_bytes)


@pytest.mark.unmeasured
def test_the_cost_is_linear_in_the_deliveries_and_not_in_the_time() -> None:
    month = 30 * 86_400.0
    source = CountingSource([record(index, at=index * month) for index in range(12)])

    result = simulate(source, Fickle([("raise", 0)]), {"MaximumRetryAttempts": -1}, start_at=START)

    assert result.summary.expired == 12
    assert result.summary.elapsed_seconds > 11 * month
    assert source.takes <= 2 * len(result.invocations) + 10
