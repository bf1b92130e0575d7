"""A queue of records that knows how many bytes it holds."""

from collections import deque
from collections.abc import Collection, Iterable

from kinesis_cli.putting.entry import Entry


class Size:
    """How many records wait somewhere, and how many bytes they are."""

    __slots__ = ("bytes", "records")

    def __init__(self) -> None:
        self.records = self.bytes = 0

    def add(self, entries: Iterable[Entry]) -> None:
        """Count these as waiting."""
        for entry in entries:
            self.records += 1
            self.bytes += entry.size

    def remove(self, entries: Iterable[Entry]) -> None:
        """Count these as no longer waiting."""
        for entry in entries:
            self.records -= 1
            self.bytes -= entry.size


class Queue:
    """Records in the order in which they are sent."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque()
        self.size = Size()

    @property
    def first(self) -> Entry | None:
        """The next record; None: the queue is empty."""
        return self._entries[0] if self._entries else None

    def take_first(self) -> None:
        """Remove the first record."""
        entry = self._entries.popleft()
        self.size.records -= 1
        self.size.bytes -= entry.size

    def extend(self, entries: Iterable[Entry]) -> None:
        """Append records."""
        for entry in entries:
            self._entries.append(entry)
            self.size.records += 1
            self.size.bytes += entry.size

    def put_back(self, entries: Collection[Entry]) -> None:
        """Put records before all others, in their order."""
        self.size.add(entries)
        self._entries.extendleft(reversed(list(entries)))

    def take_all(self) -> Iterable[Entry]:
        """Remove and return all records."""
        entries, self._entries, self.size = self._entries, deque(), Size()
        return entries
