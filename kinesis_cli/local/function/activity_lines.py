"""What the functions do, as lines for a log: failures one by one, what goes well summed up."""

import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

from kinesis_cli.local.function.activity import Activity, Called, ShardCounts, sentence

REFRESH_SECONDS = 0.5
_MAX_LINES = 20  # of one refresh: thousands of failures a second would bury everything


class Watching(Protocol):
    """Sees what the functions do."""

    def told(self, activity: Activity) -> None:
        """Something happened. Returns at once."""

    def refresh(self, shards: Iterable[ShardCounts]) -> None:
        """Show it. Called every `REFRESH_SECONDS`, and once more at the end."""


class Lines:
    """Writes lines; none where nothing happens.

    Args:
        write: takes a line without its break. It may hold anything and is to be made harmless.
    """

    def __init__(self, write: Callable[[str], None], *, sums: bool = True) -> None:
        self._write, self._sums = write, sums
        self._sentences: deque[str] = deque()
        self._left_out = 0
        self._calls: Counter[str] = Counter()
        self._records: Counter[str] = Counter()

    def told(self, activity: Activity) -> None:
        """Keep what is to be said at the next refresh."""
        if isinstance(activity, Called) and activity.outcome == "success":
            self._calls[activity.function] += 1
            self._records[activity.function] += activity.records
        elif len(self._sentences) < _MAX_LINES:
            self._sentences.append(sentence(activity))
        else:
            self._left_out += 1

    def refresh(self, shards: Iterable[ShardCounts]) -> None:  # noqa: ARG002 - nothing of them
        """Write what happened since the last time."""
        now = time.strftime("%H:%M:%S")
        for line in self._lines():
            self._write(f"{now} {line}")

    def _lines(self) -> Iterator[str]:
        while self._sentences:
            yield self._sentences.popleft()
        if self._left_out:
            yield f"... and {self._left_out:,} more like these"
            self._left_out = 0
        if self._sums:
            for function, calls in self._calls.items():
                records = self._records[function]
                batches = f"{calls:,} batch{'' if calls == 1 else 'es'}"
                yield f"{function}: {records:,} record{'' if records == 1 else 's'} in {batches}"
        self._calls.clear()
        self._records.clear()
