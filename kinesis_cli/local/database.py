"""SQLite files of the server: opened, or refused in a sentence and left as they are."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import ClassVar

from kinesis_cli.errors import InputError

_BUSY_SECONDS = 1.0  # nobody else has business with the file; the server must not stand still


class Store:
    """A database of the state directory, with tables of its own. It belongs to one thread.

    Args:
        state: the directory; None: nothing is kept.

    Raises:
        InputError: the file is damaged, foreign or of another version; it is not changed.
    """

    file: ClassVar[str]  # its name
    schema: ClassVar[str]  # what is made in a new one
    version: ClassVar[int]  # of the schema

    def __init__(self, state: Path | None) -> None:
        path = state / self.file if state else None
        self._database = opened(path, self.schema, self.version)

    def close(self) -> None:
        """Close the file."""
        self._database.close()


def opened(file: Path | None, schema: str, version: int) -> sqlite3.Connection:
    """The database in a file, made where there is none.

    Args:
        file: None: in memory.
        schema: what is made in a new one.
        version: of the schema.

    Raises:
        InputError: the file is damaged, foreign or of another version; it is not changed.
    """
    database = None
    try:
        database = sqlite3.connect(
            file or ":memory:", timeout=_BUSY_SECONDS, check_same_thread=False
        )
        tables = _checked(database, file, version)
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")  # survives the end of the process
        database.execute("PRAGMA foreign_keys = ON")
        if not tables:
            # All or nothing: a process may end at any time, and tables alone are nobody's.
            database.executescript(
                f"BEGIN IMMEDIATE; {schema}; PRAGMA user_version = {version}; COMMIT;"
            )
    except sqlite3.DatabaseError as error:
        if database:
            database.close()  # with what was begun
        raise _unusable(file, f"cannot be read: {error}") from error
    return database


def check(file: Path, version: int) -> None:
    """Look at a database before it is needed; it is not changed, nor made.

    Raises:
        InputError: the file is damaged, foreign or of another version.
    """
    if not file.exists():
        return
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as database:
            _checked(database, file, version)
    except sqlite3.DatabaseError as error:
        raise _unusable(file, f"cannot be read: {error}") from error


def _checked(database: sqlite3.Connection, file: Path | None, version: int) -> int:
    """How many tables it has; of a new one none."""
    (found,) = database.execute("PRAGMA user_version").fetchone()
    (tables,) = database.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if tables and found != version:
        raise _unusable(file, "was not made by this version of kcli")
    return int(tables)


def _unusable(file: Path | None, problem: str) -> InputError:
    advice = "Name another directory with --state, or take this file away."
    return InputError(problem, place=str(file), advice=advice)
