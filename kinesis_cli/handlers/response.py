"""What becomes of a handler's return value: the JSON that Lambda makes of it, read again.

Source: awslambdaric 4.2.2, lambda_runtime_marshaller.py (simplejson with `use_decimal=False`)
"""

import json
import math
from decimal import Decimal

import msgspec

from kinesis_cli.event_source_mapping.invocation import FunctionError

# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html: 6 MB, and as recorded on
# AWS a hundred bytes more
MAXIMUM_RESPONSE_BYTES = 6291556


class MarshalError(Exception):
    """What goes in or out is no JSON, or too much of it. Says so in Lambda's words."""

    def __init__(self, error_type: str, message: str) -> None:
        super().__init__(error_type, message)
        self.error_type, self.message = error_type, message

    def as_function_error(self, request_id: str) -> FunctionError:
        """The error that Lambda reports."""
        return FunctionError(self.error_type, self.message, request_id=request_id)


def as_json_value(response: object) -> object:
    """`response` as it comes back from JSON: tuples are lists, keys are texts.

    Nothing is shared with the handler's own object, which it may change later.

    Raises:
        MarshalError: as the runtime (Runtime.MarshalError) or Lambda itself
            (Function.ResponseSizeTooLarge) would say.
    """
    try:
        copied = _copy(response)
        if len(msgspec.json.encode(copied)) < MAXIMUM_RESPONSE_BYTES // 2:  # it leaves out spaces
            return copied
    except (_NotPlainError, RecursionError, msgspec.MsgspecError, OverflowError, UnicodeError):
        pass
    return _by_way_of_json(response)


class _NotPlainError(Exception):
    """Not made of what comes back from JSON as it was."""


def _copy(value: object) -> object:
    """A copy of what is plain JSON already, as nearly every response is: 5 times as fast as JSON.

    Subclasses are not plain: an enumeration, a named tuple, a dictionary of somebody's own.
    """
    kind = type(value)
    if kind is str or kind is int or kind is float or kind is bool or value is None:
        return value
    if kind is dict:
        copied = {}
        for name, member in value.items():  # type: ignore[attr-defined]
            if type(name) is not str:
                raise _NotPlainError
            copied[name] = _copy(member)
        return copied
    if kind is list:
        return [_copy(member) for member in value]  # type: ignore[attr-defined]
    raise _NotPlainError


def _by_way_of_json(response: object) -> object:
    # UNSURE(bytes-response): the runtime sends bytes unchanged; we read them as JSON where they are
    # that, else as text. Or does Lambda refuse them?
    text = (
        response.decode("utf-8", "replace") if isinstance(response, bytes) else _encoded(response)
    )
    if len(text) > MAXIMUM_RESPONSE_BYTES // 4 and (
        len(text.encode("utf-8", "surrogatepass")) > MAXIMUM_RESPONSE_BYTES
    ):
        raise MarshalError(
            "Function.ResponseSizeTooLarge",
            "Response payload size exceeded maximum allowed payload size "
            f"({MAXIMUM_RESPONSE_BYTES} bytes).",
        )
    # UNSURE(nan-response): the runtime writes NaN and Infinity, which are no JSON; we keep the
    # number. Or does Lambda refuse the response?
    try:
        return json.loads(text)
    except ValueError:
        return text


def _encoded(response: object) -> str:
    try:
        _ENCODER.encode(response)  # refuses what holds itself, so the walk of the next line ends
        return _ENCODER.encode(_with_named_tuples_as_objects(response))
    except Exception as error:  # the user's own classes may raise anything
        raise MarshalError("Runtime.MarshalError", _unable(error)) from error


def _unable(error: Exception) -> str:
    return f"Unable to marshal response: {error}"


def _json_default(value: object) -> object:
    if isinstance(value, Decimal):
        return math.nan if value.is_nan() else json.loads(str(value))
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


_ENCODER = json.JSONEncoder(ensure_ascii=False, default=_json_default)


def _with_named_tuples_as_objects(value: object) -> object:
    """simplejson writes a named tuple as an object, the standard library as a list."""
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        value = value._asdict()
    if isinstance(value, dict):
        return {key: _with_named_tuples_as_objects(member) for key, member in value.items()}
    if isinstance(value, (list, tuple)):
        return [_with_named_tuples_as_objects(member) for member in value]
    return value
