"""A simulation for programs: one JSON document, or a line for each thing that happens."""

from collections.abc import Mapping

from msgspec import UNSET, UnsetType

from kinesis_cli.event_source_mapping.metrics import MinuteMetrics
from kinesis_cli.show.console import write_line, write_text
from kinesis_cli.show.shapes import simulation as shapes
from kinesis_cli.show.simulation.run import Run
from kinesis_cli.simulation.lane_readings import other_than
from kinesis_cli.simulation.trace import (
    Attempt,
    Destination,
    ExpiredRecords,
    FailedRecord,
    FilteredRecords,
    Invocation,
    Row,
    Summary,
)
from kinesis_cli.stream.times import utc_seconds


def invocation_document(
    row: Invocation, shape: type[shapes.Invocation] = shapes.Invocation
) -> shapes.Invocation:
    """An invocation as JSON."""
    return shape(
        index=row.index,
        request_id=row.request_id,
        shard_id=row.shard_id,
        at=row.at,
        attempt=row.attempt,
        sequence_numbers=row.sequence_numbers,
        outcome=row.outcome,
        checkpoint=row.checkpoint,
        batch_item_failures=row.batch_item_failures,
        error=None if row.error is None else row.error.document(),
        reason=row.reason,
        duration_ms=row.duration_ms,
    )


def attempt_document(row: Attempt, shape: type[shapes.Attempt] = shapes.Attempt) -> shapes.Attempt:
    """An attempt that never reached the function as JSON."""
    return shape(
        shard_id=row.shard_id,
        at=row.at,
        attempt=row.attempt,
        sequence_numbers=row.sequence_numbers,
        reason=row.reason,
    )


def summary_document(
    summary: Summary, shape: type[shapes.Summary] = shapes.Summary
) -> shapes.Summary:
    """The summary as JSON."""
    return shape(
        records=summary.records,
        succeeded=summary.succeeded,
        discarded=summary.discarded,
        filtered=summary.filtered,
        expired=summary.expired,
        skipped=summary.skipped,
        undelivered=summary.undelivered,
        invocations=summary.invocations,
        redelivered=summary.redelivered,
        max_iterator_age_seconds=summary.max_iterator_age_seconds,
        elapsed_seconds=summary.elapsed_seconds,
        lanes=_lanes_document(summary),
    )


def _lanes_document(summary: Summary) -> shapes.Lanes | UnsetType:
    """From what to what the run takes, where the readings of lanes differ."""
    other = summary.other_reading
    if other is None:
        return UNSET
    ages = summary.max_iterator_age_seconds, other.max_iterator_age_seconds
    return shapes.Lanes(
        reading=other_than(other.reading),
        elapsed_seconds=sorted((summary.elapsed_seconds, other.elapsed_seconds)),
        max_iterator_age_seconds=sorted(ages),
    )


def minute_document(minute: MinuteMetrics) -> shapes.Minute:
    """What CloudWatch would show of a minute."""
    return shapes.Minute(
        minute=utc_seconds(minute.begin),
        polled_event_count=minute.polled,
        filtered_out_event_count=minute.filtered_out,
        invoked_event_count=minute.invoked,
        failed_invoke_event_count=minute.failed_invoke,
        dropped_event_count=minute.dropped,
        on_failure_destination_delivered_event_count=minute.delivered_on_failure,
        iterator_age=minute.iterator_age_ms,
    )


def _records(
    row: FilteredRecords | ExpiredRecords, shape: type[shapes.FilteredRow | shapes.ExpiredRow]
) -> shapes.FilteredRow | shapes.ExpiredRow:
    """Records that no call had, and what that depends on that AWS does not document."""
    return shape(
        shard_id=row.shard_id, sequence_numbers=row.sequence_numbers, unsure=row.unsure or UNSET
    )


class LinesView:
    """NDJSON: a line for each thing that happens, the summary last."""

    def __init__(self, run: Run) -> None:
        write_line(shapes.RunRow(version=1, function=run.function(), mapping=run.mapping))

    def row(self, row: Row) -> None:
        """Write the row's line."""
        match row:
            case Invocation():
                write_line(invocation_document(row, shapes.InvocationRow))
            case Attempt():
                write_line(attempt_document(row, shapes.AttemptRow))
            case Destination(document=document):
                write_line({"type": "destination", **document})  # AWS's, see `shapes.as_aws`
            case FilteredRecords():
                write_line(_records(row, shapes.FilteredRow))
            case ExpiredRecords():
                write_line(_records(row, shapes.ExpiredRow))
            case FailedRecord():
                pass  # what it tells is in the invocations

    def finish(self, summary: Summary) -> None:
        """Write the summary's line."""
        if summary.unsure:
            write_line(shapes.UnsureRow(unsure=summary.unsure))
        write_line(summary_document(summary, shapes.SummaryRow))


class JsonView:
    """One document, its invocations written as they happen, one a line."""

    def __init__(self, run: Run) -> None:
        self._attempts: list[shapes.Attempt] = []
        self._destination: list[Mapping[str, object]] = []
        self._filtered: list[str] = []
        self._expired: list[str] = []
        self._document = shapes.Simulation(
            version=1,
            function=run.function(),
            mapping=run.mapping,
            invocations=(),  # are not kept
            attempts=self._attempts,
            destination=self._destination,
            filtered=self._filtered,
            expired=self._expired,
            summary=summary_document(Summary()),
            unsure=(),
            metrics=(),
        )
        names = shapes.Simulation.__struct_fields__, shapes.Simulation.__struct_encode_fields__
        self._members = zip(*names, strict=True)
        self._before_member, self._before_line = "{", ""
        self._write_until("invocations")

    def row(self, row: Row) -> None:
        """Write an invocation, keep the rest."""
        match row:
            case Invocation():
                self._write_element(invocation_document(row))
            case Attempt():
                self._attempts.append(attempt_document(row))
            case Destination(document=document):
                self._destination.append(document)
            case FilteredRecords(sequence_numbers=numbers):
                self._filtered.extend(numbers)
            case ExpiredRecords(sequence_numbers=numbers):
                self._expired.extend(numbers)
            case FailedRecord():
                pass

    def finish(self, summary: Summary) -> None:
        """Write what was kept, and the summary."""
        write_text("]")
        self._document.summary = summary_document(summary)
        self._document.unsure = summary.unsure
        self._write_until("metrics")
        for minute in summary.metrics:
            self._write_element(minute_document(minute))
        write_text("]}\n")

    def _write_until(self, several: str) -> None:
        """Write the members up to this one, which is written element by element."""
        for member, name in self._members:
            write_text(f'{self._before_member}"{name}": ')
            self._before_member = ",\n "
            if member == several:
                write_text("[")
                self._before_line = ""
                return
            write_line(getattr(self._document, member), end="")

    def _write_element(self, element: object) -> None:
        write_text(f"{self._before_line}\n  ")
        write_line(element, end="")
        self._before_line = ","
