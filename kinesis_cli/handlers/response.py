"""What becomes of a handler's return value: the JSON that Lambda makes of it, read again."""

import json

import msgspec

from kinesis_cli.event_source_mapping.invocation import FunctionError
from kinesis_cli.handlers.runner.encoding import MAX_RESPONSE_BYTES, MarshalError, as_json

__all__ = ["MAX_RESPONSE_BYTES", "MarshalError", "as_json_value", "from_json", "marshal_error"]


def marshal_error(error: MarshalError, request_id: str) -> FunctionError:
    """The error that Lambda reports."""
    return FunctionError(error.error_type, error.message, request_id=request_id)


def as_json_value(response: object) -> object:
    """`response` as it comes back from JSON: tuples are lists, keys are texts.

    Nothing is shared with the handler's own object, which it may change later.

    Raises:
        MarshalError: as the runtime (Runtime.MarshalError) or Lambda itself
            (Function.ResponseSizeTooLarge) would say.
    """
    try:
        copied = _copy(response)
        if len(msgspec.json.encode(copied)) < MAX_RESPONSE_BYTES // 2:  # it leaves out spaces
            return copied
    except (_NotPlainError, RecursionError, msgspec.MsgspecError, OverflowError, UnicodeError):
        pass
    return from_json(as_json(response))


def from_json(text: str | bytes) -> object:
    """The value of a response; what is not JSON is a text."""
    # UNSURE(nan-response): the runtime writes NaN and Infinity, which are not JSON; we keep the
    # number. Or does Lambda refuse the response?
    try:
        return json.loads(text)
    except ValueError:
        return text if isinstance(text, str) else text.decode("utf-8", "replace")


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
