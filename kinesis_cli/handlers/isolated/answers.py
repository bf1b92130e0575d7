"""What a function's process answers, and how an initialisation or a call came to its end."""

import base64
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum, auto

from kinesis_cli.handlers.isolated.runtime_api import RuntimeRequest
from kinesis_cli.handlers.response import MAX_RESPONSE_BYTES

_RESPONSE_MODE = "lambda-runtime-function-response-mode"
_ERROR_TYPE = "lambda-runtime-function-error-type"
_ERROR_BODY = "lambda-runtime-function-error-body"


class EndKind(Enum):
    """How an initialisation or a call came to its end."""

    READY = auto()  # of an initialisation
    RESPONSE = auto()
    ERROR = auto()  # the runtime reported an exception
    TOO_LARGE = auto()  # a response that Lambda does not take
    STREAMED = auto()  # a response that is given bit by bit
    UNANSWERED = auto()  # what the process sent was no answer
    EXITED = auto()
    TIMED_OUT = auto()
    OUT_OF_MEMORY = auto()


@dataclass(frozen=True, slots=True)
class Ended:
    """What came of an initialisation or a call."""

    kind: EndKind
    body: bytes = b""  # RESPONSE: JSON; ERROR: Lambda's error document
    error_type: str = ""  # ERROR, UNANSWERED: as the runtime names it beside the document
    message: str = ""  # UNANSWERED
    exit_code: int = 0  # EXITED: below 0, the number of a signal
    unsure: tuple[str, ...] = ()  # points that it depends on, ids of docs/fidelity.md


def answered(told: RuntimeRequest) -> Ended:
    """Take the function's response, or say why it cannot be one.

    A response in chunks may end with an error in its trailers.

    Source: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-custom.html
    """
    mode = told.header(_RESPONSE_MODE).lower()
    if told.request.is_too_large and not mode:
        told.refuse(
            413,
            "RequestEntityTooLarge",
            f"Exceeded maximum allowed payload size ({MAX_RESPONSE_BYTES} bytes).",
        )
        return Ended(EndKind.TOO_LARGE)
    if mode and mode != "streaming":
        told.refuse(400, "InvalidFunctionResponseMode", "Invalid function response mode")
        message = f"the response's mode is {mode[:80]!r}"
        return Ended(
            EndKind.UNANSWERED, error_type="Runtime.InvalidResponseModeHeader", message=message
        )
    told.accept()
    if _ERROR_TYPE in told.request.trailers:
        body = told.header(_ERROR_BODY)
        with suppress(ValueError):
            return Ended(
                EndKind.ERROR, base64.b64decode(body, validate=True), told.header(_ERROR_TYPE)
            )
        return Ended(EndKind.ERROR, body.encode(), told.header(_ERROR_TYPE))
    return Ended(EndKind.STREAMED if mode else EndKind.RESPONSE, told.request.body)


def reported(told: RuntimeRequest) -> Ended:
    """Take the error that the runtime reports."""
    return Ended(EndKind.ERROR, told.request.body, told.header(_ERROR_TYPE))
