"""What `kcli put` prints."""

import shlex
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from msgspec.structs import asdict

from kinesis_cli.aws.session import Connection
from kinesis_cli.places.url import Place
from kinesis_cli.putting.entry import Entry
from kinesis_cli.putting.summary import PutSummary
from kinesis_cli.putting.unsent import FailedRecords
from kinesis_cli.show.cells import counted, cut, duration_cell, payload_cell, shard_cell
from kinesis_cli.show.console import (
    escape,
    note,
    plain,
    stdout_console,
    warn,
    write_json,
    write_line,
    write_text,
)
from kinesis_cli.show.progress import ProgressLine
from kinesis_cli.show.shapes import put as shapes
from kinesis_cli.show.streams.target import aws_command, target_document

if TYPE_CHECKING:
    from rich.table import Table

    from kinesis_cli.show.shapes.following import FollowedRecords

FEW = 20  # records that have a row each
_REASONS = 3  # that are told


class PutView:
    """Shows a put while it goes on, and what came of it.

    Args:
        connection: to the stream that the records go to.
        output: "table", "json" or "ndjson".
        failed: keeps what could not be put.
        lists: whether a table of few records names each of them.
    """

    def __init__(
        self, connection: Connection, output: str, failed: FailedRecords, *, lists: bool = True
    ) -> None:
        self._connection, self._output, self._failed = connection, output, failed
        self._lists = lists
        self._first: list[Entry] = []
        self._progress = ProgressLine()
        self._told_to_stop = False

    def acknowledged(self, records: Sequence[Entry]) -> None:
        """Records are in the stream."""
        if self._output == "ndjson":
            for record in records:
                write_line(
                    shapes.PutRow(
                        index=record.index,
                        shard_id=record.shard_id,
                        sequence_number=record.sequence_number,
                        attempts=record.attempts,
                    )
                )
        elif len(self._first) <= FEW:
            self._first += records[: FEW + 1 - len(self._first)]

    def failed(self, records: Sequence[Entry]) -> None:
        """Records were given up."""
        self._failed.add(records)

    def progress(self, summary: PutSummary) -> None:
        """So far it is this."""
        if summary.interrupted and not self._told_to_stop:
            self._told_to_stop = True
            self._progress.close()
            note("stopping once the calls in flight are answered; Ctrl-C again stops at once")
        self._progress.say(lambda: _progress_text(summary))

    def finish(
        self,
        summary: PutSummary,
        failed_file: Place | None,
        followed: "FollowedRecords | None" = None,
    ) -> None:
        """The result.

        Args:
            summary: of all.
            failed_file: where the records are that could not be put.
            followed: what became of the records; None: nobody asked.
        """
        self._progress.close()
        if self._output == "json":
            write_json(self._as_document(summary, failed_file, followed))
        elif self._output == "table":
            self._show_table(summary)
        self._tell_failed(summary, failed_file)
        if summary.interrupted:
            acknowledged = counted(summary.acknowledged, "record")
            taken = f"{summary.records:,} taken from the input"
            note(f"interrupted: {acknowledged} acknowledged of {taken}")

    def close(self) -> None:
        """Take the progress off the screen."""
        self._progress.close()

    def _as_document(
        self,
        summary: PutSummary,
        failed_file: Place | None,
        followed: "FollowedRecords | None",
    ) -> shapes.Put:
        put = shapes.Put(
            version=1,
            target=target_document(self._connection),
            records=summary.records,
            acknowledged=summary.acknowledged,
            failed=summary.failed,
            retried=summary.retried,
            throttled=summary.throttled,
            failed_file=str(failed_file) if failed_file else None,
            elapsed_seconds=round(summary.elapsed, 3),
        )
        if followed is None:
            return put
        from kinesis_cli.show.shapes.following import FollowedPut  # start-up counts

        return FollowedPut(**asdict(put), followed=followed)

    def _show_table(self, summary: PutSummary) -> None:
        text = f"Put {counted(summary.acknowledged, 'record')} on {self._connection.stream_place}"
        if summary.acknowledged == 1:  # without a table, which takes as long to load as all else
            (only,) = self._first
            text += f": shard {shard_cell(only.shard_id)}, sequence number {only.sequence_number}"
        elif summary.acknowledged:
            if self._lists and len(self._first) <= FEW:
                _show_records(self._first)
            elif len(self._first) > FEW:
                _show_shards(summary.by_shard)
            text += f" in {duration_cell(summary.elapsed)}, {summary.per_second:,.0f} a second"
        if summary.retried or summary.throttled:
            text += f"; retried {summary.retried:,}, throttled {summary.throttled:,}"
        write_text(f"{escape(text)}.\n")

    def _tell_failed(self, summary: PutSummary, failed_file: Place | None) -> None:
        if not summary.failed:
            return
        were = "record was" if summary.failed == 1 else "records were"
        where = f"; `kcli put --from {shlex.quote(str(failed_file))}` puts them" * bool(failed_file)
        warn(f"{summary.failed:,} {were} not put{where}")
        for reason, count in self._failed.reasons.most_common(_REASONS):
            note(f"  {count:,}: {cut(reason, 300)}")


def _show_records(records: Sequence[Entry]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table("Key", "Shard", box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("Sequence number", overflow="fold", min_width=20)
    for record in records:
        key = plain(cut(record.partition_key, 24))
        table.add_row(key, plain(shard_cell(record.shard_id)), plain(record.sequence_number))
    stdout_console().print(table)


def _show_shards(by_shard: Mapping[str, int]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table("Shard", box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("Records", justify="right")
    table.add_column("Share", justify="right")
    total = sum(by_shard.values())
    for shard_id, records in sorted(by_shard.items()):
        table.add_row(plain(shard_cell(shard_id)), f"{records:,}", f"{records / total:.1%}")
    stdout_console().print(table)


def _progress_text(summary: PutSummary) -> str:
    return (
        f"{summary.acknowledged:,} acknowledged, {summary.per_second:,.0f}/s, "
        f"{summary.retried:,} retried, {summary.throttled:,} throttled, "
        f"{counted(len(summary.by_shard), 'shard')}"
    )


def show_base64(entries: Iterable[Entry]) -> None:
    """Print the data of each record as AWS CLI version 2 takes it, one a line."""
    for entry in entries:
        write_text(f"{b64encode(entry.data).decode()}\n")


def show_dry_run(
    connection: Connection,
    records: Iterable[tuple[Entry, str]],
    output: str,
    *,
    may_put: bool | None,
) -> None:
    """Print what would be put.

    Args:
        connection: to the stream that it would go to.
        records: each with its shard's id.
        output: "table", "json" or "ndjson".
        may_put: whether the service would allow it; None: it was not asked.
    """
    if output == "ndjson":
        for entry, shard_id in records:
            write_line(_would_put(entry, shard_id))
    elif output == "json":
        held = list(records)
        document = shapes.DryRun(
            version=1,
            target=target_document(connection),
            records=[_would_put(entry, shard_id) for entry, shard_id in held],
            command=aws_command(connection, held[0][0]) if held else None,
            allowed=may_put,
        )
        write_json(document)
    else:
        _show_dry_run_table(connection, records, may_put=may_put)


def _would_put(entry: Entry, shard_id: str) -> shapes.WouldPut:
    return shapes.WouldPut(
        index=entry.index,
        shard_id=shard_id,
        partition_key=entry.partition_key,
        explicit_hash_key=entry.explicit_hash_key,
        data=b64encode(entry.data).decode(),
    )


def _add_column(table: "Table", heading: str, cells: Sequence[str]) -> int:
    """Add a column that keeps its width; return that, with what lies between two columns."""
    from rich.cells import cell_len

    width = max(map(cell_len, (heading, *cells)))
    table.add_column(heading, no_wrap=True, min_width=width)
    return width + 2


def _show_dry_run_table(
    connection: Connection, records: Iterable[tuple[Entry, str]], *, may_put: bool | None
) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    by_shard: dict[str, int] = {}
    first: list[tuple[Entry, str]] = []
    for entry, shard_id in records:
        by_shard[shard_id] = by_shard.get(shard_id, 0) + 1
        if len(first) < FEW:
            first.append((entry, shard_id))
    count = sum(by_shard.values())
    if first:
        console = stdout_console()
        table = Table(box=SIMPLE_HEAD, pad_edge=False)
        keys = [cut(escape(entry.partition_key), 24) for entry, _ in first]
        shards = [escape(shard_cell(shard_id)) for _, shard_id in first]
        # Where not all fits, the payloads are cut: rich would take the room from keys and shards.
        room = console.width - _add_column(table, "Partition key", keys)
        room -= _add_column(table, "Shard", shards)
        table.add_column("Data", no_wrap=True, overflow="ellipsis", max_width=max(room - 2, 8))
        for (entry, _), key, shard in zip(first, keys, shards, strict=True):
            table.add_row(plain(key), plain(shard), plain(payload_cell(entry.data)))
        console.print(table)
    if count > len(first):
        write_text(f"… and {count - len(first):,} more\n")
        _show_shards(by_shard)
    text = f"Would put {counted(count, 'record')} on {connection.stream_place}"
    allowed = "; the service allows it" if may_put else ""
    write_text(f"{escape(text + allowed)}.\n")
    if first:
        which = "The first of them with" if count > 1 else "With"
        write_text(f"{which} the AWS CLI:\n{escape(aws_command(connection, first[0][0]))}\n")
