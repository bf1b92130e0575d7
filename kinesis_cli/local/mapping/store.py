"""Event source mappings and how far each has come, in a file.

A checkpoint is written only after every record up to it has been handled, discarded, filtered or
has expired. So whatever ends the process, delivery goes on with nothing left out.
"""

import math
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from kinesis_cli.event_source_mapping.settings import EventSourceMapping
from kinesis_cli.local.database import Store

FILE = "function.sqlite3"
VERSION = 1

_SCHEMA = """
CREATE TABLE mapping (
    uuid TEXT PRIMARY KEY,
    function TEXT NOT NULL,
    origin TEXT NOT NULL, -- where the template has it; empty: it was made by a call
    enabled INTEGER NOT NULL,
    live_since REAL NOT NULL, -- epoch seconds
    modified REAL NOT NULL, -- epoch seconds
    document BLOB NOT NULL -- JSON, members of CreateEventSourceMapping
);
CREATE TABLE shard (
    mapping TEXT NOT NULL REFERENCES mapping ON DELETE CASCADE,
    stream REAL NOT NULL, -- the stream's time of creation: another one may come under its name
    shard TEXT NOT NULL,
    checkpoint TEXT, -- sequence number; NULL: nothing has ended yet
    finished INTEGER NOT NULL DEFAULT 0, -- the shard is closed, and all its records have ended
    PRIMARY KEY (mapping, stream, shard)
) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class StoredMapping:
    """A mapping as it is kept."""

    uuid: str
    function: str  # name
    document: dict[str, Any]  # members of CreateEventSourceMapping
    enabled: bool
    live_since: float  # epoch seconds: when it was made
    modified: float  # epoch seconds
    origin: str = ""

    @property
    def settings(self) -> EventSourceMapping:
        """The settings.

        Raises:
            InputError: they are not valid, e.g. a template's were changed.
        """
        return EventSourceMapping.from_aws(self.document)

    @property
    def reference(self) -> str:
        """The function as it is called: its name, with the qualifier that was given."""
        return str(self.document.get("FunctionName") or self.function)

    @property
    def stream_arn(self) -> str:
        """The stream's ARN, or its consumer's."""
        return str(self.document["EventSourceArn"])

    def changed(self, **members: Any) -> "StoredMapping":  # noqa: ANN401 - any of the fields
        """The mapping with some members changed."""
        return replace(self, **members)


@dataclass(slots=True)
class Checkpoints:
    """How far a mapping has come on a stream."""

    sequence_numbers: dict[str, str] = field(default_factory=dict)  # shard → all up to it ended
    finished: set[str] = field(default_factory=set)  # shards that are read and done


class MappingStore(Store):
    """Mappings and checkpoints; see `Store`."""

    file, schema, version = FILE, _SCHEMA, VERSION

    def mappings(self) -> list[StoredMapping]:
        """All mappings, oldest first."""
        rows = self._database.execute(
            "SELECT uuid, function, document, enabled, live_since, modified, origin"
            " FROM mapping ORDER BY live_since, uuid"
        )
        return [
            StoredMapping(uuid_, function, msgspec.json.decode(document), bool(enabled), *rest)
            for uuid_, function, document, enabled, *rest in rows
        ]

    def save(self, mapping: StoredMapping) -> None:
        """Keep a new mapping, or a changed one."""
        with self._database:
            self._database.execute(
                "INSERT INTO mapping"
                " (uuid, function, document, enabled, live_since, modified, origin)"
                " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (uuid) DO UPDATE SET"
                " function = excluded.function, document = excluded.document,"
                " enabled = excluded.enabled, modified = excluded.modified",
                (
                    mapping.uuid,
                    mapping.function,
                    msgspec.json.encode(mapping.document),
                    mapping.enabled,
                    mapping.live_since,
                    mapping.modified,
                    mapping.origin,
                ),
            )

    def delete(self, mapping: str) -> None:
        """Forget a mapping, named by its UUID, and its checkpoints."""
        with self._database:
            self._database.execute("DELETE FROM mapping WHERE uuid = ?", (mapping,))

    def checkpoints(self, mapping: str, stream: float) -> Checkpoints:
        """How far a mapping has come on the stream that was made at `stream`, epoch seconds."""
        found = Checkpoints()
        rows = self._database.execute(
            "SELECT shard, checkpoint, finished FROM shard WHERE mapping = ? AND stream = ?",
            (mapping, stream),
        )
        for shard, checkpoint, finished in rows:
            if checkpoint is not None:
                found.sequence_numbers[shard] = checkpoint
            if finished:
                found.finished.add(shard)
        return found

    def checkpoint(self, mapping: str, stream: float, shard: str) -> str | None:
        """How far one shard has come: the sequence number that all up to have ended."""
        row: tuple[str | None] | None = self._database.execute(
            "SELECT checkpoint FROM shard WHERE mapping = ? AND stream = ? AND shard = ?",
            (mapping, stream, shard),
        ).fetchone()
        return row[0] if row else None

    def save_checkpoint(
        self, mapping: str, stream: float, shard: str, checkpoint: str | None, *, finished: bool
    ) -> None:
        """Keep how far a shard has come.

        Raises:
            sqlite3.Error: the disk is full or broken; delivery must stop.
        """
        with self._database:
            self._database.execute(
                "INSERT INTO shard VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
                " checkpoint = excluded.checkpoint, finished = excluded.finished",
                (mapping, stream, shard, checkpoint, finished),
            )


def new_mapping(
    function: str, document: Mapping[str, Any], now: float, *, enabled: bool, origin: str = ""
) -> StoredMapping:
    """A mapping that starts now (epoch seconds; a stream knows milliseconds)."""
    now = math.floor(now * 1000) / 1000
    return StoredMapping(str(uuid.uuid4()), function, dict(document), enabled, now, now, origin)
