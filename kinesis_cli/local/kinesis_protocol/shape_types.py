"""Types made of the model's shapes, by which msgspec decodes and checks a request at once."""

from functools import cache
from typing import Annotated, Any, Literal, NotRequired, Required, TypedDict

import msgspec

from kinesis_cli.local.kinesis_protocol.model import Shape

MAX_OF_TYPE = {"integer": 2**31 - 1, "long": 2**63 - 1}


@cache
def type_of(shape: Shape) -> Any:  # noqa: ANN401 - a type made at run time
    """The type of the values that a shape allows."""
    match shape.type:
        case "structure":
            return _structure(shape)
        case "list":
            assert shape.element
            return Annotated[list[type_of(shape.element)], _lengths(shape)]  # type: ignore[misc]
        case "map":
            assert shape.key
            assert shape.element
            return Annotated[
                dict[type_of(shape.key), type_of(shape.element)],  # type: ignore[misc]
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
        name: Required[type_of(member)] if name in shape.required else NotRequired[type_of(member)]
        for name, member in shape.members.items()
    }
    return TypedDict(shape.name, fields)  # type: ignore[operator]


def _lengths(shape: Shape) -> msgspec.Meta:
    return msgspec.Meta(min_length=shape.minimum, max_length=shape.maximum)


def whole(pattern: str) -> str:
    r"""A pattern of the model as Python's: of the whole text, and `\d`, `\S` know ASCII only."""
    return rf"\A(?a:{pattern})\Z"
