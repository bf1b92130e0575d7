"""The life of one record: arrival, filter, every attempt and why, how it ended."""

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from kinesis_cli.event_source_mapping.trace import (
    Destination,
    ExpiredRecords,
    FailedRecord,
    FilteredRecords,
    Invocation,
    Row,
    Summary,
)
from kinesis_cli.show.cells import counted, cut, payload_cell, shard_cell, since_cell, time_cell
from kinesis_cli.show.console import escape, plain, stdout_console, write_json, write_line
from kinesis_cli.show.failed_record import why_in_words
from kinesis_cli.stream.event import KinesisEventRecord
from kinesis_cli.stream.record import Record


@dataclass(frozen=True, slots=True)
class _Step:
    at: float  # epoch seconds
    text: str


class LifeView:
    """Follows one record through a run; shows its life at the end.

    Args:
        record: the record.
        start_at: when the mapping goes live, epoch seconds.
        starts_from: the arrival from which on records are delivered, epoch seconds.
        output: "table", "json" or "ndjson".
    """

    def __init__(self, record: Record, start_at: float, starts_from: float, output: str) -> None:
        self._record, self._start_at, self._output = record, start_at, output
        self._number = record.sequence_number
        self._steps = [_Step(record.arrival, "arrived on the stream")]
        self._ending = "skipped" if record.arrival < starts_from else "undelivered"

    def row(self, row: Row) -> None:
        """Keep what concerns the record."""
        match row:
            case Invocation() if self._number in row.sequence_numbers:
                self._called(row)
            case FilteredRecords(explanations=explanations) if self._number in row.sequence_numbers:
                why = explanations.get(self._number, "it matches no filter")
                self._end(self._record.arrival, "filtered", f"matches no filter: {why}")
            case Destination() if self._number in row.sequence_numbers:
                self._discarded(row)
            case ExpiredRecords() if self._number in row.sequence_numbers:
                self._end(row.at, "expired", "left the stream: its retention ended")
            case FailedRecord() if row.sequence_number == self._number and row.why:
                self._steps.append(_Step(self._steps[-1].at, f"why: {why_in_words(row.why)}"))
            case _:
                pass

    def finish(self, summary: Summary) -> None:  # noqa: ARG002 - of a life, only the end counts
        """Show the record's life."""
        if self._output == "json":
            write_json(self._document())
        elif self._output == "ndjson":
            write_line(self._document())
        else:
            self._table()

    def _called(self, row: Invocation) -> None:
        others = len(row.sequence_numbers) - 1
        company = "alone" if not others else f"with {counted(others, 'other')}"
        text = f"call {row.index}, attempt {row.attempt}, {company}: {row.outcome}: {row.reason}"
        if self._number in row.batch_item_failures:
            text += " (reported by the handler)"
        self._steps.append(_Step(row.at, text))
        handled = row.outcome == "success" or (
            row.outcome == "partial"
            and row.checkpoint is not None
            and int(self._number) < int(row.checkpoint)
        )
        if handled:
            self._ending = "succeeded"

    def _discarded(self, row: Destination) -> None:
        context = row.document["requestContext"]
        assert isinstance(context, Mapping)
        company = counted(len(row.sequence_numbers), "record")
        text = f"given up: {context['condition']}, one on-failure document for {company}"
        self._end(row.at, "discarded", text)

    def _end(self, at: float, ending: str, text: str) -> None:
        self._steps.append(_Step(at, text))
        self._ending = ending

    def _document(self) -> dict[str, object]:
        return {
            "version": 1,
            "sequenceNumber": self._number,
            "shardId": self._record.shard_id,
            "partitionKey": self._record.partition_key,
            "life": [{"at": step.at, "what": step.text} for step in self._steps],
            "ended": self._ending,
        }

    def _table(self) -> None:
        from rich.table import Table

        record, console = self._record, stdout_console()
        data = msgspec.json.decode(record.raw, type=KinesisEventRecord).kinesis.data[:1024]
        console.print(plain(f"Record {self._number}"), style="bold", soft_wrap=True)
        shard = f"shard {shard_cell(record.shard_id)}, partition key {record.partition_key}"
        console.print(plain(shard))
        payload = cut(escape(payload_cell(data)) or "(empty)", console.width - 8)
        console.print(plain(f"payload {payload}"), soft_wrap=True)
        console.print(plain(f"mapping live at {time_cell(self._start_at)}"), style="dim")
        console.print()
        grid = Table.grid(padding=(0, 2))
        grid.add_column(justify="right", no_wrap=True)
        grid.add_column(overflow="fold")
        for step in sorted(self._steps, key=lambda step: step.at):
            grid.add_row(since_cell(step.at - self._start_at), plain(step.text))
        console.print(grid)
        console.print()
        console.print(plain(f"It ended: {self._ending}"), style="bold", soft_wrap=True)
