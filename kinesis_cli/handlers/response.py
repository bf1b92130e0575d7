"""What becomes of a handler's return value: the JSON that Lambda makes of it, read again.

Source: awslambdaric 4.2.2, lambda_runtime_marshaller.py (simplejson with `use_decimal=False`)
"""

import json
import math
from decimal import Decimal

# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html: 6 MB, and as recorded on
# AWS a hundred bytes more
MAXIMUM_RESPONSE_BYTES = 6291556

# A response of at most so many failures, with identifiers of at most so many characters, is far
# below the limit: a batch has at most 10,000 records, a sequence number at most 128 digits.
_MANY_FAILURES, _LONG_IDENTIFIER = 10_000, 256


class MarshalError(Exception):
    """The return value is no JSON, or too much of it. The arguments: error type, message."""

    def __init__(self, error_type: str, message: str) -> None:
        super().__init__(error_type, message)
        self.error_type, self.message = error_type, message


def as_json_value(response: object) -> object:
    """`response` as it comes back from JSON: tuples are lists, keys are texts.

    Nothing is shared with the handler's own object, which it may change later.

    Raises:
        MarshalError: as the runtime (Runtime.MarshalError) or Lambda itself
            (Function.ResponseSizeTooLarge) would say.
    """
    if response is None:
        return None
    usual = _usual_response(response)
    return _by_way_of_json(response) if usual is None else usual


def _usual_response(response: object) -> dict[str, object] | None:
    """A copy of a well-formed partial batch response; None for anything else.

    The round trip through JSON takes 20 times as long, for the answer that nearly every call gives.
    """
    if type(response) is not dict or len(response) != 1:
        return None
    failures = response.get("batchItemFailures")
    if type(failures) is not list or len(failures) > _MANY_FAILURES:
        return None
    copied = []
    for failure in failures:
        if type(failure) is not dict or len(failure) != 1:
            return None
        identifier = failure.get("itemIdentifier")
        if type(identifier) is not str or len(identifier) > _LONG_IDENTIFIER:
            return None
        if not identifier.isascii():
            return None
        copied.append({"itemIdentifier": identifier})
    return {"batchItemFailures": copied}


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
        return _ENCODER.encode(_with_named_tuples_as_objects(response))
    except RecursionError as error:
        raise MarshalError("Runtime.MarshalError", _unable(error)) from error
    except Exception as error:
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
