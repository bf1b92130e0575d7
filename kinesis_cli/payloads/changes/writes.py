"""Changes of a table's items, one after another, that make sense together.

An item goes through the changes until one removes it, or they end; then comes the next item.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal, localcontext
from enum import StrEnum
from itertools import cycle
from typing import NamedTuple

from kinesis_cli.errors import InputError
from kinesis_cli.payloads.changes.attribute_values import (
    MAX_DIGITS,
    AttributeValue,
    Item,
    number_text,
)

_REVISION = "revision"  # the attribute that an update adds where it can change none


class Change(StrEnum):
    """What is done to an item."""

    PUT = "put"
    UPDATE = "update"
    DELETE = "delete"
    TTL = "ttl"  # removed by Time to Live

    @property
    def removes(self) -> bool:
        """Whether the item is gone afterwards."""
        return self in (Change.DELETE, Change.TTL)


class Write(NamedTuple):
    """An item before and after; one of the two may be None, not both."""

    old: Item | None
    new: Item | None
    by_ttl: bool = False

    @property
    def item(self) -> Item:
        """The item as far as it is known: its keys are in both."""
        item = self.new if self.new is not None else self.old
        assert item is not None
        return item


class NewItem(NamedTuple):
    """An item that is to be written."""

    item: Item
    is_version: bool = True  # it stands for itself; False: it was written before


def changes_named(text: str, place: str = "--changes") -> tuple[Change, ...]:
    """Read `put,update,delete,ttl`.

    Raises:
        InputError: a change has another name, or there is none.
    """
    names = [name.strip().lower() for name in text.split(",")]
    known = ", ".join(Change)
    for name in names:
        if name not in list(Change):
            raise InputError(f"{name!r} is not a change: {known}", place=place)
    return tuple(map(Change, names))


def lives(changes: Sequence[Change]) -> list[list[Change]]:
    """Return the changes, cut where an item is gone."""
    cut: list[list[Change]] = [[]]
    for change in changes:
        cut[-1].append(change)
        if change.removes:
            cut.append([])
    return [life for life in cut if life]


def writes(
    items: Iterable[NewItem],
    changes: Sequence[Change],
    key_of: Callable[[Item], str],
    changed: Callable[[Item], Item],
) -> Iterator[Write]:
    """The writes that the changes make of the items.

    The table holds what was written here; an item that is not known yet was there before where the
    first change to it is not a put. One that was removed is put again before anything else is done
    to it. No write leaves an item as it is: DynamoDB has no record of that.

    Args:
        items: one for each life. One with the keys of an earlier one is its next version.
        changes: what is done to each item, in this order.
        key_of: what tells an item from others.
        changed: another version of an item, with the same keys.
    """
    table: dict[str, Item | None] = {}  # None: removed
    for new, life in zip(items, cycle(lives(changes)), strict=False):
        key, version = key_of(new.item), new.item if new.is_version else None
        for change in life:
            old = table.get(key)
            if change is not Change.PUT and old is None:
                old = new.item
                if key in table:  # it was removed here
                    yield Write(None, old)
            if change.removes:
                yield Write(old, None, by_ttl=change is Change.TTL)
                table[key] = None
                continue
            wanted = version if version is not None else (new.item if old is None else None)
            after = changed(old) if old is not None and wanted in (None, old) else wanted
            assert after is not None
            yield Write(old, after)
            table[key], version = after, None


def changed_item(item: Item, keys: Sequence[str]) -> Item:
    """Return another version: a number one higher, else another flag or text, else an addition."""
    others = [name for name in item if name not in keys]
    for kind, change in _CHANGES.items():
        for name in others:
            if kind in item[name]:
                return {**item, name: change(item[name])}
    return {**item, _REVISION: {"N": "1"}}


def _one_more(value: AttributeValue) -> AttributeValue:
    with localcontext(prec=2 * MAX_DIGITS):
        more = str(Decimal(value["N"]) + 1)
    try:
        return {"N": number_text(more, _REVISION)}
    except InputError:  # it has as many digits as DynamoDB takes
        return {"N": "1"}


_CHANGES: dict[str, Callable[[AttributeValue], AttributeValue]] = {
    "N": _one_more,
    "BOOL": lambda value: {"BOOL": not value["BOOL"]},
    "S": lambda value: {"S": f"{value['S']} (changed)"},
}
