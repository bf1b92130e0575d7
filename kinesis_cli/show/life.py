"""The life of one record: arrival, filter, every attempt and why, how it ended.

The user records of an aggregate share their sequence number, which is all that Lambda tells of
them: their lives are told together, with how many of them each step concerns.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from kinesis_cli.event_source_mapping.unsure import without_points
from kinesis_cli.show.cells import counted, cut, payload_cell, shard_cell, since_cell, time_cell
from kinesis_cli.show.console import escape, plain, stdout_console, write_json, write_line
from kinesis_cli.show.failed_record import SHARED_NUMBER, why_in_words
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
from kinesis_cli.stream.event import KinesisEventRecord
from kinesis_cli.stream.record import Record
from kinesis_cli.stream.user_records import opened_data

FEW = 10  # records that share their number and are shown


@dataclass(frozen=True, slots=True)
class _Step:
    at: float  # epoch seconds
    text: str


class LifeView:
    """Follows one record through a run; shows its life at the end.

    Args:
        records: the record, or those that share its shard and sequence number; at least one.
        start_at: when the mapping goes live, epoch seconds.
        starts_from: the arrival from which on records are delivered, epoch seconds.
        output: "table", "json" or "ndjson".
    """

    def __init__(
        self, records: Sequence[Record], start_at: float, starts_from: float, output: str
    ) -> None:
        self._records, self._record = records, records[0]
        self._start_at, self._output = start_at, output
        self._number = self._record.sequence_number
        self._steps = [_Step(self._record.arrival, "arrived on the stream")]
        self._otherwise = "skipped" if self._record.arrival < starts_from else "undelivered"
        self._endings: Counter[str] = Counter()
        self._never_called: Attempt | None = None  # the first attempt that was none

    def row(self, row: Row) -> None:
        """Keep what concerns the record."""
        match row:
            case Invocation() if meant := self._meant(row):
                self._called(row, meant)
            case Attempt() if self._meant(row):
                self._not_called(row)
            case FilteredRecords(explanations=explanations) if meant := self._meant(row):
                why = explanations.get(self._number, "it matches no filter")
                self._end(self._record.arrival, "filtered", meant, f"matches no filter: {why}")
            case Destination() if meant := self._meant(row):
                self._discarded(row, meant)
            case ExpiredRecords() if meant := self._meant(row):
                self._end(row.at, "expired", meant, "left the stream: its retention ended")
            case FailedRecord() if self._is_of(row) and row.why:
                step = _Step(self._steps[-1].at, f"why: {why_in_words(row.why)}")
                if (
                    step != self._steps[-1]
                ):  # those that share a number share the line that names it
                    self._steps.append(step)
            case _:
                pass

    def _is_of(self, row: FailedRecord) -> bool:
        return (row.shard_id, row.sequence_number) == (self._record.shard_id, self._number)

    def _meant(
        self, row: Invocation | Attempt | FilteredRecords | Destination | ExpiredRecords
    ) -> int:
        """How many of the records a row is about."""
        of_shard = row.shard_id == self._record.shard_id
        return row.sequence_numbers.count(self._number) if of_shard else 0

    def finish(self, summary: Summary) -> None:  # noqa: ARG002 - of a life, only the end counts
        """Show the record's life."""
        if self._output == "json":
            write_json(self._document())
        elif self._output == "ndjson":
            write_line(self._document())
        else:
            self._table()

    def _called(self, row: Invocation, meant: int) -> None:
        others = len(row.sequence_numbers) - meant
        company = "alone" if not others else f"with {counted(others, 'other')}"
        if len(self._records) > 1:
            company = f"{meant:,} of the {len(self._records):,}, {company}"
        reason = without_points(row.reason)
        text = f"call {row.index}, attempt {row.attempt}, {company}: {row.outcome}: {reason}"
        if self._number in row.batch_item_failures:
            text += " (reported by the handler)"
        self._steps.append(_Step(row.at, text))
        handled = row.outcome == "success" or (
            row.outcome == "partial"
            and row.checkpoint is not None
            and int(self._number) < int(row.checkpoint)
        )
        if handled:  # once; at-least-once delivery may hand them over again
            known = self._endings["succeeded"]
            others = self._endings.total() - known
            self._endings["succeeded"] = min(known + meant, len(self._records) - others)

    def _not_called(self, row: Attempt) -> None:
        if self._never_called and row.attempt > self._never_called.attempt + 1:
            # a day of retries: the first and the last tell it
            self._steps.pop()
        many = f"attempts 2 to {row.attempt:,}" if row.attempt > 2 else f"attempt {row.attempt}"
        self._steps.append(_Step(row.at, f"{many}, never called: {without_points(row.reason)}"))
        if row.attempt == 1:
            self._never_called = row

    def _discarded(self, row: Destination, meant: int) -> None:
        context = row.document["requestContext"]
        assert isinstance(context, Mapping)
        company = counted(len(row.sequence_numbers), "record")
        text = f"given up: {context['condition']}, one on-failure document for {company}"
        self._end(row.at, "discarded", meant, text)

    def _end(self, at: float, ending: str, meant: int, text: str) -> None:
        many = f"{meant:,} of the {len(self._records):,}: " if len(self._records) > 1 else ""
        self._steps.append(_Step(at, many + text))
        self._endings[ending] += meant

    def _ended(self) -> dict[str, int]:
        """How the records ended → how many of them."""
        left = len(self._records) - self._endings.total()
        every = self._endings + Counter({self._otherwise: max(left, 0)})
        return dict(every)

    def _ending(self) -> str:
        """How it ended, in words."""
        ended = self._ended()
        if len(self._records) == 1:
            return next(iter(ended))
        return ", ".join(f"{count:,} {ending}" for ending, count in ended.items())

    def _document(self) -> dict[str, object]:
        several = {"records": len(self._records), "endings": self._ended()}
        return {
            "version": 1,
            "sequenceNumber": self._number,
            "shardId": self._record.shard_id,
            "partitionKey": self._record.partition_key,
            "life": [{"at": step.at, "what": step.text} for step in self._steps],
            "ended": self._ending(),
            **(several if len(self._records) > 1 else {}),
        }

    def _table(self) -> None:
        from rich.table import Table

        record, console = self._record, stdout_console()
        console.print(plain(f"Record {self._number}"), style="bold", soft_wrap=True)
        for each in self._records[:FEW]:
            data = msgspec.json.decode(each.raw, type=KinesisEventRecord).kinesis.data
            shard = f"shard {shard_cell(record.shard_id)}, partition key {each.partition_key}"
            console.print(plain(shard))
            payload = cut(escape(payload_cell(data)) or "(empty)", console.width - 8)
            console.print(plain(f"payload {payload}"), soft_wrap=True)
            if not data.isascii() and (packing := opened_data(data).packing):
                console.print(
                    plain(f"        shown opened: Lambda passes the {packing} as it is"),
                    style="dim",
                    soft_wrap=True,
                )
        if len(self._records) > FEW:
            console.print(plain(f"and {counted(len(self._records) - FEW, 'more record')}"))
        if len(self._records) > 1:
            console.print(plain(SHARED_NUMBER), soft_wrap=True)
        console.print(plain(f"mapping live at {time_cell(self._start_at)}"), style="dim")
        console.print()
        grid = Table.grid(padding=(0, 2))
        grid.add_column(justify="right", no_wrap=True)
        grid.add_column(overflow="fold")
        for step in sorted(self._steps, key=lambda step: step.at):
            grid.add_row(since_cell(step.at - self._start_at), plain(step.text))
        console.print(grid)
        console.print()
        subject = "It" if len(self._records) == 1 else "They"
        console.print(plain(f"{subject} ended: {self._ending()}"), style="bold", soft_wrap=True)
