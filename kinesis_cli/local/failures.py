"""Mistakes of ours while serving: the whole traceback in the log, one line for whoever watches."""

import asyncio
import os
import sys
import time
import traceback
from pathlib import Path
from typing import Any

from kinesis_cli.local.logs import MAX_LOG_BYTES, print_line

_AGAIN_SECONDS = 10.0  # so long the same trouble is only counted
_LOOK_SECONDS = 1.0


class Failures:
    """Where unexpected errors are told.

    Args:
        log: the file that gets the tracebacks; None: standard error, which is the log already.
    """

    def __init__(self, log: Path | None = None) -> None:
        self._log = log
        self._told: dict[str, tuple[float, int]] = {}  # when, and how often since

    def of_loop(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """The event loop's own handler of exceptions.

        Where descriptors run out, asyncio tells of it for each connection that waits, a thousand
        times a second.
        """
        error = context.get("exception")
        what = f"{context.get('message', 'the event loop')} ({type(error).__name__})"
        at, more = self._told.get(what, (-_AGAIN_SECONDS, 0))
        now = time.monotonic()
        if now - at < _AGAIN_SECONDS:
            self._told[what] = at, more + 1
            return
        self._told[what] = now, 0
        self.report(f"{what}, and {more:,} times before" if more else what, error)

    def report(self, what: str, error: BaseException | None) -> None:
        """Tell of an error that the caller has caught.

        Args:
            what: was being done, "PutRecord".
            error: with its causes.
        """
        lines = "".join(traceback.format_exception(error)) if error else ""
        if self._log is None:
            sys.stderr.write(f"{what} failed:\n{lines}")
            sys.stderr.flush()
            return
        print_line(f"{what} failed: {type(error).__name__}; the traceback is in {self._log}")
        try:
            with self._log.open("a", encoding="utf-8", errors="backslashreplace") as log:
                log.write(f"{what} failed:\n{lines}")
        except OSError as refused:
            print_line(f"{self._log} cannot be written: {refused.strerror}")


async def keep_log_small(log: Path) -> None:
    """Start this process's log, its standard output and error, anew whenever it is too long."""
    while True:
        await asyncio.sleep(_LOOK_SECONDS)
        if _is_output(log) and log.stat().st_size > MAX_LOG_BYTES:
            log.replace(log.with_suffix(".log.1"))
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW
            new = os.open(log, flags, 0o600)
            for descriptor in (1, 2):
                os.dup2(new, descriptor)
            os.close(new)


def _is_output(log: Path) -> bool:
    """Whether standard output goes to this file."""
    try:
        return os.path.samestat(os.fstat(1), log.stat())
    except OSError:
        return False
