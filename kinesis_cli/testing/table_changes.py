"""Changes of the tables of a test, as the records of their streams: the same ones each time."""

from collections.abc import Iterable, Iterator, Mapping
from random import Random
from typing import Any, cast

from kinesis_cli.errors import InputError
from kinesis_cli.payloads.changes.keys import TableKeys
from kinesis_cli.payloads.changes.settings import checked_table
from kinesis_cli.payloads.changes.table_stream import ChangeMaker, stream_arn
from kinesis_cli.payloads.changes.views import View, view_named
from kinesis_cli.payloads.changes.writes import (
    Change,
    NewItem,
    Write,
    changed_item,
    changes_named,
    writes,
)
from kinesis_cli.stream.kinds.change_record import ChangeRecord
from kinesis_cli.stream.kinds.dynamodb import change_record

PlainItem = Mapping[str, Any]
Pair = tuple[PlainItem | None, PlainItem | None]  # the item before and after
ItemOrPair = PlainItem | Pair


class TablesOfTest:
    """The streams of a test's tables; their sequence numbers grow, whatever is made.

    Args:
        created: epoch seconds.
    """

    def __init__(self, created: float) -> None:
        self._created = created
        self._makers: dict[tuple[TableKeys, View, str, int], ChangeMaker] = {}

    def records(
        self,
        items: Iterable[ItemOrPair],
        changes: str | Iterable[str],
        keys: str | Iterable[str],
        view: str,
        table: str,
        shards: int,
        arrivals: Iterator[float],
    ) -> list[ChangeRecord]:
        """Return the records of the changes; see `OwnStream.changes`."""
        named = TableKeys.named(_joined(keys), "keys")
        made = _writes(list(items), changes_named(_joined(changes), "changes"), named)
        maker = self._maker(named, view_named(view, "view"), checked_table(table, "table"), shards)
        found = maker.records(zip(arrivals, made, strict=False))
        return [change_record(raw, shard_id=shard_id) for shard_id, raw in found]

    def _maker(self, keys: TableKeys, view: View, table: str, shards: int) -> ChangeMaker:
        at = (keys, view, table, shards)
        if at not in self._makers:
            # A second stream is younger, so that no two have the same shard.
            created = self._created + len(self._makers)
            self._makers[at] = ChangeMaker(
                keys,
                view,
                stream_arn=stream_arn(table, created),
                random=Random(len(self._makers)),
                created=created,
                shards=shards,
            )
        return self._makers[at]


def _joined(names: str | Iterable[str]) -> str:
    return names if isinstance(names, str) else ",".join(names)


def _writes(
    given: list[ItemOrPair], changes: tuple[Change, ...], keys: TableKeys
) -> Iterator[Write]:
    pairs = [each for each in given if isinstance(each, tuple)]
    if pairs and len(pairs) < len(given):
        raise InputError(
            "items and pairs (old, new) are mixed",
            advice="Call changes() for each kind; the records of both can be joined with +.",
        )
    if pairs:
        return iter([_write(pair, number, keys) for number, pair in enumerate(pairs, 1)])
    items = cast("list[PlainItem]", given)
    new = [NewItem(keys.item(item, f"item {number}")) for number, item in enumerate(items, 1)]
    return writes(new, changes, keys.identity, lambda item: changed_item(item, keys.names))


def _write(pair: Pair, number: int, keys: TableKeys) -> Write:
    place = f"change {number}"
    if len(pair) != 2 or pair == (None, None):
        raise InputError("a change is a pair: the item before and after", place=place)
    old, new = (None if each is None else keys.item(each, place) for each in pair)
    if old is not None and new is not None:
        if keys.of(old) != keys.of(new):
            raise InputError("before and after are different items: their keys differ", place=place)
        if old == new:
            raise InputError(
                "the item stays as it is, and DynamoDB makes no record of that", place=place
            )
    return Write(old, new)
