"""moto's DynamoDB tables: one call at a time, and kept across restarts; imported with moto only.

moto reads and writes a table without a lock, so that two conditional writes at the same time may
both win, and others fail while an item is added. The KCL's leases depend on it.
"""

import json
import sys
import threading
from base64 import b64decode
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from sqlite3 import Connection
from typing import Any

import msgspec
from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.dynamodb.models.table import Table

from kinesis_cli.local.neighbours.table_changes import TableChanges, key_of, tables
from kinesis_cli.local.neighbours.time_to_live import expired_items
from kinesis_cli.local.table_streams.names import TableKey
from kinesis_cli.local.table_streams.store import TableStore

_READS = ("BatchGetItem", "Describe", "Get", "List", "Query", "Scan", "TransactGetItems")

# What `Table` is made of, under the names of its parameters.
_DEFINED = (
    *("schema", "attr", "throughput", "billing_mode", "sse_specification", "tags"),
    *("deletion_protection_enabled", "warm_throughput"),
)


class Tables:
    """moto's DynamoDB.

    Args:
        store: of the tables and their streams.
        changes: what is written to them.
        is_kept: whether the store has tables of former times, which are given to moto, and keeps
            those that are there now; their streams it has in any case.
    """

    def __init__(self, store: TableStore, changes: TableChanges, *, is_kept: bool) -> None:
        self._lock = threading.Lock()
        self._store, self._changes = store, changes
        with store.transaction() as database:
            self._journal = _Journal(database) if is_kept else None
            changes.keep_streams()

    @contextmanager
    def call(self, account: str, region: str, operation: str, body: bytes) -> Iterator[None]:
        """What happens inside is the only call of DynamoDB, and is on disk in the end.

        Args:
            account, region: whose tables.
            operation: "PutItem".
            body: the request's, JSON.
        """
        with self._lock:
            self._changes.forget()
            yield
            if operation.startswith(_READS):
                return
            written = _written(operation, body)
            with self._store.transaction() as database:
                if self._journal and written is not None:
                    self._journal.catch_up(database, account, region, written)
                elif self._journal:
                    self._journal.compare_all(database)
                if written is None:
                    self._changes.keep_streams()
                self._changes.keep_changes()

    def expire(self) -> bool:
        """Delete the items whose time to live has passed. Returns whether there were any.

        UNSURE(ttl-delay): within seconds here, and within a few days on AWS.
        """
        with self._lock:
            self._changes.forget()
            expired = [each for table in tables() for each in expired_items(table, self._now)]
            for table, item in expired:
                table.delete_item(item.hash_key, item.range_key)
            if expired:
                with self._store.transaction() as database:
                    if self._journal:
                        self._journal.compare_all(database)
                    self._changes.keep_changes(by_ttl=True)
            return bool(expired)

    @property
    def _now(self) -> float:
        return self._store.clock.now()


class _Journal:
    def __init__(self, database: Connection) -> None:
        self._rows: dict[TableKey, int] = {}
        self._definitions: dict[TableKey, bytes] = {}
        self._restore(database)
        self.compare_all(database)  # the template's tables are new

    def catch_up(
        self,
        database: Connection,
        account: str,
        region: str,
        written: Mapping[str, Iterable[Mapping[str, Any]]],
    ) -> None:
        """Write down the items that a call has perhaps changed: table → attributes with keys."""
        backend = dynamodb_backends[account][region]
        for name, keys in written.items():
            # A table may be named by its ARN, too.
            table = backend.tables.get(name.rpartition("/")[2])
            row = self._rows.get(key_of(table)) if table else None
            if table is not None and row is not None:
                for key in keys:
                    self._keep_item(database, row, table, key)

    def _keep_item(
        self, database: Connection, row: int, table: Table, attributes: Mapping[str, Any]
    ) -> None:
        if not all(name in attributes for name in table.table_key_attrs):
            return  # moto has refused it
        hash_key, *range_key = _key_values(table, attributes)
        item = table.get_item(hash_key, range_key[0] if range_key else None)
        key = _key(table, attributes)
        if item is None:
            database.execute("DELETE FROM items WHERE in_table = ? AND key = ?", (row, key))
        else:
            database.execute(
                "INSERT OR REPLACE INTO items VALUES (?, ?, ?)", (row, key, _attributes(item))
            )

    # Everything

    def compare_all(self, database: Connection) -> None:
        """Write down every difference."""
        there = {key_of(table): table for table in tables()}
        for gone in self._rows.keys() - there.keys():
            database.execute("DELETE FROM tables WHERE row = ?", (self._rows.pop(gone),))
            del self._definitions[gone]
        for key, table in there.items():
            self._keep_definition(database, key, table)
            self._keep_items(database, self._rows[key], table)

    def _keep_definition(self, database: Connection, key: TableKey, table: Table) -> None:
        definition = msgspec.json.encode(_definition(table))
        if self._definitions.get(key) == definition:
            return
        if key in self._rows:
            database.execute(
                "UPDATE tables SET definition = ? WHERE row = ?", (definition, self._rows[key])
            )
        else:
            added = database.execute(
                "INSERT INTO tables (account, region, name, definition) VALUES (?, ?, ?, ?)",
                (*key, definition),
            )
            assert added.lastrowid is not None
            self._rows[key] = added.lastrowid
        self._definitions[key] = definition

    def _keep_items(self, database: Connection, row: int, table: Table) -> None:
        held = dict(_items(table))
        kept: dict[bytes, bytes] = dict(
            database.execute("SELECT key, attributes FROM items WHERE in_table = ?", (row,))
        )
        database.executemany(
            "DELETE FROM items WHERE in_table = ? AND key = ?",
            [(row, key) for key in kept.keys() - held.keys()],
        )
        database.executemany(
            "INSERT OR REPLACE INTO items VALUES (?, ?, ?)",
            [(row, key, value) for key, value in held.items() if kept.get(key) != value],
        )

    # The start

    def _restore(self, database: Connection) -> None:
        """Give moto the tables that it does not have, and all items."""
        rows = database.execute("SELECT row, account, region, name, definition FROM tables")
        for row, account, region, name, encoded in rows.fetchall():
            key = TableKey(account, region, name)
            definition = msgspec.json.decode(encoded)
            backend = dynamodb_backends[account][region]
            table = backend.tables.get(name)
            if table is not None and table.schema != definition["schema"]:
                sys.stderr.write(
                    f"kcli: table {name} keeps the keys and items that it had;"
                    " `kcli local reset` makes it anew from the template\n"
                )
                table = None
            if table is None:
                table = backend.tables[name] = _table(key, definition)
            self._rows[key], self._definitions[key] = row, b""
            for (attributes,) in database.execute(
                "SELECT attributes FROM items WHERE in_table = ?", (row,)
            ):
                _put(table, msgspec.json.decode(attributes))


def _written(operation: str, body: bytes) -> dict[str, list[Mapping[str, Any]]] | None:
    """The items that a call has perhaps written: table → attributes with their keys.

    None: any item of any table, or a table itself.
    """
    try:
        request = json.loads(body)
        match operation:
            case "PutItem":
                return {request["TableName"]: [request["Item"]]}
            case "UpdateItem" | "DeleteItem":
                return {request["TableName"]: [request["Key"]]}
            case "BatchWriteItem":
                return {
                    table: [_of_action(action) for action in actions]
                    for table, actions in request["RequestItems"].items()
                }
            case "TransactWriteItems":
                found: dict[str, list[Mapping[str, Any]]] = {}
                for action in request["TransactItems"]:
                    (written,) = action.values()
                    found.setdefault(written["TableName"], []).append(_of_action(action))
                return found
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}  # moto has refused it
    return None


def _of_action(action: Mapping[str, Any]) -> Mapping[str, Any]:
    (written,) = action.values()
    attributes: Mapping[str, Any] = written["Item"] if "Item" in written else written["Key"]
    return attributes


def _items(table: Table) -> Iterator[tuple[bytes, bytes]]:
    """The key and the attributes of each item."""
    for held in list(table.items.values()):
        items: list[Any] = list(held.values()) if table.has_range_key else [held]
        for item in items:
            encoded = _attributes(item)
            yield _key(table, msgspec.json.decode(encoded)), encoded


def _attributes(item: Item) -> bytes:
    return msgspec.json.encode(item.to_json()["Attributes"])


def _key(table: Table, attributes: Mapping[str, Any]) -> bytes:
    return msgspec.json.encode([_one_spelling(attributes[name]) for name in table.table_key_attrs])


def _one_spelling(value: dict[str, str]) -> dict[str, str]:
    """1.0 and 1 are the same key."""
    if "N" not in value:
        return value
    return {"N": str(Decimal(value["N"]).normalize())}


def _key_values(table: Table, attributes: Mapping[str, Any]) -> list[DynamoType]:
    return [DynamoType(_value(attributes[name])) for name in table.table_key_attrs]


def _value(wire: dict[str, Any]) -> dict[str, Any]:
    """A value as moto holds it: bytes where the wire has base64."""
    ((kind, value),) = wire.items()
    match kind:
        case "B":
            return {kind: b64decode(value)}
        case "BS":
            return {kind: [b64decode(each) for each in value]}
        case "L":
            return {kind: [_value(each) for each in value]}
        case "M":
            return {kind: {name: _value(each) for name, each in value.items()}}
    return wire


def _put(table: Table, attributes: dict[str, Any]) -> None:
    """Without a word to the table's stream."""
    hash_key, *range_key = _key_values(table, attributes)
    values = {name: _value(value) for name, value in attributes.items()}
    item = Item(hash_key, range_key[0] if range_key else None, values)
    if range_key:
        table.items[hash_key][range_key[0]] = item
    else:
        table.items[hash_key] = item  # type: ignore[assignment]


def _definition(table: Table) -> dict[str, Any]:
    return {name: getattr(table, name) for name in _DEFINED} | {
        "indexes": [index.describe() for index in table.indexes],
        "global_indexes": [index.describe() for index in table.global_indexes],
        "streams": table.stream_specification,
        "label": table.latest_stream_label,
        "ttl": table.ttl,
        "created_at": table.created_at.replace(tzinfo=UTC).timestamp(),  # moto has it without
    }


def _table(key: TableKey, definition: dict[str, Any]) -> Table:
    made = {name: definition[name] for name in (*_DEFINED, "indexes", "global_indexes", "streams")}
    table: Table = Table(  # type: ignore[abstract] # moto makes it so, too
        key.name, account_id=key.account, region=key.region, **made
    )
    table.latest_stream_label, table.ttl = definition["label"], definition["ttl"]
    table.created_at = datetime.fromtimestamp(definition["created_at"], UTC).replace(tzinfo=None)
    return table
