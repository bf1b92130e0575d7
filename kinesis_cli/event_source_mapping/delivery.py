"""The delivery of one shard: what an event source mapping does next with its records.

A shard has as many lanes as ParallelizationFactor says. What arrives is put before them here; what
each does with its batches is in `lane`.

Sources: the pages named in `response`, `stream.on_failure_document` and `windows`;
https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html (batching, order, one call at a time)
and LocalStack's and stackd's recordings (`tests/unit/data/esm_cases.json`).
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from kinesis_cli.event_source_mapping.ages import oldest
from kinesis_cli.event_source_mapping.events import Effect, Expired, Filtered
from kinesis_cli.event_source_mapping.gathering import (
    KeyLane,
    KeyQueues,
    LaneQueue,
    LaneReading,
    Queue,
    lane_of,
)
from kinesis_cli.event_source_mapping.lane import Lane
from kinesis_cli.event_source_mapping.settings import EventSourceMapping
from kinesis_cli.event_source_mapping.shard import Shard
from kinesis_cli.stream.record import Record

if TYPE_CHECKING:
    from kinesis_cli.event_source_mapping.filters.criteria import Filters


# How many records a shard may hold in memory: what one GetRecords can bring.
BUFFER_LIMIT_RECORDS = 10_000


class ShardDelivery:
    """Delivery of one shard. Told what happened and when; answers what to do next.

    Args:
        shard: the shard.
        settings: the mapping.
        filters: compiled from the mapping's patterns; None where it has none.
        new_request_id: a new Lambda request id for each new batch.
        opened_at: when the mapping goes live for this shard, epoch seconds.
        reading: how partition keys find their lanes.
    """

    def __init__(
        self,
        shard: Shard,
        settings: EventSourceMapping,
        filters: "Filters | None",
        new_request_id: Callable[[], str],
        opened_at: float,
        reading: LaneReading = "keys",
    ) -> None:
        self._shard, self._filters = shard, filters
        count = settings.parallelization_factor
        self._by_key: KeyQueues | None = None  # shared by all lanes
        self._own: list[LaneQueue] = []  # or one for each lane
        queues: Sequence[Queue]
        if count > 1 and reading == "keys":
            self._by_key = KeyQueues(settings, opened_at)
            queues = [KeyLane(self._by_key) for _ in range(count)]
        else:
            queues = self._own = [LaneQueue(settings, opened_at) for _ in range(count)]
        self.lanes = [Lane(shard, settings, new_request_id, queue) for queue in queues]
        self._buffer_limit = max(BUFFER_LIMIT_RECORDS, settings.batch_size * count)

    @property
    def held(self) -> int:
        """Records that arrived and have not ended."""
        waiting = self._by_key.held if self._by_key else sum(queue.held for queue in self._own)
        return waiting + sum(lane.in_hand for lane in self.lanes)

    @property
    def hash_range(self) -> tuple[int, int] | None:
        """The shard's, both inclusive; None: not known."""
        return self._shard.hash_range

    @property
    def windows_from(self) -> float:
        """Since when batching windows are counted: one that goes on later is opened at it."""
        return (self._by_key or self._own[0]).windows_from

    @property
    def is_idle(self) -> bool:
        """Whether nothing is left to do for the records that arrived."""
        return all(lane.is_idle for lane in self.lanes) and not self.held

    @property
    def wants_records(self) -> bool:
        """Whether a poll has room for what it would bring."""
        own = self._own
        if len(own) == 1:
            return own[0].has_room
        has_room = self._by_key.has_room if self._by_key else any(q.has_room for q in own)
        return has_room and self.held < self._buffer_limit

    def queue(self, records: Sequence[Record], now: float) -> list[Effect]:
        """Put arriving records, in stream order, behind those that wait.

        The lanes look at them when they are told (`RecordsQueued`) or when their call has ended.

        Returns:
            What is decided at once: records expired or filtered.
        """
        records, expired = self._without_expired(records, now)
        records, filtered = self._without_filtered(records)
        if self._by_key is not None:
            self._by_key.put(records, now)
        elif len(self._own) == 1:
            self._own[0].put(records)
        else:
            for record in records:
                self._own[self._lane_of(record)].put((record,))
        return expired + filtered

    def _without_expired(
        self, records: Sequence[Record], now: float
    ) -> tuple[Sequence[Record], list[Effect]]:
        horizon = now - self._shard.retention_seconds
        if self._shard.first_arrival > horizon or oldest(records) > horizon:
            return records, []
        expired = [record for record in records if record.arrival <= horizon]
        return [record for record in records if record.arrival > horizon], [Expired(expired)]

    def _without_filtered(self, records: Sequence[Record]) -> tuple[Sequence[Record], list[Effect]]:
        if self._filters is None:
            return records, []
        kept: list[Record] = []
        filtered: list[Record] = []
        for record in records:
            (kept if self._filters.matches(record) else filtered).append(record)
        return kept, [Filtered(filtered)] if filtered else []

    def _lane_of(self, record: Record) -> int:
        return lane_of(record.partition_key, len(self._own), self._shard.hash_range)
