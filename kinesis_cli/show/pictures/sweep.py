"""A sweep as a table: a point a row, the front and the recommended one marked."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import msgspec

from kinesis_cli.show.cells import counted, duration_cell, wrapped
from kinesis_cli.show.console import escape, plain, stdout_console, write_json, write_line
from kinesis_cli.show.pictures.sweep_documents import sweep_document, sweep_lines
from kinesis_cli.sweep.choice import Run, seconds
from kinesis_cli.sweep.cost import Stream
from kinesis_cli.sweep.result import Swept

if TYPE_CHECKING:
    from rich.text import Text

MAX_ROWS = 20  # without --all
WIDE = 100  # columns for the figures, from which on all of them are shown
MARKS = {"recommended": "★", "front": "●", "own": "◆"}
_NAMES = {  # in the head of a column
    "BatchSize": "Batch Size",
    "MaximumBatchingWindowInSeconds": "Win- dow",
    "ParallelizationFactor": "PF",
    "MaximumRetryAttempts": "Re- tries",
    "MaximumRecordAgeInSeconds": "Max age",
    "TumblingWindowInSeconds": "Tumb- ling",
    "BisectBatchOnFunctionError": "Bi- sect",
    "ReportBatchItemFailures": "Re- ports",
}


class _Column(msgspec.Struct, frozen=True):
    head: str
    cell: Callable[[Run], str]
    is_wide: bool = False  # shown where there is room


_COLUMNS = (
    _Column("calls", lambda run: f"{run.measured.calls:,}"),
    _Column("come twice", lambda run: f"{run.measured.redelivered:,}"),
    _Column("given up", lambda run: f"{run.measured.discarded:,}", is_wide=True),
    _Column("expired", lambda run: f"{run.measured.expired:,}", is_wide=True),
    _Column("lost", lambda run: f"{run.measured.lost:,}"),
    _Column("age p50", lambda run: seconds(run.measured.record_age.p50), is_wide=True),
    _Column("age p99", lambda run: seconds(run.age)),
    _Column("age max", lambda run: seconds(run.measured.record_age.highest), is_wide=True),
    _Column("iterator p99", lambda run: seconds(run.measured.iterator_age.p99), is_wide=True),
    _Column("longest block", lambda run: _block(run)),
    _Column("cost", lambda run: money(run)),
    _Column("keeps up", lambda run: keeps_up(run)),
)


_LEFT_OUT_FIRST = ("longest block", "come twice", "keeps up", "lost", "calls")


def show_sweep(swept: Swept, output: str, *, show_all: bool) -> None:
    """Print a sweep: a row, an object or a line for each point.

    Args:
        swept: the sweep.
        output: "table", "json" or "ndjson".
        show_all: leave out no point.
    """
    if output == "json":
        write_json(sweep_document(swept))
    elif output == "ndjson":
        for line in sweep_lines(swept):
            write_line(line)
    else:
        _print(swept, show_all=show_all)


def _print(swept: Swept, *, show_all: bool) -> None:
    console = stdout_console()
    places = _chosen(swept, show_all=show_all)
    console.print(_table(swept, places, console.width))
    left_out = len(swept.runs) - len(places)
    if left_out:
        _dim(f"… {counted(left_out, 'more point')}, dearer or older (--all shows them all)")
    _dim(_legend(swept, places))
    for line in wrapped(escape(basis_in_words(swept)), console.width):
        console.print(plain(line), style="dim", soft_wrap=True)
    console.print()
    for line in wrapped(escape(swept.sentence), console.width):
        console.print(plain(line), style="bold", soft_wrap=True)


def _dim(text: str) -> None:
    console = stdout_console()
    for line in wrapped(text, console.width):
        console.print(plain(line), style="dim", soft_wrap=True)


def _table(swept: Swept, places: Sequence[int], width: int) -> object:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    signs = ["".join(MARKS[mark] for mark in swept.marks(place)) for place in places]
    table.add_column("")
    columns = [(_NAMES[axis.name], _values(swept, places, axis.name)) for axis in swept.basis.axes]
    columns += _fitting(swept, places, width - _room([("", signs), *columns]) - 2)
    for head, _ in columns:
        table.add_column(_head(head), justify="right", no_wrap=True)
    for row, place in enumerate(places):
        run = swept.runs[place]
        is_best = place == swept.choice.recommended
        style = "bold green" if is_best else "" if run.counts else "dim"
        cells = (cells[row] for _, cells in columns)
        table.add_row(plain(signs[row]), *map(plain, cells), style=style)
    return table


_Cells = tuple[str, list[str]]  # the head of a column, and what is below it


def _values(swept: Swept, places: Sequence[int], name: str) -> list[str]:
    return [_value(swept.runs[place].point.settings[name]) for place in places]


def _fitting(swept: Swept, places: Sequence[int], width: int) -> list[_Cells]:
    """The figures of the points, as many as there is room for; cost and age always."""
    is_wide = width >= WIDE
    columns = [
        (column.head, [column.cell(swept.runs[place]) for place in places])
        for column in _COLUMNS
        if (column.head != "lost" and (is_wide or not column.is_wide))
        or (column.head == "lost" and not is_wide)
    ]
    for head in _LEFT_OUT_FIRST:
        if _room(columns) > width:
            columns = [column for column in columns if column[0] != head]
    return columns


def _room(columns: Sequence[_Cells]) -> int:
    """How wide columns are, with what is between them."""
    return sum(max(map(len, [*head.split(), *cells, ""])) + 2 for head, cells in columns)


def _head(words: str) -> "Text":
    """A head of a column: a line for each word."""
    from rich.text import Text

    return Text("\n".join(words.split()))


def _chosen(swept: Swept, *, show_all: bool) -> list[int]:
    """The points to show, in the order of the grid; of many those that are worth a look."""
    places = list(range(len(swept.runs)))
    if show_all or len(places) <= MAX_ROWS:
        return places
    chosen = swept.choice
    first = {chosen.own, chosen.recommended, *_spread(chosen.front, MAX_ROWS - 2)}
    places.sort(key=lambda place: (not swept.runs[place].counts, swept.runs[place].cost, place))
    shown = [place for place in places if place in first]
    shown += [place for place in places if place not in first][: MAX_ROWS - len(shown)]
    return sorted(shown)


def _spread(places: Sequence[int], count: int) -> Sequence[int]:
    """At most so many of them, from the first to the last."""
    if len(places) <= count:
        return places
    return [places[number * (len(places) - 1) // (count - 1)] for number in range(count)]


def _legend(swept: Swept, places: Sequence[int]) -> str:
    there = {mark for place in places for mark in swept.marks(place)}
    words = {
        "recommended": "recommended",
        "front": "none is both cheaper and fresher",
        "own": swept.basis.whose,
    }
    told = [f"{MARKS[mark]} {words[mark]}" for mark in MARKS if mark in there]
    told.append("age: of each record when it was handled")
    return " · ".join(map(escape, told))


def basis_in_words(swept: Swept) -> str:
    """What the figures rest on, a few sentences."""
    basis, prices = swept.basis, swept.basis.prices
    cost = "a million records, without the stream"
    if basis.is_of_a_month:
        stream = "" if basis.stream is None else f", with the stream ({_made(basis.stream)})"
        cost = f"a month of records as in these {duration_cell(basis.seconds)}{stream}"
    return (
        f"A call takes {basis.duration} s, {basis.size.memory_mb:,} MB {basis.size.architecture}. "
        f"Cost: {prices.currency} for {cost}, at prices of {prices.region} of {prices.date}."
    )


def _made(stream: Stream) -> str:
    made = "on demand" if stream.shards is None else counted(stream.shards, "provisioned shard")
    consumer = ", enhanced fan-out" if stream.has_fan_out else ""
    return f"{made}, {stream.retention_hours:g} h{consumer}"


def money(run: Run) -> str:
    """What a point costs."""
    if run.measured.is_stopped:
        return "–"
    cost = run.cost
    return f"{cost:,.2f}" if cost >= 0.995 else f"{cost:.2g}"


def keeps_up(run: Run) -> str:
    """Whether a point does."""
    if run.measured.is_stopped:
        return "no, ended"
    return {True: "yes", False: "no", None: "?"}[run.measured.keeps_up]


def _block(run: Run) -> str:
    return duration_cell(run.measured.longest_block) if run.measured.longest_block else "none"


def _value(value: int | bool) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return str(value)
