"""Counts what happens in a simulation: how records end, what failed, what was blocked."""

from collections import Counter
from collections.abc import Sequence

import msgspec

from kinesis_cli.event_source_mapping.events import Batch, Invoke, Judged
from kinesis_cli.event_source_mapping.invocation import InvocationResult
from kinesis_cli.event_source_mapping.lane import Lane
from kinesis_cli.event_source_mapping.metrics import Metrics
from kinesis_cli.simulation.summing import Counts, Standing, longest
from kinesis_cli.simulation.trace import (
    Blocked,
    Ending,
    FailedRecord,
    Invocation,
)
from kinesis_cli.stream.record import SHOWN_DATA_BYTES, Record
from kinesis_cli.stream.user_records import opened_data


class Tally:
    """Counts how records end."""

    def __init__(self, records: int) -> None:
        self._records = records
        self.metrics = Metrics()
        self.taken = self.skipped = self.filtered = self.explained = 0
        self.redelivered = self.documents = self._bystanders = self._throttles = 0
        self._invocations = self._failures = self._errors = 0
        self.whole_aggregates = 0
        self.warnings: Counter[str] = Counter()
        self.unsure: set[str] = set()  # points that something depended on
        self._ended: Counter[Ending] = Counter()
        self._oldest = 0.0
        # Records that have failed and not ended, each by its object: those of an opened aggregate
        # share their sequence number, and small numbers are of several shards.
        self._failing: dict[int, tuple[Record, FailedRecord]] = {}
        self._blocked: dict[Lane, Standing] = {}
        self._longest_block: Blocked | None = None

    def took(self, read: int, delivered: int, now: float) -> None:
        """Records were read; those of an opened aggregate count, not the aggregate."""
        self.metrics.at(now).polled += delivered
        self._records += delivered - read
        self.taken += delivered

    def invocation(self, row: Invocation) -> None:
        """Count a call."""
        if row.outcome != "throttled":
            self._invocations += 1
            self._failures += row.outcome != "success"
            self._errors += row.error is not None

    def throttled(self, *, by_reservation: bool) -> None:
        """Count an attempt that the function's reserved concurrency had no room for."""
        self._throttles += by_reservation

    def call_ended(self, records: Sequence[Record], now: float) -> None:
        """Measure the iterator age of a call that has ended."""
        if records:
            age = iterator_age(records, now)
            self._oldest = max(self._oldest, age)
            self.metrics.aged(age, now)

    def failing(self, batch: Batch, judged: Judged, result: InvocationResult) -> None:
        """Remember the records that a call has failed by name, or failed on alone."""
        failures = judged.failures
        alone = judged.outcome == "failed" and len(batch.records) == 1
        if alone:
            failures = (batch.records[0].sequence_number,)
        if failures:
            wanted = set(failures)
            for record in batch.records:
                if record.sequence_number in wanted:
                    why = result.why(record.sequence_number)
                    self._failing[id(record)] = record, _failed_record(record, batch, why)

    def end(self, records: Sequence[Record], ending: Ending, deliveries: int) -> list[FailedRecord]:
        """Count records that have ended, each exactly once; those that had failed come back."""
        self._ended[ending] += len(records)
        if not self._failing:
            return []
        failed = [
            msgspec.structs.replace(found[1], ended=ending, deliveries=deliveries)
            for record in records
            if (found := self._failing.pop(id(record), None))
        ]
        if ending == "discarded" and failed:
            self._bystanders += len(records) - len(failed)
        return failed

    @property
    def ended(self) -> int:
        """Records that have ended."""
        return self._ended.total() + self.filtered + self.skipped

    def give_up_waiting(self) -> list[FailedRecord]:
        """The run is over: what had failed and has not ended stays undelivered."""
        failed = [row for _, row in self._failing.values()]
        self._failing.clear()
        return failed

    def follow(self, shard_id: str, lane: Lane, now: float) -> None:
        """Measure how long failures keep a lane from new records."""
        blocking = lane.blocking_record
        since = self._blocked.get(lane)
        if blocking is not None:
            if since is None:
                self._blocked[lane] = Standing(shard_id, now, blocking)
        elif since is not None:
            ended = self._blocked.pop(lane).until(now)
            self._longest_block = longest([self._longest_block, ended])

    def counts(self, held: int, now: float) -> Counts:
        """The counts up to `now`; `held`: records that arrived and have not ended."""
        return Counts(
            now=now,
            records=self._records,
            succeeded=self._ended["succeeded"],
            discarded=self._ended["discarded"],
            filtered=self.filtered,
            expired=self._ended["expired"],
            skipped=self.skipped,
            undelivered=self._records - self.skipped - self.taken + held,
            invocations=self._invocations,
            redelivered=self.redelivered,
            oldest=self._oldest,
            failures=self._failures,
            errors=self._errors,
            longest_block=self._longest_block,
            blocked_now=tuple(self._blocked.values()),
            discarded_bystanders=self._bystanders,
            documents=self.documents,
            throttles=self._throttles,
            whole_aggregates=self.whole_aggregates,
            unsure=frozenset(self.unsure),
            metrics=self.metrics.rows(),
            warnings=dict(self.warnings),
        )


def iterator_age(records: Sequence[Record], now: float) -> float:
    """The age of a batch's last record when its call has ended, seconds; 0.0: it has none."""
    return now - records[-1].arrival if records else 0.0


def redelivered(effect: Invoke) -> int:
    """Records of a call that an earlier call had not failed."""
    handled = effect.batch.handled
    if not handled:
        return 0
    return sum(record.sequence_number in handled for record in effect.batch.records)


def _failed_record(record: Record, batch: Batch, why: str) -> FailedRecord:
    opened = opened_data(record.data)
    return FailedRecord(
        sequence_number=record.sequence_number,
        shard_id=record.shard_id,
        partition_key=record.partition_key,
        arrival=record.arrival,
        data=opened.data[:SHOWN_DATA_BYTES],
        packing=opened.packing,
        deliveries=batch.deliveries,
        ended="undelivered",
        why=why,
    )
