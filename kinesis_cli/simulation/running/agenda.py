"""What is planned in virtual time, and how far that has come."""

from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count

Step = Callable[[float], None]  # given its time, epoch seconds
# When, the rank of the shard's family, the place among those, whether it ends a call.
_Planned = tuple[float, int, int, bool, Step]


class Agenda:
    """The steps of a run in their order.

    Of what happens at the same time the first shard's comes first, as if each family of shards had
    been delivered by itself, and the rows put in order afterwards.

    Args:
        start_at: when the run begins, epoch seconds.

    Attributes:
        now: how far the run has come, epoch seconds.
    """

    def __init__(self, start_at: float) -> None:
        self.now = start_at
        self._planned: list[_Planned] = []
        self._places = count()

    def __bool__(self) -> bool:
        return bool(self._planned)

    def place(self) -> int:
        """A place among the steps of the same time and shard, behind those that were given out."""
        return next(self._places)

    def plan(self, at: float, rank: int, step: Step) -> None:
        """Plan a step, behind those of the same time and shard."""
        heappush(self._planned, (at, rank, next(self._places), False, step))

    def plan_end(self, at: float, rank: int, step: Step, place: int) -> None:
        """Plan the end of a call, in the place that the call was given when it was made."""
        heappush(self._planned, (at, rank, place, True, step))

    def go_on(self, until: float) -> None:
        """Do the next step; nothing new begins after `until`, but calls end."""
        at, _, _, ends_call, step = heappop(self._planned)
        if at <= until or ends_call:
            self.now = max(self.now, at)
            step(at)

    def pass_time(self, until: float) -> None:
        """Nothing happens until then."""
        self.now = max(self.now, until)
