"""Which calls of a shard ran beside each other: a row of the picture for each of them."""

from collections.abc import Sequence

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


def _first_free(free_from: Sequence[float], start: float) -> int:
    for lane, moment in enumerate(free_from):
        if moment <= start + SAME_MOMENT:
            return lane
    return len(free_from)
