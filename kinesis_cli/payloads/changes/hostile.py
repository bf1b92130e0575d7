"""Every way in which a change of a table may not be what a function expects, to go through.

Each is one that DynamoDB can send: an item has no schema but for its keys, whose types stay.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from kinesis_cli.payloads.changes.attribute_values import AttributeValue, Item
from kinesis_cli.payloads.changes.views import TTL_IDENTITY
from kinesis_cli.payloads.hostile import (
    Path,
    Variant,
    member_of,
    named,
    parsed,
    replaced,
    text_of,
    without,
)

IMAGES = ("NewImage", "OldImage")
MAX_PATHS = 60  # attributes of one change that are varied
_LONG = 100_000  # characters; an item has at most 400 KB, and there may be two images
_DIGITS = "9" * 38

# What any attribute may be instead: its own type is left out.
_OTHERS: dict[str, AttributeValue] = {
    "NULL": {"NULL": True},
    "an empty text": {"S": ""},
    "a text": {"S": "text"},
    "a number as text": {"S": "17"},
    "a number": {"N": "17"},
    "true": {"BOOL": True},
    "an empty list": {"L": []},
    "a list": {"L": [{"NULL": True}, {"S": "a"}]},
    "an empty map": {"M": {}},
    "a map": {"M": {"kcliUnknown": {"N": "1"}}},
    "a set of texts": {"SS": ["a", "b"]},
    "a set of numbers": {"NS": ["1", "2.5"]},
    "a set of bytes": {"BS": ["AP8="]},
    "bytes": {"B": "AP8="},
}
_NUMBERS = {
    "0": "0",
    "-1": "-1",
    "a fraction": "0.1",
    "2.675": "2.675",
    "beyond 64 bits": "18446744073709551617",
    "38 digits": _DIGITS,
    "38 digits behind the point": f"0.{_DIGITS}",
    "the smallest": f"0.{'0' * 129}1",
}
_TEXTS = {
    "white space": " \t\n",
    "letters of other scripts": "Zażółć gęślą jaźń İ ß",
    "an emoji": "👩‍👩‍👧",
    "digits of another script": "１２３",
    "nan as text": "nan",
    "a comma in a number": "1,5",
    "a quote": 'O\'Brien "x"',
    "a line break": "a\nb",
    "a NUL in it": "a\0b",
    "a slash": "../../etc/passwd",
    "an escape sequence": "\x1b[31m",
    "a long text": "x" * _LONG,
}


def change_variants(data: bytes, words: Sequence[object] = ()) -> Iterator[Variant]:
    """What a change may become, the simplest first.

    Args:
        data: a change as an object: eventName, Keys, NewImage, OldImage, …
        words: values that the function's code names, for attributes to have.
    """
    change = parsed(data)
    if not isinstance(change, dict):
        return
    for what, other in _of_other_events(change):
        yield Variant(what, text_of(other))
    paths = list(_attributes(change))[:MAX_PATHS]
    for path in paths:
        value = member_of(change, path)
        assert isinstance(value, dict)
        is_key = len(path) == 2 and path[1] in change.get("Keys", {})
        if not is_key:
            yield Variant(f"{named(path)}: missing", _without(change, path))
        for what, other in _values(value, words, is_key=is_key):
            yield Variant(f"{named(path)}: {what}", _with(change, path, other, is_key=is_key))
    for image in IMAGES:
        if isinstance(change.get(image), dict):
            more = {**change[image], "kcliUnknown": {"M": {"a": {"NULL": True}}}}
            yield Variant(f"{image}: an attribute more", text_of({**change, image: more}))


def _of_other_events(change: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The same item inserted, changed, removed, and removed by Time to Live."""
    images = [change[name] for name in IMAGES if isinstance(change.get(name), dict)]
    rest = {
        name: each
        for name, each in change.items()
        if name not in (*IMAGES, "eventName", "userIdentity")
    }
    image = images[0] if images else None
    new: dict[str, Any] = {} if image is None else {"NewImage": image}
    old: dict[str, Any] = {} if image is None else {"OldImage": images[-1]}
    name = change.get("eventName")
    if name != "INSERT":
        yield "an INSERT", {"eventName": "INSERT", **rest, **new}
    if name != "MODIFY":
        yield "a MODIFY", {"eventName": "MODIFY", **rest, **new, **old}
    if name != "REMOVE":
        yield "a REMOVE, without NewImage", {"eventName": "REMOVE", **rest, **old}
    if not change.get("userIdentity"):
        removed = {"eventName": "REMOVE", "userIdentity": TTL_IDENTITY, **rest, **old}
        yield "a removal by Time to Live", removed


def _attributes(change: Mapping[str, Any]) -> Iterator[Path]:
    """The attributes of both images, those of the items themselves first."""
    inner: list[tuple[Path, object]] = []
    for image in IMAGES:
        if isinstance(change.get(image), dict):
            inner += [((image, name), value) for name, value in change[image].items()]
    while inner:
        yield from (path for path, value in inner if isinstance(value, dict))
        inner = [below for path, value in inner for below in _below(path, value)]


def _below(path: Path, value: object) -> Iterator[tuple[Path, object]]:
    match value:
        case {"M": dict(members)}:
            yield from (((*path, "M", name), each) for name, each in members.items())
        case {"L": list(elements)}:
            yield from (((*path, "L", place), each) for place, each in enumerate(elements[:2]))


def _values(
    value: AttributeValue, words: Sequence[object], *, is_key: bool
) -> Iterator[tuple[str, AttributeValue]]:
    if not is_key:
        yield from ((what, other) for what, other in _OTHERS.items() if other != value)
    if "N" in value:
        yield from ((what, {"N": text}) for what, text in _NUMBERS.items())
    if "S" in value:
        yield from ((what, {"S": text}) for what, text in _TEXTS.items() if len(text) < 1000)
        yield from ((repr(word), {"S": word}) for word in words if isinstance(word, str) and word)
        if not is_key:
            yield "a long text", {"S": _TEXTS["a long text"]}
    if "BOOL" in value:
        yield "the opposite", {"BOOL": not value["BOOL"]}


def _without(change: dict[str, Any], path: Path) -> bytes:
    if isinstance(path[-1], int):
        above = member_of(change, path[:-1])
        assert isinstance(above, list)
        kept = [each for place, each in enumerate(above) if place != path[-1]]
        return text_of(replaced(change, path[:-1], kept))
    return text_of(without(change, path))


def _with(change: dict[str, Any], path: Path, value: AttributeValue, *, is_key: bool) -> bytes:
    if not is_key:
        return text_of(replaced(change, path, value))
    name, changed = path[1], dict(change)
    for part in ("Keys", *IMAGES):  # a key is the same in all of them
        if isinstance(changed.get(part), dict) and name in changed[part]:
            held: Item = changed[part]
            changed[part] = {**held, name: value}
    return text_of(changed)


def reversed_change(data: bytes) -> bytes:
    """A change with the attributes of its images in reverse: they have no order."""
    change = parsed(data)
    if not isinstance(change, dict):
        return data
    turned = {
        name: dict(reversed(each.items())) if name in IMAGES and isinstance(each, dict) else each
        for name, each in change.items()
    }
    return json.dumps(turned).encode() if list(map(str, turned.values())) else data
