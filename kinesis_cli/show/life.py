"""The life of one record, shown at the end of a run."""

from collections.abc import Sequence

from kinesis_cli.show.cells import counted, cut, payload_cell, shard_cell, since_cell, time_cell
from kinesis_cli.show.console import escape, plain, stdout_console, write_document
from kinesis_cli.show.failed_record import SHARED_NUMBER
from kinesis_cli.show.shapes import runs as shapes
from kinesis_cli.simulation.life import Life
from kinesis_cli.simulation.trace import Row, Summary
from kinesis_cli.stream.kinds.known import kind_of
from kinesis_cli.stream.record import Record
from kinesis_cli.stream.user_records import opened_data

FEW = 10  # records that share their number and are shown


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
        self._life = Life(records, starts_from)
        self._start_at, self._output = start_at, output

    def row(self, row: Row) -> None:
        """Keep what concerns the record."""
        self._life.row(row)

    def finish(self, summary: Summary) -> None:  # noqa: ARG002 - of a life, only the end counts
        """Show the record's life."""
        if self._output != "table":
            write_document(self._document(), self._output)
        else:
            self._table()

    def _document(self) -> shapes.Life:
        life = self._life
        document = shapes.Life(
            version=1,
            sequence_number=life.record.sequence_number,
            shard_id=life.record.shard_id,
            partition_key=life.record.partition_key,
            life=[shapes.Step(at=step.at, what=step.text) for step in life.told],
            ended=life.ending(),
        )
        if len(life.records) > 1:
            document.records, document.endings = len(life.records), life.ended()
        return document

    def _table(self) -> None:
        from rich.table import Table

        life, record, console = self._life, self._life.record, stdout_console()
        console.print(plain(f"Record {record.sequence_number}"), style="bold", soft_wrap=True)
        for each in life.records[:FEW]:
            data = each.data
            key = f"{kind_of(each).key_title} {each.partition_key}"
            shard = f"shard {shard_cell(record.shard_id)}, {key}"
            console.print(plain(shard))
            payload = cut(escape(payload_cell(data)) or "(empty)", console.width - 8)
            console.print(plain(f"payload {payload}"), soft_wrap=True)
            if not data.isascii() and (packing := opened_data(data).packing):
                console.print(
                    plain(f"        shown unpacked: Lambda passes the {packing} as it is"),
                    style="dim",
                    soft_wrap=True,
                )
        if len(life.records) > FEW:
            console.print(plain(f"and {counted(len(life.records) - FEW, 'more record')}"))
        if len(life.records) > 1:
            console.print(plain(SHARED_NUMBER), soft_wrap=True)
        console.print(plain(f"mapping live at {time_cell(self._start_at)}"), style="dim")
        console.print()
        grid = Table.grid(padding=(0, 2))
        grid.add_column(justify="right", no_wrap=True)
        grid.add_column(overflow="fold")
        for step in life.steps:
            grid.add_row(since_cell(step.at - self._start_at), plain(step.text))
        console.print(grid)
        console.print()
        subject = "It" if len(life.records) == 1 else "They"
        console.print(plain(f"{subject} ended: {life.ending()}"), style="bold", soft_wrap=True)
