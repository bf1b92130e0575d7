"""Mistakes of ours while serving: the whole traceback in the log, one line for whoever watches."""

import sys
import traceback
from pathlib import Path

from kinesis_cli.local.logs import print_line


class Failures:
    """Where unexpected errors are told.

    Args:
        log: the file that gets the tracebacks; None: standard error, which is the log already.
    """

    def __init__(self, log: Path | None = None) -> None:
        self._log = log

    def report(self, what: str, error: BaseException) -> None:
        """Tell of an error that the caller has caught.

        Args:
            what: was being done, "PutRecord".
            error: with its causes.
        """
        lines = "".join(traceback.format_exception(error))
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
