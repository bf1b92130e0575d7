"""Parameters in their types, or what AWS says of the first that is of another.

Source of the sentences: https://github.com/mhart/kinesalite, recorded on AWS.
"""

import binascii
import math
import re
from base64 import b64decode
from typing import Any

from kinesis_cli.local.kinesis.errors import (
    ServiceError,
)
from kinesis_cli.local.kinesis_protocol.model import Shape
from kinesis_cli.local.kinesis_protocol.shape_types import MAX_OF_TYPE

JAVA_NAMES = {"integer": "Integer", "long": "Long", "double": "Double", "float": "Float"}
BOOLEANS = {"TRUE": True, "YES": True, "1": True, "FALSE": False, "NO": False, "0": False}

Parameters = dict[str, Any]


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
