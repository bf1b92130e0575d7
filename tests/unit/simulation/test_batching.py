"""When records go out, in which batches, and what happens between two calls."""

import json
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Literal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kinesis_cli import InputError, Record, SimulationResult, simulate
from kinesis_cli.event_source_mapping.gathering import lane_of
from kinesis_cli.event_source_mapping.invocation import (
    FunctionError,
    InvocationRequest,
    InvocationResult,
)
from kinesis_cli.event_source_mapping.settings import EventSourceMapping
from kinesis_cli.simulation.faults import Fault, Faults
from kinesis_cli.simulation.run import Simulation, SimulationOptions
from kinesis_cli.simulation.trace import FilteredRecords
from kinesis_cli.stream.record_source import RecordList
from kinesis_cli.stream.shards import hash_key
from kinesis_cli.stream.times import Moment
from tests.examples import examples
from tests.unit.streams import (
    FIRST_NUMBER,
    START,
    numbers_of,
    raising,
    record,
    records_at,
    reporting,
)

SIX_MEGABYTES = 6_291_456
POLL = 1.0  # seconds between polls


def nothing(event: object, context: object) -> object:
    return None


def indices(result: SimulationResult) -> list[list[int]]:
    """The records of each call, by index."""
    return [
        [int(number) - FIRST_NUMBER for number in call.sequence_numbers]
        for call in result.invocations
    ]


def starts(result: SimulationResult) -> list[float]:
    """When each call began, seconds after START."""
    return [round(call.at - START, 3) for call in result.invocations]


def phase(seed: int = 0, shard: int = 0) -> float:
    """When a shard is polled first, seconds after the mapping went live."""
    return starts(simulate([record(0, shard=shard)], nothing, seed=seed))[0]


# Polls


def test_each_shard_is_polled_once_a_second_at_a_phase_of_the_seed() -> None:
    first = phase()
    assert 0 <= first < POLL
    assert phase(seed=1) != first
    assert phase(shard=1) != first
    result = simulate(records_at(0, 0.001, 2.5, 1000.2), nothing, start_at=START)
    ticks = [(at - first) / POLL for at in starts(result)]
    assert ticks == pytest.approx([round(tick) for tick in ticks], abs=0.002)
    assert len(ticks) in (3, 4)


def test_a_record_is_delivered_at_the_first_poll_after_its_arrival() -> None:
    first = phase()
    for after in (0.01, 0.5, 0.99, 7.0):
        result = simulate(records_at(0, first + after), nothing, start_at=START)
        assert starts(result)[1] == pytest.approx(first + (7 if after == 7 else 1), abs=0.002)


def test_what_one_poll_brought_is_delivered_without_waiting() -> None:
    result = simulate(records_at(*[0.0] * 7), nothing, {"BatchSize": 3}, start_at=START)
    assert indices(result) == [[0, 1, 2], [3, 4, 5], [6]]
    assert starts(result) == pytest.approx([phase(), phase() + 0.1, phase() + 0.2], abs=0.002)


def test_one_poll_brings_at_most_ten_thousand_records() -> None:
    result = simulate(
        [record(index) for index in range(20_001)],
        nothing,
        {"BatchSize": 10_000},
        start_at=START,
        invocation_duration=0.0,
    )
    assert [len(call.sequence_numbers) for call in result.invocations] == [10_000, 10_000, 1]
    assert starts(result) == pytest.approx([phase(), phase() + 1, phase() + 2], abs=0.002)


def test_no_call_is_made_without_records() -> None:
    assert simulate([], nothing).invocations == []
    filtered = simulate(records_at(0, 5), nothing, filtering('{"data": {"a": [1]}}'))
    assert filtered.invocations == []


# Batching windows


WINDOW = {"MaximumBatchingWindowInSeconds": 10}


def test_a_batching_window_begins_with_the_mapping_and_then_with_the_end_of_each_call() -> None:
    result = simulate(records_at(1, 9, 12, 15), nothing, WINDOW, start_at=START)
    assert indices(result) == [[0, 1], [2, 3]]
    assert starts(result) == [10.0, 20.1]


def test_an_empty_batching_window_is_followed_by_another_at_once() -> None:
    result = simulate(records_at(34), nothing, WINDOW, start_at=START)
    assert starts(result) == [40.0]


def test_a_full_batch_does_not_wait_for_its_window() -> None:
    result = simulate(
        records_at(1, 2, 3, 4, 5), nothing, {**WINDOW, "BatchSize": 4}, start_at=START
    )
    assert indices(result) == [[0, 1, 2, 3], [4]]
    assert 4 <= starts(result)[0] < 5.1
    assert starts(result)[1] == pytest.approx(starts(result)[0] + 10.1, abs=0.002)


def test_six_megabytes_do_not_wait_for_their_window() -> None:
    records = [record(index, at=1, data="x" * 1_700_000) for index in range(3)]
    result = simulate(records, nothing, WINDOW, start_at=START)
    assert indices(result) == [[0, 1], [2]]
    assert starts(result)[0] < 3


def test_a_batch_that_fails_is_retried_inside_its_next_window() -> None:
    mapping = {**WINDOW, "MaximumRetryAttempts": 1}
    result = simulate(records_at(1, 12), raising(0), mapping, start_at=START)
    assert indices(result) == [[0], [0], [1]]
    # 10 s window, call, pause of 0.2 s, call: the next window begins there
    assert starts(result) == [10.0, 10.3, 20.4]


# Six megabytes


def sized(index: int, size: int, *, spaces: bool = False) -> Record:
    """A record whose compact JSON has `size` bytes; with spaces it is longer as recorded."""
    empty = msgspec.json.encode(msgspec.json.decode(record(index).raw))
    document = msgspec.json.decode(empty)
    document["padding"] = "x" * (size - len(empty) - len(',"padding":""'))
    compact = msgspec.json.encode(document)
    assert len(compact) == size
    raw = json.dumps(document, indent=4).encode() if spaces else compact
    return Record("shardId-000000000000", str(FIRST_NUMBER + index), "k", START, raw)


@pytest.mark.parametrize("spaces", [False, True])
@pytest.mark.parametrize("beyond", [0, 1])
def test_six_megabytes_are_exact_to_the_byte(spaces: bool, beyond: int) -> None:
    overhead = len(b'{"Records":[,]}')
    half = 3_000_000
    records = [
        sized(0, half, spaces=spaces),
        sized(1, SIX_MEGABYTES - overhead - half + beyond, spaces=spaces),
    ]
    result = simulate(records, nothing, start_at=START)
    assert indices(result) == ([[0], [1]] if beyond else [[0, 1]])


@pytest.mark.parametrize("spaces", [False, True])
@pytest.mark.parametrize("beyond", [0, 1])
def test_a_single_record_may_fill_six_megabytes_and_no_byte_more(spaces: bool, beyond: int) -> None:
    size = SIX_MEGABYTES - len(b'{"Records":[]}') + beyond
    result = simulate(
        [sized(0, size, spaces=spaces)], nothing, {"MaximumRetryAttempts": 0}, start_at=START
    )
    assert len(result.invocations) == 1 - beyond
    assert (result.summary.succeeded, result.summary.discarded) == (1 - beyond, beyond)


def test_an_oversized_record_among_others_blocks_and_ends_alone() -> None:
    records = [
        sized(0, 1000),
        sized(1, 1000),
        sized(2, SIX_MEGABYTES),
        sized(3, 1000),
        sized(4, 1000),
    ]
    result = simulate(records, nothing, {"MaximumRetryAttempts": 2}, start_at=START)
    assert indices(result) == [[0, 1], [3, 4]]
    assert result.discarded == [records[2].sequence_number]
    # it used up its retries: pauses of 0.2 and 0.4 s
    assert starts(result)[1] == pytest.approx(starts(result)[0] + 0.1 + 0.6, abs=0.002)


@given(st.lists(st.integers(1000, 2_500_000), min_size=1, max_size=8), st.integers(1, 8))
@settings(max_examples=examples(25), deadline=None)
def test_batches_are_as_large_as_both_limits_allow(sizes: list[int], batch_size: int) -> None:
    records = [sized(index, size) for index, size in enumerate(sizes)]
    result = simulate(records, nothing, {"BatchSize": batch_size}, start_at=START)
    expected: list[list[int]] = [[]]
    for index in range(len(sizes)):
        payload = b'{"Records":[' + b",".join(records[i].raw for i in [*expected[-1], index])
        if len(expected[-1]) == batch_size or len(payload) + 2 > SIX_MEGABYTES:
            expected.append([])
        expected[-1].append(index)
    assert indices(result) == [batch for batch in expected if batch]


# Parallelization


def keyed(index: int, key: str, at: float = 0.0) -> Record:
    return record(index, key=key, at=at)


@given(st.text(), st.integers(1, 10))
def test_a_key_has_one_lane(key: str, lanes: int) -> None:
    assert lane_of(key, lanes, None) == lane_of(key, lanes, None) in range(lanes)
    assert lane_of(key, lanes, (0, 2**128 - 1)) == hash_key(key) * lanes >> 128


def test_a_shards_hash_range_is_cut_into_equal_parts() -> None:
    keys = [f"sensor-{number}" for number in range(400)]
    for lanes in (2, 4, 10):
        first, last = 2**126, 2**127 - 1
        inside = [key for key in keys if first <= hash_key(key) <= last]
        used = {lane_of(key, lanes, (first, last)) for key in inside}
        assert used == set(range(lanes))
        in_order = sorted(inside, key=hash_key)
        of_order = [lane_of(key, lanes, (first, last)) for key in in_order]
        assert of_order == sorted(of_order)
    # An explicit hash key can put a record on a shard whose range its key is not in.
    assert {lane_of(key, 4, (first, last)) for key in keys} == set(range(4))


def keys_of_different_lanes(lanes: int) -> tuple[str, str]:
    keys = [f"key-{number}" for number in range(50)]
    other = next(key for key in keys if lane_of(key, lanes, None) != lane_of("a", lanes, None))
    return "a", other


def seconds_for_four_keys(factor: int, lanes: Literal["keys", "hash"] = "keys") -> float:
    """How long 40 calls of a second take, ten for each of four keys; to the second."""
    records = [keyed(index, "abcd"[index % 4]) for index in range(40)]
    mapping = {"ParallelizationFactor": factor, "BatchSize": 1}
    result = simulate(
        records, nothing, mapping, lanes=lanes, start_at=START, invocation_duration=1.0
    )
    return round(result.summary.elapsed_seconds - phase())


def test_each_waiting_key_takes_a_free_lane() -> None:
    assert seconds_for_four_keys(1) == 40
    assert [seconds_for_four_keys(factor) for factor in (2, 4, 10)] == [20, 10, 10]
    # A fixed lane for each key, by its hash: two keys share one, three do of ten.
    assert [seconds_for_four_keys(factor, "hash") for factor in (1, 4, 10)] == [40, 20, 30]


def test_a_lane_works_on_one_key_and_takes_the_one_that_has_waited_longest() -> None:
    records = [keyed(index, key) for index, key in enumerate("aabbcacdd")]
    mapping = {"ParallelizationFactor": 2, "BatchSize": 2}
    result = simulate(records, nothing, mapping, start_at=START)
    # At the same time a, b; then c, whose first record is older than the rest of a; d last.
    assert indices(result) == [[0, 1], [2, 3], [4, 6], [5], [7, 8]]


def test_a_key_that_is_retried_keeps_its_lane_and_its_order() -> None:
    records = [keyed(index, key) for index, key in enumerate("abacab")]
    mapping = {"ParallelizationFactor": 2, "BatchSize": 1, "MaximumRetryAttempts": 2}
    result = simulate(records, raising(0), mapping, start_at=START)
    batches = [batch for batch in indices(result) if batch[0] in (0, 2, 4)]
    assert batches == [[0], [0], [0], [2], [4]]
    assert [batch for batch in indices(result) if batch[0] in (1, 3, 5)] == [[1], [3], [5]]


def test_each_key_gathers_in_a_window_of_its_own() -> None:
    at = phase()
    records = [keyed(0, "a", at=0.0), keyed(1, "b", at=0.0), keyed(2, "a", at=2.0)]
    records += [keyed(3 + index, "c", at=2.5) for index in range(3)]
    mapping = {"ParallelizationFactor": 2, "BatchSize": 3, **WINDOW}
    result = simulate(records, nothing, mapping, start_at=START)
    assert indices(result) == [[3, 4, 5], [0, 2], [1]]  # c was full before its window was over
    assert starts(result)[0] < at + 4
    assert starts(result)[1:] == [WINDOW["MaximumBatchingWindowInSeconds"]] * 2


def test_a_lane_that_is_idle_gets_what_another_lane_made_room_for() -> None:
    hot, rare = keys_of_different_lanes(2)
    records = [keyed(index, hot) for index in range(600)] + [keyed(600, rare)]
    for lanes in ("keys", "hash"):
        mapping = {"ParallelizationFactor": 2, "BatchSize": 1}
        result = simulate(records, nothing, mapping, start_at=START, lanes=lanes)
        assert result.summary.succeeded == 601


def test_lanes_work_side_by_side_and_a_failing_one_stops_no_other() -> None:
    bad, good = keys_of_different_lanes(2)
    records = [keyed(index, bad if index % 2 == 0 else good) for index in range(6)]
    mapping = {"ParallelizationFactor": 2, "BatchSize": 1, "MaximumRetryAttempts": 5}
    result = simulate(records, raising(0), mapping, start_at=START)

    calls = list(zip(indices(result), starts(result), strict=True))
    good_calls = [(batch, at) for batch, at in calls if batch[0] % 2]
    assert [batch for batch, _ in good_calls] == [[1], [3], [5]]
    assert [at for _, at in good_calls] == pytest.approx(
        [phase(), phase() + 0.1, phase() + 0.2], abs=0.002
    )
    assert [batch for batch, _ in calls if batch[0] % 2 == 0] == [[0]] * 6 + [[2], [4]]
    assert len({batch[0] for batch, at in calls if at == pytest.approx(phase(), abs=0.002)}) == 2


def test_the_batch_size_and_window_hold_for_each_lane() -> None:
    a, b = keys_of_different_lanes(2)
    records = [keyed(index, a if index < 3 else b, at=1) for index in range(6)]
    mapping = {"ParallelizationFactor": 2, "BatchSize": 3, **WINDOW}
    result = simulate(records, nothing, mapping, start_at=START)
    assert sorted(indices(result)) == [[0, 1, 2], [3, 4, 5]]
    assert max(starts(result)) < 3


@pytest.mark.unmeasured
@pytest.mark.slow
def test_a_blocked_lane_holds_the_others_when_its_records_fill_the_buffer() -> None:
    bad, good = keys_of_different_lanes(2)
    records = [keyed(index, bad) for index in range(10_001)]
    records.append(keyed(10_001, good))
    mapping = {"ParallelizationFactor": 2, "BatchSize": 1, "MaximumRetryAttempts": 3}
    result = simulate(records, raising(0), mapping, start_at=START, invocation_duration=0.0)
    batches = indices(result)
    given_up = len(batches) - 1 - batches[::-1].index([0])
    assert batches.index([10_001]) > given_up
    assert result.summary.succeeded == 10_001


# Starting positions


def test_latest_delivers_what_arrives_at_or_after_the_start() -> None:
    result = simulate(
        records_at(-1, -0.001, 0, 1), nothing, {"StartingPosition": "LATEST"}, start_at=START
    )
    assert sorted(n for batch in indices(result) for n in batch) == [2, 3]
    assert result.summary.skipped == 2


def test_at_timestamp_delivers_what_arrived_at_or_after_it() -> None:
    mapping = {"StartingPosition": "AT_TIMESTAMP", "StartingPositionTimestamp": START - 10}
    result = simulate(records_at(-20, -10.001, -10, 5), nothing, mapping, start_at=START)
    assert sorted(n for batch in indices(result) for n in batch) == [2, 3]
    assert result.summary.skipped == 2
    assert result.summary.records == 4


def test_trim_horizon_delivers_what_the_stream_still_keeps() -> None:
    day = 86_400.0
    result = simulate(records_at(-day - 1, -day, -day + 60, -1, 0), nothing, start_at=START)
    assert indices(result) == [[2, 3, 4]]
    assert result.expired == [str(FIRST_NUMBER), str(FIRST_NUMBER + 1)]
    assert result.summary.expired == 2


def test_the_mapping_goes_live_with_the_first_arrival_unless_told_otherwise() -> None:
    early = simulate([record(0, at=50, shard=1), record(1, at=20)], nothing)
    assert early.invocations[0].at - (START + 20) < 1
    late = simulate(records_at(0), nothing, start_at=START + 1000)
    assert 1000 <= starts(late)[0] < 1001
    assert late.summary.max_iterator_age_seconds == pytest.approx(starts(late)[0] + 0.1, abs=0.001)


# Resharding


def test_a_child_is_read_after_its_parents_and_siblings_side_by_side() -> None:
    records = [
        record(0, shard=0),
        record(1, shard=1, at=0.1),
        record(2, shard=2, at=0.2),  # merged from 0 and 1
        record(3, shard=3, at=0.3),  # split from 2
        record(4, shard=4, at=0.3),
    ]
    ids = [each.shard_id for each in records]
    parents = {ids[2]: ids[:2], ids[3]: [ids[2]], ids[4]: [ids[2]]}
    function = raising(1)
    mapping = {"MaximumRetryAttempts": 4}
    result = simulate(records, function, mapping, start_at=START, parents=parents)
    order = [batch[0] for batch in indices(result)]
    assert order[-3:] in ([2, 3, 4], [2, 4, 3])
    assert order[:-3].count(1) == 5  # its failures held the merged child back
    ends = dict(zip(order, starts(result), strict=True))
    assert ends[2] > ends[1]
    assert abs(ends[3] - ends[4]) < 1.1


def test_a_parent_that_the_recording_does_not_hold_is_over() -> None:
    result = simulate(records_at(0), nothing, parents={"shardId-000000000000": ["shardId-7"]})
    assert result.summary.succeeded == 1


def test_children_of_a_parent_whose_records_are_all_skipped_are_read() -> None:
    records = [record(0, at=-5, shard=0), record(1, at=1, shard=1)]
    parents = {records[1].shard_id: [records[0].shard_id]}
    result = simulate(
        records, nothing, {"StartingPosition": "LATEST"}, start_at=START, parents=parents
    )
    assert (result.summary.skipped, result.summary.succeeded) == (1, 1)


# Retries and throttles


def pauses(result: SimulationResult) -> list[float]:
    calls = result.invocations
    return [
        round(later.at - earlier.at - earlier.duration_ms / 1000, 3)
        for earlier, later in pairwise(calls)
    ]


def test_pauses_double_from_a_fifth_of_a_second_up_to_a_minute() -> None:
    result = simulate(records_at(0), raising(0), {"MaximumRetryAttempts": 11}, start_at=START)
    doubled = [0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 51.2, 60.0, 60.0]
    assert pauses(result) == pytest.approx(doubled, abs=0.002)


def test_retries_are_one_more_call_each_and_the_reasons_count_them() -> None:
    result = simulate(records_at(0), raising(0), {"MaximumRetryAttempts": 2}, start_at=START)
    assert [call.attempt for call in result.invocations] == [1, 2, 3]
    assert [call.reason for call in result.invocations] == [
        "ValueError: poison; retry 1 of 2 in 0.2 s [UNSURE(back-off)]",
        "ValueError: poison; retry 2 of 2 in 0.4 s [UNSURE(back-off)]",
        "ValueError: poison; retries exhausted, 1 record discarded",
    ]


def test_a_retry_keeps_its_request_id_and_a_rest_or_a_half_gets_a_new_one() -> None:
    retried = simulate(records_at(0), raising(0), {"MaximumRetryAttempts": 3})
    assert len({call.request_id for call in retried.invocations}) == 1

    report = {"FunctionResponseTypes": ["ReportBatchItemFailures"], "MaximumRetryAttempts": 1}
    rest = simulate(records_at(0, 0, 0), reporting(1), report)
    assert indices(rest) == [[0, 1, 2], [1, 2], [1, 2]]
    first, second, third = (call.request_id for call in rest.invocations)
    assert first != second == third

    bisect = {"BisectBatchOnFunctionError": True, "MaximumRetryAttempts": 0}
    halves = simulate(records_at(0, 0, 0), raising(1), bisect)
    assert indices(halves) == [[0, 1, 2], [0], [1, 2], [1], [2]]
    assert len({call.request_id for call in halves.invocations}) == 5
    assert pauses(halves) == pytest.approx([0.0] * 4, abs=0.001)


def test_a_report_with_progress_goes_on_at_once_with_a_fresh_budget() -> None:
    mapping = {
        "BatchSize": 3,
        "MaximumRetryAttempts": 3,
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
    }
    result = simulate(records_at(*[0.0] * 6), reporting(5), mapping, start_at=START)
    assert indices(result) == [[0, 1, 2], [3, 4, 5], [5], [5], [5], [5]]
    assert result.destination[0]["requestContext"]["approximateInvokeCount"] == 4  # type: ignore[index]
    assert pauses(result) == pytest.approx([0, 0, 0.2, 0.4, 0.8], abs=0.002)


def test_both_flags_cut_at_the_report_and_halve_without_progress() -> None:
    mapping = {
        "BisectBatchOnFunctionError": True,
        "MaximumRetryAttempts": 1,
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
    }
    result = simulate(records_at(*[0.0] * 4), reporting(1), mapping, start_at=START)
    assert indices(result) == [[0, 1, 2, 3], [1, 2, 3], [1], [1], [2, 3]]


def test_a_throttled_call_is_no_attempt_and_keeps_its_request_id() -> None:
    mapping = {"MaximumRetryAttempts": 1}
    hidden = simulate(records_at(0), raising(0), mapping, inject=["throttle@1-3,5"])
    assert [call.outcome for call in hidden.invocations] == ["failed", "failed"]
    assert [call.attempt for call in hidden.invocations] == [1, 2]
    shown = simulate(
        records_at(0), raising(0), mapping, inject=["throttle@1-3,5"], show_throttled=True
    )
    outcomes = [call.outcome for call in shown.invocations]
    assert outcomes == ["throttled"] * 3 + ["failed", "throttled", "failed"]
    assert len({call.request_id for call in shown.invocations}) == 1
    assert shown.summary == hidden.summary
    assert shown.summary.invocations == 2
    throttled = [call.reason for call in shown.invocations if call.outcome == "throttled"]
    assert throttled == [
        "throttled; again in 0.2 s, not counted [UNSURE(back-off)]",
        "throttled; again in 0.4 s, not counted [UNSURE(back-off)]",
        "throttled; again in 0.8 s, not counted [UNSURE(back-off)]",
        "throttled; again in 1.6 s, not counted [UNSURE(back-off)]",
    ]


def test_throttles_go_on_until_the_records_are_too_old() -> None:
    result = simulate(
        records_at(0),
        nothing,
        {"MaximumRetryAttempts": 0, "MaximumRecordAgeInSeconds": 60},
        inject=["throttle@p=1"],
        start_at=START,
    )
    assert result.invocations == []
    (document,) = result.destination
    assert document["requestContext"]["condition"] == "RecordAgeExceeded"  # type: ignore[index]
    assert result.summary.elapsed_seconds > 60


def test_a_throttled_attempt_reads_nothing_and_has_no_iterator_age() -> None:
    result = simulate(
        records_at(0), nothing, inject=["throttle@p=1"], start_at=START, retention_hours=1
    )
    assert result.summary.max_iterator_age_seconds == 0


def test_throttles_without_an_age_limit_end_with_the_retention() -> None:
    result = simulate(
        records_at(0), nothing, inject=["throttle@p=1"], start_at=START, retention_hours=2
    )
    assert (result.summary.expired, result.destination) == (1, [])
    assert 7200 <= result.summary.elapsed_seconds < 7261


def test_a_duplicate_that_is_throttled_for_long_ends_its_records_only_once() -> None:
    result = simulate(
        records_at(0),
        nothing,
        {"MaximumRecordAgeInSeconds": 60},
        inject=["duplicate@1", "throttle@2-1000"],
        start_at=START,
    )
    assert (result.summary.succeeded, result.summary.discarded) == (1, 0)
    assert result.destination == []


def test_unlimited_retries_block_the_shard_until_its_records_leave_the_stream() -> None:
    result = simulate(
        records_at(0, 61, 7000),
        raising(0),
        {"BatchSize": 1},
        start_at=START,
        retention_hours=1,
    )
    assert result.expired == [str(FIRST_NUMBER)]
    delivered = dict(zip(map(tuple, indices(result)), starts(result), strict=True))
    assert 3600 < delivered[1,] < 3601 + 60
    block = result.summary.longest_block
    assert block is not None
    assert block.sequence_number == str(FIRST_NUMBER)
    assert block.seconds == pytest.approx(delivered[1,] - phase() - 0.1, abs=0.01)


@given(st.floats(-59, 0), st.sampled_from(["MaximumRecordAgeInSeconds", "retention"]))
def test_no_attempt_begins_when_its_record_is_too_old_or_gone(arrival: float, limit: str) -> None:
    mapping = {limit: 60} if limit != "retention" else {}
    result = simulate(
        records_at(arrival),
        raising(0),
        mapping,
        start_at=START,
        retention_hours=24 if mapping else 60 / 3600,
    )
    ages = [at - arrival for at in starts(result)]
    assert max(ages, default=0) <= 60
    ended = result.summary.discarded if mapping else result.summary.expired
    assert ended == 1
    # and it is not given up before: the attempt after the last one would have come too late
    pause = min(0.2 * 2 ** (len(ages) - 1), 60) if ages else 1
    assert max(ages, default=-arrival) + 0.1 + pause > 60 - 0.002


def test_what_is_left_of_a_batch_when_some_of_it_grew_too_old_counts_afresh() -> None:
    mapping = {"MaximumRecordAgeInSeconds": 60, "MaximumRetryAttempts": 9}
    result = simulate(records_at(-55, -54, 0), raising(2), mapping, start_at=START)
    batches = indices(result)
    assert batches[0] == [0, 1, 2]
    assert result.discarded[:2] == [str(FIRST_NUMBER), str(FIRST_NUMBER + 1)]
    alone = [call for call in result.invocations if len(call.sequence_numbers) == 1]
    assert [call.attempt for call in alone][:2] == [1, 2]
    assert alone[0].request_id != result.invocations[0].request_id


@pytest.mark.parametrize("ending", ["expired", "undelivered"])
def test_a_failed_record_counts_its_deliveries_however_it_ends(ending: str) -> None:
    until = START + 30 if ending == "undelivered" else None
    result = simulate(
        records_at(0, 0.1),
        reporting(1),
        {"FunctionResponseTypes": ["ReportBatchItemFailures"]},
        start_at=START,
        retention_hours=0.02,
        until=until,
    )
    (failed,) = result.failed_records
    assert failed.ended == ending
    assert failed.deliveries == len(result.invocations) > 3


# The end of a run


def test_nothing_starts_after_until_and_what_waits_is_undelivered() -> None:
    result = simulate(
        records_at(0, 5, 100), raising(1), {"BatchSize": 1}, start_at=START, until=START + 8
    )
    assert max(starts(result)) <= 8
    s = result.summary
    assert (s.succeeded, s.undelivered, s.elapsed_seconds) == (1, 2, 8.0)
    block = s.longest_block
    assert block is not None
    assert block.sequence_number == str(FIRST_NUMBER + 1)
    assert block.seconds > 1.5


def test_a_call_that_runs_at_until_is_judged() -> None:
    result = simulate(
        records_at(0), nothing, start_at=START, until=START + 1, invocation_duration=30.0
    )
    assert result.summary.succeeded == 1
    assert result.summary.elapsed_seconds == pytest.approx(phase() + 30, abs=0.002)


def test_an_until_before_the_start_delivers_nothing() -> None:
    result = simulate(records_at(0), nothing, start_at=START, until=START - 10)
    assert (result.invocations, result.summary.undelivered) == ([], 1)
    assert result.summary.elapsed_seconds == 0


# How long a call takes


class Slow:
    """A function that sleeps in virtual time and takes some real time."""

    name, runtime = "slow", "in-process"

    def __init__(self, slept: float, elapsed: float, error: FunctionError | None = None) -> None:
        self._result = InvocationResult(slept=slept, elapsed=elapsed, error=error)
        self.requests: list[InvocationRequest] = []

    def invoke(self, request: InvocationRequest) -> InvocationResult:
        self.requests.append(request)
        return self._result

    def close(self) -> None:
        """Nothing is held."""


@pytest.mark.parametrize(
    ("invocation_duration", "milliseconds"), [(0.1, 2600.0), (0.0, 2500.0), (None, 2750.0)]
)
def test_a_call_takes_the_given_time_or_the_measured_one_and_its_sleeps(
    invocation_duration: float | None, milliseconds: float
) -> None:
    handler = Slow(slept=2.5, elapsed=0.25)
    result = simulate(
        records_at(0, 0), handler, {"BatchSize": 1}, invocation_duration=invocation_duration
    )
    assert [call.duration_ms for call in result.invocations] == [milliseconds] * 2
    assert starts(result)[1] - starts(result)[0] == pytest.approx(milliseconds / 1000, abs=0.002)
    assert [request.at for request in handler.requests] == [call.at for call in result.invocations]
    assert handler.requests[0].invocation_duration == (invocation_duration or 0.0)


def run(handler: Slow, **options: Any) -> Simulation:  # noqa: ANN401 - any option
    return Simulation(
        RecordList(records_at(0)),
        handler,
        EventSourceMapping(maximum_retry_attempts=0),
        SimulationOptions(function_timeout=3.0, **options),
    )


@pytest.mark.parametrize("options", [{}, {"faults": (Fault.parse("timeout@1"),)}])
def test_a_call_that_times_out_lasts_as_long_as_its_timeout(options: dict[str, Any]) -> None:
    handler = Slow(slept=2.9, elapsed=0.01, error=FunctionError("Sandbox.Timedout", "timed out"))
    simulation = run(handler, **options)
    (call, *_) = simulation.rows()
    assert call.duration_ms == 3000.0  # type: ignore[union-attr]
    assert simulation.summary().errors == 1
    assert len(handler.requests) == (0 if options else 1)


def test_an_injected_timeout_reads_like_lambdas() -> None:
    result = simulate(records_at(0), nothing, inject=["timeout@1"])
    error = result.invocations[0].error
    assert error is not None
    assert error.error_type == "Sandbox.Timedout"
    request_id = result.invocations[0].request_id
    expected = f"RequestId: {request_id} Error: Task timed out after 900.00 seconds"
    assert error.error_message == expected


def test_sleeping_functions_find_the_clock_where_it_is() -> None:
    import time

    seen: list[tuple[float, int]] = []

    def function(event: object, context: Any) -> None:  # noqa: ANN401 - Lambda's context
        before = time.time()
        time.sleep(40)
        seen.append((before, context.get_remaining_time_in_millis()))
        assert time.time() == before + 40

    result = simulate(records_at(0, 0), function, {"BatchSize": 1}, start_at=START)
    assert [round(at - START, 3) for at, _ in seen] == starts(result)
    assert [left for _, left in seen] == [860_000, 860_000]
    assert pauses(result) == pytest.approx([0.0], abs=0.002)


# Faults


def test_each_fault_does_what_it_says() -> None:
    result = simulate(
        records_at(*[0.0] * 5),
        nothing,
        {"BatchSize": 1},
        inject=["error@1", "timeout@3", "throttle@5", "duplicate@7"],
        start_at=START,
    )
    assert [
        (batch, call.outcome, call.error and call.error.error_type)
        for batch, call in zip(indices(result), result.invocations, strict=True)
    ] == [
        ([0], "failed", "InjectedError"),
        ([0], "success", None),
        ([1], "failed", "Sandbox.Timedout"),
        ([1], "success", None),
        ([2], "success", None),  # attempt 6, after a throttle
        ([3], "success", None),  # attempt 7
        ([3], "success", None),  # the duplicate
        ([4], "success", None),
    ]
    duplicate = result.invocations[6]
    assert duplicate.reason == "delivered again, as at-least-once delivery may"
    assert duplicate.request_id != result.invocations[5].request_id
    assert result.summary.succeeded == 5
    assert result.summary.redelivered == 1


def test_a_failing_duplicate_changes_nothing() -> None:
    result = simulate(
        records_at(0), nothing, {"MaximumRetryAttempts": 0}, inject=["duplicate@1", "error@2"]
    )
    assert len(result.invocations) == 2
    assert (result.summary.succeeded, result.summary.discarded) == (1, 0)


def test_a_failed_call_is_not_delivered_as_a_duplicate() -> None:
    mapping = {"MaximumRetryAttempts": 0}
    result = simulate(records_at(0), raising(0), mapping, inject=["duplicate@1"])
    assert len(result.invocations) == 1


@pytest.mark.parametrize(
    ("text", "hit"),
    [
        ("error@1", [1]),
        ("error@2-4", [2, 3, 4]),
        ("error@1-2,5, 7-7", [1, 2, 5, 7]),
        ("error@p=0", []),
        ("error@p=1", list(range(1, 11))),
        ("error@p=1e0", list(range(1, 11))),
    ],
)
def test_a_fault_befalls_the_attempts_that_it_names(text: str, hit: list[int]) -> None:
    faults = Faults([Fault.parse(text)], seed=0)
    assert [attempt for attempt in range(1, 11) if faults.at(attempt, "shard")] == hit


def test_of_two_faults_at_one_attempt_the_first_one_wins() -> None:
    faults = Faults([Fault.parse("error@1-2"), Fault.parse("throttle@2-3")], seed=0)
    assert [faults.at(attempt, "shard") for attempt in (1, 2, 3)] == ["error", "error", "throttle"]


def test_a_probability_comes_true_in_the_long_run_the_same_for_a_seed() -> None:
    def hits(seed: int, *texts: str) -> list[int]:
        faults = Faults([Fault.parse(text) for text in texts], seed)
        return [attempt for attempt in range(1, 10_001) if faults.at(attempt, "shard") == "error"]

    assert hits(1, "error@p=0.05") == hits(1, "error@p=0.05") != hits(2, "error@p=0.05")
    assert 400 < len(hits(1, "error@p=0.05")) < 600
    # Numbered faults do not move what chance draws.
    moved = hits(1, "throttle@1-100", "error@p=0.05")
    assert moved == [attempt for attempt in hits(1, "error@p=0.05") if attempt > 100]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "'' is not a fault; there are throttle, timeout, error, duplicate"),
        ("crash@1", "'crash' is not a fault; there are throttle, timeout, error, duplicate"),
        ("error", "'' is not the number of an attempt"),
        ("error@", "'' is not the number of an attempt"),
        ("error@x", "'x' is not the number of an attempt"),
        ("error@1-", "'1-' is not the number of an attempt"),
        ("error@1,,2", "'' is not the number of an attempt"),
        ("error@0", "'0' is not a range of attempts, which count from 1"),
        ("error@3-2", "'3-2' is not a range of attempts, which count from 1"),
        ("error@-1", "'-1' is not the number of an attempt"),
        ("error@p=", "'' is no probability from 0 to 1"),
        ("error@p=2", "'2' is no probability from 0 to 1"),
        ("error@p=nan", "'nan' is no probability from 0 to 1"),
        ("error@p=-0.1", "'-0.1' is no probability from 0 to 1"),
        ("error@" + "9" * 5000, "is not the number of an attempt"),
    ],
)
def test_a_fault_that_is_not_readable_is_refused_with_an_example(text: str, problem: str) -> None:
    with pytest.raises(InputError) as caught:
        Fault.parse(text)
    assert str(caught.value).startswith(f"--inject {text}"[:40])
    assert str(caught.value).endswith(problem)
    assert caught.value.advice == "For example throttle@1-3,7 or error@p=0.05."


# Moments


@pytest.mark.parametrize(
    ("text", "after_first_arrival"),
    [
        ("+0", START + 100),
        ("+3600", START + 3700),
        ("+.5", START + 100.5),
        ("1700000000", 1_700_000_000.0),
        ("2023-11-14T22:13:20Z", 1_700_000_000.0),
    ],
)
def test_a_moment_is_absolute_or_after_the_first_arrival(
    text: str, after_first_arrival: float
) -> None:
    assert Moment.parse(text, "--until").after(START + 100) == after_first_arrival


def test_without_records_a_relative_moment_counts_from_zero() -> None:
    assert Moment.parse("+5", "--until").after(None) == 5.0


@pytest.mark.parametrize(
    "text", ["", "+", "+-1", "+1e3", "+inf", "nan", "-5", "now", "+" + "9" * 400]
)
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(InputError, match=r"^--until: '.*' is not a time$"):
        Moment.parse(text, "--until")


# Filters


def filtering(*patterns: str) -> dict[str, object]:
    return {"FilterCriteria": {"Filters": [{"Pattern": pattern} for pattern in patterns]}}


def test_filters_come_before_batches_and_the_shard_moves_past_what_matches_none() -> None:
    data: Sequence[str] = ['{"a": 1}', '{"a": 2}', "no json", '{"a": 1}', '{"b": 1}', '{"a": 1}']
    records = [record(index, data=each) for index, each in enumerate(data)]
    mapping = {"BatchSize": 2, "MaximumRetryAttempts": 0, **filtering('{"data": {"a": [1]}}')}
    result = simulate(records, raising(5), mapping, start_at=START)
    assert indices(result) == [[0, 3], [5]]
    assert result.filtered == [records[index].sequence_number for index in (1, 2, 4)]
    assert result.summary.filtered == 3
    batch = result.destination[0]["KinesisBatchInfo"]
    assert isinstance(batch, dict)
    assert (batch["startSequenceNumber"], batch["batchSize"]) == (records[5].sequence_number, 1)


def test_the_first_filtered_records_are_explained() -> None:
    records = [record(index, data=f'{{"a": {index + 2}}}') for index in range(15)]
    result = simulate(records, nothing, filtering('{"data": {"a": [1]}}'), start_at=START)
    rows = [row for row in result.rows if isinstance(row, FilteredRecords)]
    explanations = {number: text for row in rows for number, text in row.explanations.items()}
    assert list(explanations) == [each.sequence_number for each in records[:10]]
    assert "data.a" in explanations[records[0].sequence_number]
    assert "2" in explanations[records[0].sequence_number]


def test_a_record_that_is_asked_for_is_explained_however_late_it_comes() -> None:
    records = [record(index, data='{"a": 2}') for index in range(50)]
    asked = records[40].sequence_number
    mapping = EventSourceMapping.from_aws(filtering('{"data": {"a": [1]}}'))
    options = SimulationOptions(explain=(asked,))
    rows = Simulation(RecordList(records), Slow(0, 0), mapping, options).rows()
    explained = [n for row in rows if isinstance(row, FilteredRecords) for n in row.explanations]
    assert asked in explained
    assert len(explained) == 11


# What the function is given


def test_a_function_gets_the_records_as_they_are_and_cannot_change_them() -> None:
    seen: list[object] = []

    def function(event: dict[str, Any], context: object) -> object:
        seen.append(json.loads(json.dumps(event)))
        event["Records"][0]["kinesis"]["sequenceNumber"] = "changed"
        event["Records"].clear()
        raise ValueError

    records = records_at(0, 0)
    result = simulate(records, function, {"MaximumRetryAttempts": 2})
    assert seen == [{"Records": [json.loads(each.raw) for each in records]}] * 3
    assert numbers_of(seen[2]) == list(result.invocations[2].sequence_numbers)  # type: ignore[arg-type]


def test_redelivered_counts_the_records_that_no_call_had_failed() -> None:
    mapping = {"FunctionResponseTypes": ["ReportBatchItemFailures"], "MaximumRetryAttempts": 2}
    result = simulate(records_at(*[0.0] * 5), reporting(2), mapping, start_at=START)
    # 3 and 4 come again with each of three calls of the rest, 2 was reported
    assert indices(result) == [[0, 1, 2, 3, 4]] + [[2, 3, 4]] * 3
    assert result.summary.redelivered == 6
    assert result.summary.discarded == 3
    assert result.summary.discarded_bystanders == 2
