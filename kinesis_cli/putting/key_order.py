"""The order of records within a key: at most one of them is on its way."""

from collections import deque

from kinesis_cli.putting.entry import Entry
from kinesis_cli.putting.queue import Size

ORDER_LOST = "an earlier record of its partition key could not be put"


class KeyOrder:
    """Decides which record of a key may go, and queues those that wait for it.

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

    def admit(self, entry: Entry) -> bool:
        """Let a record go if no other of its key is on its way, else queue it here.

        Returns:
            Whether it may go.
        """
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
        """Give the key of an acknowledged record to the next one that waits, and return that."""
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
        """Give up the key of a record that could not be put.

        Returns:
            The records that waited for it, which must not be sent.
        """
        if not entry.owns_key:
            return []
        entry.owns_key = False
        self._lost.add(_key(entry))
        behind = list(self._behind.pop(_key(entry)))
        self._held.remove(behind)
        return behind

    def take_all(self) -> list[Entry]:
        """Remove and return all that wait; records on their way keep their keys."""
        waiting = [entry for behind in self._behind.values() for entry in behind]
        for behind in self._behind.values():
            behind.clear()
        self._held.remove(waiting)
        return waiting

    def forget(self, entry: Entry) -> None:
        """Free the key of a record that is no longer on its way; none may wait for it."""
        if entry.owns_key:
            entry.owns_key = False
            del self._behind[_key(entry)]


def _key(entry: Entry) -> str:
    """What orders records: the partition key. Aggregates have records of all keys of a shard."""
    return entry.planned_shard or entry.partition_key
