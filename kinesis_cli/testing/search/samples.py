"""The payloads that a check begins with: the user's, a model's, or what the code looks up."""

import itertools
import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from kinesis_cli.errors import InputError
from kinesis_cli.payloads.changes.attribute_values import attribute_value
from kinesis_cli.payloads.hostile import member_of, parsed, paths_of
from kinesis_cli.payloads.own_data import payloads_in
from kinesis_cli.project.function import Function
from kinesis_cli.recordings.form import Form, Reading
from kinesis_cli.recordings.inputs import Input
from kinesis_cli.stream.kinds.dynamodb import ATTRIBUTE_TYPES
from kinesis_cli.stream.kinds.kind import SourceKind
from kinesis_cli.stream.kinds.kinesis import KINESIS
from kinesis_cli.stream.payload import Payload
from kinesis_cli.testing.checks.batches import AT
from kinesis_cli.testing.checks.made_records import Item, item_of, made_records
from kinesis_cli.testing.checks.source_text import members_of

MAX_SAMPLES = 200  # of a file
MAX_SHAPES = 6  # different ones that are gone through member by member
MODEL_SAMPLES = 20
MAX_GUESSED = 3  # members of which every combination of types is tried
_MAX_SAMPLE_BYTES = 200_000


@dataclass(frozen=True, slots=True)
class Samples:
    """Payloads, and where they came from."""

    items: tuple[Item, ...]
    origin: str  # for people
    is_guessed: bool = False  # nobody gave any


def samples_of_file(path: str, reading: Reading, tell: Callable[[str], None]) -> Samples:
    """What the records of an event or a recording carry, or payload lines.

    Raises:
        InputError: the file is not usable.
    """
    return samples_in(Input.open(path, reading), tell, path)


def samples_in(found: Input, tell: Callable[[str], None], path: str = "-") -> Samples:
    """The same of an input that is open; it is closed."""
    origin = "standard input" if path == "-" else path
    kind = found.kind or KINESIS
    if kind.has_data:
        payloads = itertools.islice(payloads_in(found, tell), MAX_SAMPLES)
        return Samples(_items(payloads), origin)
    with found:
        return Samples(tuple(itertools.islice(_of_records(found, kind), MAX_SAMPLES)), origin)


def _values(found: Input) -> Iterator[object]:
    """The records of an input as JSON values."""
    if found.look.form is Form.RECORDING:
        for number, line in found.lines():
            try:
                yield json.loads(line)
            except (ValueError, RecursionError):
                place = f"{found.name}, line {number}"
                raise InputError("not a record as JSON", place=place) from None
    else:
        yield from (value for _, value in found.values())


def _of_records(found: Input, kind: SourceKind) -> Iterator[Item]:
    """What records carry that are more than a payload."""
    for number, value in enumerate(_values(found), 1):
        if fault := kind.loose_fault_in(value):
            where = ", ".join(filter(None, (found.name, f"record {number}", fault.field)))
            raise InputError(fault.problem, place=where, advice=fault.advice)
        assert isinstance(value, dict)
        made_records(kind).refuse_unusable(value, f"{found.name}, record {number}")
        item = item_of(kind.loose_record(value, json.dumps(value).encode()))
        if len(item.data) <= _MAX_SAMPLE_BYTES:
            yield item


def samples_of_model(name: str, seed: int) -> Samples:
    """Random instances of a pydantic model or a dataclass, `module:Model`.

    Raises:
        InputError: there is no such model, or polyfactory is not installed.
    """
    from kinesis_cli.payloads.model import from_model

    return Samples(_items(from_model(name, Random(seed), [AT] * MODEL_SAMPLES)), f"--model {name}")


def samples_of_project(function: Function, directory: Path) -> Samples | None:
    """The events that a project keeps as samples; None: it keeps none."""
    from kinesis_cli.project.samples import sample_events

    folders = [directory, *([function.template.parent] if function.template else [])]
    found = sample_events(*folders)
    if not found:
        return None
    items: list[Item] = []
    names: list[str] = []
    for sample in found:
        held = samples_of_file(str(sample.path), Reading(), lambda _: None).items
        if held and held[0].kind is function.kind:
            items += held
            names.append(os.path.relpath(sample.path, directory))
    if not items:
        return None
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return Samples(tuple(items[:MAX_SAMPLES]), ", ".join(names[:3]) + more)


def readings() -> Samples:
    """Readings, as kcli's own function expects them."""
    from kinesis_cli.payloads.readings import reading

    data = [reading(temperature, 1_545_084_650_987) for temperature in (21.5, 99.9, 120.0)]
    return Samples(tuple(map(Item, data)), "readings, which kcli's own function expects")


def guessed(function: Function, is_good: Callable[[Item], bool]) -> Samples:
    """Objects with the members that the code looks up, of types that it takes.

    Args:
        function: whose sources are read.
        is_good: whether the function handles a payload.
    """
    names = members_of(function)
    if not made_records(function.kind).are_payloads:
        return _guessed_changes(function.kind, names, is_good)
    if not names:
        return Samples((Item(b"{}"),), "an empty object: no samples were given", is_guessed=True)
    tried = dict.fromkeys(_objects(names))
    good = [item for item in tried if is_good(item)]
    items = tuple((good or list(tried))[:4])
    origin = f"objects with the members that the code looks up: {', '.join(names[:6])}"
    return Samples(items, origin + ("…" if len(names) > 6 else ""), is_guessed=True)


def _guessed_changes(
    kind: SourceKind, names: Sequence[str], is_good: Callable[[Item], bool]
) -> Samples:
    """Items with the attributes that the code looks up, put into a table."""
    names = [name for name in names if name not in _OF_CHANGES]
    tried: list[Item] = []
    for value_of in (_likely, lambda _: "17", lambda _: 17):
        image = {name: attribute_value(value_of(name), name) for name in names}
        image.setdefault("id", {"S": "1"})
        change = {"eventName": "INSERT", "Keys": {"id": image["id"]}, "NewImage": image}
        tried.append(Item(json.dumps(change).encode(), kind=kind))
    good = [item for item in tried if is_good(item)]
    shown = ", ".join(names[:6]) or "an id"
    origin = f"items with the attributes that the code looks up: {shown}"
    return Samples(tuple(good or tried), origin, is_guessed=True)


# What code looks up in a record of a table's stream besides attributes.
_OF_CHANGES = frozenset(
    {
        *("Keys", "NewImage", "OldImage", "SequenceNumber", "SizeBytes", "StreamViewType"),
        *("ApproximateCreationDateTime", "userIdentity", "principalId", "type"),
        *("dynamodb", "eventName", "eventID", "eventSource", "eventSourceARN", "awsRegion"),
        *ATTRIBUTE_TYPES,
    }
)


_KINDS: tuple[object, ...] = (17, "kcli", "2024-03-10T02:30:00Z", 1.5, [], {}, True, [{}], "17")
_BY_NAME: dict[str, object] = {
    "time": "2024-03-10T02:30:00Z",
    "date": "2024-03-10T02:30:00Z",
    "_at": "2024-03-10T02:30:00Z",
    "amount": 12.5,
    "price": 12.5,
    "total": 12.5,
    "temp": 21.5,
    "count": 3,
    "quantity": 3,
    "value": 17,
    "number": 17,
    "items": [],
    "list": [],
    "is_": True,
    "email": "somebody@example.com",
    "currency": "EUR",
}


def _objects(names: Sequence[str]) -> Iterator[Item]:
    likely = {name: _likely(name) for name in names}
    yield _item(likely)
    for kind in _KINDS:
        yield _item(dict.fromkeys(names, kind))
    if len(names) <= MAX_GUESSED:
        for kinds in itertools.product(_KINDS, repeat=len(names)):
            yield _item(dict(zip(names, kinds, strict=True)))
    else:
        for name in names:
            yield from (_item({**likely, name: kind}) for kind in _KINDS)


def _likely(name: str) -> object:
    letters = name.lower()
    return next((value for part, value in _BY_NAME.items() if part in letters), "kcli")


def _item(value: object) -> Item:
    return Item(json.dumps(value).encode())


def _items(payloads: Iterable[Payload]) -> tuple[Item, ...]:
    return tuple(
        Item(payload.data, payload.partition_key)
        for payload in payloads
        if len(payload.data) <= _MAX_SAMPLE_BYTES
    )


def of_each_shape(items: Sequence[Item]) -> list[Item]:
    """The first of the items of each shape: the same members of the same types."""
    shapes: dict[object, Item] = {}
    for item in items:
        value = parsed(item.data)
        shape = tuple((path, type(member_of(value, path))) for path in paths_of(value))
        shapes.setdefault((type(value), shape), item)
    return list(shapes.values())[:MAX_SHAPES]
