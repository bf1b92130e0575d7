"""A delivery as a timeline: shards and their calls as rows, virtual time from left to right.

Each column says what was worst in it, by its letter or shape and, where there are colours, by
colour too. All numbers come from `kinesis_cli.picture`.
"""

import math
from collections.abc import Sequence

from kinesis_cli.picture.drawing import Cell, Drawing, Kind, Mark, Picture, ShardPicture
from kinesis_cli.show.cells import counted, cut, duration_cell, shard_cell, since_cell
from kinesis_cli.show.console import escape, plain, stdout_console

MAX_SHARDS = 16  # that are drawn without --all
LABEL = 10  # columns before the picture: "shard 12", "age"
TICK = 20  # columns between two times, about

SHAPES: dict[Kind, str] = {"handled": "█", "partial": "▓", "failed": "x", "throttled": "t"}
STYLES: dict[Kind, str] = {
    "handled": "green",
    "partial": "yellow",
    "failed": "red",
    "throttled": "magenta",
}
_IN_WORDS: dict[Kind, str] = {
    "handled": "handled",
    "partial": "some reported",
    "failed": "failed",
    "throttled": "throttled",
}
NOTHING = "·"
_SPARKS = "▁▂▃▄▅▆▇█"
_MAX_TRIES = 9  # that one digit can tell


def show_timeline(drawing: Drawing, start_at: float, *, show_all: bool) -> None:
    """Print the timeline of one run.

    Args:
        drawing: of its rows.
        start_at: when the mapping went live, epoch seconds; the times are told from there.
        show_all: leave out no shard.
    """
    console = stdout_console()
    picture = drawing.picture(max(console.width - LABEL, 1))
    console.print()
    console.print(plain("Timeline"), style="bold", end="")
    console.print(plain(f", {duration_cell(picture.seconds)} a column"), style="dim")
    _print_picture(picture, start_at, show_all=show_all)
    _print_legend([picture])


def show_timelines(
    named: Sequence[tuple[str, Drawing]], start_at: float, *, show_all: bool
) -> None:
    """Print the timelines of several runs above each other, on the same time.

    Args:
        named: for each run its name and the drawing of its rows.
        start_at: when the mappings went live, epoch seconds.
        show_all: leave out no shard.
    """
    console = stdout_console()
    end = max((drawing.end for _, drawing in named), default=start_at)
    pictures = [drawing.picture(max(console.width - LABEL, 1), end) for _, drawing in named]
    for (name, _), picture in zip(named, pictures, strict=True):
        console.print(plain(name), style="bold", soft_wrap=True)
        _print_picture(picture, start_at, show_all=show_all)
        console.print()
    _print_legend(pictures)


def _print_picture(picture: Picture, start_at: float, *, show_all: bool) -> None:
    console = stdout_console()
    if not picture.shards:
        console.print(plain("no calls"), style="dim")
        return
    shards = _chosen(picture.shards, show_all=show_all)
    console.print(" " * LABEL, end="")
    console.print(plain(_axis(picture, start_at)), style="dim")
    for shard in shards:
        _print_shard(shard)
    if left_out := len(picture.shards) - len(shards):
        console.print(
            plain(f"… {counted(left_out, 'more shard')}, where less failed (--all shows them all)"),
            style="dim",
            soft_wrap=True,
        )
    _print_sparks("age", picture.ages())
    _print_sparks("waiting", [count or -math.inf for count in picture.waiting])


def _chosen(shards: Sequence[ShardPicture], *, show_all: bool) -> list[ShardPicture]:
    """The shards to draw, by their ids; of many those where most went wrong."""
    chosen = list(shards)
    if not show_all and len(chosen) > MAX_SHARDS:
        chosen = sorted(chosen, key=_trouble, reverse=True)[:MAX_SHARDS]
    return sorted(chosen, key=lambda shard: shard.shard_id)


def _trouble(shard: ShardPicture) -> tuple[int, int]:
    lost = sum(mark.discarded + mark.expired for mark in shard.marks)
    failed = sum(cell.kind not in (None, "handled") for lane in shard.lanes for cell in lane)
    return lost, failed


def _print_shard(shard: ShardPicture) -> None:
    label = cut(escape(f"shard {shard_cell(shard.shard_id)}"), LABEL - 1)
    for lane in shard.lanes:
        _print_cells(label, lane)
        label = ""
    if any(mark.discarded or mark.expired for mark in shard.marks):
        _print_marks(shard.marks)


def _print_cells(label: str, cells: Sequence[Cell]) -> None:
    from rich.text import Text

    line = Text(f"{label:{LABEL}}")
    for cell in cells:
        kind = cell.kind
        if kind is None:
            line.append(NOTHING, style="dim")
        else:
            line.append(_shape(cell, kind), style=STYLES[kind])
    stdout_console().print(line, soft_wrap=True)


def _shape(cell: Cell, kind: Kind) -> str:
    """The letter of a cell: where a batch failed again, which try that was."""
    if not cell.failed_again:
        return SHAPES[kind]
    return str(cell.attempt) if cell.attempt <= _MAX_TRIES else "+"


def _print_marks(marks: Sequence[Mark]) -> None:
    from rich.text import Text

    line = Text(" " * LABEL)
    for mark in marks:
        if mark.discarded:
            line.append("D", style="bold red")
        else:
            line.append("E" if mark.expired else " ", style="bold magenta")
    line.rstrip()
    stdout_console().print(line, soft_wrap=True)


def _print_sparks(label: str, values: Sequence[float]) -> None:
    """A line of values by their share of the highest; a gap where there is none."""
    highest = max(values, default=-math.inf)
    if highest <= 0:
        return
    line = "".join(_spark(value, highest) for value in values)
    stdout_console().print(plain(f"{label:{LABEL}}{line}".rstrip()), style="cyan", soft_wrap=True)


def _spark(value: float, highest: float) -> str:
    if value < 0:  # none was measured here, or a clock ran ahead
        return " "
    return _SPARKS[min(int(value / highest * len(_SPARKS)), len(_SPARKS) - 1)]


def _axis(picture: Picture, start_at: float) -> str:
    """Times since the mapping went live, each at the beginning of its column."""
    axis = ""
    for column in range(0, picture.columns, TICK):
        label = since_cell(picture.start + column * picture.seconds - start_at)
        if column + len(label) <= picture.columns:
            axis = f"{axis:{column}}{label} "
    return axis.rstrip()


def _print_legend(pictures: Sequence[Picture]) -> None:
    """What the shapes mean, of those that are there."""
    kinds = set[Kind]().union(*(picture.kinds() for picture in pictures))
    words = [f"{shape} {_IN_WORDS[kind]}" for kind, shape in SHAPES.items() if kind in kinds]
    cells = [
        cell
        for picture in pictures
        for shard in picture.shards
        for lane in shard.lanes
        for cell in lane
    ]
    if any(cell.failed_again for cell in cells):
        words.append("2 to 9, + that try of a batch")
    lost = Mark()
    for picture in pictures:
        lost.add(picture.lost())
    if lost.discarded:
        words.append(f"D {counted(lost.discarded, 'record')} given up")
    if lost.expired:
        words.append(f"E {counted(lost.expired, 'record')} expired")
    highest = max((max(picture.ages(), default=0.0) for picture in pictures), default=0.0)
    if highest > 0:
        words.append(f"age: iterator age up to {duration_cell(highest)}")
    most = max((max(picture.waiting, default=0) for picture in pictures), default=0)
    if most > 0:
        words.append(f"waiting: up to {counted(most, 'record')}")
    console = stdout_console()
    console.print(plain(" · ".join(words)), style="dim")
