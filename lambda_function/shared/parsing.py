"""From a Kinesis record's data to a reading."""

from binascii import a2b_base64
from collections.abc import Callable

from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json

from shared.new_sensor_reading import NewSensorReading

# Compiled once, at import: a new TypeAdapter per record takes two hundred times as long.
_reading_from_json: Callable[[bytes], NewSensorReading] = TypeAdapter(
    NewSensorReading
).validator.validate_json

_N, _I = b"NI"


class MessageParseError(ValueError):
    """A record's data is no reading. The text never quotes the data, so it may be logged."""


class EmptyBodyError(MessageParseError):
    """The record carries no data at all."""


class DeserializationError(MessageParseError):
    """There is data, but it does not deserialize into a reading."""


def parse_reading(data: str) -> NewSensorReading:
    """Parse the data of a Kinesis record.

    The parser has limits, in ignored fields too: 4,300 digits of an integer and 200 levels of
    nesting. What goes beyond does not deserialize.

    Args:
        data: base64 of one JSON object in UTF-8, as Lambda passes it in `kinesis.data`.

    Raises:
        EmptyBodyError: there is nothing to parse.
        DeserializationError: not base64, not JSON, or not a reading.
    """
    if not data:
        raise EmptyBodyError("the record has no data")
    try:
        body = a2b_base64(data, strict_mode=True)
    except (TypeError, ValueError):
        raise DeserializationError("the data is not base64") from None
    try:
        if _N in body or _I in body:
            _refuse_nan(body)
        return _reading_from_json(body)
    except ValidationError as error:
        raise DeserializationError(_reason(error)) from None  # the cause would quote the data


def _refuse_nan(body: bytes) -> None:
    """Refuse what is not JSON: pydantic lets NaN and Infinity pass in fields that it ignores."""
    try:
        from_json(body, allow_inf_nan=False)
    except ValueError as error:
        raise DeserializationError(f"Invalid JSON: {error}") from None


def _reason(error: ValidationError) -> str:
    """Which field, and what is wrong with it: "temperature: Input should be a valid number"."""
    problems = error.errors(include_url=False, include_context=False, include_input=False)
    return "; ".join(": ".join([*map(str, p["loc"]), p["msg"]]) for p in problems)
