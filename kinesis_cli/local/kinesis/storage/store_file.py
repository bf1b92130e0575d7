"""The file of a store: made whole, kept to one process, refused if it is foreign or broken."""

import fcntl
import secrets
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import IO

from kinesis_cli.errors import InputError

SCHEMA_VERSION = 1

_APPLICATION_ID = 0x6B636C69  # "kcli": bytes 68 to 71 of the file
_MAGIC = b"SQLite format 3\0"
_SMALL = 64 * 2**20  # bytes; a larger file is not read through at start

_SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value BLOB NOT NULL);
CREATE TABLE streams (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    created REAL NOT NULL,
    next_shard INTEGER NOT NULL,
    settings BLOB NOT NULL,
    UNIQUE (account, region, name)
);
CREATE TABLE shards (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    stream INTEGER,                      -- NULL: the stream or shard is gone, its segments follow
    number INTEGER NOT NULL,
    starting_hash_key TEXT NOT NULL,
    ending_hash_key TEXT NOT NULL,
    parent INTEGER,
    adjacent_parent INTEGER,
    created INTEGER NOT NULL,
    opened REAL NOT NULL,
    closed REAL,
    horizon INTEGER NOT NULL DEFAULT 1   -- counters below it have left the stream
);
CREATE TABLE segments (
    id INTEGER PRIMARY KEY,
    shard INTEGER NOT NULL,
    first INTEGER NOT NULL,              -- counter of the first record
    count INTEGER NOT NULL,
    size INTEGER NOT NULL,               -- bytes of data and partition keys
    arrival INTEGER NOT NULL,            -- epoch milliseconds; never falls within a shard
    encrypted INTEGER NOT NULL,
    records BLOB NOT NULL                -- MessagePack: [[partition key, data], ...]
);
CREATE UNIQUE INDEX segments_by_position ON segments (shard, first);
"""


def create_tables(connection: sqlite3.Connection) -> None:
    """The tables of a new store, and the key of its tokens: written to the disk once."""
    connection.execute("PRAGMA auto_vacuum = incremental")
    connection.execute("BEGIN")
    connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    for statement in _SCHEMA.split(";\n"):
        connection.execute(statement)
    connection.execute("INSERT INTO meta VALUES ('secret', ?)", (secrets.token_bytes(32),))
    connection.execute("COMMIT")


def create(path: Path) -> None:
    """An empty file under its name only when it is complete: a killed start leaves none behind."""
    draft = path.with_name(f"{path.name}.new")
    for leftover in (draft, draft.with_name(f"{draft.name}-journal")):
        leftover.unlink(missing_ok=True)
    try:
        with closing(sqlite3.connect(draft, isolation_level=None)) as connection:
            create_tables(connection)
    except sqlite3.Error as error:
        raise InputError(f"cannot be written: {error}", place=str(path)) from error
    draft.replace(path)


def lock(state: Path) -> IO[str]:
    """The state directory for this process alone, until the file is closed or the process ends."""
    try:
        state.mkdir(parents=True, exist_ok=True)
        file = (state / "kinesis.lock").open("a")
    except OSError as error:
        raise InputError(f"cannot be used: {error.strerror or error}", place=str(state)) from error
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        raise InputError(
            "another process uses this state directory",
            place=str(state),
            advice="Stop it, or name another directory.",
        ) from error
    return file


def check(path: Path) -> None:
    """That the file is ours and whole, without changing it.

    The header is read as bytes, because SQLite itself may write when it opens a file.
    """
    try:
        with path.open("rb") as file:
            header = file.read(100)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}", place=str(path)) from error
    version = int.from_bytes(header[60:64], "big")
    if header[:16] != _MAGIC or int.from_bytes(header[68:72], "big") != _APPLICATION_ID:
        raise InputError(
            "not a store of kcli; it was left as it is",
            place=str(path),
            advice="Move it away, or name another directory.",
        )
    if version != SCHEMA_VERSION:
        raise InputError(
            f"written by another version of kcli (schema {version}, this one has {SCHEMA_VERSION})",
            place=str(path),
            advice="Use that version, or name another directory.",
        )
    if damage := _damage(path):
        raise InputError(
            f"damaged ({damage}); it was left as it is",
            place=str(path),
            advice="Move it away, or name another directory.",
        )


def _damage(path: Path) -> str:
    """What is wrong with the file; nothing if it is whole."""
    log = path.with_name(f"{path.name}-wal")
    # After a kill the file is whole only together with its log, which SQLite reads as it opens it.
    plain = not log.exists() or log.stat().st_size == 0
    mode = "mode=ro&immutable=1" if plain else "mode=ro"
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?{mode}", uri=True)) as connection:
            return "cut off" if plain and _is_cut_off(path) else _verdict(connection, path)
    except sqlite3.Error as error:
        return str(error)


def _is_cut_off(path: Path) -> bool:
    with path.open("rb") as file:
        header = file.read(100)
    page_bytes = int.from_bytes(header[16:18], "big")
    pages = int.from_bytes(header[28:32], "big")
    return path.stat().st_size < pages * page_bytes


def _verdict(connection: sqlite3.Connection, path: Path) -> str:
    if path.stat().st_size > _SMALL:  # reading it through would take longer than a start may
        connection.execute("SELECT count(*) FROM shards, streams").fetchone()
        connection.execute("SELECT max(id) FROM segments").fetchone()
        return ""
    (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    return "" if verdict == "ok" else str(verdict).splitlines()[-1]
