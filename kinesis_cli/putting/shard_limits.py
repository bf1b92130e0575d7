"""Queues for busy shards: each shard takes so much a second, and slows down alone.

Source: https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html
"""

import heapq
import math
from collections import deque
from collections.abc import Callable, Collection
from itertools import count

from kinesis_cli.putting.entry import Entry
from kinesis_cli.putting.queue import Size
from kinesis_cli.stream.shards import BYTES_PER_SECOND, RECORDS_PER_SECOND

# The part of what a shard takes that is used: the shard's seconds do not begin when ours do.
PACE = 0.95
# Seconds. All shards have their turns at the same moments, so that calls are full where there are
# many of them; a turn that came a little late is caught up with.
TURN = 0.05
_OF_A_RECORD = 1 / RECORDS_PER_SECOND / PACE  # seconds
_OF_A_BYTE = 1 / BYTES_PER_SECOND / PACE


class Lanes:
    """A lane for each shard that has to wait for its turn.

    Args:
        held: counts what waits.
        share: how much of each shard's throughput may be used.
    """

    def __init__(self, held: Size, share: float = 1.0) -> None:
        self._held, self._share = held, share
        self._lanes: dict[str, _Lane] = {}
        # Those in which records wait, by their next turn. A heap; the moment may have moved on.
        self._agenda: list[tuple[float, int, _Lane]] = []
        self._paced = False
        self._number = count()

    def open(self, shard_ids: Collection[str], *, paced: bool) -> None:
        """Set the open shards. No record may wait; what a shard was sent this second still counts.

        Args:
            shard_ids: of the open shards.
            paced: they have turns from now on; else only those that throttle have to wait.
        """
        self._paced = paced
        lanes = {each: lane for each, lane in self._lanes.items() if each in shard_ids}
        if paced:
            lanes = {each: lanes.get(each) or self._new() for each in shard_ids}
        self._lanes = lanes

    @property
    def are_open(self) -> bool:
        """Whether any shard has to wait."""
        return bool(self._lanes)

    def hold_if_busy(self, entry: Entry, shard_id: str, now: float) -> bool:
        """Queue a record if its shard is busy; return whether it waits now."""
        lane = self._lanes.get(shard_id)
        if lane is None or lane.pass_at_once(entry, now, paced=self._paced):
            return False
        lane.waiting.append(entry)
        self._held.add([entry])
        self._plan_turn(lane)
        return True

    def note_throttled(self, shard_id: str, now: float, pause: Callable[[int], float]) -> None:
        """Note that a shard refused records: it waits for as long as `pause` says."""
        lane = self._lanes.setdefault(shard_id, self._new())
        lane.note_throttled(now, pause)

    def put_back(self, shard_id: str, refused: list[Entry]) -> None:
        """Queue records that the shard refused before all others of it."""
        lane = self._lanes[shard_id]
        lane.waiting.extendleft(reversed(refused))
        self._held.add(refused)
        self._plan_turn(lane)

    def note_acknowledged(self, shard_id: str) -> None:
        """Note that the shard took a record."""
        if lane := self._lanes.get(shard_id):
            lane.throttles, lane.refuses_since = 0, math.inf

    def refuses_since(self, shard_id: str) -> float:
        """Return since when the shard has taken nothing; infinite: it takes records."""
        lane = self._lanes.get(shard_id)
        return math.inf if lane is None else lane.refuses_since

    @property
    def next_moment(self) -> float | None:
        """When something may be sent at the earliest; None: nothing waits."""
        return self._agenda[0][0] if self._agenda else None

    def take(self, now: float, records: int, size: int) -> list[Entry]:
        """Remove and return what may be sent now.

        Args:
            now: the time.
            records: at most this many.
            size: at most this many bytes; a single larger record goes alone.
        """
        taken: list[Entry] = []
        while self._agenda and self._agenda[0][0] <= now and len(taken) < records:
            lane = heapq.heappop(self._agenda)[2]
            lane.is_planned = False
            some = lane.take(now, records - len(taken), size, alone=not taken, paced=self._paced)
            taken += some
            size -= sum(entry.size for entry in some)
            self._plan_turn(lane)
            if not some and lane.next_moment <= now:
                break  # its next record is too large for what is left of the call
        self._held.remove(taken)
        return taken

    def take_all(self) -> list[Entry]:
        """Remove and return all that waits, shard by shard."""
        waiting = [entry for lane in self._lanes.values() for entry in lane.waiting]
        for lane in self._lanes.values():
            lane.waiting.clear()
            lane.is_planned = False
        self._agenda = []
        self._held.remove(waiting)
        return waiting

    def _new(self) -> "_Lane":
        return _Lane(next(self._number), self._share)

    def _plan_turn(self, lane: "_Lane") -> None:
        if lane.waiting and not lane.is_planned:
            lane.is_planned = True
            heapq.heappush(self._agenda, (lane.next_moment, lane.number, lane))


class _Lane:
    """The records of one shard."""

    def __init__(self, number: int, share: float) -> None:
        self.number = number  # decides between turns at the same moment
        self._of_a_record, self._of_a_byte = _OF_A_RECORD / share, _OF_A_BYTE / share
        self.waiting: deque[Entry] = deque()
        self.is_planned = False  # it stands in the agenda
        self.throttles = 0  # in a row
        self.refuses_since = math.inf
        self._closed_until = 0.0
        self._paid_until = 0.0  # when what was sent has had its share of the shard's throughput

    @property
    def next_moment(self) -> float:
        """When it may send."""
        return max(self._closed_until, math.ceil(self._paid_until / TURN - 1e-6) * TURN)

    def pass_at_once(self, entry: Entry, now: float, *, paced: bool) -> bool:
        """Take a record's share if it need not wait; return whether it may be sent at once."""
        if self.waiting or now < self._closed_until:
            return False
        return not paced or self._pay(entry, now)

    def take(self, now: float, records: int, size: int, *, alone: bool, paced: bool) -> list[Entry]:
        """Remove and return what may be sent now: at most one turn's worth.

        If nothing else is in the call (`alone`), one record may be larger than `size`.
        """
        taken: list[Entry] = []
        if now < self.next_moment:
            return taken
        while self.waiting and len(taken) < records:
            entry = self.waiting[0]
            if entry.size > size and (taken or not alone):
                break
            if paced and not self._pay(entry, now):
                break
            taken.append(self.waiting.popleft())
            size -= entry.size
        return taken

    def note_throttled(self, now: float, pause: Callable[[int], float]) -> None:
        """Note that it refused records."""
        self.refuses_since = min(self.refuses_since, now)
        if now >= self._closed_until:  # else this call was under way before
            self.throttles += 1
            self._closed_until = now + pause(self.throttles)

    def _pay(self, entry: Entry, now: float) -> bool:
        """Take a record's share of the shard's throughput; return whether there was any left."""
        if self._paid_until < now - TURN:
            self._paid_until = now
        if self._paid_until >= now + TURN:
            return False
        self._paid_until += max(self._of_a_record, entry.size * self._of_a_byte)
        return True
