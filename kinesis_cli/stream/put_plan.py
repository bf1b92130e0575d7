"""Which PutRecords call comes next. Told what happened and when, it answers what to send.

It never sleeps, reads a clock or calls anybody. Times are seconds of any clock that only goes on.

Source: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html
"""

import heapq
import math
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from operator import attrgetter
from random import Random
from typing import Any
from zlib import crc32

from kinesis_cli.errors import InputError
from kinesis_cli.stream.put_aggregates import Aggregates
from kinesis_cli.stream.put_entry import Entry
from kinesis_cli.stream.shards import Shard

MIB = 1 << 20
CALL_RECORDS = 500
# AWS takes 10 MiB a call since it takes large records, and took 5 MiB before; so do other servers.
CALL_BYTES = 5 * MIB  # a single larger record goes alone
WAITING_RECORDS = 20_000  # records held back for a key or a shard before no more are taken
WAITING_BYTES = 64 * MIB

# One shard in provisioned mode, and what each sends at once when its turn comes.
# Source: https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html
SHARD_RECORDS_PER_SECOND = 1000
SHARD_BYTES_PER_SECOND = MIB
SHARD_TURN = 0.2  # seconds' worth of records

# Full jitter: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
PAUSE_BASE, PAUSE_MOST = 0.05, 10.0  # seconds

THROTTLED = "ProvisionedThroughputExceededException"
ORDER_LOST = "an earlier record of its partition key could not be put"


@dataclass(frozen=True, slots=True)
class Slice:
    """Every `count`-th part of the work, so that many machines share one put.

    Args:
        index: from 0, as array jobs count.
        count: of all parts.
    """

    index: int
    count: int

    @classmethod
    def parse(cls, text: str) -> "Slice":
        """`3/64`.

        Raises:
            InputError: it is no slice.
        """
        index, slash, whole = text.partition("/")
        if slash and index.isdecimal() and whole.isdecimal() and int(index) < int(whole):
            return cls(int(index), int(whole))
        raise InputError(
            f"{text!r} is no slice, which reads like 0/64",
            place="--slice",
            advice="Of 64 parts the first is 0/64 and the last 63/64.",
        )

    def takes(self, entry: Entry, *, by_key: bool) -> bool:
        """Whether a record is in this part.

        Args:
            entry: the record.
            by_key: all records of a partition key are in the same part.
        """
        if by_key:
            key = entry.partition_key.encode("utf-8", "surrogatepass")
            return crc32(key) % self.count == self.index
        return entry.index % self.count == self.index


class PutPlan:
    """Records on their way to a stream.

    Args:
        random: decides how long to pause.
        give_up_after: seconds from the moment when a record could be sent first.
        ordered: at most one record of a partition key is in flight. After one that was given up,
            no other of its key is sent, so that what is left can be put later in order.
        aggregate: pack records of one shard together, as the Kinesis Producer Library does; the
            first thing that it wants are the shards.

    Attributes:
        wants_shards: the shards are needed, or are not what they were; see `set_shards`.
        in_flight: calls that were not answered yet.
        retried: how often a record was sent again.
        throttled: how often a shard refused a record because of its throughput.
    """

    def __init__(
        self,
        random: Random,
        *,
        give_up_after: float,
        ordered: bool = False,
        aggregate: bool = False,
    ) -> None:
        self._random, self._give_up_after = random, give_up_after
        self._ordered = ordered
        self._aggregates = Aggregates() if aggregate else None
        self._ready = _Queue()
        self._held = _Size()  # what waits for a time, a shard or another record of its key
        self._later: list[tuple[float, int, list[Entry]]] = []  # a heap
        self._number = count()
        self._locked: dict[str, deque[Entry]] = {}  # key in flight → those that wait for it
        self._lost_keys: set[str] = set()
        self._lanes: dict[str, _Lane] = {}  # shards that have throttled
        self._shards: Sequence[Shard] | None = None  # None: nobody has asked
        self._paced = False
        self._misplaced: list[Entry] = []  # aggregates that went to another shard than planned
        self._failed: list[Entry] = []
        self.wants_shards = aggregate
        self.in_flight = 0
        self.retried = self.throttled = 0

    # --- records come in

    @property
    def aggregates(self) -> bool:
        """Whether it packs records together."""
        return self._aggregates is not None

    @property
    def wants_records(self) -> bool:
        """Whether more records would be of use now."""
        return (
            self._ready.size.records < CALL_RECORDS
            and self._ready.size.bytes < CALL_BYTES
            and self._held.records < WAITING_RECORDS
            and self._held.bytes < WAITING_BYTES
            and not self._waits_for_shards
        )

    def add(self, entries: Iterable[Entry], now: float) -> None:
        """Take records, in their order."""
        self._ready.extend(
            entries if self._aggregates is None else self._aggregates.add(entries, now)
        )

    def flush(self) -> None:
        """No more records come: what waits to be packed with others is sent as it is."""
        if self._aggregates is not None:
            self._ready.extend(self._aggregates.flush())

    def set_shards(self, shards: Sequence[Shard], *, paced: bool, now: float) -> list[Entry]:
        """What the shards are now.

        Args:
            shards: the open ones in order of their hash keys, without gaps; none: not known.
            paced: a shard that throttles is held to the throughput of provisioned mode.
            now: when this is.

        Returns:
            Aggregates that are acknowledged after all: they went to another shard than planned, and
            all of their records belong there.
        """
        self._shards, self._paced, self.wants_shards = shards, paced, False
        for lane in reversed(self._lanes.values()):
            self._held.remove(lane.waiting)
            self._ready.put_back(lane.waiting)
        self._lanes = {}
        return [] if self._aggregates is None else self._packed_anew(self._aggregates, now)

    def _packed_anew(self, aggregates: Aggregates, now: float) -> list[Entry]:
        """All that waits packed for the shards as they are; nothing is in flight now."""
        misplaced, self._misplaced = self._misplaced, []
        well_placed = [each for each in misplaced if aggregates.fits(each, self._shards or ())]
        for entry in misplaced:
            self._release(entry)
        again = [each for each in misplaced if each not in well_placed]
        waiting = [*again, *self._taken_out(), *aggregates.flush()]
        aggregates.set_shards(self._shards or ())
        for entry in waiting:
            for part in entry.records:
                part.since, part.attempts = entry.since, entry.attempts
        records = [part for entry in waiting for part in entry.records]
        self.add(sorted(records, key=attrgetter("index")), now)
        return well_placed

    @property
    def _waits_for_shards(self) -> bool:
        return self.wants_shards and self._aggregates is not None

    # --- calls go out

    def next_call(self, now: float) -> list[Entry]:
        """The records to send now; none: there is nothing, or it must wait."""
        if self._waits_for_shards:
            return []
        if self._aggregates is not None:
            self.add((), now)
        while self._later and self._later[0][0] <= now:
            again = heapq.heappop(self._later)[2]
            self._held.remove(again)
            self._ready.put_back(again)
        call = self._filled(now)
        for entry in call:
            if entry.since is None:
                entry.since = now
            elif entry.attempts:
                self.retried += len(entry.records)
            entry.attempts += 1
        self.in_flight += bool(call)
        return call

    def _filled(self, now: float) -> list[Entry]:
        call: list[Entry] = []
        size = 0
        for lane in self._lanes.values():
            taken = lane.take(now, CALL_RECORDS - len(call), CALL_BYTES - size, paced=self._paced)
            self._held.remove(taken)
            call += taken
            size += sum(entry.size for entry in taken)
        while len(call) < CALL_RECORDS and (entry := self._ready.first):
            if call and size + entry.size > CALL_BYTES:
                break
            self._ready.take_first()
            if self._may_go(entry, now):
                call.append(entry)
                size += entry.size
        return call

    def _may_go(self, entry: Entry, now: float) -> bool:
        """Whether a record may be sent now; else it was put where it waits."""
        if self._ordered and not entry.owns_key:
            key = _key(entry)
            if key in self._lost_keys:
                self._fail([entry], ORDER_LOST)
                return False
            if (behind := self._locked.get(key)) is not None:
                behind.append(entry)
                self._held.add([entry])
                return False
            self._locked[key] = deque()
            entry.owns_key = True
        if self._lanes and (lane := self._lanes.get(self._shard_id(entry))):
            entry.since = now if entry.since is None else entry.since
            lane.waiting.append(entry)
            self._held.add([entry])
            return False
        return True

    def next_moment(self) -> float | None:
        """When time alone makes a call possible; None: only an answer or a record does."""
        if self._waits_for_shards:
            return None
        moments = [lane.next_moment for lane in self._lanes.values() if lane.waiting]
        if self._later:
            moments.append(self._later[0][0])
        if self._aggregates is not None and (due := self._aggregates.next_moment) is not None:
            moments.append(due)
        return min(moments, default=None)

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits to be sent; calls may be in flight."""
        packing = self._aggregates is not None and not self._aggregates.is_empty
        return not (self._ready.first or self._held.records or self._misplaced or packing)

    # --- answers come back

    def answered(
        self, call: Sequence[Entry], results: Sequence[Mapping[str, Any]], now: float
    ) -> list[Entry]:
        """The service's answer to a call.

        Args:
            call: what `next_call` gave.
            results: PutRecords' `Records`, one for each record in the same order.
            now: when it came.

        Returns:
            The records that are acknowledged, with their shard and sequence number.
        """
        if len(results) != len(call):
            self.not_answered(call, f"an answer for {len(results)} of {len(call)} records", now)
            return []
        self.in_flight -= 1
        acknowledged: list[Entry] = []
        throttled: list[Entry] = []
        broken: list[Entry] = []
        for entry, result in zip(call, results, strict=True):
            if number := result.get("SequenceNumber"):
                entry.sequence_number, entry.shard_id = number, result["ShardId"]
                acknowledged.append(entry)
            else:
                code = result.get("ErrorCode")
                entry.reason = f"{code}: {result.get('ErrorMessage')}"
                (throttled if code == THROTTLED else broken).append(entry)
        self._throttle(throttled, now)
        self._retry(broken, now)
        return self._settled(acknowledged)

    def not_answered(
        self, call: Sequence[Entry], reason: str, now: float, *, throttled: bool = False
    ) -> None:
        """A call failed as a whole. What it held may be in the stream or not; it is sent again."""
        self.in_flight -= 1
        for entry in call:
            entry.reason = reason
        if throttled:
            self.throttled += sum(len(entry.records) for entry in call)
        self._retry(call, now)

    def refused(self, call: Sequence[Entry], reason: str) -> None:
        """A call was refused for a reason that does not pass: its records are given up."""
        self.in_flight -= 1
        self._fail(call, reason)

    def reject(self, entry: Entry, reason: str) -> None:
        """Give up a record that no stream takes; it was not added."""
        entry.reason = reason
        self._failed.append(entry)

    def take_failed(self) -> list[Entry]:
        """The records that were given up since the last time."""
        failed, self._failed = self._failed, []
        return failed

    def abandon(self, reason: str) -> None:
        """Give up all that waits, and what is in flight unless it is acknowledged."""
        waiting = [*self._taken_out(), *self._misplaced]
        if self._aggregates is not None:
            waiting += self._aggregates.flush()
        self._misplaced, self._give_up_after = [], -math.inf
        for entry in waiting:
            entry.reason = entry.reason or reason
        self._failed += waiting

    def _settled(self, acknowledged: list[Entry]) -> list[Entry]:
        """Those that need nothing more, and what their answers say of keys and shards."""
        if self._aggregates is not None:
            elsewhere = [e for e in acknowledged if e.parts and e.shard_id != e.planned_shard]
            if elsewhere:
                # Readers drop an aggregate that holds a record of another shard's range:
                # https://github.com/awslabs/amazon-kinesis-client (AggregatorUtil.java)
                self.wants_shards = True
                self._misplaced += elsewhere
                acknowledged = [entry for entry in acknowledged if entry not in elsewhere]
        if self._ordered:
            for entry in acknowledged:
                self._release(entry)
        if self._shards:
            known = {shard.shard_id for shard in self._shards}
            for shard_id in {entry.shard_id for entry in acknowledged}:
                self.wants_shards |= shard_id not in known
                if lane := self._lanes.get(shard_id):
                    lane.throttles = 0
        return acknowledged

    def _throttle(self, entries: list[Entry], now: float) -> None:
        self.throttled += sum(len(entry.records) for entry in entries)
        if not self._shards:
            self.wants_shards |= bool(entries) and self._shards is None
            self._retry(entries, now)
            return
        by_shard: dict[str, list[Entry]] = {}
        for entry in self._worth_another_try(entries, now):
            by_shard.setdefault(self._shard_id(entry), []).append(entry)
        for shard_id, refused in by_shard.items():
            self._lanes.setdefault(shard_id, _Lane()).throttled(refused, now, self._pause)
            self._held.add(refused)

    def _retry(self, entries: Sequence[Entry], now: float) -> None:
        again = list(self._worth_another_try(entries, now))
        if again:
            moment = now + self._pause(max(entry.attempts for entry in again))
            heapq.heappush(self._later, (moment, next(self._number), again))
            self._held.add(again)

    def _worth_another_try(self, entries: Sequence[Entry], now: float) -> Iterator[Entry]:
        for entry in entries:
            since = now if entry.since is None else entry.since
            if now - since < self._give_up_after:
                yield entry
            else:
                self._fail([entry], entry.reason)

    def _fail(self, entries: Iterable[Entry], reason: str) -> None:
        for entry in entries:
            entry.reason = reason
            self._failed.append(entry)
            if entry.owns_key:
                entry.owns_key = False
                key = _key(entry)
                self._lost_keys.add(key)
                behind = self._locked.pop(key)
                self._held.remove(behind)
                self._fail(behind, ORDER_LOST)

    def _pause(self, attempt: int) -> float:
        """Seconds until the next try: exponential back-off with full jitter."""
        return self._random.uniform(0, min(PAUSE_MOST, PAUSE_BASE * 2 ** min(attempt, 20)))

    # --- where records wait

    def _release(self, entry: Entry) -> None:
        """The record is acknowledged; the next one that waits for its key has the key."""
        if not entry.owns_key:
            return
        entry.owns_key = False
        key = _key(entry)
        behind = self._locked[key]
        if not behind:
            del self._locked[key]
            return
        following = behind.popleft()
        following.owns_key = True
        self._held.remove([following])
        self._ready.put_back([following])

    def _taken_out(self) -> list[Entry]:
        """All that waits, in its order; nothing waits any more."""
        out = [
            *self._ready.take_all(),
            *(entry for _, _, entries in self._later for entry in entries),
            *(entry for lane in self._lanes.values() for entry in lane.waiting),
            *(entry for behind in self._locked.values() for entry in behind),
        ]
        self._later, self._lanes, self._held = [], {}, _Size()
        for behind in self._locked.values():
            behind.clear()
        for entry in out:
            if entry.owns_key:
                entry.owns_key = False
                del self._locked[_key(entry)]
        return sorted(out, key=attrgetter("index"))

    def _shard_id(self, entry: Entry) -> str:
        return entry.planned_shard or entry.shard_in(self._shards or ()).shard_id


def _key(entry: Entry) -> str:
    """What orders records: the partition key. Aggregates have records of all keys of a shard."""
    return entry.planned_shard or entry.partition_key


class _Size:
    """How much waits somewhere."""

    __slots__ = ("bytes", "records")

    def __init__(self) -> None:
        self.records = self.bytes = 0

    def add(self, entries: Iterable[Entry]) -> None:
        for entry in entries:
            self.records += 1
            self.bytes += entry.size

    def remove(self, entries: Iterable[Entry]) -> None:
        for entry in entries:
            self.records -= 1
            self.bytes -= entry.size


class _Queue:
    """Records that may be sent, and how much they are."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque()
        self.size = _Size()

    @property
    def first(self) -> Entry | None:
        return self._entries[0] if self._entries else None

    def take_first(self) -> None:
        entry = self._entries.popleft()
        self.size.records -= 1
        self.size.bytes -= entry.size

    def extend(self, entries: Iterable[Entry]) -> None:
        for entry in entries:
            self._entries.append(entry)
            self.size.records += 1
            self.size.bytes += entry.size

    def put_back(self, entries: Collection[Entry]) -> None:
        """To the front, in their order."""
        self.size.add(entries)
        self._entries.extendleft(reversed(list(entries)))

    def take_all(self) -> Iterable[Entry]:
        entries, self._entries, self.size = self._entries, deque(), _Size()
        return entries


class _Lane:
    """Records for a shard that has throttled."""

    def __init__(self) -> None:
        self.waiting: deque[Entry] = deque()
        self.throttles = 0  # in a row
        self._closed_until = 0.0
        self._paid_until = 0.0  # when what was sent has had its share of the shard's throughput

    @property
    def next_moment(self) -> float:
        """When it may send."""
        return max(self._closed_until, self._paid_until)

    def take(self, now: float, records: int, size: int, *, paced: bool) -> list[Entry]:
        """What may be sent now: at most so many records and bytes, and a turn's worth.

        A record that is larger than a whole call goes alone.
        """
        taken: list[Entry] = []
        if now < self.next_moment:
            return taken
        self._paid_until = max(self._paid_until, now)
        while self.waiting and len(taken) < records and self._paid_until <= now + SHARD_TURN:
            entry = self.waiting[0]
            if entry.size > size and (taken or size < CALL_BYTES):
                break
            taken.append(self.waiting.popleft())
            size -= entry.size
            if paced:
                self._paid_until += max(
                    1 / SHARD_RECORDS_PER_SECOND, entry.size / SHARD_BYTES_PER_SECOND
                )
        return taken

    def throttled(self, refused: list[Entry], now: float, pause: Callable[[int], float]) -> None:
        """Records that the shard refused are the next to be sent, after a pause."""
        if now >= self._closed_until:  # else this call was under way before
            self.throttles += 1
            self._closed_until = now + pause(self.throttles)
        self.waiting.extendleft(reversed(refused))
