"""One point: its figures, whether it keeps up, and when it is ended early."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings

from kinesis_cli import EventSourceMapping, Record, simulate
from kinesis_cli.handlers.in_process import CallableHandler
from kinesis_cli.handlers.options import HandlerOptions
from kinesis_cli.recordings.recording import Recording
from kinesis_cli.simulation.durations import CallDuration
from kinesis_cli.simulation.run import Simulation, SimulationOptions
from kinesis_cli.stream.record_source import RecordList
from kinesis_cli.sweep.held_records import HeldRecords
from kinesis_cli.sweep.measuring import Measured, measured
from tests.examples import examples
from tests.unit.streams import Fickle, fickle_answers, mappings, raising, record, recordings

REAL_CLOCK = HandlerOptions(wall_clock=True)
QUICK = CallDuration(0.05, 0.001)


def steady(rate: float, seconds: float, keys: int = 1) -> list[Record]:
    """Records at a constant rate on one shard."""
    return [record(n, at=n / rate, key=f"key-{n % keys}") for n in range(int(rate * seconds))]


def point(
    records: list[Record],
    mapping: dict[str, object],
    duration: CallDuration = QUICK,
    handler: Callable[[Any, Any], object] | None = None,
    **options: float,
) -> Measured:
    call = CallableHandler(handler or (lambda event, context: None), REAL_CLOCK)
    source = HeldRecords(records).from_beginning()
    given = SimulationOptions(invocation_duration=duration, **options)  # type: ignore[arg-type]
    try:
        return measured(source, call, EventSourceMapping.from_aws(mapping), given)
    finally:
        call.close()


def test_the_figures_are_those_of_a_single_run() -> None:
    records = steady(10, 60)
    found = point(records, {"BatchSize": 7, "MaximumRetryAttempts": 2}, handler=raising(25))
    alone = simulate(
        records,
        raising(25),
        {"BatchSize": 7, "MaximumRetryAttempts": 2},
        invocation_duration=str(QUICK),
    )
    summary = alone.summary
    assert (found.calls, found.redelivered) == (summary.invocations, summary.redelivered)
    assert (found.succeeded, found.discarded) == (summary.succeeded, summary.discarded)
    assert found.iterator_age.highest == summary.max_iterator_age_seconds
    assert summary.longest_block is not None
    assert found.longest_block == pytest.approx(summary.longest_block.seconds)
    assert found.lost == summary.discarded > 0
    assert found.seconds == pytest.approx(sum(c.duration_ms for c in alone.invocations) / 1000)


def test_a_window_ages_the_records_although_the_iterator_age_stays_low() -> None:
    found = point(steady(5, 300), {"BatchSize": 10_000, "MaximumBatchingWindowInSeconds": 30})
    assert found.record_age.p99 > 25
    assert found.iterator_age.p99 < 5
    assert found.keeps_up


def test_what_is_fast_enough_keeps_up() -> None:
    found = point(steady(20, 120), {"BatchSize": 100})
    assert (found.keeps_up, found.is_stopped) == (True, False)


@pytest.mark.unmeasured
def test_what_is_a_little_too_slow_does_not_keep_up() -> None:
    # a call of one record takes 0.051 s, and one comes every 0.048 s
    found = point(steady(1 / 0.048, 600), {"BatchSize": 1})
    assert found.keeps_up is False


def test_what_is_far_too_slow_is_ended_early() -> None:
    records = steady(100, 600)
    found = point(records, {"BatchSize": 1})
    assert (found.keeps_up, found.is_stopped) == (False, True)
    assert found.calls < len(records) / 4


@pytest.mark.unmeasured
def test_one_shard_that_falls_behind_is_enough() -> None:
    slow = steady(1 / 0.048, 600)
    quick = [record(50_000 + n, at=n, shard=1) for n in range(600)]
    found = point(sorted(slow + quick, key=lambda each: each.arrival), {"BatchSize": 1})
    assert found.keeps_up is False


def test_failures_that_block_for_a_while_are_no_reason_to_end_early() -> None:
    records = steady(2, 1200)
    mapping: dict[str, object] = {"BatchSize": 50, "MaximumRecordAgeInSeconds": 400}
    mapping["BisectBatchOnFunctionError"] = True
    found = point(records, mapping, handler=raising(100))
    assert not found.is_stopped
    assert found.discarded > 0
    assert found.longest_block > 300
    assert found.keeps_up


def test_retries_without_end_are_ended() -> None:
    found = point(steady(2, 60), {"BatchSize": 10}, handler=raising(20))
    assert (found.keeps_up, found.is_stopped) == (False, True)


def test_records_that_waited_before_the_mapping_went_live_are_no_fault_of_it() -> None:
    records = steady(10, 600)
    start = records[0].arrival + 300
    found = point(records, {"BatchSize": 100}, start_at=start)
    assert found.keeps_up


def test_of_records_that_came_all_at_once_nobody_knows() -> None:
    found = point([record(n) for n in range(50)], {"BatchSize": 10})
    assert found.keeps_up is None


def test_without_records_there_is_nothing_to_keep_up_with() -> None:
    found = point([], {})
    assert (found.calls, found.keeps_up) == (0, None)


@settings(max_examples=examples())
@given(recordings(), mappings(), fickle_answers())
def test_held_records_are_delivered_as_those_of_a_list(
    records: list[Record], mapping: EventSourceMapping, answers: list[tuple[str, int]]
) -> None:
    held = HeldRecords(records)
    end = held.first_arrival and held.first_arrival + 4_000
    # An hour is as good as a day to see records expire, and a day of retries takes long.
    options = SimulationOptions(until=end, retention_hours=1.0)
    for _ in range(2):  # a second run begins at the beginning again
        one = Simulation(held.from_beginning(), Fickle(answers), mapping, options)
        other = Simulation(RecordList(records), Fickle(answers), mapping, options)
        assert list(one.rows()) == list(other.rows())
        assert one.summary() == other.summary()


def test_held_records_of_a_file_are_delivered_as_the_file(tmp_path: object) -> None:
    records = steady(10, 30, keys=3)
    path = f"{tmp_path}/day.ndjson"
    with open(path, "wb") as file:  # noqa: PTH123
        file.writelines(each.raw + b"\n" for each in records)
    mapping = EventSourceMapping.from_aws({"ParallelizationFactor": 2, "BatchSize": 4})
    with Recording.open([path]) as recording:
        held = HeldRecords(list(recording.records()))
        runs = [
            list(Simulation(source, Fickle([("succeed", 0)]), mapping, SimulationOptions()).rows())
            for source in (recording.rewound(), held.from_beginning())
        ]
    assert runs[0] == runs[1]
