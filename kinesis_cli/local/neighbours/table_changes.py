"""The changes of moto's tables, told to their streams; imported with moto only.

moto has streams of its own. They are in memory, know no Time to Live, have a record for a write
that changed nothing and two for an update that makes an item, and a stream that was turned off
breaks each later write. So moto only says what it has written; `table_streams` does the rest.
"""

from collections.abc import Iterator
from typing import Any

from moto.dynamodb.exceptions import MockValidationException
from moto.dynamodb.models import DynamoDBBackend, dynamodb_backends
from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.dynamodb.models.table import StreamShard, Table

from kinesis_cli.local.place import Place
from kinesis_cli.local.table_streams.changes import changes_nothing, image_of, record_of
from kinesis_cli.local.table_streams.names import TableKey
from kinesis_cli.local.table_streams.store import TableStore, TableStream, label_now
from kinesis_cli.payloads.changes.attribute_values import Item as Image
from kinesis_cli.payloads.changes.writes import Write


class TableChanges:
    """Notes what a call writes, and appends what it has changed to the streams.

    Args:
        store: of the streams.
    """

    def __init__(self, store: TableStore) -> None:
        self._store = store
        # What a call has written → the items as they were before.
        self._written: dict[tuple[TableKey, DynamoType, DynamoType | None], Image | None] = {}
        self._mend()

    def name_streams(self, place: Place) -> None:
        """Give the streams of the template's tables the labels that were said beforehand."""
        for table in dynamodb_backends[place.account][place.region].tables.values():
            if is_on(table) and table.name in place.stream_labels:
                table.latest_stream_label = place.stream_labels[table.name]

    def forget(self) -> None:
        """A new call begins."""
        self._written.clear()

    def keep_streams(self) -> None:
        """Turn streams on and off as the tables say, inside a transaction of the store."""
        there = {}
        for table in tables():
            if is_on(table):
                key = key_of(table)
                assert table.latest_stream_label
                assert table.stream_specification
                view = table.stream_specification["StreamViewType"]
                stream = self._store.turn_on(key, table.latest_stream_label, view, table.schema)
                there[stream.name.arn] = stream
        for stream in self._store.streams():
            if stream.is_enabled and stream.name.arn not in there:
                self._store.turn_off(stream)

    def keep_changes(self, *, by_ttl: bool = False) -> None:
        """Append what the call has changed, inside a transaction of the store.

        Compared with what is there now: an update that makes an item writes it twice, and a
        transaction that fails takes back what it wrote.
        """
        at = self._store.clock.now()
        for (key, hash_key, range_key), old in self._written.items():
            table = dynamodb_backends[key.account][key.region].tables.get(key.name)
            stream = self._stream(table) if table is not None else None
            if table is None or stream is None:
                continue
            write = Write(old, _image(table.get_item(hash_key, range_key)), by_ttl)
            if not changes_nothing(write):
                number = self._store.next_number(stream)
                self._store.append(stream, at, record_of(stream, number, at, write))
        self._written.clear()

    def _stream(self, table: Table) -> TableStream | None:
        if not is_on(table):
            return None
        return self._store.stream(f"{table.table_arn}/stream/{table.latest_stream_label}")

    def _note(self, key: TableKey, old: Item | None, new: Item | None) -> None:
        item = new if new is not None else old
        assert item is not None
        place = (key, item.hash_key, item.range_key)
        if place not in self._written:
            self._written[place] = _image(old)

    def _mend(self) -> None:
        """Let moto's tables tell what is written, and their streams be turned on and off."""
        changes, original = self, Table.set_stream_specification

        def set_stream_specification(self: Table, streams: dict[str, Any] | None) -> None:
            if streams and streams.get("StreamEnabled") and not streams.get("StreamViewType"):
                # UNSURE(stream-refusals): the error is AWS's; the sentence may read otherwise.
                raise MockValidationException(
                    "One or more parameter values were invalid: StreamViewType must be specified"
                    " when StreamEnabled is true"
                )
            former = {self.latest_stream_label} if self.latest_stream_label else set()
            original(self, streams)
            self.stream_shard = None
            if is_on(self):
                self.latest_stream_label = changes._label(key_of(self), former)
                self.stream_shard = _Shard(self, changes)

        def update_table_streams(
            self: DynamoDBBackend,  # noqa: ARG001 - as moto calls it
            table: Table,
            stream_specification: dict[str, Any],
        ) -> None:
            wanted = stream_specification
            if wanted.get("StreamEnabled") or wanted.get("StreamViewType"):
                if is_on(table):
                    raise MockValidationException(
                        f"Table already has an enabled stream: TableName: {table.name}"
                    )
            elif not is_on(table):
                raise MockValidationException(
                    f"Table has no stream to disable: TableName: {table.name}"
                )
            table.set_stream_specification(wanted)

        Table.set_stream_specification = set_stream_specification  # type: ignore[method-assign]
        DynamoDBBackend.update_table_streams = update_table_streams  # type: ignore[method-assign]

    def _label(self, key: TableKey, former: set[str]) -> str:
        known = {each.name.label for each in self._store.streams() if each.name.table == key}
        return label_now(self._store.clock, known | former)


class _Shard(StreamShard):
    """Stands where moto has a table's shard, and passes on what is written.

    A copy of the table, which moto makes to take back a transaction, passes it on as well.
    """

    def __init__(self, table: Table, changes: TableChanges) -> None:
        super().__init__(table.account_id, table)
        self._changes, self._key = changes, key_of(table)

    def __deepcopy__(self, _: object) -> "_Shard":
        return self

    def add(self, old: Item | None, new: Item | None) -> None:
        """A write was made."""
        self._changes._note(self._key, old, new)


def tables() -> Iterator[Table]:
    """All tables of all accounts."""
    for regions in list(dynamodb_backends.values()):
        for backend in list(regions.values()):
            yield from list(backend.tables.values())


def key_of(table: Table) -> TableKey:
    """Which table it is."""
    return TableKey(table.account_id, table.region_name, table.name)


def is_on(table: Table) -> bool:
    """Whether the table's stream takes records."""
    specification = table.stream_specification
    return bool(specification and specification.get("StreamEnabled"))


def _image(item: Item | None) -> Image | None:
    """An item as it is now: moto changes it in place."""
    return None if item is None else image_of(item.to_json()["Attributes"])
