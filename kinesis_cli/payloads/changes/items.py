"""Items that the user has: a file of them, or payloads that are objects."""

import json
import sys
from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import chain, cycle
from pathlib import Path

from kinesis_cli.errors import InputError
from kinesis_cli.payloads.changes.attribute_values import Item
from kinesis_cli.payloads.changes.keys import TableKeys
from kinesis_cli.payloads.changes.writes import NewItem
from kinesis_cli.places.whole_files import read_whole
from kinesis_cli.stream.packing import opened
from kinesis_cli.stream.payload import Payload

_MAX_FILE = 256 << 20  # bytes, unpacked; items are kept in memory
FORMS = (
    "Write a JSON array of items, one item a line, or what `aws dynamodb scan` prints; "
    'plain ({"pk": "a"}) or with types ({"pk": {"S": "a"}}).'
)


def items_in(path: str, keys: TableKeys) -> list[Item]:
    """Return the items of a file.

    Args:
        path: JSON, plain or packed; "-" is standard input.
        keys: of the table.

    Raises:
        InputError: it cannot be read, or an item is not one.
    """
    name = "standard input" if path == "-" else path
    values = list(_values(_text(path, name), name))
    items = [keys.item(value, f"{name}, item {number}") for number, value in enumerate(values, 1)]
    if not items:
        raise InputError("no items in it", place=name, advice=FORMS)
    return items


def again_and_again(items: Iterable[Item]) -> Iterator[NewItem]:
    """The items, and then the same ones in turn, without end."""
    known = list(items)
    return chain(map(NewItem, known), (NewItem(item, is_version=False) for item in cycle(known)))


def items_of(payloads: Iterable[Payload], keys: TableKeys, key_name: str | None) -> Iterator[Item]:
    """Items of payloads.

    Args:
        payloads: JSON objects.
        keys: of the table.
        key_name: the attribute that gets the payload's partition key; None: none does.

    Raises:
        InputError: a payload is not an object, or the table could not hold it.
    """
    for number, payload in enumerate(payloads, 1):
        place = f"payload {number}"
        value = _json(payload.data.decode(errors="replace"), place)
        if key_name is not None and isinstance(value, dict):
            value = {key_name: payload.partition_key, **value}
        yield keys.item(value, place)


def _text(path: str, name: str) -> str:
    try:
        is_piped = path == "-"
        if is_piped and sys.stdin is None:
            raise ValueError("is closed")
        data = sys.stdin.buffer.read() if is_piped else read_whole(Path(path), _MAX_FILE)
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise InputError(reason, place=name) from error
    data, _ = opened(data, _MAX_FILE)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError("not text, so not items", place=name, advice=FORMS) from None


def _values(text: str, name: str) -> Iterator[object]:
    lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    if len(lines) > 1 and all(line.lstrip().startswith("{") for _, line in lines[:2]):
        for number, line in lines:  # a document over several lines has other beginnings
            yield from _items(_json(line, f"{name}, line {number}"))
    elif lines:
        yield from _items(_json(text, name))


def _items(value: object) -> Iterator[object]:
    """The items of a document: of AWS's commands, of an export, or its own."""
    if isinstance(value, list):
        yield from value
        return
    if not isinstance(value, dict):
        yield value
        return
    if isinstance(value.get("Items"), list):  # scan, query
        yield from value["Items"]
    elif isinstance(value.get("Item"), dict) and len(value) <= 2:  # get-item, an export to S3
        yield value["Item"]
    elif requests := _put_requests(value):  # batch-write-item --request-items
        yield from requests
    else:
        yield value


def _put_requests(value: dict[str, object]) -> list[object]:
    requests = [each for several in value.values() if isinstance(several, list) for each in several]
    found = [
        each["PutRequest"] for each in requests if isinstance(each, dict) and "PutRequest" in each
    ]
    return [each["Item"] for each in found if isinstance(each, dict) and "Item" in each]


def _json(text: str, place: str) -> object:
    try:
        return json.loads(text, parse_float=Decimal)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        reason = f"not JSON: {error.msg[0].lower()}{error.msg[1:]} at {where}"
        raise InputError(reason, place=place, advice=FORMS) from None
    except (RecursionError, ValueError):
        raise InputError(
            "not JSON that can be read: nested too deeply, or a number too long", place=place
        ) from None
