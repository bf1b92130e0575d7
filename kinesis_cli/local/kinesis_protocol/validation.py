"""Parameters of a request: read, typed and checked in AWS's words and order.

A request that is right is decoded and checked in one pass, by types made of the model's shapes.
Only where that pass refuses, the slow one looks for what AWS would say; it is the one that decides,
so that both give the same verdict.

Source of the sentences: https://github.com/mhart/kinesalite, recorded on AWS.
"""

import binascii
import math
import re
from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from itertools import islice
from typing import Annotated, Any, Literal, NotRequired, Required, TypedDict, cast

import msgspec

from kinesis_cli.local.kinesis.errors import (
    MAX_NAMED,
    ServiceError,
    broken_constraints,
    constraint,
)
from kinesis_cli.local.kinesis_protocol.model import Operation, Shape

MAX_OF_TYPE = {"integer": 2**31 - 1, "long": 2**63 - 1}
NUMBERS = {*MAX_OF_TYPE, "double", "float"}
JAVA_NAMES = {"integer": "Integer", "long": "Long", "double": "Double", "float": "Float"}
BOOLEANS = {"TRUE": True, "YES": True, "1": True, "FALSE": False, "NO": False, "0": False}

Parameters = dict[str, Any]


class ParameterReader:
    """Reads the parameters of one operation."""

    def __init__(self, operation: Operation) -> None:
        self._shape = operation.input
        self._takes_blobs = _takes_blobs(operation.input)
        self._type = _type(operation.input)
        self._decode = cast(
            "Callable[[bytes], Parameters]", msgspec.json.Decoder(self._type).decode
        )

    def from_json(self, body: bytes) -> Parameters:
        """The parameters in a JSON body.

        Raises:
            ServiceError: SerializationException or ValidationException.
        """
        try:
            parameters = self._decode(body)
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            return self.checked(decoded_json(body))
        if self._takes_blobs and not _is_canonical(body):
            return self.checked(decoded_json(body))
        return parameters

    def from_values(self, document: object) -> Parameters:
        """The parameters in a document whose blobs are bytes, as CBOR gives it.

        Raises:
            ServiceError: SerializationException or ValidationException.
        """
        try:
            return cast("Parameters", msgspec.convert(document, self._type, builtin_types=(bytes,)))
        except (msgspec.MsgspecError, RecursionError):
            return self.checked(document)

    def checked(self, document: object) -> Parameters:
        """The parameters in a decoded document, looked at one by one.

        Raises:
            ServiceError: SerializationException or ValidationException.
        """
        if not isinstance(document, dict):
            raise ServiceError("SerializationException", "")
        parameters = cast("Parameters", converted(document, self._shape))
        check(parameters, self._shape)
        return parameters


def decoded_json(body: bytes) -> object:
    """A JSON document.

    Raises:
        ServiceError: SerializationException: it is none.
    """
    try:
        return msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise ServiceError("SerializationException", "") from error


_ENDS_PADDED = re.compile(rb'="')
_BEFORE_ONE = frozenset(b"AEIMQUYcgkosw048")  # last base64 digits whose unused bits are zero
_BEFORE_TWO = frozenset(b"AQgw")


def _is_canonical(body: bytes) -> bool:
    """Whether padded base64 in a JSON body has no stray bits, which AWS refuses and msgspec takes.

    It may say no of what is right, then the slow pass decides; never yes of what is wrong.
    """
    for match in _ENDS_PADDED.finditer(body):
        at = match.start()
        if body[at - 1] == ord("="):
            if body[at - 2] not in _BEFORE_TWO:
                return False
        elif body[at - 1] not in _BEFORE_ONE:
            return False
    return b"\\u00" not in body  # an escape may stand for a digit or for the padding


def _takes_blobs(shape: Shape) -> bool:
    inner = [*shape.members.values(), *([shape.element] if shape.element else [])]
    return shape.type == "blob" or any(map(_takes_blobs, inner))


# --- right at the first try: types that msgspec decodes and checks at once


@cache
def _type(shape: Shape) -> Any:  # noqa: ANN401 - a type made at run time
    match shape.type:
        case "structure":
            return _structure(shape)
        case "list":
            assert shape.element
            return Annotated[list[_type(shape.element)], _lengths(shape)]  # type: ignore[misc]
        case "map":
            assert shape.key
            assert shape.element
            return Annotated[
                dict[_type(shape.key), _type(shape.element)],  # type: ignore[misc]
                _lengths(shape),
            ]
        case "string" if shape.enum:
            return Literal[shape.enum]
        case "string":
            pattern = whole(shape.pattern) if shape.pattern else None
            return Annotated[
                str,
                msgspec.Meta(min_length=shape.minimum, max_length=shape.maximum, pattern=pattern),
            ]
        case "blob":
            return Annotated[bytes, _lengths(shape)]
        case "integer" | "long":
            largest = MAX_OF_TYPE[shape.type]
            return Annotated[
                int,
                msgspec.Meta(
                    ge=-largest - 1 if shape.minimum is None else shape.minimum,
                    le=largest if shape.maximum is None else shape.maximum,
                ),
            ]
        case "timestamp":
            return float
        case "boolean":
            return bool
        case other:
            raise AssertionError(other)


def _structure(shape: Shape) -> Any:  # noqa: ANN401 - a type made at run time
    fields = {
        name: Required[_type(member)] if name in shape.required else NotRequired[_type(member)]
        for name, member in shape.members.items()
    }
    return TypedDict(shape.name, fields)  # type: ignore[operator]


def _lengths(shape: Shape) -> msgspec.Meta:
    return msgspec.Meta(min_length=shape.minimum, max_length=shape.maximum)


def whole(pattern: str) -> str:
    r"""A pattern of the model as Python's: of the whole text, and `\d`, `\S` know ASCII only."""
    return rf"\A(?a:{pattern})\Z"


# --- what AWS would say: first the types, in the order of the request …


def converted(value: object, shape: Shape) -> object:
    """The value in its shape's type, members that the shape does not have left out.

    Raises:
        ServiceError: SerializationException.
    """
    match shape.type:
        case "structure":
            return _structure_of(value, shape)
        case "list":
            return _list_of(value, shape)
        case "map":
            return _map_of(value, shape)
        case "string":
            return _text_of(value)
        case "blob":
            return _blob_of(value)
        case "timestamp":
            return _timestamp_of(value)
        case "boolean":
            return _boolean_of(value)
        case _:
            return _number_of(value, shape)


def _structure_of(value: object, shape: Shape) -> Parameters:
    if isinstance(value, list):
        raise _start_of_list()
    if not isinstance(value, dict):
        raise _refused("Expected null")
    known = {
        name: member
        for name, member in value.items()
        if isinstance(name, str) and name in shape.members and member is not None
    }
    return {name: converted(member, shape.members[name]) for name, member in known.items()}


def _list_of(value: object, shape: Shape) -> list[object]:
    assert shape.element
    if isinstance(value, dict):
        raise _start_of_structure()
    if not isinstance(value, list):
        raise _refused("Expected list or null")
    return [None if each is None else converted(each, shape.element) for each in value]


def _map_of(value: object, shape: Shape) -> dict[object, object]:
    assert shape.key
    assert shape.element
    if isinstance(value, list):
        raise _start_of_list()
    if not isinstance(value, dict):
        raise _refused("Expected map or null")
    return {
        converted(key, shape.key): None if each is None else converted(each, shape.element)
        for key, each in value.items()
    }


def _text_of(value: object) -> str:
    if isinstance(value, str):
        return value
    raise _not_convertible(value, "an String")


def _number_of(value: object, shape: Shape) -> float:
    name = JAVA_NAMES[shape.type]
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise _not_convertible(value, f"an {name}")
    if shape.type not in MAX_OF_TYPE:
        return float(value)
    largest = MAX_OF_TYPE[shape.type]
    return max(min(math.floor(value), largest), -largest - 1)


def _timestamp_of(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _not_convertible(value, "milliseconds since epoch")
    try:
        seconds = float(value)
    except OverflowError:
        seconds = math.inf
    if not math.isfinite(seconds):
        raise _not_convertible(str(value), "milliseconds since epoch")
    return seconds


def _boolean_of(value: object) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        if value.upper() in BOOLEANS:
            return BOOLEANS[value.upper()]
        raise _refused(f"'{value.upper()}' can not be converted to an Boolean")
    raise _not_convertible(value, "an Boolean")


def _blob_of(value: object) -> bytes:
    if isinstance(value, bytes):
        return value
    if not isinstance(value, str):
        raise _not_convertible(value, "a Blob")
    problem = ""
    if len(value) % 4:
        problem = f"Base64 encoded length is expected a multiple of 4 bytes but found: {len(value)}"
    elif wrong := re.search(r"[^a-zA-Z0-9+/=]|=[^=]", value):
        problem = f"Invalid Base64 character: '{wrong[0][0]}'"
    else:
        try:
            data = b64decode(value)
        except binascii.Error:
            data = b""
        if binascii.b2a_base64(data, newline=False) == value.encode():
            return data
        problem = "Invalid last non-pad Base64 character dectected"  # AWS's own spelling
    raise _refused(f"'{value}' can not be converted to a Blob: {problem}")


def _not_convertible(value: object, to: str) -> ServiceError:
    match value:
        case list():
            return _start_of_list()
        case dict():
            return _start_of_structure()
        case bool():
            found = "class java.lang.Boolean"
        case str():
            found = "class java.lang.String"
        case bytes():
            found = "class java.nio.HeapByteBuffer"  # only in CBOR
        case _:
            found = "class com.amazon.coral.value.json.numbers.TruncatingBigNumber"
    return _refused(f"{found} can not be converted to {to}")


def _start_of_list() -> ServiceError:
    return _refused("Start of list found where not expected")


def _start_of_structure() -> ServiceError:
    return _refused("Start of structure or map found where not expected.")


def _refused(message: str) -> ServiceError:
    return ServiceError("SerializationException", message)


# --- … then the constraints, in the order of the shape


def check(parameters: Parameters, shape: Shape) -> None:
    """Every constraint of the model.

    Raises:
        ServiceError: ValidationException, with what is wrong, at most ten items of it.
    """
    if items := list(islice(_structure_errors(parameters, shape, ""), MAX_NAMED)):
        raise broken_constraints(items)


def _structure_errors(value: Mapping[str, object], shape: Shape, path: str) -> Iterator[str]:
    for name, member in shape.members.items():
        where = path + name[0].lower() + name[1:]
        if value.get(name) is not None:
            yield from _errors(value[name], member, where)
        elif name in shape.required:
            yield _item(None, where, "Member must not be null")


def _errors(value: Any, shape: Shape, path: str) -> Iterator[str]:  # noqa: ANN401 - any JSON value
    match shape.type:
        case "structure":
            yield from _structure_errors(value, shape, f"{path}.")
        case "list":
            yield from _list_errors(value, shape, path)
        case "map":
            yield from _map_errors(value, shape, path)
        case _:
            for rule in _broken(value, shape):
                yield _item(value, path, rule)


def _list_errors(value: list[Any], shape: Shape, path: str) -> Iterator[str]:
    assert shape.element
    for rule in _broken(value, shape):
        yield _item(value, path, rule, shape.element)
    if shape.element.type == "structure":
        for number, each in enumerate(value, 1):
            where = f"{path}.{number}.member"
            if each is None:
                yield _item(None, where, "Member must not be null")
            else:
                yield from _errors(each, shape.element, where)
    elif any(True for each in value for _ in _broken(each, shape.element)):
        yield _item(value, path, f"Member must satisfy constraint: [{_rules(shape.element)}]")


def _map_errors(value: dict[Any, Any], shape: Shape, path: str) -> Iterator[str]:
    assert shape.key
    assert shape.element
    for rule in _broken(value, shape):
        yield _item(value, path, rule)
    for part, each, found in (
        ("Map keys", shape.key, value.keys()),
        ("Map value", shape.element, value.values()),
    ):
        if any(True for one in found for _ in _broken(one, each)):
            rules = _rules(each, is_key=part == "Map keys")
            yield _item(value, path, f"{part} must satisfy constraint: [{rules}]")


def _broken(value: Any, shape: Shape) -> Iterator[str]:  # noqa: ANN401 - any JSON value
    """The rules that a value breaks; the pattern before the lengths, as AWS."""
    if value is None:
        yield "Member must not be null"
        return
    if shape.enum and value not in shape.enum:
        yield _enum_rule(shape)
    if shape.pattern and not re.match(whole(shape.pattern), value):
        yield _pattern_rule(shape)
    if shape.type in NUMBERS:
        size, measure = value, "value"
    elif shape.type in ("string", "blob", "list", "map"):
        size, measure = len(value), "length"
    else:
        return
    if shape.minimum is not None and size < shape.minimum:
        yield f"Member must have {measure} greater than or equal to {shape.minimum}"
    if shape.maximum is not None and size > shape.maximum:
        yield f"Member must have {measure} less than or equal to {shape.maximum}"


def _rules(shape: Shape, *, is_key: bool = False) -> str:
    """All rules of the elements of a list or map; AWS does not say which one is broken."""
    rules = []
    measure = "value" if shape.type in NUMBERS else "length"
    if shape.maximum is not None:
        rules.append(f"Member must have {measure} less than or equal to {shape.maximum}")
    if shape.minimum is not None:
        rules.append(f"Member must have {measure} greater than or equal to {shape.minimum}")
    if shape.pattern:
        rules.append(_pattern_rule(shape))
    if shape.enum:
        rules.append(_enum_rule(shape))
    if shape.null_is_named and not is_key:
        rules.append("Member must not be null")
    return ", ".join(rules)


def _enum_rule(shape: Shape) -> str:
    return f"Member must satisfy enum value set: [{', '.join(shape.enum)}]"


def _pattern_rule(shape: Shape) -> str:
    return f"Member must satisfy regular expression pattern: {shape.pattern}"


def _item(value: object, path: str, rule: str, element: Shape | None = None) -> str:
    return constraint(_shown(value, element), path, rule)


def _shown(value: object, element: Shape | None) -> str:
    """A value as Java prints it; nothing for data and what has data in it."""
    match value:
        case None:
            return "null"
        case bytes():
            return ""
        case list() if value and element and element.type == "structure":
            return ""
        case list():
            return f"'[{', '.join(str(each) for each in value)}]'"
        case dict():
            return f"'{{{', '.join(f'{key}={each}' for key, each in value.items())}}}'"
        case _:
            return f"'{value}'"
