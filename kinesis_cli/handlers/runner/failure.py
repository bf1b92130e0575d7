"""An exception of the user's function as the error that Lambda makes of it."""

from __future__ import annotations

import traceback
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

# Frames of these folders are no frames of the user's: the runner's, and its caller's in kcli.
_OUR_FOLDER = str(Path(__file__).parent.parent)


class Failure(NamedTuple):
    """How Lambda reports a function that failed: the members of its error document."""

    error_type: str
    error_message: str
    stack_trace: tuple[str, ...] = ()
    request_id: str | None = None


def error_of_exception(exception: Exception, request_id: str) -> Failure:
    """Type, text and stack of an exception that left the handler.

    Source: awslambdaric 4.2.2, bootstrap.py, handle_event_request
    """
    return Failure(
        type(exception).__name__,
        text_of(exception),
        tuple(traceback.format_list(_frames(exception.__traceback__))),
        request_id,
    )


def exit_error(exception: BaseException, request_id: str) -> tuple[Failure, tuple[str, ...]]:
    """A process that ended, by `sys.exit` or an exception that the runtime does not catch.

    Returns:
        The error, and what Python would have written to standard error.
    """
    if isinstance(exception, SystemExit):
        code = exception.code
        if code is None or isinstance(code, int):
            return _exit(int(code or 0) & 0xFF, request_id), ()
        return _exit(1, request_id), tuple(str(code).split("\n"))
    written = traceback.format_exception_only(type(exception), exception)
    stack = traceback.format_list(_frames(exception.__traceback__))
    text = "".join(["Traceback (most recent call last):\n", *stack, *written])
    return _exit(1, request_id), tuple(text[:-1].split("\n"))


def _exit(status: int, request_id: str) -> Failure:
    # UNSURE(exit-status): recorded are "exit status 127" and "without providing a reason"; we take
    # the second for status 0 only. Or is it the first for 0, too?
    reason = (
        f"Runtime exited with error: exit status {status}"
        if status
        else "Runtime exited without providing a reason"
    )
    return Failure("Runtime.ExitError", f"RequestId: {request_id} Error: {reason}")


def timed_out(timeout: float, request_id: str) -> Failure:
    """A call that used up its time."""
    return Failure(
        "Sandbox.Timedout",
        f"RequestId: {request_id} Error: Task timed out after {timeout:.2f} seconds",
    )


def text_of(exception: BaseException) -> str:
    """`str(exception)`, for classes of the user's too, whose `__str__` may fail."""
    try:
        return str(exception)
    except Exception:  # noqa: BLE001 - the user's own __str__
        return f"(the text of this {type(exception).__name__} could not be made)"


def _frames(trace: TracebackType | None) -> list[traceback.FrameSummary]:
    """The frames from the handler on, without ours at either end."""
    frames = traceback.extract_tb(trace)
    return [
        # without column marks, which Lambda does not show
        traceback.FrameSummary(frame.filename, frame.lineno, frame.name, line=frame.line)
        for frame in frames
        if not frame.filename.startswith(_OUR_FOLDER)
    ]
