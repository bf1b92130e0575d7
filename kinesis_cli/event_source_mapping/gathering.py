"""What waits for the lanes of a shard, and when it makes a batch.

A lane takes its batches from a `LaneQueue` of its own, or shares `KeyQueues` with the other lanes.

Sources: https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventsourcemapping.html (batch
size, window, 6 MB); for keys
https://aws.amazon.com/blogs/compute/using-aws-lambda-as-a-consumer-for-amazon-kinesis/: "the record
processor polls up-to 'parallelization-factor' partition keys at a time".
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from heapq import heappop, heappush
from itertools import islice
from typing import Literal, Protocol

import msgspec

from kinesis_cli.event_source_mapping.settings import EventSourceMapping
from kinesis_cli.stream.record import Record
from kinesis_cli.stream.shards import hash_key

# UNSURE(payload-limit): the exact threshold of "6 MB"; Invoke's own limit is 6,291,456 bytes.
PAYLOAD_LIMIT_BYTES = 6_291_456

# How partition keys find their lanes, see UNSURE(lane-mapping).
LaneReading = Literal["keys", "hash"]


class Queue(Protocol):
    """Where a lane takes its batches from."""

    look_again_at: float | None  # when the window of what waits is over; None: nothing gathers

    @property
    def unsure(self) -> list[str]:
        """Points that the last batch depends on, ids of docs/fidelity.md."""
        ...

    @property
    def held(self) -> int:
        """Records that wait here, for this lane or any."""
        ...

    def take(self, now: float, room: int, most: int | None = None) -> Sequence[Record]:
        """Remove and return the next batch; empty where none is ready.

        Args:
            now: epoch seconds.
            room: bytes for the records in one call's event.
            most: records that may be taken; None: as many as BatchSize says.
        """
        ...

    def count_windows_from(self, now: float) -> None:
        """Let the next batching window begin now: the call of a batch has ended."""
        ...


class LaneQueue:
    """The records that wait for one lane, in stream order.

    UNSURE(batching-window): windows follow one another from the end of the last call (at first,
    from the mapping's start) even while nothing waits; or the first record opens one.
    """

    def __init__(self, settings: EventSourceMapping, opened_at: float) -> None:
        self._batch_size = settings.batch_size
        self._window = settings.maximum_batching_window_in_seconds
        self._is_alone = settings.parallelization_factor == 1
        self.unsure: list[str] = []
        self.records: list[Record] = []
        self._largest = 0  # bytes, of the records that wait
        self._since = opened_at
        self.look_again_at: float | None = None

    @property
    def held(self) -> int:
        """Records that wait."""
        return len(self.records)

    @property
    def has_room(self) -> bool:
        """Whether fewer records wait than a full batch takes."""
        waiting = self.records
        if len(waiting) >= self._batch_size:
            return False
        if len(waiting) * self._largest < PAYLOAD_LIMIT_BYTES:
            return True
        return sum([len(record.raw) for record in waiting]) < PAYLOAD_LIMIT_BYTES

    def put(self, records: Sequence[Record]) -> None:
        """Put records behind those that wait."""
        if records:
            largest = self._largest if self.records else 0
            self._largest = max(largest, max([len(record.raw) for record in records]))
            self.records.extend(records)

    def take(self, now: float, room: int, most: int | None = None) -> Sequence[Record]:
        """Remove and return the next batch; see `Queue.take`."""
        waiting = self.records
        size = wanted = min(len(waiting), self._batch_size, len(waiting) if most is None else most)
        if not size:
            self.look_again_at = None
            return ()
        if size * (self._largest + 1) - 1 > room:
            size = fitting(waiting[:size], room)
        # Nothing to wait for: the batch is full, or the next record belongs to a later window.
        is_closed = size == self._batch_size or size < len(waiting)
        gathers = not is_closed and self._window > 0
        if gathers and not self._window_is_over(now):
            return ()
        self.unsure = ["batching-window"] if gathers else []
        self.unsure += ["payload-limit"] * (size < wanted)
        self.unsure += ["lane-mapping"] * (not self._is_alone)
        records = waiting[:size]
        del waiting[:size]
        self.look_again_at = None
        return records

    @property
    def windows_from(self) -> float:
        """Since when batching windows follow one another, epoch seconds."""
        return self._since

    def count_windows_from(self, now: float) -> None:
        """Let the next batching window begin now."""
        self._since = now

    def _window_is_over(self, now: float) -> bool:
        if self.look_again_at is None:
            self.look_again_at = _window_end(self._since, self._window, now)
        return now >= self.look_again_at


@dataclass(slots=True)
class _Key:
    """The records of one partition key that wait, each with its place in the stream's order."""

    waiting: deque[tuple[int, Record]] = field(default_factory=deque)
    size: int = 0  # bytes
    has_gathered: bool = False  # its window ended before its batch was full
    closes_at: float | None = None  # the end of its batching window, where it gathers
    is_in_flight: bool = False  # a lane works on it


class KeyQueues:
    """The records that wait for the lanes of a shard, by partition key.

    A lane works on one key at a time. A lane that comes free takes the key whose first record has
    waited longest, of those that no lane works on.

    UNSURE(lane-mapping): so we read "polls up to 'parallelization factor' partition keys at a
    time"; or each lane serves a fixed part of the keys, by their hash.
    UNSURE(blocked-lane): a key that fails does not stop the others, until the records that wait
    fill the buffer.
    """

    def __init__(self, settings: EventSourceMapping, opened_at: float) -> None:
        self._batch_size = settings.batch_size
        self._window = settings.maximum_batching_window_in_seconds
        self._most_bytes = PAYLOAD_LIMIT_BYTES * settings.parallelization_factor
        self._opened_at = opened_at
        self._keys: dict[str, _Key] = {}
        self._order = 0
        self._size = 0  # bytes
        # Keys that no lane works on, by the place of their first record: their batch is ready; and
        # by the end of their window: it gathers. Entries that no longer hold are passed over.
        self._ready: list[tuple[int, str]] = []
        self._gathering: list[tuple[float, str]] = []
        self.unsure: list[str] = []
        self.held = 0

    @property
    def windows_from(self) -> float:
        """Since when the batching windows of a new key follow one another, epoch seconds."""
        return self._opened_at

    @property
    def has_room(self) -> bool:
        """Whether what waits is less than the lanes can take at once; a buffer, not a batch."""
        return self._size < self._most_bytes

    def put(self, records: Sequence[Record], now: float) -> None:
        """Put records, in stream order, behind those of their keys."""
        for record in records:
            name = record.partition_key
            key = self._keys.get(name)
            if key is None:
                key = self._keys[name] = _Key()
            key.waiting.append((self._order, record))
            self._order += 1
            key.size += len(record.raw)
            self._size += len(record.raw)
            if not key.is_in_flight and (len(key.waiting) == 1 or key.closes_at is not None):
                self._offer(name, key, self._opened_at, now)
        self.held += len(records)

    def take(self, now: float, room: int) -> tuple[str, Sequence[Record]] | None:
        """Remove and return the next batch, and its key, which is in flight until `release`."""
        while self._gathering and self._gathering[0][0] <= now:
            closes_at, name = heappop(self._gathering)
            key = self._keys.get(name)
            if key is not None and key.closes_at == closes_at:
                key.has_gathered = True
                self._make_ready(name, key)
        while self._ready:
            place, name = heappop(self._ready)
            key = self._keys.get(name)
            if key is None or not key.waiting or key.waiting[0][0] != place:
                continue
            key.is_in_flight = True
            wanted = min(len(key.waiting), self._batch_size)
            records = self._first_of(key, room)
            self.unsure = ["lane-mapping"] * (len(self._keys) > 1)
            self.unsure += ["batching-window"] * key.has_gathered
            self.unsure += ["payload-limit"] * (len(records) < wanted)
            key.has_gathered = False
            return name, records
        return None

    def release(self, name: str, now: float) -> None:
        """Let other lanes take a key."""
        key = self._keys[name]
        key.is_in_flight = False
        if key.waiting:
            self._offer(name, key, now, now)
        else:
            del self._keys[name]

    @property
    def next_window_end(self) -> float | None:
        """When the first key that gathers will be ready."""
        gathering = self._gathering
        while gathering:
            closes_at, name = gathering[0]
            key = self._keys.get(name)
            if key is not None and key.closes_at == closes_at:
                return closes_at
            heappop(gathering)
        return None

    def _offer(self, name: str, key: _Key, since: float, now: float) -> None:
        is_full = len(key.waiting) >= self._batch_size or key.size >= PAYLOAD_LIMIT_BYTES
        if is_full or not self._window:
            self._make_ready(name, key)
        elif key.closes_at is None:
            key.closes_at = _window_end(since, self._window, now)
            heappush(self._gathering, (key.closes_at, name))

    def _make_ready(self, name: str, key: _Key) -> None:
        key.closes_at = None
        heappush(self._ready, (key.waiting[0][0], name))

    def _first_of(self, key: _Key, room: int) -> Sequence[Record]:
        records = [record for _, record in islice(key.waiting, self._batch_size)]
        if key.size + len(records) > room:
            records = records[: fitting(records, room)]
        for record in records:
            key.waiting.popleft()
            key.size -= len(record.raw)
            self._size -= len(record.raw)
        self.held -= len(records)
        return records


class KeyLane:
    """One lane's hold on shared `KeyQueues`."""

    def __init__(self, queues: KeyQueues) -> None:
        self._queues = queues
        self._key: str | None = None
        self.look_again_at: float | None = None

    @property
    def held(self) -> int:
        """Records that wait for any lane."""
        return self._queues.held

    @property
    def unsure(self) -> list[str]:
        """Points that the last batch depends on."""
        return self._queues.unsure

    def take(self, now: float, room: int, most: int | None = None) -> Sequence[Record]:
        """Give back the key of the last batch, and take the next; see `Queue.take`."""
        assert most is None, "tumbling windows have one lane"
        if self._key is not None:
            self._queues.release(self._key, now)
        taken = self._queues.take(now, room)
        self._key, records = taken if taken is not None else (None, ())
        self.look_again_at = None if records else self._queues.next_window_end
        return records

    def count_windows_from(self, now: float) -> None:
        """A key's window begins when its lane gives it back."""


def fitting(records: Sequence[Record], room: int) -> int:
    """How many of the first records fit in `room` bytes of an event; at least 1."""
    for place, record in enumerate(records):
        room -= compact_size(record.raw) + 1
        if room < -1:  # the last record has no comma behind it
            return max(place, 1)
    return len(records)


def compact_size(raw: bytes) -> int:
    """Bytes of a JSON text as Lambda sends it; as recorded it is no shorter."""
    return len(msgspec.json.encode(msgspec.json.decode(raw)))


@lru_cache(maxsize=65_536)
def lane_of(partition_key: str, lanes: int, hash_range: tuple[int, int] | None) -> int:
    """The lane that serves a partition key, where lanes serve parts of the hash range.

    The shard's range is cut into equal parts; where it is not known (a recording does not tell),
    the lane is the hash modulo the number of lanes.
    """
    position = hash_key(partition_key)
    if hash_range is None:
        return position % lanes
    first, last = hash_range
    inside = min(max(position, first), last) - first
    return inside * lanes // (last - first + 1)


def _window_end(since: float, length: float, now: float) -> float:
    """The end of the window that `now` is in, of those that follow one another from `since`."""
    return since + ((now - since) // length + 1) * length
