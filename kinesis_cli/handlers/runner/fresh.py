"""Fresh environments: copies of this process, which has loaded the function and never called it.

A copy costs a thousandth of what loading the code anew would. What a call leaves behind (modules'
variables, threads, a changed environment) ends with its copy.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import NoReturn

_IN_CALL, _BETWEEN, _ENDED = b"(", b")", b"."  # what a copy writes to its original
THREADS = "/proc/self/task"  # a folder of them, where the system has one


class FreshEnvironments:
    """Begins and ends copies, one at a time. The original waits meanwhile, and serves nothing.

    Args:
        own: told the copy's process group, so that it ends with kcli.
    """

    def __init__(self, own: Callable[[], None]) -> None:
        self._own = own
        self._original: int | None = None  # the copy's end of the pipe to the process it is from
        self.copying = False  # while it is: an ordinary child of the function's is none of ours

    def begin(self, tell_end: Callable[[int], None]) -> int:
        """Go on as a copy, if nothing forbids it. Returns in the original when the copy has ended.

        Args:
            tell_end: told the exit code of a copy that has ended in a call, below 0 the number of a
                signal.

        Returns:
            How many threads forbid it: a copy would lack them, and the locks that they hold stay
            locked. 0: this is the copy. -1: this is the original, and all is answered.
        """
        if (threads := _threads()) > 1:
            return threads
        with suppress(OSError, ValueError):
            sys.stdout.flush()
        reading, writing = os.pipe()
        self.copying = True
        child = os.fork()
        self.copying = False
        if child == 0:
            os.close(reading)
            self._original = writing
            self._own()
            return 0
        os.close(writing)
        _, status = os.waitpid(child, 0)
        last = _last_byte(reading)
        os.close(reading)
        if last == _IN_CALL:
            tell_end(-os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status))
        elif last != _ENDED:
            _end_like(status)  # between two calls: kcli sees it when it asks for the next one
        return -1

    def mark(self, *, in_call: bool) -> None:
        """Note whether the copy is in a call."""
        if self._original is not None:
            os.write(self._original, _IN_CALL if in_call else _BETWEEN)

    def end(self, answer: Callable[[], None]) -> NoReturn:
        """End the copy, after `answer` has been sent."""
        if self._original is not None:
            os.write(self._original, _ENDED)
        answer()
        os._exit(0)


def _last_byte(reading: int) -> bytes:
    last = b""
    while piece := os.read(reading, 65_536):
        last = piece[-1:]
    return last


def _threads() -> int:
    try:
        return len(os.listdir(THREADS))  # noqa: PTH208 - as fast as can be
    except OSError:
        return threading.active_count()


def _end_like(status: int) -> NoReturn:
    """End as the copy has: kcli waits for this process."""
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        with suppress(OSError, ValueError):
            signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
    os._exit(os.WEXITSTATUS(status) if os.WIFEXITED(status) else 1)
