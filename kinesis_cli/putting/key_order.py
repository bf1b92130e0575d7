"""The order of records within a key: at most one of them is on its way."""

from collections import deque

from kinesis_cli.putting.entry import Entry
from kinesis_cli.putting.queue import Size

ORDER_LOST = "an earlier record of its partition key could not be put"


class KeyOrder:
    """Which record of a key may go, and which wait for it.

    Args:
        held: counts those that wait.
    """

    def __init__(self, held: Size) -> None:
        self._held = held
        self._behind: dict[str, deque[Entry]] = {}  # key on its way → those that wait for it
        self._lost: set[str] = set()  # keys of which a record was given up

    def is_lost(self, entry: Entry) -> bool:
        """Whether an earlier record of its key was given up."""
        return not entry.owns_key and _key(entry) in self._lost

    def admits(self, entry: Entry) -> bool:
        """Whether a record may go; else it waits here."""
        if entry.owns_key:
            return True
        if (behind := self._behind.get(_key(entry))) is not None:
            behind.append(entry)
            self._held.add([entry])
            return False
        self._behind[_key(entry)] = deque()
        entry.owns_key = True
        return True

    def release(self, entry: Entry) -> Entry | None:
        """A record is acknowledged; the next one of its key, which has the key now."""
        if not entry.owns_key:
            return None
        entry.owns_key = False
        behind = self._behind[_key(entry)]
        if not behind:
            del self._behind[_key(entry)]
            return None
        following = behind.popleft()
        following.owns_key = True
        self._held.remove([following])
        return following

    def lose(self, entry: Entry) -> list[Entry]:
        """A record was given up; those that waited for it, which are not to be sent."""
        if not entry.owns_key:
            return []
        entry.owns_key = False
        self._lost.add(_key(entry))
        behind = list(self._behind.pop(_key(entry)))
        self._held.remove(behind)
        return behind

    def take_all(self) -> list[Entry]:
        """Those that wait; keys that are on their way stay so."""
        waiting = [entry for behind in self._behind.values() for entry in behind]
        for behind in self._behind.values():
            behind.clear()
        self._held.remove(waiting)
        return waiting

    def forget(self, entry: Entry) -> None:
        """A record is not on its way any more; nothing waits for it."""
        if entry.owns_key:
            entry.owns_key = False
            del self._behind[_key(entry)]


def _key(entry: Entry) -> str:
    """What orders records: the partition key. Aggregates have records of all keys of a shard."""
    return entry.planned_shard or entry.partition_key
