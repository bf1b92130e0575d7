"""The streams on disk: one SQLite file in write-ahead mode, or the same tables in memory.

Records of one call that go to one shard are one row, a packed segment: sequence numbers follow from
the counter of its first record, so the index holds one entry a segment and stays small however many
records there are.

All statements run on the event loop's thread. A commit in write-ahead mode without a sync is one
`write`, 0.1 ms for 500 records; another thread would cost more in waiting for the interpreter. Only
moving the log into the file (a checkpoint, it syncs) has a thread of its own.
"""

import sqlite3
import threading
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal

import msgspec

from kinesis_cli.local.kinesis.model import Shard, Stream, StreamSettings
from kinesis_cli.local.kinesis.storage import store_file

Synchronous = Literal["normal", "full"]
Record = tuple[str | None, bytes]  # partition key, data

FILE_NAME = "kinesis.sqlite3"

_CHECKPOINT_EVERY = 16 * 2**20  # bytes of log
_FREE_PAGES = 4096  # kept for the next records, however small the file
_MAX_LOG = 64 * 2**20  # bytes; then the next commit waits until the log starts anew


@dataclass(frozen=True, slots=True)
class Segment:
    """Records of one shard that arrived together."""

    first: int
    count: int
    size: int
    arrival: int
    encrypted: int
    packed: bytes


_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(list[Record]).decode


def unpack(segment: Segment) -> list[Record]:
    """The segment's records."""
    return _unpack(segment.packed)


class Store:
    """Streams, shards and records as tables.

    Args:
        state: the directory of the file; None keeps everything in memory.
        synchronous: "normal" survives the death of the process, "full" that of the machine too.

    Raises:
        InputError: the file is not ours, is damaged, is of a newer kcli or in use. It is unchanged.
    """

    def __init__(self, state: Path | None, synchronous: Synchronous = "normal") -> None:
        self._lock: IO[str] | None = None
        self._log: Path | None = None
        self._checkpointing: threading.Thread | None = None
        self._written = 0  # bytes since the last checkpoint began
        if state is None:
            self._connection = _connect(":memory:")
            store_file.create_tables(self._connection)
        else:
            self._lock = store_file.lock(state)
            try:
                self._open_file(state / FILE_NAME, synchronous)
            except BaseException:
                self._lock.close()
                raise
        self.secret = self.value("secret") or b""

    def _open_file(self, path: Path, synchronous: Synchronous) -> None:
        if path.exists():
            store_file.check(path)
        else:
            store_file.create(path)
        self._connection = _connect(str(path))
        self._path, self._log = path, path.with_name(f"{path.name}-wal")
        self._connection.execute("PRAGMA journal_mode = wal")
        self._connection.execute(f"PRAGMA synchronous = {synchronous}")
        self._connection.execute("PRAGMA wal_autocheckpoint = 0")

    def close(self) -> None:
        """Write everything into the file and let go of it."""
        if self._checkpointing:
            self._checkpointing.join()
        self._connection.close()
        if self._lock:
            self._lock.close()

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open."""
        return self._connection.in_transaction

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing. What it did is on disk when it ends without an error.

        Raises:
            sqlite3.Error: the disk is full or broken; nothing was changed.
        """
        run = self._connection.execute
        run("BEGIN IMMEDIATE")
        try:
            yield
            run("COMMIT")
        except BaseException:
            if self._connection.in_transaction:  # a full disk ends it by itself
                run("ROLLBACK")
            raise
        if self._log and self._written >= _CHECKPOINT_EVERY:
            self._checkpoint(self._log)

    # Records

    def append(
        self, shard: Shard, records: list[Record], size: int, arrival: int, encrypted: bool
    ) -> None:
        """Put records at the end of a shard, as one segment.

        Args:
            shard: theirs; its `next` is the first record's counter.
            records: at least one.
            size: bytes of data and partition keys.
            arrival: epoch milliseconds.
            encrypted: whether the stream was encrypted then.
        """
        self._connection.execute(
            "INSERT INTO segments (shard, first, count, size, arrival, encrypted, records)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (shard.row, shard.next, len(records), size, arrival, encrypted, _pack(records)),
        )
        self._written += size

    def segments(self, shard: Shard, position: int) -> Generator[Segment, None, None]:
        """The shard's segments from the one that holds `position` on. Close it when done."""
        cursor = self._connection.execute(
            "SELECT first, count, size, arrival, encrypted, records FROM segments"
            " WHERE shard = :shard AND first >= coalesce((SELECT max(first) FROM segments"
            " WHERE shard = :shard AND first <= :position), 0) ORDER BY first",
            {"shard": shard.row, "position": position},
        )
        try:
            for row in cursor:
                segment = Segment(*row)
                if segment.first + segment.count > position:
                    yield segment
        finally:
            cursor.close()  # an open one would keep the log from starting anew

    def span(self, shard: Shard, position: int) -> tuple[int, int, int] | None:
        """First counter, count and arrival of the segment that `position` is in."""
        row: tuple[int, int, int] | None = self._connection.execute(
            "SELECT first, count, arrival FROM segments WHERE shard = ? AND first <= ?"
            " ORDER BY first DESC LIMIT 1",
            (shard.row, position),
        ).fetchone()
        return row if row and position < row[0] + row[1] else None

    def delete_expired(self, shard: Shard, most: int) -> int:
        """Take records before the shard's horizon off the disk, at most so many segments."""
        return self._delete(shard.row, shard.horizon, most)

    def keep_horizon(self, shard: Shard) -> None:
        """Remember the horizon: what has expired stays gone, and no counter is used again."""
        self._connection.execute(
            "UPDATE shards SET horizon = ? WHERE id = ?", (shard.horizon, shard.row)
        )

    # Streams and shards

    def add_stream(self, stream: Stream) -> None:
        """A new stream; it gets its row. Its shards are added by `add_shard`."""
        cursor = self._connection.execute(
            "INSERT INTO streams (account, region, name, created, next_shard, settings)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (stream.account, stream.region, stream.name, stream.created, 0, b"{}"),
        )
        stream.row = cursor.lastrowid or 0
        self.save(stream)

    def save(self, stream: Stream) -> None:
        """The stream's settings as they are now."""
        self._connection.execute(
            "UPDATE streams SET settings = ?, next_shard = ? WHERE id = ?",
            (msgspec.json.encode(stream.settings), stream.next_shard, stream.row),
        )

    def delete_stream(self, stream: Stream) -> None:
        """Forget the stream. Its records follow by `delete_orphans`."""
        self._connection.execute("UPDATE shards SET stream = NULL WHERE stream = ?", (stream.row,))
        self._connection.execute("DELETE FROM streams WHERE id = ?", (stream.row,))

    def add_shard(self, stream: Stream, shard: Shard) -> None:
        """A new shard; it gets its row."""
        cursor = self._connection.execute(
            "INSERT INTO shards (stream, number, starting_hash_key, ending_hash_key, parent,"
            " adjacent_parent, created, opened, closed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                stream.row,
                shard.number,
                str(shard.starting_hash_key),
                str(shard.ending_hash_key),
                shard.parent,
                shard.adjacent_parent,
                shard.created,
                shard.opened,
                shard.closed,
            ),
        )
        shard.row = cursor.lastrowid or 0

    def close_shard(self, shard: Shard) -> None:
        """Keep when the shard was closed."""
        self._connection.execute(
            "UPDATE shards SET closed = ? WHERE id = ?", (shard.closed, shard.row)
        )

    def delete_shard(self, shard: Shard) -> None:
        """Forget an expired shard."""
        self._connection.execute("UPDATE shards SET stream = NULL WHERE id = ?", (shard.row,))

    def delete_orphans(self, most: int) -> int:
        """Take records of forgotten shards off the disk, at most so many segments."""
        row = self._connection.execute("SELECT id FROM shards WHERE stream IS NULL").fetchone()
        if row is None:
            return 0
        deleted = self._delete(row[0], 2**63 - 1, most)
        if deleted < most:
            self._connection.execute("DELETE FROM shards WHERE id = ?", row)
        return deleted + 1

    def has_much_to_give_back(self) -> bool:
        """Whether a good part of the file is empty. A small part is soon used again."""
        (free,) = self._connection.execute("PRAGMA freelist_count").fetchone()
        (pages,) = self._connection.execute("PRAGMA page_count").fetchone()
        return bool(free > max(pages // 4, _FREE_PAGES))

    def give_back(self, pages: int) -> None:
        """Return free pages of the file to the file system."""
        # Each row of the answer is a page's worth of work: it must be read to the end.
        self._connection.execute(f"PRAGMA incremental_vacuum({pages})").fetchall()

    def streams(self) -> list[Stream]:
        """All streams with their shards, as they were stored."""
        found = {}
        for row, account, region, name, created, next_shard, document in self._connection.execute(
            "SELECT id, account, region, name, created, next_shard, settings FROM streams"
            " ORDER BY id"
        ):
            settings = msgspec.json.decode(document, type=StreamSettings)
            found[row] = Stream(
                row, account, region, name, created, settings, next_shard=next_shard
            )
        for stream, shard in self._shards():
            found[stream].add(shard)
        for each in found.values():
            each.settle()
        return list(found.values())

    def _shards(self) -> Iterator[tuple[int, Shard]]:
        rows = self._connection.execute(
            "SELECT stream, id, number, starting_hash_key, ending_hash_key, parent,"
            " adjacent_parent, created, opened, closed, horizon FROM shards"
            " WHERE stream IS NOT NULL ORDER BY stream, number"
        ).fetchall()
        for stream, row, number, start, end, parent, adjacent, created, opened, closed, low in rows:
            shard = Shard(
                row, number, int(start), int(end), parent, adjacent, created, opened, closed
            )
            shard.horizon = shard.next = low
            if newest := self.span_before(shard, 2**63 - 1):
                first, count, shard.latest = newest
                shard.next = max(low, first + count)
            yield stream, shard

    def span_before(self, shard: Shard, position: int) -> tuple[int, int, int] | None:
        """First counter, count and arrival of the last segment that begins before `position`."""
        row: tuple[int, int, int] | None = self._connection.execute(
            "SELECT first, count, arrival FROM segments WHERE shard = ? AND first < ?"
            " ORDER BY first DESC LIMIT 1",
            (shard.row, position),
        ).fetchone()
        return row

    # Values of the store itself and of accounts

    def value(self, key: str) -> bytes | None:
        """What was kept under a key."""
        row: tuple[bytes] | None = self._connection.execute(
            "SELECT value FROM meta WHERE key = ?", (key,)
        ).fetchone()
        return row[0] if row else None

    def keep_value(self, key: str, value: bytes) -> None:
        """Keep a value under a key."""
        self._connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    def _delete(self, shard: int, below: int, most: int) -> int:
        return self._connection.execute(
            "DELETE FROM segments WHERE id IN (SELECT id FROM segments"
            " WHERE shard = ? AND first < ? ORDER BY first LIMIT ?)",
            (shard, below, most),
        ).rowcount

    # The log

    def _checkpoint(self, log: Path) -> None:
        busy = self._checkpointing and self._checkpointing.is_alive()
        if log.stat().st_size > _MAX_LOG:
            # Under steady writing the thread never reaches the end of the log, or the disk is
            # slower than the writers: they wait.
            if self._checkpointing:
                self._checkpointing.join()
            self._connection.execute("PRAGMA wal_checkpoint(truncate)").fetchall()
        elif busy:
            return
        self._written = 0
        self._checkpointing = threading.Thread(target=_checkpoint, args=(self._path,), daemon=True)
        self._checkpointing.start()


def _connect(name: str) -> sqlite3.Connection:
    return sqlite3.connect(name, isolation_level=None, cached_statements=256)


def _checkpoint(path: Path) -> None:
    """Move what is in the log into the file, beside the writer."""
    with closing(_connect(str(path))) as connection:
        # A full disk shows at the next commit; until then everything is safe in the log.
        try:
            connection.execute("PRAGMA wal_checkpoint(passive)").fetchall()
        except sqlite3.OperationalError:
            return
