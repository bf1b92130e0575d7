"""The last minutes of a delivery that does not end, in columns that move on with the time.

The same cells and marks as of a `Drawing`, whose grid grows with the run; here it stays as it is,
and what has left it is forgotten. Calls come as they end, each in the lane that it has had since it
began; those that still run are told each time.
"""

import math
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from heapq import nlargest

from kinesis_cli.event_source_mapping.events import Outcome
from kinesis_cli.picture.drawing import KINDS, LETTERS, Cell, Mark

COLUMNS = 120
MAX_LANES = 16  # of a row; calls that find none free share the last
MAX_ROWS = 32  # that are drawn, the busiest
RUNNING = "r"  # of a column in which a call runs that has not ended, and none that has

Key = tuple[str, str, str]  # what a row is of: stream, shard, function


class RunningLanes:
    """Which lane each call has that runs: the first one that was free when it began."""

    def __init__(self) -> None:
        self._taken: dict[Key, dict[Hashable, int]] = {}

    def take(self, key: Key, call: Hashable) -> int:
        """The lane of a call that begins."""
        taken = self._taken.setdefault(key, {})
        others = set(taken.values())
        lane = next((n for n in range(MAX_LANES) if n not in others), MAX_LANES - 1)
        taken[call] = lane
        return lane

    def leave(self, key: Key, call: Hashable) -> None:
        """A call has ended."""
        self._taken.get(key, {}).pop(call, None)


@dataclass(frozen=True, slots=True)
class RollingCall:
    """A call that has ended."""

    key: Key
    lane: int
    at: float  # epoch seconds, as all times here
    end: float
    attempt: int
    outcome: Outcome
    age: float = -math.inf  # iterator age, seconds


@dataclass(frozen=True, slots=True)
class RollingRow:
    """One shard under one mapping, in columns."""

    key: Key
    lanes: list[str]  # a letter for each column: see `LETTERS`, and `RUNNING`
    calls: list[int]  # that began in each column
    again: list[tuple[int, int]]  # columns in which a batch failed once more, and its try
    discarded: list[tuple[int, int]]  # columns, and records
    expired: list[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class RollingPicture:
    """All rows that are drawn, and what is known of all."""

    start: float
    end: float
    rows: list[RollingRow]
    more: int  # rows that are not drawn
    ages: list[float]  # the highest iterator age of each column; -inf: none was measured


@dataclass(slots=True)
class _Row:
    lanes: dict[int, dict[int, Cell]] = field(default_factory=dict)  # by lane and column
    marks: dict[int, Mark] = field(default_factory=dict)  # by column

    def forget(self, first: int, last: int) -> bool:
        """Let go of what is outside; whether nothing is left."""
        lanes = {
            lane: {c: cell for c, cell in cells.items() if first <= c <= last}
            for lane, cells in self.lanes.items()
        }
        self.lanes = {lane: cells for lane, cells in lanes.items() if cells}
        self.marks = {c: mark for c, mark in self.marks.items() if first <= c <= last}
        return not self.lanes and not self.marks


class Rolling:
    """Takes calls as they end, and gives a picture of the last `seconds`.

    Args:
        seconds: that the picture shows.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds, self.width = seconds, seconds / COLUMNS
        self._rows: dict[Key, _Row] = {}

    def call(self, call: RollingCall) -> None:
        """A call has ended."""
        row = self._rows.setdefault(call.key, _Row())
        cells = row.lanes.setdefault(call.lane, {})
        first, last = self._column(call.at), self._column(call.end)
        for column in range(max(first, last - COLUMNS), last + 1):
            cells.setdefault(column, Cell()).running.add(KINDS[call.outcome])
        if begun := cells.get(first):
            begun.calls += 1
            begun.attempt = max(begun.attempt, call.attempt)
        if ended := cells.get(last):
            ended.age = max(ended.age, call.age)

    def lost(self, key: Key, at: float, mark: Mark) -> None:
        """Records were given up, or left the stream."""
        marks = self._rows.setdefault(key, _Row()).marks
        marks.setdefault(self._column(at), Mark()).add(mark)

    def picture(
        self, now: float, running: Iterable[tuple[Key, int, float]] = ()
    ) -> RollingPicture | None:
        """The columns up to now; None: there is nothing in them.

        Args:
            now: the picture's end.
            running: calls that have not ended: row, lane, and when each began.
        """
        last = self._column(now)
        first = last - COLUMNS + 1
        # What lies behind now is of a clock that was set back since.
        self._rows = {k: row for k, row in self._rows.items() if not row.forget(first, last)}
        runs: dict[Key, list[tuple[int, int]]] = {}
        for key, lane, began in running:
            runs.setdefault(key, []).append((lane, max(self._column(began), first)))
        keys = self._rows.keys() | runs.keys()
        if not keys:
            return None
        drawn = sorted(nlargest(MAX_ROWS, keys, key=lambda key: (self._weight(key), key)))
        rows = [
            _drawn(key, self._rows.get(key, _Row()), runs.get(key, ()), range(first, last + 1))
            for key in drawn
        ]
        ages = [-math.inf] * COLUMNS
        for cells in (each for row in self._rows.values() for each in row.lanes.values()):
            for column, cell in cells.items():
                ages[column - first] = max(ages[column - first], cell.age)
        start, end = first * self.width, (last + 1) * self.width
        return RollingPicture(start, end, rows, len(keys) - len(rows), ages)

    def _weight(self, key: Key) -> int:
        row = self._rows.get(key, _Row())
        return len(row.marks) + sum(len(cells) for cells in row.lanes.values())

    def _column(self, at: float) -> int:
        return math.floor(at / self.width)


def _drawn(key: Key, row: _Row, runs: Sequence[tuple[int, int]], columns: range) -> RollingRow:
    """A row in its columns."""
    count = max([*row.lanes, *(lane for lane, _ in runs)], default=-1) + 1
    lanes: list[str] = []
    calls, again = [0] * len(columns), dict[int, int]()
    for lane in range(count):
        cells = row.lanes.get(lane, {})
        since = min((began for each, began in runs if each == lane), default=columns.stop)
        letters = []
        for place, column in enumerate(columns):
            cell = cells.get(column)
            if cell is None:
                letters.append(RUNNING if column >= since else LETTERS[None])
                continue
            letters.append(LETTERS[cell.kind])
            calls[place] += cell.calls
            if cell.failed_again:
                again[place] = max(again.get(place, 0), cell.attempt)
        lanes.append("".join(letters))
    marks = [(column - columns.start, row.marks[column]) for column in sorted(row.marks)]
    return RollingRow(
        key,
        lanes,
        calls,
        sorted(again.items()),
        [(place, mark.discarded) for place, mark in marks if mark.discarded],
        [(place, mark.expired) for place, mark in marks if mark.expired],
    )
