"""A simulation for programs: one JSON document, or a line for each thing that happens."""

from collections.abc import Mapping

from kinesis_cli.event_source_mapping.metrics import MinuteMetrics
from kinesis_cli.show.console import write_line, write_text
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


def invocation_document(row: Invocation) -> dict[str, object]:
    """An invocation as JSON."""
    return {
        "index": row.index,
        "requestId": row.request_id,
        "shardId": row.shard_id,
        "at": row.at,
        "attempt": row.attempt,
        "sequenceNumbers": row.sequence_numbers,
        "outcome": row.outcome,
        "checkpoint": row.checkpoint,
        "batchItemFailures": row.batch_item_failures,
        "error": None if row.error is None else row.error.document(),
        "reason": row.reason,
        "durationMs": row.duration_ms,
    }


def attempt_document(row: Attempt) -> dict[str, object]:
    """An attempt that never reached the function as JSON."""
    return {
        "shardId": row.shard_id,
        "at": row.at,
        "attempt": row.attempt,
        "sequenceNumbers": row.sequence_numbers,
        "reason": row.reason,
    }


def summary_document(summary: Summary) -> dict[str, object]:
    """The summary as JSON."""
    return {
        "records": summary.records,
        "succeeded": summary.succeeded,
        "discarded": summary.discarded,
        "filtered": summary.filtered,
        "expired": summary.expired,
        "skipped": summary.skipped,
        "undelivered": summary.undelivered,
        "invocations": summary.invocations,
        "redelivered": summary.redelivered,
        "maxIteratorAgeSeconds": summary.max_iterator_age_seconds,
        "elapsedSeconds": summary.elapsed_seconds,
        **_lanes_document(summary),
    }


def _lanes_document(summary: Summary) -> dict[str, object]:
    """From what to what the run takes, where the readings of lanes differ."""
    other = summary.other_reading
    if other is None:
        return {}
    return {
        "lanes": {
            "reading": other_than(other.reading),
            "elapsedSeconds": sorted((summary.elapsed_seconds, other.elapsed_seconds)),
            "maxIteratorAgeSeconds": sorted(
                (summary.max_iterator_age_seconds, other.max_iterator_age_seconds)
            ),
        }
    }


def minute_document(minute: MinuteMetrics) -> dict[str, object]:
    """What CloudWatch would show of a minute; IteratorAge is its maximum, in milliseconds."""
    return {
        "minute": utc_seconds(minute.begin),
        **minute.counts(),
        "IteratorAge": minute.iterator_age_ms,
    }


def _unsure(row: FilteredRecords | ExpiredRecords) -> dict[str, object]:
    """What the row depends on that AWS does not document, where there is something."""
    return {"unsure": row.unsure} if row.unsure else {}


class LinesView:
    """NDJSON: a line for each thing that happens, the summary last."""

    def __init__(self, run: Run) -> None:
        write_line(
            {"type": "run", "version": 1, "function": run.function(), "mapping": run.mapping}
        )

    def row(self, row: Row) -> None:
        """Write the row's line."""
        match row:
            case Invocation():
                write_line({"type": "invocation", **invocation_document(row)})
            case Attempt():
                write_line({"type": "attempt", **attempt_document(row)})
            case Destination(document=document):
                write_line({"type": "destination", **document})
            case FilteredRecords(sequence_numbers=numbers, shard_id=shard_id):
                records = {"shardId": shard_id, "sequenceNumbers": numbers}
                write_line({"type": "filtered", **records, **_unsure(row)})
            case ExpiredRecords(sequence_numbers=numbers, shard_id=shard_id):
                records = {"shardId": shard_id, "sequenceNumbers": numbers}
                write_line({"type": "expired", **records, **_unsure(row)})
            case FailedRecord():
                pass  # what it tells is in the invocations

    def finish(self, summary: Summary) -> None:
        """Write the summary's line."""
        if summary.unsure:
            write_line({"type": "unsure", "unsure": summary.unsure})
        write_line({"type": "summary", **summary_document(summary)})


class JsonView:
    """One document, its invocations written as they happen, one a line."""

    def __init__(self, run: Run) -> None:
        self._attempts: list[dict[str, object]] = []
        self._destination: list[Mapping[str, object]] = []
        self._filtered: list[str] = []
        self._expired: list[str] = []
        self._is_first = True
        write_text('{"version": 1,\n "function": ')
        write_line(run.function(), end=',\n "mapping": ')
        write_line(run.mapping, end=',\n "invocations": [')

    def row(self, row: Row) -> None:
        """Write an invocation, keep the rest."""
        match row:
            case Invocation():
                write_text("\n  " if self._is_first else ",\n  ")
                write_line(invocation_document(row), end="")
                self._is_first = False
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
        write_text('],\n "attempts": ')
        write_line(self._attempts, end=',\n "destination": ')
        write_line(self._destination, end=',\n "filtered": ')
        write_line(self._filtered, end=',\n "expired": ')
        write_line(self._expired, end=',\n "summary": ')
        write_line(summary_document(summary), end=',\n "unsure": ')
        write_line(summary.unsure, end=',\n "metrics": [')
        for place, minute in enumerate(summary.metrics):
            write_text(",\n  " if place else "\n  ")
            write_line(minute_document(minute), end="")
        write_text("]}\n")
