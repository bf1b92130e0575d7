"""Named pipes, by which a test and a process wait for each other, but not for ever."""

import os
import select
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep

from tests.patience import PATIENCE

STEP_SECONDS = 0.02  # between two looks


class Told:
    """The reading end of a pipe, in which a process tells a line when it has come somewhere."""

    def __init__(self, descriptor: int, name: str) -> None:
        self._descriptor, self._name = descriptor, name

    def has_told(self) -> bool:
        """Whether anything is there."""
        return bool(select.select([self._descriptor], [], [], 0)[0])

    def line(self, by: subprocess.Popen[str] | subprocess.Popen[bytes] | None = None) -> str:
        """The line, without its end.

        Args:
            by: whose end is the end of waiting.

        Raises:
            AssertionError: it did not come in PATIENCE, or that process has ended first.
        """
        read, end = b"", monotonic() + PATIENCE
        while not read.endswith(b"\n"):
            has_ended = by is not None and by.poll() is not None  # before the look at what it told
            if select.select([self._descriptor], [], [], STEP_SECONDS)[0]:
                read += os.read(self._descriptor, 65536)
                continue
            assert not has_ended, f"ended with {by and by.returncode} before it told {self._name}"
            assert monotonic() < end, (
                f"nothing told {self._name} in {PATIENCE:.0f} s: {read[:200]!r}"
            )
        return read.decode().removesuffix("\n")


@contextmanager
def told_in(path: Path) -> Iterator[Told]:
    """Make a pipe. Who opens it for writing does not wait, and nobody sees its end."""
    os.mkfifo(path)
    descriptor = os.open(path, os.O_RDWR)
    try:
        yield Told(descriptor, path.name)
    finally:
        os.close(descriptor)


def opened_for_its_reader(path: Path) -> int:
    """Open a pipe for writing, once somebody reads there; gives the descriptor.

    Raises:
        AssertionError: nobody did in PATIENCE.
    """
    end = monotonic() + PATIENCE
    while True:
        try:
            return os.open(path, os.O_WRONLY | os.O_NONBLOCK)
        except OSError:  # ENXIO
            assert monotonic() < end, f"nobody read {path.name} in {PATIENCE:.0f} s"
        sleep(STEP_SECONDS)
