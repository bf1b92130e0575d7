"""What `kcli replay` prints, besides what it has in common with `kcli put`."""

import time
from collections.abc import Sequence
from typing import Protocol

from kinesis_cli.aws.session import Connection
from kinesis_cli.putting.entry import Entry
from kinesis_cli.putting.replay_journal import ReplayJournal
from kinesis_cli.putting.replay_load import ReplayLoad, ShardLoad
from kinesis_cli.putting.summary import PutSummary
from kinesis_cli.show.cells import counted, duration_cell, shard_cell
from kinesis_cli.show.console import note, plain, stdout_console, warn, write_document
from kinesis_cli.show.shapes import put as shapes
from kinesis_cli.show.streams.put import PutView
from kinesis_cli.show.streams.target import target_document
from kinesis_cli.stream.shards import BYTES_PER_SECOND, RECORDS_PER_SECOND

LATE = 1.0  # seconds behind schedule that are worth a line
_BETWEEN_LINES = 10.0  # seconds
_SYNC_EVERY = 1.0  # seconds
_MIB = 1 << 20
_FEW = 20  # ranges that are named one by one


class Schedule(Protocol):
    """How well a replay keeps its timing; see `ReplaySource`."""

    @property
    def is_timed(self) -> bool:
        """Whether records wait for their moment."""
        ...

    @property
    def taken(self) -> int:
        """How many records were taken."""
        ...

    @property
    def behind(self) -> float:
        """Seconds, now."""
        ...

    @property
    def most_behind(self) -> float:
        """Seconds, at the worst moment."""
        ...


class ReplayView:
    """Shows a replay while it goes on, and writes down what is acknowledged.

    Args:
        view: of a put.
        schedule: knows how far behind it the replay is.
        journal: open; None: others write it.
    """

    def __init__(self, view: PutView, schedule: Schedule, journal: ReplayJournal | None) -> None:
        self._view, self._schedule, self._journal = view, schedule, journal
        self._told = self._synced = time.monotonic()

    def acknowledged(self, records: Sequence[Entry]) -> None:
        """Records are in the stream."""
        if self._journal is not None:
            self._journal.acknowledged(records)
        self._view.acknowledged(records)

    def failed(self, records: Sequence[Entry]) -> None:
        """Records were given up."""
        self._view.failed(records)

    def progress(self, summary: PutSummary) -> None:
        """So far it is this."""
        self._view.progress(summary)
        now = time.monotonic()
        if self._journal is not None and now - self._synced >= _SYNC_EVERY:
            self._synced = now
            self._journal.sync()
        if self._schedule.behind >= LATE and now - self._told >= _BETWEEN_LINES:
            self._told = now
            note(f"{duration_cell(self._schedule.behind)} behind schedule")


def show_uncertain(
    ranges: Sequence[tuple[int, int]],
    when: str = "when the replay ended",
    of: str = "the recording, by arrival",
) -> None:
    """Say which records may be in the stream twice."""
    if not ranges:
        return
    count = sum(last - first + 1 for first, last in ranges)
    were = "record was" if count == 1 else "records were"
    if len(ranges) <= _FEW:
        which = ", ".join(_range_text(first + 1, last + 1) for first, last in ranges)
    else:
        which = f"within {_range_text(ranges[0][0] + 1, ranges[-1][1] + 1)}"
    warn(f"{count:,} {were} in flight {when}, and may be in the stream twice now: {which} of {of}")


def _range_text(first: int, last: int) -> str:
    return str(first) if first == last else f"{first}-{last}"


def show_schedule(schedule: Schedule) -> None:
    """Say how well the schedule was kept."""
    if schedule.is_timed and schedule.taken:
        note(f"at most {schedule.most_behind * 1000:,.0f} ms behind schedule")


def show_load(connection: Connection, load: ReplayLoad, output: str) -> None:
    """Print what a replay would ask of the stream.

    Args:
        connection: to the stream that it would go to.
        load: estimated.
        output: "table", "json" or "ndjson".
    """
    if output != "table":
        write_document(_as_document(connection, load), output)
    else:
        _show_table(connection, load)


def _as_document(connection: Connection, load: ReplayLoad) -> shapes.Load:
    return shapes.Load(
        version=1,
        target=target_document(connection),
        records=load.records,
        seconds=None if load.at_full_speed else round(load.seconds, 3),
        least_seconds=round(load.least_seconds, 3),
        shards=[
            shapes.ShardLoad(
                shard_id=shard_id,
                records=each.records,
                bytes=each.bytes,
                most_records_per_second=None if load.at_full_speed else each.most_records,
                most_bytes_per_second=None if load.at_full_speed else each.most_bytes,
                throttles=not load.at_full_speed and each.is_too_much,
            )
            for shard_id, each in load.shards.items()
        ],
    )


def _show_table(connection: Connection, load: ReplayLoad) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table("Shard", box=SIMPLE_HEAD, pad_edge=False)
    for name in ("Records", "MiB", *([] if load.at_full_speed else ["Busiest second"])):
        table.add_column(name, justify="right")
    for shard_id, each in load.shards.items():
        table.add_row(plain(shard_cell(shard_id)), *_cells(each, load))
    console = stdout_console()
    console.print(table)
    least = f"a provisioned stream needs at least {duration_cell(load.least_seconds)}"
    own = "" if load.at_full_speed else f" in {duration_cell(load.seconds)}"
    text = (
        f"Would put {counted(load.records, 'record')} on {connection.stream_place}{own}; {least}."
    )
    console.print(plain(text), soft_wrap=True)
    if not load.at_full_speed and any(each.is_too_much for each in load.shards.values()):
        takes = f"{RECORDS_PER_SECOND:,} records and {BYTES_PER_SECOND >> 20} MiB"
        warn(f"a provisioned shard takes {takes} a second; this is more")


def _cells(load: ShardLoad, of: ReplayLoad) -> list[str]:
    cells = [f"{load.records:,}", f"{load.bytes / _MIB:,.2f}"]
    if not of.at_full_speed:
        cells.append(f"{load.most_records:,}/s, {load.most_bytes / _MIB:,.2f} MiB/s")
    return cells
