"""What a timeline looks like, at any width and without colours."""

import io
import re
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout

import msgspec
import pytest

from kinesis_cli import EventSourceMapping, Record
from kinesis_cli.handlers.in_process import CallableHandler
from kinesis_cli.picture.drawing import Drawing
from kinesis_cli.show.console import stdout_console
from kinesis_cli.show.pictures.timeline import MAX_SHARDS, show_timeline, show_timelines
from kinesis_cli.simulation.run import Simulation, SimulationOptions
from kinesis_cli.stream.record_source import RecordList
from tests.unit.snapshots import assert_equals_snapshot
from tests.unit.streams import START, numbers_of, record

Columns = Callable[[int], None]
MAPPING = {
    "FunctionResponseTypes": ["ReportBatchItemFailures"],
    "BisectBatchOnFunctionError": True,
    "MaximumRetryAttempts": 3,
    "BatchSize": 10,
}


@pytest.fixture
def columns(monkeypatch: pytest.MonkeyPatch) -> Iterator[Columns]:
    """Sets the width of standard output."""

    def set_width(width: int) -> None:
        monkeypatch.setenv("COLUMNS", str(width))
        monkeypatch.delenv("FORCE_COLOR", raising=False)
        stdout_console.cache_clear()

    yield set_width
    stdout_console.cache_clear()


def drawing(records: list[Record], *bad: int, **settings: object) -> Drawing:
    """A run in which the function reports the records of these places."""
    numbers = {records[place].sequence_number for place in bad}

    def function(event: dict[str, object], _context: object) -> object:
        failed = [number for number in numbers_of(event) if number in numbers]
        return {"batchItemFailures": [{"itemIdentifier": number} for number in failed]}

    mapping = EventSourceMapping.from_aws({**MAPPING, **settings})
    options = SimulationOptions(start_at=START)
    simulation = Simulation(RecordList(records), CallableHandler(function), mapping, options)
    drawn = Drawing(START)
    for row in simulation.rows():
        drawn.row(row)
    return drawn


def shown(drawn: Drawing, *, show_all: bool = False) -> str:
    with redirect_stdout(io.StringIO()) as written:
        show_timeline(drawn, START, show_all=show_all)
    return written.getvalue()


def two_shards() -> list[Record]:
    return [record(n, at=n * 0.05, shard=n % 2, key=f"k{n % 5}") for n in range(60)]


@pytest.mark.parametrize("width", [80, 200])
def test_a_timeline_is_as_reviewed(columns: Columns, width: int) -> None:
    columns(width)
    text = shown(drawing(two_shards(), 7, 30, ParallelizationFactor=2))
    assert_equals_snapshot(text, f"timeline-{width}.txt")
    assert max(map(len, text.splitlines())) <= width


def test_two_timelines_share_their_time(columns: Columns) -> None:
    columns(80)
    named = [("with bisect", drawing(two_shards(), 7)), ("alone", drawing(two_shards()))]
    with redirect_stdout(io.StringIO()) as written:
        show_timelines(named, START, show_all=False)
    text = written.getvalue()
    assert_equals_snapshot(text, "timelines.txt")
    first, second = (line for line in text.splitlines() if "+0.00 s" in line)
    assert first == second


def test_without_colours_the_tries_of_a_batch_can_be_told_apart(columns: Columns) -> None:
    columns(200)
    text = shown(drawing(two_shards(), 7))
    (row,) = re.findall(r"^shard 1 +(.*)$", text, re.M)
    assert [row.find(digit) for digit in "234"] == sorted(row.find(digit) for digit in "234")
    assert {"2", "3", "4", "▓", "█"} <= set(row)
    assert "D 1 record given up" in text


def test_of_many_shards_those_are_drawn_where_most_went_wrong(columns: Columns) -> None:
    columns(80)
    many = [record(n, shard=n) for n in range(MAX_SHARDS + 20)]
    text = shown(drawing(many, MAX_SHARDS + 15))
    assert len(re.findall(r"^shard ", text, re.M)) == MAX_SHARDS
    assert f"shard {MAX_SHARDS + 15}" in text
    assert "… 20 more shards" in text
    everything = shown(drawing(many, MAX_SHARDS + 15), show_all=True)
    assert len(re.findall(r"^shard ", everything, re.M)) == MAX_SHARDS + 20


def test_a_run_without_calls_is_said_to_have_none(columns: Columns) -> None:
    columns(80)
    assert "no calls" in shown(drawing([]))


def test_the_name_of_a_shard_does_nothing_to_a_terminal(columns: Columns) -> None:
    columns(80)
    hostile = msgspec.structs.replace(record(0), shard_id="\x1b[31m\x9b2J[red]")
    text = shown(drawing([hostile]))
    assert "\x1b" not in text
    assert "\x9b" not in text
    assert r"shard \x" in text
