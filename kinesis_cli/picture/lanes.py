"""Which calls of a shard ran beside each other: a row of the picture for each of them."""

from collections.abc import Sequence

from kinesis_cli.simulation.trace import Invocation

SAME_MOMENT = 1e-6  # seconds; a call may begin when the one before it ends


class ShardLanes:
    """The lanes of one shard, in the order of their first call.

    They are lanes of the picture, not Lambda's own: a call takes the first one that is free, so
    there are as many as calls that ran at the same time.
    """

    def __init__(self) -> None:
        self._free_from: list[float] = []

    def __len__(self) -> int:
        return len(self._free_from)

    def take(self, start: float, end: float) -> int:
        """Return the lane of a call, epoch seconds. Calls come in the order of their start."""
        lane = _first_free(self._free_from, start)
        if lane == len(self._free_from):
            self._free_from.append(end)
        else:
            self._free_from[lane] = end
        return lane


class CallLanes:
    """The lane of each call, for all who draw the same run: it is looked for once.

    Calls come in the order of their start, each as often as there are who draw.
    """

    def __init__(self) -> None:
        self._shards: dict[str, ShardLanes] = {}
        self._last: tuple[Invocation, int] | None = None

    def of(self, row: Invocation) -> int:
        """Return the lane of a call."""
        if self._last is None or self._last[0] is not row:
            lanes = self._shards.setdefault(row.shard_id, ShardLanes())
            self._last = row, lanes.take(row.at, row.at + row.duration_ms / 1000)
        return self._last[1]

    def count(self, shard_id: str) -> int:
        """Return how many lanes a shard has so far, at least one."""
        return max(len(self._shards.get(shard_id, ())), 1)


def _first_free(free_from: Sequence[float], start: float) -> int:
    for lane, moment in enumerate(free_from):
        if moment <= start + SAME_MOMENT:
            return lane
    return len(free_from)
