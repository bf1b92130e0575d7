"""Records that wait, over time: exact where there is room, never lost where there is not."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kinesis_cli import EventSourceMapping, Record
from kinesis_cli.picture.drawing import Drawing
from kinesis_cli.picture.trace_events import TraceEvents
from kinesis_cli.picture.waiting import Waiting
from kinesis_cli.simulation.run import Simulation, SimulationOptions
from kinesis_cli.stream.record_source import RecordList
from tests.examples import examples
from tests.unit.streams import (
    START,
    Fickle,
    fickle_answers,
    mappings,
    record,
    recordings,
    records_at,
)


def test_a_record_waits_from_its_arrival_until_it_is_done() -> None:
    waiting = Waiting(START)
    waiting.arrived(records_at(1.0, 2.0))
    waiting.ended(records_at(1.0, 2.0), "succeeded", START + 4.5)
    assert waiting.columns(10, START + 10) == [0, 1, 2, 2, 2, 0, 0, 0, 0, 0]


def test_a_column_shows_the_most_of_it_and_all_shards_together() -> None:
    waiting = Waiting(START)
    waiting.arrived([record(0, at=0.5), record(1, at=0.5)])
    waiting.arrived([record(2, at=1.5, shard=1)])
    waiting.ended([record(0, at=0.5), record(1, at=0.5)], "discarded", START + 2.5)
    assert waiting.columns(2, START + 4) == [3, 3]
    assert waiting.columns(4, START + 4) == [2, 3, 3, 1]


def test_what_waits_already_waits_at_the_beginning() -> None:
    waiting = Waiting(START)
    waiting.arrived(records_at(-500.0, -1.0))
    assert waiting.columns(3, START + 3) == [2, 2, 2]


def test_what_comes_after_the_end_is_left_out() -> None:
    waiting = Waiting(START, START + 10)
    waiting.arrived(records_at(1.0, 50.0))
    waiting.ended(records_at(1.0), "expired", START + 60)
    assert waiting.columns(2, START + 10) == [1, 1]


def test_in_a_long_run_no_record_is_lost() -> None:
    waiting = Waiting(START)
    waiting.arrived(records_at(*(0.01 * n for n in range(1_000))))
    waiting.arrived([record(1_000, at=90_000.0)])  # makes the cells wide
    waiting.arrived([record(1_001, at=5.0)])
    waiting.ended([record(1_000, at=90_000.0)], "succeeded", START + 100_000)
    assert waiting.columns(4, START + 100_000) == [1_001, 1_001, 1_001, 1_002]


def test_each_change_is_told_by_shard() -> None:
    waiting = Waiting(START)
    waiting.arrived([record(0, at=1.0), record(1, at=2.0)])
    waiting.ended([record(0, at=1.0)], "succeeded", START + 3.0)
    steps = [(round(at - START, 2), count) for _, at, count in waiting.steps()]
    assert steps == [(1.0, 1), (2.0, 2), (3.0, 1)]


class Whole:
    """Every arrival and every end of a run."""

    def __init__(self) -> None:
        self.changes: list[tuple[float, int]] = []

    def arrived(self, records: list[Record]) -> None:
        self.changes += [(each.arrival, 1) for each in records]

    def ended(self, records: list[Record], how: str, now: float) -> None:
        self.changes.append((now, -len(records)))


@settings(max_examples=examples())
@given(recordings(), mappings(), fickle_answers(), st.sampled_from([10.0, 1_000.0, 4_000.0]))
def test_all_that_arrives_waits_until_it_ends(
    records: list[Record],
    mapping: EventSourceMapping,
    answers: list[tuple[str, int]],
    until: float,
) -> None:
    source = RecordList(records)
    first = source.first_arrival or START
    end = first + until
    # An hour is as good as a day to see records expire, and a day of retries takes long.
    options = SimulationOptions(until=end, retention_hours=1.0)
    simulation = Simulation(source, Fickle(answers), mapping, options)
    whole, drawing = Whole(), Drawing(first)
    simulation.watches += [whole, drawing.waiting]  # type: ignore[list-item]
    for row in simulation.rows():
        drawing.row(row)
    summary = simulation.summary()
    arrived = sum(change for _, change in whole.changes if change > 0)
    ended = -sum(change for _, change in whole.changes if change < 0)
    done = summary.succeeded + summary.discarded + summary.expired + summary.filtered
    assert ended == done
    not_there_yet = sum(each.arrival > end for each in records)
    skipped = 0 if mapping.starting_position == "LATEST" else summary.skipped
    if mapping.starting_position != "LATEST":
        assert arrived == len(records) - not_there_yet - skipped
        assert arrived - ended == summary.undelivered - not_there_yet
    most = level = 0
    for _, change in sorted(whole.changes, key=lambda each: (each[0], each[1])):
        level += change
        most = max(most, level)
    picture = drawing.picture(2_000, end)
    assert max(picture.waiting, default=0) <= most  # within a cell ups and downs are not seen
    assert (picture.waiting[-1] if picture.waiting else 0) >= arrived - ended


def test_a_trace_counts_what_waits_in_each_shard() -> None:
    events = TraceEvents(START)
    events.waiting.arrived([record(0, at=1.0), record(1, at=1.0)])
    events.waiting.ended([record(0, at=1.0)], "succeeded", START + 2.0)
    counters = [event for event in events.finish() if event["ph"] == "C"]
    assert [event["args"] for event in counters] == [{"value": 2}, {"value": 1}]
    assert {event["name"] for event in counters} == {"records waiting"}
    assert [event["ts"] for event in counters] == [1_000_000, 2_000_000]


def test_without_a_run_that_tells_nothing_waits() -> None:
    picture = Drawing(START).picture(3, START + 3)
    assert picture.waiting == (0, 0, 0)
    assert max(picture.ages(), default=-math.inf) == -math.inf


@pytest.mark.parametrize("columns", [1, 7, 5_000])
def test_any_number_of_columns_is_filled(columns: int) -> None:
    waiting = Waiting(START)
    waiting.arrived(records_at(0.0))
    assert waiting.columns(columns, START + 1) == [1] * columns
