"""Records that may be sent, in their order, and how much they are."""

from collections import deque
from collections.abc import Collection, Iterable

from kinesis_cli.putting.entry import Entry


class Size:
    """How much waits somewhere."""

    __slots__ = ("bytes", "records")

    def __init__(self) -> None:
        self.records = self.bytes = 0

    def add(self, entries: Iterable[Entry]) -> None:
        """These wait now."""
        for entry in entries:
            self.records += 1
            self.bytes += entry.size

    def remove(self, entries: Iterable[Entry]) -> None:
        """These do not wait any more."""
        for entry in entries:
            self.records -= 1
            self.bytes -= entry.size


class Queue:
    """Records one after the other."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque()
        self.size = Size()

    @property
    def first(self) -> Entry | None:
        """The next one; None: there is none."""
        return self._entries[0] if self._entries else None

    def take_first(self) -> None:
        """Take it out."""
        entry = self._entries.popleft()
        self.size.records -= 1
        self.size.bytes -= entry.size

    def extend(self, entries: Iterable[Entry]) -> None:
        """To the end."""
        for entry in entries:
            self._entries.append(entry)
            self.size.records += 1
            self.size.bytes += entry.size

    def put_back(self, entries: Collection[Entry]) -> None:
        """To the front, in their order."""
        self.size.add(entries)
        self._entries.extendleft(reversed(list(entries)))

    def take_all(self) -> Iterable[Entry]:
        """All; the queue is empty then."""
        entries, self._entries, self.size = self._entries, deque(), Size()
        return entries
