"""Deliberately broken payloads: what a function meets in production sooner or later."""

import json
from collections.abc import Callable, Iterable, Iterator
from random import Random

from kinesis_cli.errors import InputError
from kinesis_cli.stream.payload import Payload


def partly_broken(payloads: Iterable[Payload], rate: float, random: Random) -> Iterator[Payload]:
    """The same payloads, a share of them broken.

    Args:
        payloads: sound ones.
        rate: share to break, 0 to 1.
        random: decides which and how.

    Raises:
        InputError: `rate` is not a share.
    """
    if not 0 <= rate <= 1:
        raise InputError(f"{rate} is not a share of invalid payloads; it is between 0 and 1")
    for payload in payloads:
        if rate and random.random() < rate:
            yield payload._replace(data=broken(payload.data, random))
        else:
            yield payload


def broken(data: bytes, random: Random) -> bytes:
    """`data` broken in one of the ways of `TEXT_FAULTS` and, for an object, `FIELD_FAULTS`."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict) or not value:
        return random.choice(list(TEXT_FAULTS.values()))(data)
    fault = random.choice([*TEXT_FAULTS, *FIELD_FAULTS])
    if fault in TEXT_FAULTS:
        return TEXT_FAULTS[fault](data)
    return FIELD_FAULTS[fault](value, random.choice(list(value)))


TEXT_FAULTS: dict[str, Callable[[bytes], bytes]] = {
    "not JSON": lambda _: b"not json",
    "empty": lambda _: b"",
    "cut off": lambda data: data[: len(data) // 2],
    "trailing text": lambda data: data + b" trailing",
    "byte order mark": lambda data: b"\xef\xbb\xbf" + data,
    "invalid UTF-8": lambda data: b"\xff" + data,
    "in an array": lambda data: b"[" + data + b"]",
}


def _replaced(text: str) -> Callable[[dict[str, object], str], bytes]:
    def replace(value: dict[str, object], name: str) -> bytes:
        return _joined(value | {name: None}, name, text)

    return replace


def _joined(value: dict[str, object], name: str, text: str) -> bytes:
    members = (
        f"{json.dumps(key)}:{text if key == name else json.dumps(member)}"
        for key, member in value.items()
    )
    return f"{{{','.join(members)}}}".encode()


def _missing(value: dict[str, object], name: str) -> bytes:
    return json.dumps({key: value[key] for key in value if key != name}).encode()


FIELD_FAULTS: dict[str, Callable[[dict[str, object], str], bytes]] = {
    "missing member": _missing,
    "null": _replaced("null"),
    "text for a number": _replaced('"17"'),
    "boolean": _replaced("true"),
    "object": _replaced("{}"),
    "NaN": _replaced("NaN"),
    "Infinity": _replaced("Infinity"),
    "number out of range": _replaced("1e999"),
}
