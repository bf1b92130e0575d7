"""What a test got wrong, told at its own line and without ours around it."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from kinesis_cli.errors import KcliError

Parameters = ParamSpec("Parameters")
Returned = TypeVar("Returned")


def told_at_the_call(function: Callable[Parameters, Returned]) -> Callable[Parameters, Returned]:
    """Let the errors that `function` raises end at the line that called it, with their advice."""

    @wraps(function)
    def called(*arguments: Parameters.args, **keywords: Parameters.kwargs) -> Returned:
        __tracebackhide__ = True
        try:
            return function(*arguments, **keywords)
        except KcliError as error:
            if error.advice and error.advice not in getattr(error, "__notes__", ()):
                error.add_note(error.advice)  # pytest shows notes; the text has no advice
            raise error.with_traceback(None) from None

    return called
