"""The JSON that Lambda makes of a handler's return value.

Source: awslambdaric 4.2.2, lambda_runtime_marshaller.py (simplejson with `use_decimal=False`)
"""

from __future__ import annotations

import json
import math
import sys
from operator import is_

# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html: 6 MB, and as recorded on
# AWS a hundred bytes more
MAX_RESPONSE_BYTES = 6291556


class MarshalError(Exception):
    """What goes in or out is not JSON, or too much of it. Says so in Lambda's words."""

    def __init__(self, error_type: str, message: str) -> None:
        super().__init__(error_type, message)
        self.error_type, self.message = error_type, message


def unmarshal_error(error: ValueError) -> MarshalError:
    """What the runtime says of an event that is not JSON."""
    return MarshalError("Runtime.UnmarshalError", f"Unable to unmarshal input: {error}")


def as_json(response: object) -> str:
    """A handler's return value as the runtime sends it; what is not JSON is sent as a text.

    Raises:
        MarshalError: as the runtime (Runtime.MarshalError) or Lambda itself
            (Function.ResponseSizeTooLarge) would say.
    """
    # UNSURE(bytes-response): the runtime sends bytes unchanged; we read them as JSON where they are
    # that, else as text. Or does Lambda refuse them?
    text = (
        response.decode("utf-8", "replace") if isinstance(response, bytes) else _encoded(response)
    )
    if len(text) > MAX_RESPONSE_BYTES // 4 and (
        len(text.encode("utf-8", "surrogatepass")) > MAX_RESPONSE_BYTES
    ):
        raise MarshalError(
            "Function.ResponseSizeTooLarge",
            "Response payload size exceeded maximum allowed payload size "
            f"({MAX_RESPONSE_BYTES} bytes).",
        )
    return text


def _encoded(response: object) -> str:
    try:
        text = _ENCODER.encode(response)  # refuses what holds itself, so the walk below ends
        plain = _with_named_tuples_as_objects(response)
        return text if plain is response else _ENCODER.encode(plain)
    except Exception as error:  # the user's own classes may raise anything
        raise MarshalError(
            "Runtime.MarshalError", f"Unable to marshal response: {error}"
        ) from error


def _json_default(value: object) -> object:
    decimal = sys.modules.get("decimal")  # what has a Decimal has imported it
    if decimal is not None and isinstance(value, decimal.Decimal):
        return math.nan if value.is_nan() else json.loads(str(value))
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


_ENCODER = json.JSONEncoder(ensure_ascii=False, default=_json_default)


def _with_named_tuples_as_objects(value: object) -> object:
    """simplejson writes a named tuple as an object, the standard library as a list.

    Returns:
        The very same object where there is none in it.
    """
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        value = value._asdict()
    if isinstance(value, dict):
        members = {key: _with_named_tuples_as_objects(member) for key, member in value.items()}
        return value if all(map(is_, members.values(), value.values())) else members
    if isinstance(value, (list, tuple)):
        items = [_with_named_tuples_as_objects(member) for member in value]
        return value if all(map(is_, items, value)) else items
    return value


def close_coroutine(returned: object) -> None:
    """An `async def` handler returns a coroutine, which Python would complain about later."""
    close = getattr(returned, "close", None)
    if hasattr(returned, "cr_frame") and callable(close):
        close()
