"""The last minutes of a delivery that does not end, in columns that move on with the time.

The same cells and marks as of a `Drawing`, whose grid grows with the run; here it stays as it is,
and what has left it is forgotten. Calls come as they end, and those that run are told each time.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from kinesis_cli.event_source_mapping.events import Outcome
from kinesis_cli.picture.drawing import KINDS, Cell, Mark
from kinesis_cli.picture.lanes import first_free

COLUMNS = 120
MAX_LANES = 16  # of a row; a call that finds none free is drawn in the last


@dataclass(frozen=True, slots=True)
class RollingCall:
    """A call of the function."""

    row: Sequence[str]  # in which row it is: stream, shard, function
    at: float  # epoch seconds, as all times here
    end: float
    attempt: int
    outcome: Outcome
    age: float = -math.inf  # iterator age, seconds


@dataclass(slots=True)
class RollingRow:
    """One shard under one mapping, in columns."""

    lanes: list[list[Cell]]
    marks: list[Mark]
    running: list[set[int]]  # by lane: columns in which a call runs that has not ended


@dataclass(slots=True)
class _Row:
    cells: list[dict[int, Cell]] = field(default_factory=list)  # by lane
    free_from: list[float] = field(default_factory=list)  # the same
    marks: dict[int, Mark] = field(default_factory=dict)

    def lane(self, at: float, end: float) -> int:
        """The lane of a call, which takes it."""
        lane = min(first_free(self.free_from, at), MAX_LANES - 1)
        if lane == len(self.free_from):
            self.free_from.append(end)
            self.cells.append({})
        self.free_from[lane] = max(self.free_from[lane], end)
        return lane


class Rolling:
    """Takes calls as they end, and gives a picture of the last `seconds`.

    Args:
        seconds: that the picture shows.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds, self.width = seconds, seconds / COLUMNS
        self._rows: dict[Sequence[str], _Row] = {}

    def call(self, call: RollingCall) -> None:
        """A call has ended."""
        row = self._rows.setdefault(call.row, _Row())
        cells = row.cells[row.lane(call.at, call.end)]
        first, last = self._column(call.at), self._column(call.end)
        for column in range(max(first, last - COLUMNS), last + 1):
            cells.setdefault(column, Cell()).running.add(KINDS[call.outcome])
        if begun := cells.get(first):
            begun.calls += 1
            begun.attempt = max(begun.attempt, call.attempt)
        cells[last].age = max(cells[last].age, call.age)

    def lost(self, row: Sequence[str], at: float, mark: Mark) -> None:
        """Records were given up, or left the stream."""
        marks = self._rows.setdefault(row, _Row()).marks
        marks.setdefault(self._column(at), Mark()).add(mark)

    def columns(
        self, now: float, running: Iterable[tuple[Sequence[str], float]] = ()
    ) -> Mapping[Sequence[str], RollingRow]:
        """The columns up to now, by row.

        Args:
            now: the picture's end.
            running: calls that have not ended: the row, and when each began.
        """
        last = self._column(now)
        first = last - COLUMNS + 1
        self._forget(first, last)
        shown = {
            name: RollingRow(
                [[cells.get(c, Cell()) for c in range(first, last + 1)] for cells in row.cells],
                [row.marks.get(c, Mark()) for c in range(first, last + 1)],
                [set() for _ in row.cells],
            )
            for name, row in self._rows.items()
        }
        taken: dict[Sequence[str], list[float]] = {}
        for name, began in sorted(running, key=lambda each: each[1]):
            row = shown.setdefault(name, RollingRow([], [Mark()] * COLUMNS, []))
            kept = self._rows.get(name, _Row())
            free_from = taken.setdefault(name, list(kept.free_from))
            lane = min(first_free(free_from, began), MAX_LANES - 1)
            if lane == len(free_from):
                free_from.append(math.inf)
                row.lanes.append([Cell() for _ in range(COLUMNS)])
                row.running.append(set())
            free_from[lane] = math.inf
            row.running[lane] |= set(range(max(self._column(began) - first, 0), COLUMNS))
        return shown

    def start(self, now: float) -> float:
        """When the picture up to `now` begins."""
        return (self._column(now) - COLUMNS + 1) * self.width

    def _column(self, at: float) -> int:
        return math.floor(at / self.width)

    def _forget(self, first: int, last: int) -> None:
        """Let go of what is before the picture, or behind it: the clock may have been moved."""
        for name, row in list(self._rows.items()):
            for lane, cells in enumerate(row.cells):
                row.cells[lane] = {c: cell for c, cell in cells.items() if first <= c <= last}
            row.marks = {c: mark for c, mark in row.marks.items() if first <= c <= last}
            while row.cells and not row.cells[-1]:
                row.cells.pop()
                row.free_from.pop()
            if not row.cells and not row.marks:
                del self._rows[name]
