"""Every way in which a payload may not be what a function expects, as a list to go through.

`broken` takes one of its few at random, for a stream that looks like a real one. Here they are all,
each member of an object in turn, for `kcli check`.
"""

import gzip
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from kinesis_cli.payloads.broken import TEXT_FAULTS
from kinesis_cli.stream.aggregate import aggregated
from kinesis_cli.stream.payload import Payload

MAX_PATHS = 40  # members of one payload that are changed
MAX_ITEMS = 2  # of a list that are looked into
DEEP = 100_000  # levels of nesting; Python's own parser takes about a thousand
LONG = 1_000_000  # characters
MANY_DIGITS = 5_000  # of an integer; Python refuses to read more than 4,300

Path = tuple[str | int, ...]  # of a member: ("order", "items", 0, "price")


@dataclass(frozen=True, slots=True)
class Variant:
    """A payload that was changed, and how."""

    what: str  # for people: "temperature: null"
    data: bytes


def variants(data: bytes, words: Sequence[object] = ()) -> Iterator[Variant]:
    """What a payload may become, the simplest first.

    Args:
        data: a sound payload.
        words: values that the function's code names, for members to have.
    """
    for name, change in _BYTES.items():
        yield Variant(name, change(data))
    value = parsed(data)
    if isinstance(value, dict):
        yield Variant("unknown member", text_of({**value, "kcliUnknown": [1, {"a": None}]}))
        yield Variant("repeated member", _repeated(value))
    paths = list(paths_of(value))[:MAX_PATHS]
    for path in paths:
        for what, text in _MEMBER.items():
            yield Variant(f"{named(path)}: {what}", with_json_text(value, path, text))
        if isinstance(path[-1], str):
            yield Variant(f"{named(path)}: missing", text_of(without(value, path)))
            yield Variant(f"{named(path)}: in other letters", text_of(_recased(value, path)))
    for path in paths:
        member = member_of(value, path)
        for what, text in _similar(member):
            yield Variant(f"{named(path)}: {what}", with_json_text(value, path, text))
        for word in words:
            if type(word) is type(member) and word != member:
                yield Variant(
                    f"{named(path)}: {word!r}", with_json_text(value, path, json.dumps(word))
                )
    for name, make in _LARGE.items():
        yield Variant(name, make(data))
    for path in paths:
        if isinstance(member_of(value, path), str):
            long = json.dumps("x" * LONG)
            yield Variant(f"{named(path)}: a text of {LONG:,}", with_json_text(value, path, long))


_BYTES: dict[str, Callable[[bytes], bytes]] = {
    **TEXT_FAULTS,
    "null": lambda _: b"null",
    "a number": lambda _: b"17",
    "a text": lambda _: b'"text"',
    "true": lambda _: b"true",
    "an empty object": lambda _: b"{}",
    "an empty list": lambda _: b"[]",
    "a list of numbers": lambda _: b"[1, 2]",
    "white space": lambda _: b" \n",
    "NaN": lambda _: b"NaN",
    "one byte": lambda _: b"\x80",
    "cut in a character": lambda data: data[:-1] + b"\xe2\x82",
    "in UTF-16": lambda data: data.decode("utf-8", "replace").encode("utf-16"),
    "a NUL": lambda data: data + b"\0",
    "JSON in a JSON text": lambda data: json.dumps(data.decode("utf-8", "replace")).encode(),
    "two documents": lambda data: data + b"\n" + data,
    "gzip": lambda data: gzip.compress(data, mtime=0),
    "a broken gzip": lambda data: gzip.compress(data, mtime=0)[:-6],
    "an aggregate of the KPL": lambda data: aggregated(
        [Payload("key-1", None, data), Payload("key-2", None, data)]
    ),
    "half a surrogate pair": lambda _: b'"\\ud800"',
    "a very large integer": lambda _: b"9" * MANY_DIGITS,
}

_LARGE: dict[str, Callable[[bytes], bytes]] = {
    "nested very deep": lambda _: b"[" * DEEP + b"]" * DEEP,
    "a large payload": lambda _: b'"' + b"x" * LONG + b'"',
}

# What any member may be instead: JSON texts.
_MEMBER: dict[str, str] = {
    "null": "null",
    "text for it": '"17"',
    "a boolean": "true",
    "a number": "17",
    "an object": "{}",
    "a list": "[]",
    "a list in it": "[[null]]",
    "an empty text": '""',
    "0": "0",
    "-1": "-1",
    "a fraction": "0.1",
    "beyond 64 bits": "18446744073709551617",
    "beyond a float's whole numbers": "9007199254740993",
    "out of range": "1e999",
    "very small": "5e-324",
    "NaN": "NaN",
    "minus infinity": "-Infinity",
    "very many digits": "9" * MANY_DIGITS,
    "half a surrogate pair": '"\\ud800"',
    "a NUL in it": '"a\\u0000b"',
}

# What a member of the same type may be: what passes a look at the type.
_NUMBERS = {
    "-0.01": "-0.01",
    "0.30000000000000004": "0.30000000000000004",
    "1.005": "1.005",
    "2.675": "2.675",
    "19.99": "19.99",
    "1e2": "1e2",
    "1e308": "1e308",
    "-0.0": "-0.0",
    "2 ** 31": "2147483648",
    "2 ** 63": "9223372036854775808",
    "milliseconds for seconds": "1545084650987",
    "nanoseconds for seconds": "1545084650987000000",
    "before 1970": "-62135596801",
}
_TEXTS = {
    "white space": '" \\t\\n"',
    "a space around it": '" text "',
    "letters of other scripts": '"Zażółć gęślą jaźń İ ß"',
    "an emoji": '"👩‍👩‍👧"',
    "digits of another script": '"１２３"',
    "superscript": '"²"',
    "a comma in a number": '"1,5"',
    "an underscore in a number": '"1_000"',
    "nan as text": '"nan"',
    "a slash": '"../../etc/passwd"',
    "a quote": '"O\'Brien \\"x\\""',
    "a percent sign": '"%s %(x)s {0} {x}"',
    "a line break": '"a\\nb"',
    "a colon": '"a:b:c"',
    "no separator": '"kcli"',
    "upper case": '"TEXT"',
    "an escape sequence": '"\\u001b[31m"',
    "letters and a sign at the end": json.dumps("a" * 40 + "!"),  # some patterns never end on it
    "a long text": json.dumps("x" * 10_000),
}
_TIMES = {
    "in another zone": "2024-03-10T02:30:00+05:30",
    "without a zone": "2024-03-10T02:30:00",
    "in UTC": "2024-03-10T02:30:00Z",
    "in UTC, with a fraction": "2024-03-10T02:30:00.123456Z",
    "with nanoseconds": "2024-03-10T02:30:00.123456789Z",
    "a date alone": "2024-03-10",
    "a date that is none": "2024-02-30T00:00:00Z",
    "a leap second": "2016-12-31T23:59:60Z",
    "the year 0": "0000-01-01T00:00:00Z",
    "the first year": "0001-01-01T00:00:00+05:30",
    "the last year": "9999-12-31T23:59:59-05:00",
    "24 o'clock": "2024-03-10T24:00:00Z",
}


# What any member may become, whatever it is.
JSON_TEXTS = tuple(dict.fromkeys([*_MEMBER.values(), *_NUMBERS.values(), *_TEXTS.values()]))


def _similar(member: object) -> Iterator[tuple[str, str]]:
    match member:
        case bool():
            yield "the opposite", json.dumps(not member)
        case int() | float():
            yield "negative", json.dumps(-member)
            yield "one more", json.dumps(member + 1)
            yield from _NUMBERS.items()
        case str():
            yield from _TEXTS.items()
            if looks_like_a_time(member):
                yield from ((what, json.dumps(text)) for what, text in _TIMES.items())
            if _is_number(member):
                yield from ((what, json.dumps(text)) for what, text in _NUMBERS.items())
        case list():
            yield "twice as long", json.dumps(member * 2)
            yield "a null in it", json.dumps([*member, None])
            if member:
                yield "without the first", json.dumps(member[1:])
        case dict():
            yield "a member more", json.dumps({**member, "kcliUnknown": 1})


def looks_like_a_time(text: str) -> bool:
    """Whether a text begins like an ISO date."""
    return len(text) >= len("2024-03-10") and text[:4].isdecimal() and text[4] == text[7] == "-"


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def parsed(data: bytes) -> object:
    """The JSON value of a payload; None where it is not JSON."""
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None


def paths_of(value: object, above: Path = ()) -> Iterator[Path]:
    """The members of a value, those of the outermost object first."""
    inner: list[tuple[Path, object]] = []
    if isinstance(value, dict):
        inner = [((*above, name), member) for name, member in value.items()]
    elif isinstance(value, list):
        inner = [((*above, place), item) for place, item in enumerate(value[:MAX_ITEMS])]
    for path, _ in inner:
        yield path
    for path, member in inner:
        yield from paths_of(member, path)


def member_of(value: object, path: Path) -> object:
    """The member at a path; None where there is none."""
    for step in path:
        if isinstance(value, Mapping) or (isinstance(value, list) and isinstance(step, int)):
            try:
                value = value[step]  # type: ignore[index]
            except (KeyError, IndexError):
                return None
        else:
            return None
    return value


def replaced(value: object, path: Path, member: object) -> object:
    """A copy of a value with another member at a path."""
    if not path:
        return member
    step, rest = path[0], path[1:]
    if isinstance(value, dict):
        return {**value, step: replaced(value.get(step), rest, member)}
    assert isinstance(value, list)
    assert isinstance(step, int)
    return [*value[:step], replaced(value[step], rest, member), *value[step + 1 :]]


def without(value: object, path: Path) -> object:
    """A copy of a value without the member at a path, whose last step is a name."""
    holder = member_of(value, path[:-1])
    assert isinstance(holder, dict)
    kept = {name: member for name, member in holder.items() if name != path[-1]}
    return replaced(value, path[:-1], kept)


def text_of(value: object) -> bytes:
    """A value as JSON; not compact, as people and most producers write it."""
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")


def named(path: Path) -> str:
    """A path for people: "order.items[0].price"."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return text.removeprefix(".")


_PLACE = "kcli-check-place-of-the-member"


def with_json_text(value: object, path: Path, text: str) -> bytes:
    """A payload with the JSON text `text` at a path: Python has no value for some."""
    whole = text_of(replaced(value, path, _PLACE)).decode("utf-8", "surrogatepass")
    return whole.replace(f'"{_PLACE}"', text).encode("utf-8", "surrogatepass")


def _repeated(value: Mapping[str, object]) -> bytes:
    """The object with its first member a second time, null."""
    whole = text_of(value)
    first = next(iter(value), "")
    return whole[:-1] + (b", " if value else b"") + text_of(first) + b": null}"


def _recased(value: object, path: Path) -> object:
    holder = member_of(value, path[:-1])
    assert isinstance(holder, dict)
    name = str(path[-1])
    other = name.lower() if name != name.lower() else name.upper()
    renamed = {other if each == name else each: member for each, member in holder.items()}
    return replaced(value, path[:-1], renamed)
