"""DynamoDB's attribute values: `{"S": "text"}`, `{"N": "1"}`, as the JSON of a stream has them.

Source: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_AttributeValue.html
"""

import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Mapping, Set
from decimal import Decimal, InvalidOperation, localcontext
from typing import Any

from kinesis_cli.errors import InputError

AttributeValue = dict[str, Any]  # one member, named as its type
Item = dict[str, AttributeValue]

# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
MAX_DIGITS = 38
MAX_EXPONENT, MIN_EXPONENT = 125, -130  # of the first significant digit
MAX_DEPTH = 32  # of lists and maps
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_MAX_NUMBER_TEXT = 1_000


def attribute_value(value: object, place: str, depth: int = 0) -> AttributeValue:
    """Return the attribute value of a plain value, as boto3's resources would send it.

    Args:
        value: text, number, bytes, bool, None, list, dict, or a set of one type.
        place: where it stands, for the error.
        depth: how many lists and maps it is in.

    Raises:
        InputError: DynamoDB has no such value.
    """
    match value:
        case None:
            return {"NULL": True}
        case bool():
            return {"BOOL": value}
        case int() | float() | Decimal():
            return {"N": number_text(value, place)}
        case str():
            return {"S": value}
        case bytes() | bytearray() | memoryview():
            return {"B": b64encode(value).decode()}
        case Set():
            return _set(value, place)
        case Mapping():
            _refuse_too_deep(depth, place)
            return {
                "M": {
                    str(name): attribute_value(each, f"{place}.{name}", depth + 1)
                    for name, each in value.items()
                }
            }
        case list() | tuple():
            _refuse_too_deep(depth, place)
            return {
                "L": [
                    attribute_value(each, f"{place}[{index}]", depth + 1)
                    for index, each in enumerate(value)
                ]
            }
    raw = getattr(value, "value", None)  # boto3's Binary
    if isinstance(raw, bytes):
        return {"B": b64encode(raw).decode()}
    raise InputError(f"DynamoDB has no type for {type(value).__name__}", place=place)


def typed_value(value: object, place: str, depth: int = 0) -> AttributeValue:
    """Return a value that is written with its type, checked and in the form of a stream's JSON.

    Args:
        value: `{"S": "text"}`; binary as base64 text, or as bytes.
        place: where it stands, for the error.
        depth: how many lists and maps it is in.

    Raises:
        InputError: it is not an attribute value.
    """
    if not (isinstance(value, Mapping) and len(value) == 1):
        raise InputError('not an attribute value, such as {"S": "text"}', place=place)
    kind, content = next(iter(value.items()))
    reader = _READERS.get(kind)
    if reader is None:
        known = ", ".join(_READERS)
        raise InputError(f"{str(kind)[:40]!r} is not a type of DynamoDB: {known}", place=place)
    return {kind: reader(content, place, depth)}


def is_typed(value: object) -> bool:
    """Whether a value looks like one that is written with its type: `{"S": …}`."""
    return isinstance(value, Mapping) and len(value) == 1 and next(iter(value)) in _READERS


def number_text(value: float | Decimal | str, place: str) -> str:
    """Return a number as DynamoDB returns it: without an exponent and zeros that say nothing.

    Raises:
        InputError: it is not a number, or not one that DynamoDB takes.
    """
    text = str(value)
    if len(text) > _MAX_NUMBER_TEXT or not _NUMBER.fullmatch(text):
        raise InputError(f"{text[:40]!r} is not a number that DynamoDB takes", place=place)
    with localcontext(prec=_MAX_NUMBER_TEXT):
        try:
            number = Decimal(text).normalize()
        except InvalidOperation:
            raise InputError(f"{text[:40]!r} is out of DynamoDB's range", place=place) from None
    if not number:
        return "0"
    if not MIN_EXPONENT <= number.adjusted() <= MAX_EXPONENT:
        raise InputError(f"{text[:40]!r} is out of DynamoDB's range", place=place)
    if len(number.as_tuple().digits) > MAX_DIGITS:
        raise InputError(
            f"a number of DynamoDB has at most {MAX_DIGITS} significant digits", place=place
        )
    return f"{number:f}"


def _set(value: Set[object], place: str) -> AttributeValue:
    if not value:
        raise InputError("a set of DynamoDB is not empty", place=place)
    typed = [attribute_value(each, place) for each in value]
    kinds = {next(iter(each)) for each in typed}
    if len(kinds) != 1 or (kind := kinds.pop()) not in ("S", "N", "B"):
        raise InputError(
            "a set of DynamoDB holds texts, numbers or bytes, of one type", place=place
        )
    return {f"{kind}S": sorted(each[kind] for each in typed)}  # a set of Python has no order


def _refuse_too_deep(depth: int, place: str) -> None:
    if depth >= MAX_DEPTH:
        raise InputError(f"DynamoDB nests at most {MAX_DEPTH} lists and maps", place=place)


def _text(content: object, place: str, _depth: int) -> str:
    if not isinstance(content, str):
        raise InputError("S holds a text", place=place)
    return content


def _number(content: object, place: str, _depth: int) -> str:
    if not isinstance(content, str):
        raise InputError(f'N holds a number as text: {{"N": "{str(content)[:40]}"}}', place=place)
    return number_text(content, place)


def _binary(content: object, place: str, _depth: int) -> str:
    if isinstance(content, bytes | bytearray):
        return b64encode(content).decode()
    raw = getattr(content, "value", None)
    if isinstance(raw, bytes):
        return b64encode(raw).decode()
    try:
        return b64encode(b64decode(content, validate=True)).decode()  # type: ignore[arg-type]
    except (ValueError, TypeError):
        raise InputError("B holds base64 text", place=place) from None


def _boolean(content: object, place: str, _depth: int) -> bool:
    if not isinstance(content, bool):
        raise InputError("BOOL holds true or false", place=place)
    return content


def _null(content: object, place: str, _depth: int) -> bool:
    if content is not True:
        raise InputError("NULL holds true", place=place)
    return True


def _list(content: object, place: str, depth: int) -> list[AttributeValue]:
    if not isinstance(content, list):
        raise InputError("L holds a list", place=place)
    _refuse_too_deep(depth, place)
    return [typed_value(each, f"{place}[{index}]", depth + 1) for index, each in enumerate(content)]


def _map(content: object, place: str, depth: int) -> Item:
    if not isinstance(content, Mapping):
        raise InputError("M holds an object", place=place)
    _refuse_too_deep(depth, place)
    return {
        str(name): typed_value(each, f"{place}.{name}", depth + 1) for name, each in content.items()
    }


_Reader = Callable[[object, str, int], Any]


def _set_of(reader: _Reader) -> _Reader:
    def read(content: object, place: str, depth: int) -> list[str]:
        if not (isinstance(content, Iterable) and not isinstance(content, str | Mapping)):
            raise InputError("a set is written as a list", place=place)
        found = [reader(each, place, depth) for each in content]
        if not found or len(set(found)) < len(found):
            raise InputError("a set is not empty, and holds each value once", place=place)
        return found

    return read


_READERS: dict[str, _Reader] = {
    "S": _text,
    "N": _number,
    "B": _binary,
    "BOOL": _boolean,
    "NULL": _null,
    "L": _list,
    "M": _map,
    "SS": _set_of(_text),
    "NS": _set_of(_number),
    "BS": _set_of(_binary),
}
READ_TYPES = frozenset(_READERS)
