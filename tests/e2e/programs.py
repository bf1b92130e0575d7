"""Running programs as a person or a script does: through a pipe, or on a terminal."""

import codecs
import fcntl
import os
import pty
import re
import select
import signal
import subprocess
import sys
import termios
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import pyte
import pytest

from tests.patience import PATIENCE

KCLI = (sys.executable, "-m", "kinesis_cli")

# How a command is told to end: by Ctrl-C, by a container's end, by a terminal that is closed.
ENDINGS = pytest.mark.parametrize(
    "ended_by", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda each: each.name
)

Completed = subprocess.CompletedProcess[str]
Kcli = Callable[..., Completed]


class Terminal:
    """A program on a real pseudo-terminal, and what a person sees there."""

    def __init__(self, command: Sequence[str], cwd: Path, columns: int, rows: int) -> None:
        self._side, theirs = pty.openpty()
        termios.tcsetwinsize(theirs, (rows, columns))
        self.process = subprocess.Popen(
            command,
            cwd=cwd,
            env={**os.environ, "TERM": "xterm-256color"},  # what pyte is like
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            preexec_fn=_own_this_terminal,
        )
        os.close(theirs)
        self.written = ""
        self._screen = pyte.Screen(columns, rows)
        self._show = pyte.Stream(self._screen).feed
        self._decode = codecs.getincrementaldecoder("utf-8")().decode  # a read may cut a character

    @property
    def rows(self) -> list[str]:
        """What stands on the screen now, without the empty ends."""
        rows = [row.rstrip() for row in self._screen.display]
        while rows and not rows[-1]:
            rows.pop()
        return rows

    def see(self, pattern: str, seconds: float = PATIENCE) -> str:
        """The first row that has a regular expression, at the moment when there is one."""
        while True:
            for row in self.rows:
                if re.search(pattern, row):
                    return row
            assert self._read(seconds), f"{pattern!r} was not seen, only {self.rows}"

    def read_until(self, text: str, seconds: float = PATIENCE) -> str:
        """What the program wrote, up to the moment when `text` is there."""
        while text not in self.written:
            assert self._read(seconds), f"{text!r} did not come, only {self.written!r}"
        return self.written

    def read_all(self) -> str:
        """What the program wrote until it ended."""
        while self._read(None):
            pass
        return self.written

    def type(self, keys: bytes) -> None:
        r"""Press `keys`; b"\x03" is Ctrl-C."""
        os.write(self._side, keys)

    def close(self) -> None:
        """End the program and the terminal."""
        self.process.kill()
        self.process.wait()
        os.close(self._side)

    def _read(self, seconds: float | None) -> bool:
        """Take more of what the program writes; whether more came within so many seconds."""
        ready, _, _ = select.select([self._side], [], [], seconds)
        data = b""
        with suppress(OSError):  # EIO: the other side is closed
            data = os.read(self._side, 65536) if ready else b""
        text = self._decode(data)
        self._show(text)
        self.written += text
        return bool(data)


def _own_this_terminal() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)  # so that Ctrl-C becomes a SIGINT
