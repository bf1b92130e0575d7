"""The model of a timeline: what happened when, on which shard, in cells of equal length.

The cells grow with the run, so that ten calls and ten million take the same memory and are drawn
alike: whoever draws asks for as many columns as there is room for.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, Protocol, Self, TypeVar

from kinesis_cli.picture.grid import FINEST, ROUGHLY, Grid
from kinesis_cli.picture.lanes import CallLanes
from kinesis_cli.picture.waiting import Waiting
from kinesis_cli.simulation.trace import (
    Attempt,
    Destination,
    ExpiredRecords,
    FailedRecord,
    FilteredRecords,
    Invocation,
    Row,
)

Kind = Literal["handled", "partial", "failed", "throttled"]
KINDS: dict[str, Kind] = {
    "success": "handled",
    "partial": "partial",
    "failed": "failed",
    "throttled": "throttled",
}
# A cell in a text: what ran in it at worst.
LETTERS: dict[Kind | None, str] = {
    None: ".",
    "handled": "h",
    "partial": "p",
    "failed": "f",
    "throttled": "t",
}
_WORST_FIRST: tuple[Kind, ...] = ("failed", "partial", "throttled", "handled")


@dataclass(slots=True)
class Cell:
    """What a stretch of a lane shows. Counts are of what began in it."""

    running: set[Kind] = field(default_factory=set)  # of calls that ran at some time in it
    calls: int = 0
    attempt: int = 0  # the highest of its calls: 1 is a batch's first
    age: float = -math.inf  # the highest iterator age that was measured in it, seconds

    @property
    def kind(self) -> Kind | None:
        """The worst that ran in it; None: nothing did."""
        return next((kind for kind in _WORST_FIRST if kind in self.running), None)

    @property
    def failed_again(self) -> bool:
        """Whether a batch that had failed before was not handled in it either."""
        return self.attempt > 1 and self.kind != "handled"

    def add(self, other: "Cell") -> None:
        """Take in what another one shows."""
        self.running |= other.running
        self.calls += other.calls
        self.attempt = max(self.attempt, other.attempt)
        self.age = max(self.age, other.age)


@dataclass(slots=True)
class Mark:
    """Records that were lost in a stretch of a shard."""

    discarded: int = 0
    expired: int = 0

    def add(self, other: "Mark") -> None:
        """Take in what another one marks."""
        self.discarded += other.discarded
        self.expired += other.expired


@dataclass(frozen=True, slots=True)
class ShardPicture:
    """One shard, in columns."""

    shard_id: str
    lanes: tuple[tuple[Cell, ...], ...]  # at least one
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """A delivery in columns of equal length."""

    start: float  # epoch seconds
    end: float
    shards: tuple[ShardPicture, ...]  # in the order of their first row
    waiting: tuple[int, ...] = ()  # the most records that waited in each column

    @property
    def columns(self) -> int:
        """How many there are."""
        return len(self.shards[0].marks) if self.shards else 0

    @property
    def seconds(self) -> float:
        """Of one column."""
        return (self.end - self.start) / self.columns if self.columns else 0.0

    def ages(self) -> list[float]:
        """The highest iterator age of each column, seconds; -inf where none was measured."""
        ages = [-math.inf] * self.columns
        for shard in self.shards:
            for lane in shard.lanes:
                ages = [max(age, cell.age) for age, cell in zip(ages, lane, strict=True)]
        return ages

    def kinds(self) -> set[Kind]:
        """All that ran."""
        lanes = (lane for shard in self.shards for lane in shard.lanes)
        return {kind for lane in lanes for cell in lane for kind in cell.running}

    def lost(self) -> Mark:
        """All records that were lost."""
        lost = Mark()
        for shard in self.shards:
            for mark in shard.marks:
                lost.add(mark)
        return lost


class _Shard:
    def __init__(self) -> None:
        self.lanes: list[dict[int, Cell]] = []
        self.marks: dict[int, Mark] = {}

    def double(self) -> None:
        """Join each two neighbouring cells."""
        self.lanes = [_halved(lane, Cell) for lane in self.lanes]
        self.marks = _halved(self.marks, Mark)


class Drawing:
    """Takes the rows of a run as they come, and gives a picture of them.

    Args:
        start: of the picture, epoch seconds; what ends before it is left out.
        end: what begins after it is left out; infinity: as long as the run.
        lanes: of the calls, shared with others who draw them.

    Attributes:
        waiting: to be told of records, if these are to be drawn.
    """

    def __init__(self, start: float, end: float = math.inf, lanes: CallLanes | None = None) -> None:
        self.waiting = Waiting(start, end)
        self._lanes = CallLanes() if lanes is None else lanes
        self._grid = Grid(start)
        self._start, self._limit = start, end
        self._end = start
        self._shards: dict[str, _Shard] = {}

    def row(self, row: Row) -> None:
        """Draw what happened."""
        match row:
            case Invocation():
                self._call(row)
            case Destination(at=at, shard_id=shard_id, sequence_numbers=numbers):
                self._mark(shard_id, at, Mark(discarded=len(numbers)))
            case ExpiredRecords(at=at, shard_id=shard_id, sequence_numbers=numbers):
                self._mark(shard_id, at, Mark(expired=len(numbers)))
            case Attempt() | FilteredRecords() | FailedRecord():
                pass  # no call, and what was lost has a row of its own

    def picture(self, columns: int, end: float | None = None) -> Picture:
        """Return what was drawn so far.

        Args:
            columns: how many of equal length.
            end: of the picture, epoch seconds; default: of the last thing that happened.
        """
        last = self._limit if math.isfinite(self._limit) else self._end
        end = max(last if end is None else end, self._start + FINEST)
        scale = self._grid.width / (end - self._start) * columns  # columns of a cell
        shards = tuple(
            ShardPicture(
                shard_id,
                tuple(_cells_in_columns(lane, columns, scale) for lane in shard.lanes or [{}]),
                _marks_in_columns(shard.marks, columns, scale),
            )
            for shard_id, shard in self._shards.items()
        )
        waiting = self.waiting.columns(columns, end)
        return Picture(self._start, end, shards, tuple(waiting))

    @property
    def end(self) -> float:
        """When the last thing happened that is in the picture, epoch seconds."""
        return self._end

    def _call(self, row: Invocation) -> None:
        end = row.at + row.duration_ms / 1000
        shard = self._shard(row.shard_id)
        lane = self._lanes.of(row)
        if end < self._start or row.at > self._limit:
            return
        end = min(end, self._limit)
        self._reach(end)
        while len(shard.lanes) <= lane:
            shard.lanes.append({})
        cells = shard.lanes[lane]
        first, last = self._grid.index(row.at), self._grid.last_index(row.at, end)
        for index in range(first, last + 1):
            cells.setdefault(index, Cell()).running.add(KINDS[row.outcome])
        begun, ended = cells[first], cells[last]
        begun.calls += 1
        begun.attempt = max(begun.attempt, row.attempt)
        ended.age = max(ended.age, row.iterator_age)

    def _mark(self, shard_id: str, at: float, mark: Mark) -> None:
        shard = self._shard(shard_id)
        if self._start <= at <= self._limit:
            self._reach(at)
            shard.marks.setdefault(self._grid.index(at), Mark()).add(mark)

    def _shard(self, shard_id: str) -> _Shard:
        return self._shards.setdefault(shard_id, _Shard())

    def _reach(self, at: float) -> None:
        self._end = max(self._end, at)
        for _ in range(self._grid.doublings(at)):
            for shard in self._shards.values():
                shard.double()


class _Adds(Protocol):
    def add(self, other: Self, /) -> None:
        """Take in another one."""
        ...


_Content = TypeVar("_Content", bound=_Adds)


def _halved(cells: dict[int, _Content], new: Callable[[], _Content]) -> dict[int, _Content]:
    """Join each two neighbours."""
    joined: dict[int, _Content] = {}
    for index, cell in cells.items():
        joined.setdefault(index // 2, new()).add(cell)
    return joined


def _cells_in_columns(cells: dict[int, Cell], columns: int, scale: float) -> tuple[Cell, ...]:
    """A lane's cells in columns; one that is wider than a column begins in the first of its own."""
    found = tuple(Cell() for _ in range(columns))
    for index, cell in cells.items():
        first, end = int(index * scale + ROUGHLY), (index + 1) * scale - ROUGHLY
        first = min(first, columns - 1)  # what ends the picture has no column behind it
        found[first].add(cell)
        for column in range(first + 1, min(math.ceil(end), columns)):
            found[column].running |= cell.running
    return found


def _marks_in_columns(marks: dict[int, Mark], columns: int, scale: float) -> tuple[Mark, ...]:
    found = tuple(Mark() for _ in range(columns))
    for index, mark in marks.items():
        found[min(int(index * scale + ROUGHLY), columns - 1)].add(mark)
    return found
