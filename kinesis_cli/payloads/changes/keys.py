"""The key of a table: which attributes tell an item from all others."""

import json
from collections.abc import Mapping
from typing import NamedTuple

from kinesis_cli.errors import InputError
from kinesis_cli.payloads.changes.attribute_values import (
    Item,
    attribute_value,
    is_typed,
    typed_value,
)
from kinesis_cli.payloads.changes.sizes import item_size

# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
MAX_ITEM = 400 * 1024  # bytes of names and values
_MAX_KEY_BYTES = (2048, 1024)  # of the partition key, of the sort key
_KEY_TYPES = ("S", "N", "B")
_MAX_SHOWN = 8  # names of attributes in an error


class TableKeys(NamedTuple):
    """The names of the key attributes."""

    partition_key: str
    sort_key: str | None = None

    @classmethod
    def named(cls, text: str, place: str = "--keys") -> "TableKeys":
        """Read `pk` or `pk,sk`.

        Raises:
            InputError: there are more, an empty one, or the same twice.
        """
        names = [name.strip() for name in text.split(",")]
        if not all(names) or len(names) > len(_MAX_KEY_BYTES) or len(set(names)) < len(names):
            raise InputError(
                f"{text!r} does not name a table's key attributes",
                place=place,
                advice="Write the partition key, or it and the sort key: pk or pk,sk.",
            )
        return cls(*names)

    @property
    def names(self) -> tuple[str, ...]:
        """Both names, or the one."""
        return (
            (self.partition_key,) if self.sort_key is None else (self.partition_key, self.sort_key)
        )

    def of(self, item: Item) -> Item:
        """Return the key attributes of an item."""
        return {name: item[name] for name in self.names}

    def identity(self, item: Item) -> str:
        """Return a text that two items share only if their keys are equal."""
        return json.dumps([item[name] for name in self.names])

    def partition(self, item: Item) -> str:
        """Return a text that two items share only if their partition keys are equal."""
        return json.dumps(item[self.partition_key])

    def item(self, value: object, place: str) -> Item:
        """Return an item of the table, of a plain one or of one that is written with types.

        Raises:
            InputError: the table could not hold it.
        """
        if not isinstance(value, Mapping):
            raise InputError('an item is an object, `{"pk": "a"}`', place=place)
        for name in self.names:
            if name not in value:
                found = ", ".join(map(str, list(value)[:_MAX_SHOWN])) or "none"
                raise InputError(
                    f"the item has no attribute {name!r}, which --keys names; it has {found}",
                    place=place,
                )
        # A key is text, a number or bytes; where it is an object, all is written with types.
        read = typed_value if is_typed(value[self.partition_key]) else attribute_value
        item = {str(name): read(each, f"{place}, {name}") for name, each in value.items()}
        self._check(item, place)
        return item

    def _check(self, item: Item, place: str) -> None:
        for name, most in zip(self.names, _MAX_KEY_BYTES, strict=False):
            kind, content = next(iter(item[name].items()))
            if kind not in _KEY_TYPES:
                raise InputError(
                    f"a key is text, a number or bytes, not {kind}", place=f"{place}, {name}"
                )
            if not content:
                raise InputError("a key is not empty", place=f"{place}, {name}")
            if item_size({"": item[name]}) > most:
                raise InputError(f"a key of more than {most:,} bytes", place=f"{place}, {name}")
        if (size := item_size(item)) > MAX_ITEM:
            raise InputError(
                f"an item of {size:,} bytes; DynamoDB takes at most {MAX_ITEM:,}", place=place
            )
