"""The log of a detached server: a line for it, and its lines."""

import sys
import time
from collections.abc import Iterator
from pathlib import Path

from kinesis_cli.errors import InputError
from kinesis_cli.local.state import LOG_FILE

MAX_LOG_BYTES = 5_000_000  # a longer log starts anew; the old one is kept as `.1`
PAUSE = 0.2  # seconds between two looks at a log that is followed


def print_line(line: str) -> None:
    """Write a line to the log, which may be a terminal."""
    # a path or a header may hold anything: on a terminal it must not do anything
    harmless = line if line.isprintable() else line.encode("unicode_escape").decode()
    sys.stdout.write(f"{harmless}\n")
    sys.stdout.flush()


def log_lines(state: Path, *, follow: bool = False) -> Iterator[str]:
    """The lines of the log, without their breaks; with `follow` those too that are still to come.

    Raises:
        InputError: there is no log.
    """
    file = state / LOG_FILE
    try:
        log = file.open(encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise InputError(
            f"there is no log: {error.strerror}",
            place=str(file),
            advice="A stream that was started with --detach, or on first use, writes one.",
        ) from error
    with log:
        begun = ""  # a line that is still being written
        while True:
            for piece in log:
                begun += piece
                if begun.endswith("\n"):
                    yield begun[:-1]
                    begun = ""
            if not follow:
                if begun:
                    yield begun
                return
            time.sleep(PAUSE)
