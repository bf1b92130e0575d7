"""The streams of tables and their records, in the file that keeps the tables themselves.

So a write and its record are on disk together, or not at all. What is read here is committed.
"""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from sqlite3 import Connection
from typing import Any

import msgspec

from kinesis_cli.local.clock import Clock
from kinesis_cli.local.database import opened
from kinesis_cli.local.journals import TABLES, TABLES_VERSION
from kinesis_cli.local.table_streams.names import StreamName, TableKey, new_label

# Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html
RETENTION_SECONDS = 24 * 3600.0
_TRIM_EVERY = 60.0  # seconds

TABLES_SCHEMA = """
CREATE TABLE tables (
    row INTEGER PRIMARY KEY,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    definition BLOB NOT NULL, -- JSON
    UNIQUE (account, region, name)
);
CREATE TABLE items (
    in_table INTEGER NOT NULL REFERENCES tables ON DELETE CASCADE,
    key BLOB NOT NULL, -- JSON: the attributes of the key, in the order of the table's schema
    attributes BLOB NOT NULL, -- JSON, as DynamoDB's API has them
    PRIMARY KEY (in_table, key)
) WITHOUT ROWID;
"""

# Made in a file of an older kcli, too, which passes over them.
_STREAMS_SCHEMA = """
CREATE TABLE IF NOT EXISTS streams (
    row INTEGER PRIMARY KEY,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    label TEXT NOT NULL,
    view TEXT NOT NULL,
    key_schema BLOB NOT NULL, -- JSON
    ended REAL, -- epoch seconds: when it was turned off; NULL: it is on
    last INTEGER NOT NULL DEFAULT 0, -- number of its newest record; they are never used again
    UNIQUE (account, region, name, label)
);
CREATE TABLE IF NOT EXISTS changes (
    stream INTEGER NOT NULL REFERENCES streams ON DELETE CASCADE,
    number INTEGER NOT NULL, -- 1, 2, 3 in the order of the writes
    created REAL NOT NULL, -- epoch seconds
    record BLOB NOT NULL, -- JSON, as Lambda sends it
    PRIMARY KEY (stream, number)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS by_time ON changes (stream, created);
"""


@dataclass(slots=True)
class TableStream:
    """A stream of a table: one shard, which is closed when the stream is turned off."""

    row: int
    name: StreamName
    view: str  # "NEW_AND_OLD_IMAGES"
    key_schema: list[dict[str, str]]
    ended: float | None  # epoch seconds; None: it is on
    last: int  # number of its newest record; 0: it never had one

    @property
    def is_enabled(self) -> bool:
        """Whether it takes records."""
        return self.ended is None


@dataclass(frozen=True, slots=True)
class Change:
    """A record that is kept."""

    number: int
    created: float  # epoch seconds
    record: bytes  # JSON, as Lambda sends it


@dataclass(slots=True)
class _Written:
    """What the transaction that is open has added; readers see it when it is committed."""

    last: dict[str, int] = field(default_factory=dict)  # by ARN
    streams: list[TableStream] = field(default_factory=list)
    ended: dict[str, float] = field(default_factory=dict)  # by ARN, epoch seconds


class TableStore:
    """The database of the tables.

    Args:
        state: the directory of the file; None: it is in memory.
        clock: tells when a record is a day old.

    Raises:
        InputError: the file is damaged, foreign or of another version; it is not changed.
    """

    def __init__(self, state: Path | None, clock: Clock) -> None:
        self.clock = clock
        self._lock = threading.RLock()
        self._database = opened(state / TABLES if state else None, TABLES_SCHEMA, TABLES_VERSION)
        self._database.executescript(_STREAMS_SCHEMA)
        self._trimmed = 0.0  # epoch seconds: the last time
        self._streams = {each.name.arn: each for each in self._kept_streams()}
        self._written: _Written | None = None

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """What is written inside is kept as a whole, or not at all."""
        with self._lock:
            self._written = written = _Written()
            try:
                with self._database:
                    self._trim()
                    yield self._database
            finally:
                self._written = None
            for stream in written.streams:
                self._streams[stream.name.arn] = stream
            for arn, last in written.last.items():
                self._streams[arn].last = last
            for arn, ended in written.ended.items():
                self._streams[arn].ended = ended

    # Writing, inside a transaction

    def turn_on(
        self, table: TableKey, label: str, view: str, key_schema: Sequence[dict[str, str]]
    ) -> TableStream:
        """Begin a stream; one that is there under this label goes on."""
        assert self._written is not None
        name = StreamName(table, label)
        if (known := self.stream(name.arn)) is not None:
            return known
        added = self._database.execute(
            "INSERT INTO streams (account, region, name, label, view, key_schema)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (*table, label, view, msgspec.json.encode(key_schema)),
        )
        assert added.lastrowid is not None
        stream = TableStream(added.lastrowid, name, view, list(key_schema), None, 0)
        self._written.streams.append(stream)
        return stream

    def turn_off(self, stream: TableStream) -> None:
        """End a stream; its records can be read for a day."""
        assert self._written is not None
        now = self._written.ended[stream.name.arn] = self.clock.now()
        self._database.execute("UPDATE streams SET ended = ? WHERE row = ?", (now, stream.row))

    def next_number(self, stream: TableStream) -> int:
        """The number of the record that is appended next."""
        assert self._written is not None
        return self._written.last.get(stream.name.arn, stream.last) + 1

    def append(self, stream: TableStream, created: float, record: bytes) -> None:
        """Add a record, JSON as Lambda sends it."""
        assert self._written is not None
        number = self.next_number(stream)
        self._database.execute(
            "INSERT INTO changes VALUES (?, ?, ?, ?)", (stream.row, number, created, record)
        )
        self._database.execute("UPDATE streams SET last = ? WHERE row = ?", (number, stream.row))
        self._written.last[stream.name.arn] = number

    # Reading

    def streams(self) -> list[TableStream]:
        """All streams, in the order of their ARNs."""
        oldest = self._oldest()
        known = list(self._streams.values())
        found = [each for each in known if each.ended is None or each.ended > oldest]
        return sorted(found, key=lambda each: each.name.arn)

    def stream(self, arn: str) -> TableStream | None:
        """A stream; None: there is none, or it was turned off more than a day ago."""
        if self._written is not None:
            for each in self._written.streams:
                if each.name.arn == arn:
                    return each
        found = self._streams.get(arn)
        if found is None or (found.ended is not None and found.ended <= self._oldest()):
            return None
        return found

    def read(self, stream: TableStream, after: int, limit: int) -> list[Change]:
        """The records behind number `after`, at most `limit`, none of them older than a day."""
        if after >= stream.last:
            return []  # without a look at the disk
        with self._lock:
            rows = self._database.execute(
                "SELECT number, created, record FROM changes"
                " WHERE stream = ? AND number > ? AND number <= ? AND created > ?"
                " ORDER BY number LIMIT ?",
                (stream.row, after, stream.last, self._oldest(), limit),
            )
            return [Change(*row) for row in rows]

    def trimmed(self, stream: TableStream) -> int:
        """The number of the newest record that is gone, since it is more than a day old."""
        with self._lock:
            (oldest,) = self._database.execute(
                "SELECT min(number) FROM changes WHERE stream = ? AND created > ?",
                (stream.row, self._oldest()),
            ).fetchone()
        return stream.last if oldest is None else int(oldest) - 1

    def number_before(self, stream: TableStream, at: float) -> int:
        """The number of the last record that was written before `at`, epoch seconds; 0: none."""
        with self._lock:
            (first,) = self._database.execute(
                "SELECT min(number) FROM changes WHERE stream = ? AND created >= ?",
                (stream.row, at),
            ).fetchone()
        return stream.last if first is None else int(first) - 1

    def summary(self) -> list[dict[str, Any]]:
        """Table, ARN, shards and records of each stream that is on."""
        return [
            {
                "name": each.name.table.name,
                "arn": each.name.arn,
                "shards": 1,
                "records": each.last - self.trimmed(each),
            }
            for each in self.streams()
            if each.is_enabled
        ]

    def definitions(self) -> dict[TableKey, dict[str, Any]]:
        """What is kept of each table, by which it is made anew at the start."""
        with self._lock:
            rows = self._database.execute("SELECT account, region, name, definition FROM tables")
            return {
                TableKey(account, region, name): msgspec.json.decode(definition)
                for account, region, name, definition in rows
            }

    def _kept_streams(self) -> Iterator[TableStream]:
        rows = self._database.execute(
            "SELECT row, account, region, name, label, view, key_schema, ended, last FROM streams"
        )
        for row, account, region, name, label, view, key_schema, ended, last in rows:
            stream = StreamName(TableKey(account, region, name), label)
            yield TableStream(row, stream, view, msgspec.json.decode(key_schema), ended, last)

    def _oldest(self) -> float:
        return self.clock.now() - RETENTION_SECONDS

    def _trim(self) -> None:
        """Let go of what nobody can read any more."""
        now = self.clock.now()
        if abs(now - self._trimmed) < _TRIM_EVERY:
            return
        self._trimmed = now
        self._database.executemany(
            "DELETE FROM changes WHERE stream = ? AND created <= ?",
            [(each.row, self._oldest()) for each in self._streams.values()],
        )
        self._database.execute("DELETE FROM streams WHERE ended <= ?", (self._oldest(),))
        for arn in [
            each.name.arn
            for each in self._streams.values()
            if each.ended is not None and each.ended <= self._oldest()
        ]:
            del self._streams[arn]


def label_now(clock: Clock, besides: set[str]) -> str:
    """A label for a stream that is turned on now, unlike those that the table has had."""
    at = clock.now()
    while (label := new_label(at)) in besides:
        at += 0.001
    return label
