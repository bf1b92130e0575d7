"""A recording on its way back to a stream: which record is due when, with what data."""

import heapq
import math
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec

from kinesis_cli.errors import InputError, KcliError
from kinesis_cli.putting.entry import Entry
from kinesis_cli.putting.plan import CALL_RECORDS
from kinesis_cli.stream.record_source import RecordSource
from kinesis_cli.stream.user_records import changed

TICK = 0.005  # seconds; what is due within so long is put together
_MILLISECONDS = 1e11  # a larger number is not a time in seconds: that would be the year 5138
_TAKEN = 1 << 20  # bytes of one shard that are taken from a recording together


class Arrived(NamedTuple):
    """A record on its way back to a stream; its index is its position by arrival."""

    arrival: float  # epoch seconds, where it was recorded
    entry: Entry

    @property
    def data(self) -> bytes:
        """The record's."""
        return self.entry.data


class _Data(msgspec.Struct, rename="camel", gc=False):
    data: bytes
    explicit_hash_key: str | None = None  # kept by kcli where it is known; a stream never tells it


class _Line(msgspec.Struct, gc=False):
    kinesis: _Data


_decode = msgspec.json.Decoder(_Line).decode


def moved_records(recording: RecordSource) -> Iterator[Arrived]:
    """All records by their arrival; those of one shard in their own order.

    Args:
        recording: of which nothing was taken yet.
    """
    position = 0
    shards = [
        (arrival, number, shard_id)
        for number, shard_id in enumerate(recording.shard_ids)
        if (arrival := recording.next_arrival(shard_id)) is not None
    ]
    heapq.heapify(shards)
    while shards:
        _, number, shard_id = heapq.heappop(shards)
        until = shards[0][0] if shards else math.inf
        for record in recording.take(shard_id, until, CALL_RECORDS, _TAKEN):
            line = _decode(record.raw).kinesis
            key, hash_key = record.partition_key, line.explicit_hash_key
            yield Arrived(record.arrival, Entry(position, key, hash_key, line.data))
            position += 1
        if (arrival := recording.next_arrival(shard_id)) is not None:
            heapq.heappush(shards, (arrival, number, shard_id))


class Beginning(NamedTuple):
    """When several sources of one replay begin."""

    arrival: float  # of the first record of all
    at: float  # its moment, by the clock of `PutPlan`


class ReplaySource:
    """Records, each when its time has come; a source for the producer.

    Args:
        records: by arrival.
        speed: 2 is twice as fast as it was; None: as fast as possible.
        beginning: default: the first record, when it is taken.
        catches_up: seconds behind its schedule of which it catches up; what is more is later.
    """

    def __init__(
        self,
        records: Iterable[Arrived],
        speed: float | None,
        *,
        beginning: Beginning | None = None,
        catches_up: float = math.inf,
    ) -> None:
        self._records = iter(records)
        self._next = next(self._records, None)
        self._error: KcliError | None = None  # in the input, after what was taken
        self._first = self._next.arrival if self._next else 0.0
        self._speed, self._catches_up = speed, catches_up
        self._start: float | None = None
        if beginning is not None:
            self._first, self._start = beginning
        self._last_take = -math.inf
        self.taken = 0
        self.last_index = -1  # of what was taken
        self.behind = 0.0  # seconds, of what was taken last
        self.most_behind = 0.0

    @property
    def is_timed(self) -> bool:
        """Whether records wait for their moment."""
        return self._speed is not None

    def take(self, now: float) -> list[Entry]:
        """The records that are due, at most one call's worth.

        Raises:
            KcliError: the next record cannot be read.
        """
        if self._error:
            raise self._error
        if self._next is None:
            return []
        self._start = now if self._start is None else self._start
        self._last_take = now
        self.behind = max(now - self._due(self._next, now), 0.0)
        self._start += max(self.behind - self._catches_up, 0.0)
        self.most_behind = max(self.most_behind, self.behind)
        entries: list[Entry] = []
        while (each := self._next) and len(entries) < CALL_RECORDS and self._due(each, now) <= now:
            entries.append(each.entry)
            self._advance()
        self.taken += len(entries)
        self.last_index = entries[-1].index if entries else self.last_index
        return entries

    def next_moment(self, now: float) -> float | None:
        """When a record is due, now or later; None: there are no more."""
        if self._error:
            return now
        if self._next is None:
            return None
        if self._speed is None or self._start is None:
            return now
        return max(self._due(self._next, now), self._last_take + TICK)

    def rest(self) -> Iterator[tuple[float, Entry]]:
        """All that was not taken, each with the seconds from the first one's moment to its own."""
        while each := self._next:
            yield (each.arrival - self._first) / (self._speed or math.inf), each.entry
            self._next = next(self._records, None)

    def _advance(self) -> None:
        try:
            self._next = next(self._records, None)
        except KcliError as error:  # what was taken before is put all the same
            self._error, self._next = error, None

    def _due(self, each: Arrived, now: float) -> float:
        if self._speed is None or self._start is None:
            return now
        return self._start + (each.arrival - self._first) / self._speed


def between(records: Iterable[Arrived], since: float, until: float) -> Iterator[Arrived]:
    """Those that had arrived from `since` on and before `until`, epoch seconds."""
    return (each for each in records if since <= each.arrival < until)


def with_change(
    records: Iterable[Arrived], change: Callable[[bytes], bytes | None]
) -> Iterator[Arrived]:
    """The records with new data, without those that a function gives None for."""
    for arrival, entry in records:
        if (data := changed(entry.data, change)) is not None:
            yield Arrived(arrival, entry.with_data(data))


def shifted(path: str, seconds: float) -> Callable[[bytes], bytes]:
    """A function that moves a timestamp in a JSON payload; other payloads stay as they are.

    Args:
        path: names separated by dots, `reading.timestamp`; the value may be epoch seconds or
            milliseconds, or an ISO time.
        seconds: how far.
    """
    first, *rest = path.split(".")

    def shift(data: bytes) -> bytes:
        try:
            return _shift(data, [first, *rest], seconds)
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            return data

    return shift


_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


def _shift(document: bytes, path: list[str], seconds: float) -> bytes:
    # Member by member as they were written: what is not the timestamp keeps its bytes.
    members = _members(document)
    name = path[0]
    if name not in members:
        return document
    value = bytes(members[name])
    new = _shift(value, path[1:], seconds) if path[1:] else _moved_time(value, seconds)
    members[name] = msgspec.Raw(new)
    return msgspec.json.encode(members)


def _moved_time(value: bytes, seconds: float) -> bytes:
    time = msgspec.json.decode(value)
    match time:
        case bool():
            return value
        case int():
            return b"%d" % (time + round(seconds * (1000 if time > _MILLISECONDS else 1)))
        case float():
            moved = time + seconds * (1000 if time > _MILLISECONDS else 1)
            return msgspec.json.encode(round(moved, 6))
        case str():
            try:
                moved_time = datetime.fromisoformat(time) + timedelta(seconds=seconds)
            except (ValueError, OverflowError):
                return value
            text = moved_time.isoformat()
            return msgspec.json.encode(text.replace("+00:00", "Z") if time.endswith("Z") else text)
    return value


def replay_speed(text: str) -> float | None:
    """`1`, `10`, `0.5` as a number; `max` as None.

    Raises:
        InputError: it is not a speed.
    """
    if text == "max":
        return None
    if re.fullmatch(r"\d+(\.\d+)?", text, re.ASCII) and 0 < float(text) < math.inf:
        return float(text)
    raise InputError(f"{text!r} is not a speed, such as 1, 10 or max", place="--speed")
