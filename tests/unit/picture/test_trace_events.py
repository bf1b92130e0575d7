"""Trace events: valid by the format, nested as viewers want it, and nothing left out."""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from kinesis_cli import EventSourceMapping
from kinesis_cli.handlers.in_process import CallableHandler
from kinesis_cli.picture.trace_events import SHOWN_NUMBERS, TraceEvents
from kinesis_cli.simulation.run import Simulation, SimulationOptions
from kinesis_cli.simulation.trace import Destination, Invocation, Row
from kinesis_cli.stream.record_source import RecordList
from tests.unit.streams import numbers_of, record

Event = Mapping[str, Any]


def rows_of(bad: set[int], records: int = 30, **settings: int) -> tuple[list[Row], float]:
    """The rows of a run in which some records of two shards are reported, by their place."""
    made = [record(n, shard=n % 2, key=f"k{n % 7}") for n in range(records)]
    numbers = {made[n].sequence_number for n in bad}

    def function(event: Any, _context: object) -> object:  # noqa: ANN401 - any JSON
        failed = [number for number in numbers_of(event) if number in numbers]
        return {"batchItemFailures": [{"itemIdentifier": number} for number in failed]}

    mapping = EventSourceMapping.from_aws(
        {
            "FunctionResponseTypes": ["ReportBatchItemFailures"],
            "BisectBatchOnFunctionError": True,
            "MaximumRetryAttempts": 2,
            **settings,
        }
    )
    simulation = Simulation(
        RecordList(made), CallableHandler(function), mapping, SimulationOptions()
    )
    return list(simulation.rows()), simulation.start_at


def events_of(rows: Sequence[Row], start: float) -> list[Event]:
    events = TraceEvents(start)
    made = [event for row in rows for event in events.of(row)]
    return [*made, *events.finish()]


def of_phase(events: Sequence[Event], phase: str) -> list[Event]:
    return [event for event in events if event["ph"] == phase]


@given(st.sets(st.integers(0, 29), max_size=6), st.integers(1, 4), st.integers(1, 12))
@example({0, 18}, 2, 1)  # a call begins less than a microsecond before another one's end
def test_calls_of_a_lane_never_overlap_and_arrows_lead_from_call_to_call(
    bad: set[int], lanes: int, batch: int
) -> None:
    rows, start = rows_of(bad, ParallelizationFactor=lanes, BatchSize=batch)
    events = events_of(rows, start)
    calls = of_phase(events, "X")
    assert len(calls) == sum(isinstance(row, Invocation) for row in rows)
    by_lane: dict[tuple[int, int], list[Event]] = {}
    for call in calls:
        by_lane.setdefault((call["pid"], call["tid"]), []).append(call)
    for lane in by_lane.values():
        ordered = sorted(lane, key=lambda call: call["ts"])
        assert all(a["ts"] + a["dur"] <= b["ts"] for a, b in pairwise(ordered))
    for arrow in (*of_phase(events, "s"), *of_phase(events, "f")):
        lane = by_lane[arrow["pid"], arrow["tid"]]
        assert any(call["ts"] <= arrow["ts"] < call["ts"] + call["dur"] for call in lane)


def test_every_event_has_what_the_format_asks_for() -> None:
    rows, start = rows_of({3, 4, 17})
    needed = {
        "X": {"name", "cat", "pid", "tid", "ts", "dur", "args"},
        "M": {"name", "pid", "args"},
        "C": {"name", "pid", "ts", "args"},
        "i": {"name", "pid", "tid", "ts", "s"},
        "s": {"name", "cat", "id", "pid", "tid", "ts"},
        "f": {"name", "cat", "id", "pid", "tid", "ts", "bp"},
    }
    events = events_of(rows, start)
    for event in events:
        assert needed[event["ph"]] <= event.keys()
        assert all(isinstance(event.get(name, 0), int) for name in ("ts", "dur", "pid", "tid"))
        assert event.get("ts", 0) >= 0
    assert {event["ph"] for event in events} == set(needed)


def test_each_retry_and_each_half_has_an_arrow_from_the_call_before_it() -> None:
    rows, start = rows_of({3})
    events = events_of(rows, start)
    again = [row for row in rows if isinstance(row, Invocation) and row.index]
    of_the_shard = [row for row in again if row.shard_id == again[-1].shard_id]
    starts = Counter(arrow["id"] for arrow in of_phase(events, "s"))
    ends = Counter(arrow["id"] for arrow in of_phase(events, "f"))
    assert starts == ends
    assert set(starts.values()) == {1}
    assert len(starts) >= sum(row.attempt > 1 for row in of_the_shard) > 0


def test_what_was_given_up_is_marked_with_its_records() -> None:
    rows, start = rows_of({3, 4})
    documents = [row for row in rows if isinstance(row, Destination)]
    marks = of_phase(events_of(rows, start), "i")
    assert [mark["args"]["records"] for mark in marks] == [
        len(row.sequence_numbers) for row in documents
    ]
    assert all(mark["args"]["condition"] == "RetryAttemptsExhausted" for mark in marks)


def test_of_a_large_batch_only_the_first_and_last_numbers_are_written() -> None:
    rows, start = rows_of(set(), records=200)
    (call, *_) = of_phase(events_of(rows, start), "X")
    assert call["args"]["records"] > SHOWN_NUMBERS
    assert "sequenceNumbers" not in call["args"]
    assert call["args"]["firstSequenceNumber"] < call["args"]["lastSequenceNumber"]


def test_as_many_calls_are_in_flight_as_run_at_a_moment() -> None:
    rows, start = rows_of(set(), ParallelizationFactor=3, BatchSize=2)
    counters = [
        event
        for event in of_phase(events_of(rows, start), "C")
        if event["name"] == "calls in flight"
    ]
    values = [event["args"]["value"] for event in counters]
    assert max(values) > 1
    assert values[-1] == 0
