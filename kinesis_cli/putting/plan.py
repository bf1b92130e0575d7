"""Which PutRecords call comes next. Told what happened and when, it answers what to send.

It never sleeps, reads a clock or calls anybody. Times are seconds of any clock that only goes on.

Source: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html
"""

import heapq
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import count
from operator import attrgetter
from random import Random
from typing import Any

from kinesis_cli.putting.aggregates import Aggregates, NoAggregates
from kinesis_cli.putting.entry import Entry
from kinesis_cli.putting.key_order import ORDER_LOST, KeyOrder
from kinesis_cli.putting.queue import Queue, Size
from kinesis_cli.putting.shard_limits import Lanes
from kinesis_cli.stream.shards import Shard, ShardMap

MIB = 1 << 20
CALL_RECORDS = 500
# AWS takes 10 MiB a call since it takes large records, and took 5 MiB before; so do other servers.
CALL_BYTES = 5 * MIB  # a single larger record goes alone
WAITING_RECORDS = 20_000  # records held back for a key or a shard before no more are taken
WAITING_BYTES = 64 * MIB
# So little is sent without a look at the shards: it is a fifth of what one takes in a second.
FREE_RECORDS, FREE_BYTES = 200, MIB // 5

# Full jitter: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
PAUSE_BASE, PAUSE_MAX = 0.05, 10.0  # seconds

THROTTLED = "ProvisionedThroughputExceededException"


class PutPlan:
    """Records on their way to a stream.

    Args:
        random: decides how long to pause.
        give_up_after: seconds from the first time that a record is sent.
        ordered: at most one record of a partition key is in flight. After one that was given up,
            no other of its key is sent, so that what is left can be put later in order.
        aggregate: pack records of one shard together, as the Kinesis Producer Library does; the
            first thing that it wants are the shards.
        share: how much of each shard's throughput it may use; others of the same put use the rest.

    Attributes:
        limited: the shards are known to refuse what is too much, so they are looked at before much
            is sent; else when one throttles for the first time.
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
        share: float = 1.0,
    ) -> None:
        self._random, self._give_up_after = random, give_up_after
        self._aggregates = Aggregates() if aggregate else NoAggregates()
        self._ready = Queue()
        self._held = Size()  # what waits for a time, a shard or another record of its key
        self._later: list[tuple[float, int, list[Entry]]] = []  # a heap
        self._number = count()
        self._order = KeyOrder(self._held) if ordered else None
        self._lanes = Lanes(self._held, share)
        self._shards: ShardMap | None = None  # None: not known
        self._known: set[str] = set()  # shards that were heard of
        self._free = Size()  # what came before the shards were asked for
        self._misplaced: list[Entry] = []  # aggregates that went to another shard than planned
        self._failed: list[Entry] = []
        self._asked = self.limited = False
        self.wants_shards = aggregate
        self.in_flight = 0
        self.retried = self.throttled = 0

    # --- records come in

    @property
    def aggregates(self) -> bool:
        """Whether it packs records together."""
        return self._aggregates.packs

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

    def add(self, entries: Sequence[Entry], now: float) -> None:
        """Take records, in their order."""
        if self.limited and not self._asked:
            self._free.add(entries)
            self.wants_shards |= self._free.records > FREE_RECORDS or self._free.bytes > FREE_BYTES
        self._ready.extend(self._aggregates.add(entries, now))

    def flush(self) -> None:
        """Note that no more records come: what waits to be packed with others is sent as it is."""
        self._ready.extend(self._aggregates.flush())

    def set_shards(self, shards: Sequence[Shard], *, paced: bool, now: float) -> list[Entry]:
        """Set what the shards are now.

        Args:
            shards: the open ones in order of their hash keys, without gaps; none: not known.
            paced: each is held to the throughput of provisioned mode; else only those that throttle
                have to wait.
            now: when this is.

        Returns:
            Aggregates that are acknowledged after all: they went to another shard than planned, and
            all of their records belong there.
        """
        self._shards = ShardMap(shards) if shards else None
        self._asked, self.wants_shards = True, False
        ids = dict.fromkeys(shard.shard_id for shard in shards)
        self._known.update(ids)
        self._ready.put_back(self._lanes.take_all())
        self._lanes.open(ids, paced=paced)
        return self._pack_anew(now) if self._aggregates.packs else []

    def _pack_anew(self, now: float) -> list[Entry]:
        """Pack all that waits for the shards as they are; nothing is in flight now."""
        assert self._shards
        aggregates = self._aggregates
        waiting = [*self._take_out(), *aggregates.flush()]
        aggregates.set_shards(self._shards)
        misplaced, self._misplaced = self._misplaced, []
        well_placed = [each for each in misplaced if aggregates.fits(each)]
        for entry in misplaced:
            if self._order:
                self._order.forget(entry)
        waiting += [each for each in misplaced if each not in well_placed]
        for entry in waiting:
            for part in entry.records:
                part.since, part.attempts = entry.since, entry.attempts
        records = [part for entry in waiting for part in entry.records]
        self.add(sorted(records, key=attrgetter("index")), now)
        return well_placed

    @property
    def _waits_for_shards(self) -> bool:
        return self.wants_shards and self._aggregates.packs

    # --- calls go out

    def next_call(self, now: float) -> list[Entry]:
        """Remove and return the records to send now; none: there is nothing, or it must wait."""
        if self._waits_for_shards:
            return []
        if self._aggregates.packs:
            self.add((), now)
        while self._later and self._later[0][0] <= now:
            again = heapq.heappop(self._later)[2]
            self._held.remove(again)
            self._ready.put_back(again)
        # What waits for its shard goes first; what is ready may come to wait there, if it is free.
        call = self._fill(self._due(now), now) or self._due(now)
        for entry in call:
            if entry.since is None:
                entry.since = now
            elif entry.attempts:
                self.retried += len(entry.records)
            entry.attempts += 1
        self.in_flight += bool(call)
        return call

    def _due(self, now: float) -> list[Entry]:
        return self._lanes.take(now, CALL_RECORDS, CALL_BYTES)

    def _fill(self, call: list[Entry], now: float) -> list[Entry]:
        """Fill a call with what need not wait, and return it."""
        size = sum(entry.size for entry in call)
        while len(call) < CALL_RECORDS and (entry := self._ready.first):
            if call and size + entry.size > CALL_BYTES:
                break
            self._ready.take_first()
            if self._go_or_hold(entry, now):
                call.append(entry)
                size += entry.size
        return call

    def _go_or_hold(self, entry: Entry, now: float) -> bool:
        """Return whether a record may be sent now; else it is queued where it waits."""
        if self._order:
            if self._order.is_lost(entry):
                self._fail([entry], ORDER_LOST)
                return False
            if not self._order.admit(entry):
                return False
        lanes = self._lanes
        return not (lanes.are_open and lanes.hold_if_busy(entry, self._shard_id(entry), now))

    def next_moment(self) -> float | None:
        """Return when time alone makes a call possible; None: only an answer or a record does."""
        if self._waits_for_shards:
            return None
        moments = [self._lanes.next_moment, self._aggregates.next_moment]
        if self._later:
            moments.append(self._later[0][0])
        return min((moment for moment in moments if moment is not None), default=None)

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits to be sent; calls may be in flight."""
        waits = self._ready.first or self._held.records or self._misplaced
        return not waits and self._aggregates.is_empty

    # --- answers come back

    def answered(
        self, call: Sequence[Entry], results: Sequence[Mapping[str, Any]], now: float
    ) -> list[Entry]:
        """Note the service's answer to a call.

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
        settled = self._settle(acknowledged)
        self._throttle(throttled, now)
        self._retry(broken, now)
        return settled

    def not_answered(
        self, call: Sequence[Entry], reason: str, now: float, *, throttled: bool = False
    ) -> None:
        """Note that a call failed: its records may be in the stream or not, and are sent again."""
        self.in_flight -= 1
        for entry in call:
            entry.reason = reason
        if throttled:
            self.throttled += sum(len(entry.records) for entry in call)
        self._retry(call, now)

    def refused(self, call: Sequence[Entry], reason: str) -> None:
        """Give up the records of a call that was refused for a reason that does not pass."""
        self.in_flight -= 1
        self._fail(call, reason)

    def reject(self, entry: Entry, reason: str) -> None:
        """Give up a record that no stream takes; it was not added."""
        entry.reason = reason
        self._failed.append(entry)

    def take_failed(self) -> list[Entry]:
        """Remove and return the records that were given up since the last time."""
        failed, self._failed = self._failed, []
        return failed

    def abandon(self, reason: str) -> None:
        """Give up all that waits, and what is in flight unless it is acknowledged."""
        waiting = [*self._take_out(), *self._misplaced, *self._aggregates.flush()]
        self._misplaced, self._give_up_after = [], -math.inf
        for entry in waiting:
            entry.reason = entry.reason or reason
        self._failed += waiting

    def _settle(self, acknowledged: list[Entry]) -> list[Entry]:
        """Free keys and lanes of acknowledged records; return those that need nothing more."""
        if self._aggregates.packs:
            elsewhere = [e for e in acknowledged if e.parts and e.shard_id != e.planned_shard]
            if elsewhere:
                # Readers drop an aggregate that holds a record of another shard's range:
                # https://github.com/awslabs/amazon-kinesis-client (AggregatorUtil.java)
                self.wants_shards = True
                self._misplaced += elsewhere
                acknowledged = [entry for entry in acknowledged if entry not in elsewhere]
        if self._order:
            following = [f for entry in acknowledged if (f := self._order.release(entry))]
            self._ready.put_back(following)
        if self._shards:
            shard_ids = {entry.shard_id for entry in acknowledged}
            self.wants_shards |= not shard_ids <= self._known
            self._known |= shard_ids
            for shard_id in shard_ids:
                self._lanes.note_acknowledged(shard_id)
        return acknowledged

    def _throttle(self, entries: list[Entry], now: float) -> None:
        self.throttled += sum(len(entry.records) for entry in entries)
        if not self._shards:
            self.wants_shards |= bool(entries) and not self._asked
            self._retry(entries, now)
            return
        by_shard: dict[str, list[Entry]] = {}
        for entry in entries:
            by_shard.setdefault(self._shard_id(entry), []).append(entry)
        for shard_id, refused in by_shard.items():
            self._lanes.note_throttled(shard_id, now, self._pause)
            since = self._lanes.refuses_since(shard_id)
            self._lanes.put_back(shard_id, list(self._worth_another_try(refused, now, since)))

    def _retry(self, entries: Sequence[Entry], now: float) -> None:
        again = list(self._worth_another_try(entries, now))
        if again:
            moment = now + self._pause(max(entry.attempts for entry in again))
            heapq.heappush(self._later, (moment, next(self._number), again))
            self._held.add(again)

    def _worth_another_try(
        self, entries: Sequence[Entry], now: float, refused_since: float = math.inf
    ) -> Iterator[Entry]:
        for entry in entries:
            since = now if entry.since is None else min(entry.since, refused_since)
            if now - since < self._give_up_after:
                yield entry
            else:
                self._fail([entry], entry.reason)

    def _fail(self, entries: Iterable[Entry], reason: str) -> None:
        for entry in entries:
            entry.reason = reason
            self._failed.append(entry)
            if self._order:
                self._fail(self._order.lose(entry), ORDER_LOST)

    def _pause(self, attempt: int) -> float:
        """Seconds until the next try: exponential back-off with full jitter."""
        return self._random.uniform(0, min(PAUSE_MAX, PAUSE_BASE * 2 ** min(attempt, 20)))

    # --- where records wait

    def _take_out(self) -> list[Entry]:
        """All that waits, in its order; nothing waits any more."""
        out = [
            *self._ready.take_all(),
            *(entry for _, _, entries in self._later for entry in entries),
            *self._lanes.take_all(),
            *(self._order.take_all() if self._order else ()),
        ]
        for _, _, entries in self._later:
            self._held.remove(entries)
        self._later = []
        for entry in out:
            if self._order:
                self._order.forget(entry)
        return sorted(out, key=attrgetter("index"))

    def _shard_id(self, entry: Entry) -> str:
        assert self._shards
        return entry.planned_shard or entry.shard_in(self._shards).shard_id
