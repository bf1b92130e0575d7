"""What Lambda's API was told of functions, in a file: documents by function, kind and key.

A function's code is not here: its archive and folder lie beside, see `packages`.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

import msgspec

from kinesis_cli.local.database import Store

FILE = "functions.sqlite3"
VERSION = 1

_SCHEMA = """
CREATE TABLE item (
    row INTEGER PRIMARY KEY, -- in the order in which they were made
    function TEXT NOT NULL, -- ARN without a qualifier
    kind TEXT NOT NULL,
    key TEXT NOT NULL, -- a version, an alias's name, a qualifier; empty: there is one of this kind
    document BLOB NOT NULL, -- JSON
    UNIQUE (function, kind, key)
);
"""

Document = dict[str, Any]


class Item(NamedTuple):
    """A document and whose it is."""

    function: str  # ARN
    kind: str
    key: str
    document: Document


class FunctionStore(Store):
    """What the API was told of functions; see `Store`."""

    file, schema, version = FILE, _SCHEMA, VERSION

    def get(self, function: str, kind: str, key: str = "") -> Document | None:
        """A document; None: there is none."""
        row = self._database.execute(
            "SELECT document FROM item WHERE function = ? AND kind = ? AND key = ?",
            (function, kind, key),
        ).fetchone()
        return msgspec.json.decode(row[0], type=Document) if row else None

    def all(self, kind: str, function: str | None = None) -> list[Item]:
        """All documents of a kind, oldest first; of one function, or of all."""
        rows = self._database.execute(
            "SELECT function, kind, key, document FROM item"
            " WHERE kind = ? AND (? IS NULL OR function = ?) ORDER BY row",
            (kind, function, function),
        )
        return [
            Item(owner, kind_, key, msgspec.json.decode(document))
            for owner, kind_, key, document in rows
        ]

    def put(self, *items: Item) -> None:
        """Keep documents, new or changed: all of them or none."""
        with self._database:
            self._database.executemany(
                "INSERT INTO item (function, kind, key, document) VALUES (?, ?, ?, ?)"
                " ON CONFLICT DO UPDATE SET document = excluded.document",
                [(*each[:3], msgspec.json.encode(each.document)) for each in items],
            )

    def delete(self, function: str, kind: str = "", key: str = "") -> bool:
        """Forget a document, or all of a function. Whether there was any."""
        where, values = "function = ?", [function]
        if kind:
            where, values = f"{where} AND kind = ? AND key = ?", [function, kind, key]
        with self._database:
            gone = self._database.execute(f"DELETE FROM item WHERE {where}", values)
        return gone.rowcount > 0

    def delete_keys(self, function: str, kinds: Iterable[str], key: str) -> None:
        """Forget what several kinds have under a key: a version's, an alias's."""
        with self._database:
            self._database.executemany(
                "DELETE FROM item WHERE function = ? AND kind = ? AND key = ?",
                [(function, kind, key) for kind in kinds],
            )
