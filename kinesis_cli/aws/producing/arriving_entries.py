"""Records that arrive over time, from a pipe or a terminal."""

import threading
from collections import deque
from collections.abc import Iterator
from typing import Self

from kinesis_cli.putting.entry import Entry

ROOM = 2000  # records that are taken ahead


class LiveEntries:
    """The records that are there now; a thread waits for the next ones.

    An iterator that may go on after its end, until `is_over`.

    Args:
        entries: each may take any time, and raise at the end.
    """

    def __init__(self, entries: Iterator[Entry]) -> None:
        self._there: deque[Entry] = deque()
        self._room = threading.Semaphore(ROOM)
        self._error: Exception | None = None
        self._ended = False
        # A daemon: nobody waits for a producer that writes nothing more.
        threading.Thread(target=self._fill, args=(entries,), daemon=True).start()

    @property
    def is_over(self) -> bool:
        """Whether no more will come."""
        return self._ended and not self._there and self._error is None

    def __len__(self) -> int:
        """How many are there now."""
        return len(self._there)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Entry:
        if self._there:
            self._room.release()
            return self._there.popleft()
        if self._ended and self._error and not self._there:
            error, self._error = self._error, None
            raise error
        raise StopIteration

    def _fill(self, entries: Iterator[Entry]) -> None:
        try:
            for entry in entries:
                self._room.acquire()
                self._there.append(entry)
        except Exception as error:  # noqa: BLE001 - raised in the thread that takes the records
            self._error = error
        self._ended = True
