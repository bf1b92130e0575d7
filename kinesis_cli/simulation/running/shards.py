"""The shards of a run: when they are opened, polled and read, and when they are done."""

import math
import random
from collections.abc import Callable
from functools import partial

from kinesis_cli.event_source_mapping.aggregates import left_whole, opened
from kinesis_cli.event_source_mapping.delivery import ShardDelivery
from kinesis_cli.event_source_mapping.events import Expired
from kinesis_cli.event_source_mapping.polling import Polls, Pushes
from kinesis_cli.event_source_mapping.shard import Shard
from kinesis_cli.simulation.families import family_ranks
from kinesis_cli.simulation.running.books import Books
from kinesis_cli.simulation.running.endings import Endings
from kinesis_cli.simulation.running.ids import uuid_from
from kinesis_cli.simulation.running.plan import Plan
from kinesis_cli.simulation.running.shard_run import ShardRun
from kinesis_cli.stream.record_source import RecordSource

LEAST_READ_RECORDS = 500  # so that a small BatchSize does not read the recording in crumbs
_SKIPPED_AT_ONCE, _SKIPPED_BYTES = 10_000, 16 << 20


class Shards:
    """Reads the shards of a recording, parents before children.

    Args:
        source: the records.
        plan: of the run.
        books: where polls are planned, and what was read is counted.
        endings: told of what is decided when records come.
        queued: called when a poll has put records before the lanes of a shard.

    Attributes:
        ranks: of the families of shards, by shard.
    """

    def __init__(
        self,
        source: RecordSource,
        plan: Plan,
        books: Books,
        endings: Endings,
        queued: Callable[[ShardRun, float], None],
    ) -> None:
        self._source, self._plan = source, plan
        self._mapping, self._options = plan.mapping, plan.options
        self._agenda, self._tally, self._watches = books.agenda, books.tally, books.watches
        self._endings, self._queued = endings, queued
        self.ranks = family_ranks(source.shard_ids, plan.options.parents)
        self._runs: dict[str, ShardRun] = {}
        self._unopened = list(source.shard_ids)

    @property
    def held(self) -> int:
        """Records that arrived and have not ended."""
        return sum(run.delivery.held for run in self._runs.values())

    @property
    def starts_from(self) -> float:
        """The arrival from which on records are delivered, epoch seconds."""
        if self._mapping.starting_position == "LATEST":
            return self._plan.start_at
        at = self._mapping.starting_position_timestamp
        return -math.inf if at is None else at

    # Opening

    def open(self, now: float) -> None:
        """Start reading the shards whose parents are read to their end.

        Source: stackd's reshard capture (a merged child waits for both parents).
        """
        ready = [shard_id for shard_id in self._unopened if self._has_read_parents(shard_id)]
        # Taken off the list first: a shard without records is done at once and opens its children.
        self._unopened = [shard_id for shard_id in self._unopened if shard_id not in ready]
        for shard_id in ready:
            self._open(shard_id, now)

    def _has_read_parents(self, shard_id: str) -> bool:
        return all(self._is_read(parent) for parent in self._options.parents.get(shard_id, ()))

    def _is_read(self, shard_id: str) -> bool:
        # A parent that the recording does not hold has left the stream long ago.
        run = self._runs.get(shard_id)
        return shard_id not in self._unopened if run is None else run.is_finished

    def _open(self, shard_id: str, now: float) -> None:
        shard = Shard(
            shard_id=shard_id,
            retention_seconds=self._options.retention_hours * 3600,
            first_arrival=first if (first := self._source.first_arrival) is not None else 0.0,
        )
        new_id = partial(uuid_from, random.Random(f"requests/{self._options.seed}/{shard_id}"))
        delivery = ShardDelivery(
            shard, self._mapping, self._plan.filters, new_id, now, self._options.lanes
        )
        polls = self._new_polls(shard_id)
        run = ShardRun(shard_id, self.ranks[shard_id], delivery, polls, new_id)
        self._runs[shard_id] = run
        self._skip_to_starting_position(shard_id)
        self.look_ahead(run, now)

    def _new_polls(self, shard_id: str) -> Polls:
        if self._plan.is_pushed:
            return Pushes()
        phase = random.Random(f"phase/{self._options.seed}/{shard_id}").random()
        rules = self._mapping.kind.polling
        return Polls(self._plan.start_at + phase * rules.interval_seconds, rules)

    def _skip_to_starting_position(self, shard_id: str) -> None:
        before = math.nextafter(self.starts_from, -math.inf)
        while records := self._source.take(shard_id, before, _SKIPPED_AT_ONCE, _SKIPPED_BYTES):
            self._tally.skipped += len(records)

    # Reading

    def look_ahead(self, run: ShardRun, now: float) -> None:
        """Plan the next poll of a shard, or see that there is nothing left to do for it."""
        self._plan_poll(run, now)
        self._finish_if_done(run, now)

    def _plan_poll(self, run: ShardRun, now: float) -> None:
        """Plan the next poll that would find something: empty ones are skipped by arithmetic."""
        if run.poll_is_due or run.is_finished or not run.delivery.wants_records:
            return
        arrival = self._source.next_arrival(run.shard_id)
        if arrival is None:
            return
        run.poll_is_due = True
        self._agenda.plan(run.polls.next_after(arrival, now), run.rank, partial(self._poll, run))

    def _poll(self, run: ShardRun, now: float) -> None:
        run.poll_is_due = False
        run.polls.reach(now)
        self.read(run, now)
        self._queued(run, now)

    def read(self, run: ShardRun, now: float) -> bool:
        """Hand over what the last poll brought, as far as there is room: the rest stays on disk.

        Returns:
            Whether there was anything.
        """
        delivery, polls, has_read = run.delivery, run.polls, False
        at_once = max(self._mapping.batch_size * len(delivery.lanes), LEAST_READ_RECORDS)
        while polls.quota > 0 and polls.quota_bytes > 0 and delivery.wants_records:
            limit = min(polls.quota, at_once)
            records = self._source.take(run.shard_id, polls.visible_until, limit, polls.quota_bytes)
            if not records:
                polls.quota = 0
                break
            has_read = True
            polls.quota -= len(records)
            polls.quota_bytes -= sum([len(record.raw) for record in records])
            delivered = opened(records)
            self._tally.took(len(records), len(delivered), now)
            run.has_aggregates |= len(delivered) != len(records)
            if delivered is not records:
                self._tally.whole_aggregates += left_whole(delivered)
            for watch in self._watches:
                watch.arrived(delivered)
            for effect in delivery.queue(delivered, now):
                if isinstance(effect, Expired):  # these had left the stream: no poll brought them
                    self._tally.metrics.at(now).polled -= len(effect.records)
                self._endings.note(run, effect, now)
        return has_read

    def _finish_if_done(self, run: ShardRun, now: float) -> None:
        if run.is_finished or not run.delivery.is_idle:
            return
        if self._source.next_arrival(run.shard_id) is None:
            run.is_finished = True
            if self._unopened:
                self.open(now)

    def tell_of_unread(self, now: float) -> None:
        """Tell who watches of records that have arrived and that no poll brought."""
        for shard_id in self._source.shard_ids if self._watches else ():
            take = partial(self._source.take, shard_id, now, _SKIPPED_AT_ONCE, _SKIPPED_BYTES)
            while records := take():
                for watch in self._watches:
                    watch.arrived(opened(records))
