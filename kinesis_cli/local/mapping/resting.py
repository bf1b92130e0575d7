"""The shards of a mapping that have nothing to read: each is only a place where reading goes on.

A shard's delivery is some ten thousand bytes of objects and a task. Most shards of a large stream
are idle, so it is made when records come, and let go of when they have ended.
"""

import math
import time
from collections.abc import Iterable

from kinesis_cli.event_source_mapping.polling import POLL_INTERVAL_SECONDS
from kinesis_cli.local.mapping.sources.source import Source


class RestingShards:
    """Looks for records of many shards at once.

    Args:
        source: the stream.
        windows_from: since when batching windows are counted where nothing was read, epoch seconds.
    """

    def __init__(self, source: Source, windows_from: float) -> None:
        self._source, self._first_windows = source, windows_from
        self._positions: dict[int, int] = {}
        self._windows_from: dict[int, float] = {}  # only of those that it matters for
        self._counted_at = -math.inf  # seconds of the monotonic clock

    def __contains__(self, number: int) -> bool:
        return number in self._positions

    def add(self, number: int, position: int = 0, windows_from: float | None = None) -> None:
        """Let a shard rest.

        Args:
            number: the shard's.
            position: the counter of the next record to read; 0: nothing was read.
            windows_from: since when its batching windows are counted.
        """
        self._positions[number] = position
        if windows_from is not None:
            self._windows_from[number] = windows_from

    def windows_from(self, number: int) -> float:
        """Since when the batching windows of a shard are counted."""
        return self._windows_from.pop(number, self._first_windows)

    def take_unread(self) -> list[int]:
        """Look once; remove and return the shards with something to read, and those that ended.

        Raises:
            ServiceError: the stream is gone.
        """
        self._source.check()
        now = time.monotonic()
        counted = now - self._counted_at >= POLL_INTERVAL_SECONDS
        if counted:  # a consumer of enhanced fan-out is looked for more often than it would poll
            self._counted_at = now
        found = self._source.unread(self._positions, counted=counted)
        for number in found:
            del self._positions[number]
        return list(found)

    def unread(self) -> dict[int, int]:
        """How many records are to be read of each shard that is not idle any more."""
        return self._source.unread(self._positions, counted=False)

    def unread_from_start(self, numbers: Iterable[int]) -> int:
        """How many records of other shards are to be read, of which nothing was read."""
        return sum(self._source.unread(dict.fromkeys(numbers, 0), counted=False).values())
