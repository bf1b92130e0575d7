"""What is decided about records without a call, or after one: told, counted, shown to watches."""

import random
from collections.abc import Sequence

from kinesis_cli.event_source_mapping.events import (
    Discarded,
    Effect,
    Expired,
    Filtered,
    Invoke,
    Judged,
    NotCalled,
    Succeeded,
    Unsure,
    Wake,
)
from kinesis_cli.event_source_mapping.unsure import with_points
from kinesis_cli.simulation.running.books import Books
from kinesis_cli.simulation.running.ids import uuid_from
from kinesis_cli.simulation.running.plan import Plan
from kinesis_cli.simulation.running.shard_run import ShardRun
from kinesis_cli.simulation.trace import (
    Attempt,
    Destination,
    Ending,
    ExpiredRecords,
    FilteredRecords,
    numbers_of,
)
from kinesis_cli.stream.on_failure_document import on_failure_document, s3_document, s3_key
from kinesis_cli.stream.record import Record

EXPLAINED_FILTERED_RECORDS = 10
_LATEST_VERSION = "$LATEST"


class Endings:
    """Told of what a delivery has decided about records.

    Args:
        plan: of the run.
        books: where it is counted and told.
    """

    def __init__(self, plan: Plan, books: Books) -> None:
        self._mapping, self._options = plan.mapping, plan.options
        self._filters, self._doubts = plan.filters, plan.doubts
        self._tally, self._rows, self._watches = books.tally, books.rows, books.watches
        known = plan.options.executed_version
        self._function_name = plan.mapping.function_name or plan.options.function_name
        self._version = _executed_version(plan.mapping.function_name, known)

    def note(self, run: ShardRun, effect: Effect, now: float) -> None:
        """Keep what was decided."""
        match effect:
            case Succeeded(records=records, deliveries=deliveries):
                self._ended(records, "succeeded", deliveries, now)
            case Discarded():
                self._discarded(run, effect, now)
            case Expired(records=records, deliveries=deliveries, unsure=points):
                self._tally.unsure.update(points)
                numbers = numbers_of(records)
                self._rows.tell(ExpiredRecords(run.shard_id, numbers, now, points))
                self._ended(records, "expired", deliveries, now)
            case Filtered(records=records):
                self._filtered(run, records, now)
            case NotCalled(records=records, attempt=attempt):
                reason = with_points(effect.reason, effect.unsure)
                numbers = numbers_of(records)
                self._rows.tell(Attempt(run.shard_id, now, attempt, numbers, reason))
            case Judged() | Invoke() | Wake() | Unsure():
                pass

    def _ended(
        self, records: Sequence[Record], ending: Ending, deliveries: int, now: float
    ) -> None:
        for watch in self._watches:
            watch.ended(records, ending, now)
        for row in self._tally.end(records, ending, deliveries):
            self._rows.tell(row)

    def _discarded(self, run: ShardRun, effect: Discarded, now: float) -> None:
        discard = effect.discard
        document = on_failure_document(
            discard,
            at=now,
            shard_id=run.shard_id,
            function_name=self._function_name,
            executed_version=self._version,
        )
        key = None
        destination = self._mapping.destination or ""
        if destination.startswith("arn:aws:s3:"):
            document = s3_document(document, effect.payload)
            mapping_id = uuid_from(random.Random(f"mapping/{self._options.seed}"))
            unique = run.new_id()
            key = s3_key(mapping_id=mapping_id, shard_id=run.shard_id, at=now, unique=unique)
        numbers = numbers_of(discard.records)
        points = effect.unsure
        if destination.startswith("kafka:"):
            points = (*points, "kafka-destination")
        self._tally.unsure.update(points)
        is_lost = self._count_discarded(len(numbers), now)
        row = Destination(document, key, now, run.shard_id, numbers, points, is_lost=is_lost)
        self._rows.tell(row)
        self._ended(discard.records, "discarded", effect.deliveries, now)

    def _count_discarded(self, records: int, now: float) -> bool:
        """Count a document as CloudWatch does. Returns whether the destination refused it.

        UNSURE(dropped-count): what a destination is told of is no dropped event, as the guide
        says; a capture without a destination saw no figure at all.
        """
        self._tally.documents += 1
        minute = self._tally.metrics.at(now)
        refuses_until = self._options.destination_refuses_until
        is_lost = refuses_until is not None and now < refuses_until
        if self._mapping.destination is None:
            minute.dropped += records
        elif is_lost:  # never sent again, as stackd's captures show
            minute.dropped += records
            minute.destination_failures += 1
        else:
            minute.delivered_on_failure += records
        return is_lost

    def _filtered(self, run: ShardRun, records: Sequence[Record], now: float) -> None:
        assert self._doubts is not None
        points = dict.fromkeys(point for record in records for point in self._doubts.of(record))
        self._tally.unsure.update(points)
        self._tally.filtered += len(records)
        self._tally.metrics.at(now).filtered_out += len(records)
        for watch in self._watches:
            watch.ended(records, "filtered", now)
        explanations, numbers = self._explanations(records), numbers_of(records)
        self._rows.tell(FilteredRecords(run.shard_id, numbers, explanations, tuple(points)))

    def _explanations(self, records: Sequence[Record]) -> dict[str, str]:
        """Why records match no filter: those that were asked for, and the first ones."""
        assert self._filters is not None
        explanations: dict[str, str] = {}
        for record in records:
            number = record.sequence_number
            if self._tally.explained < EXPLAINED_FILTERED_RECORDS:
                self._tally.explained += 1
            elif number not in self._options.explain:
                continue
            why = self._filters.explain(record)
            earlier = explanations.get(number, why)  # of another record out of its aggregate
            explanations[number] = why if why == earlier else f"{earlier}; {why}"
        return explanations


def _executed_version(function_name: str | None, known: str) -> str:
    """The version that a mapping's function is called in.

    Source: stackd's captures of a mapping on an alias. Which version that is nobody says here: the
    first that is published.
    """
    qualifier = (function_name or "").rpartition("function:")[2].partition(":")[2]
    if known != _LATEST_VERSION or qualifier in ("", _LATEST_VERSION):
        return known
    return qualifier if qualifier.isdecimal() else "1"
