"""How many records wait: those that have arrived and are not done, over time.

As in a drawing, what happened is kept in cells that grow with the run.
"""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from kinesis_cli.picture.grid import ROUGHLY, Grid
from kinesis_cli.simulation.watch import How
from kinesis_cli.stream.record import Record


class Waiting:
    """Told of arrivals and ends, in any order; see `kinesis_cli.simulation.watch`.

    Args:
        start: of the picture, epoch seconds; what waits by then waits at its beginning.
        end: what happens after it is left out.
    """

    def __init__(self, start: float, end: float = math.inf) -> None:
        self._grid = Grid(start)
        self._limit = end
        self._changes: dict[str, Counter[int]] = {}  # by shard: cell → by how many

    def arrived(self, records: Sequence[Record]) -> None:
        """See `Watch.arrived`."""
        for record in records:
            if record.arrival <= self._limit:
                self._change(record.shard_id, record.arrival, 1)

    def ended(self, records: Sequence[Record], how: How, now: float) -> None:  # noqa: ARG002
        """See `Watch.ended`."""
        if records and now <= self._limit:
            self._change(records[0].shard_id, now, -len(records))

    def columns(self, columns: int, end: float) -> list[int]:
        """The most that waited in each of some columns of equal length, all shards together.

        Args:
            columns: how many.
            end: of the last one, epoch seconds.
        """
        scale = self._grid.width / (end - self._grid.start) * columns
        highest, level, reached = [0] * columns, 0, 0
        for index, change in sorted(_sum(self._changes.values()).items()):
            column = min(int(index * scale + ROUGHLY), columns - 1)
            for passed in range(reached, column + 1):
                highest[passed] = max(highest[passed], level)
            level, reached = level + change, column
            highest[column] = max(highest[column], level)
        for passed in range(reached, columns):
            highest[passed] = max(highest[passed], level)
        return highest

    def steps(self) -> Iterator[tuple[str, float, int]]:
        """Each change: of which shard, when, epoch seconds, and how many wait from then on."""
        for shard_id, changes in self._changes.items():
            level = 0
            for index, change in sorted(changes.items()):
                if change:
                    level += change
                    yield shard_id, self._grid.start + index * self._grid.width, level

    def _change(self, shard_id: str, at: float, by: int) -> None:
        for _ in range(self._grid.doublings(at)):
            self._changes = {each: _halved(found) for each, found in self._changes.items()}
        self._changes.setdefault(shard_id, Counter())[self._grid.index(at)] += by


def _halved(changes: Counter[int]) -> Counter[int]:
    """Join each two neighbours."""
    joined: Counter[int] = Counter()
    for index, change in changes.items():
        joined[index // 2] += change
    return joined


def _sum(all_changes: Iterable[Counter[int]]) -> Counter[int]:
    total: Counter[int] = Counter()  # adding counters would leave out what falls
    for changes in all_changes:
        for index, change in changes.items():
            total[index] += change
    return total
