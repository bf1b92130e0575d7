"""Running programs as a person or a script does: through a pipe, or on a terminal."""

import codecs
import fcntl
import os
import pty
import select
import subprocess
import sys
import termios
from collections.abc import Callable, Sequence
from pathlib import Path

KCLI = (sys.executable, "-m", "kinesis_cli")

Completed = subprocess.CompletedProcess[str]
Kcli = Callable[..., Completed]


class Terminal:
    """A program on a real pseudo-terminal."""

    def __init__(self, command: Sequence[str], cwd: Path) -> None:
        self._side, theirs = pty.openpty()
        self.process = subprocess.Popen(
            command,
            cwd=cwd,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            preexec_fn=_own_this_terminal,
        )
        os.close(theirs)
        self.screen = ""
        self._decode = codecs.getincrementaldecoder("utf-8")().decode  # a read may cut a character

    def read_until(self, text: str, seconds: float = 30) -> str:
        """What the program wrote, up to the moment when `text` is there."""
        while text not in self.screen:
            ready, _, _ = select.select([self._side], [], [], seconds)
            more = self._read() if ready else ""
            assert more, f"{text!r} did not come, only {self.screen!r}"
            self.screen += more
        return self.screen

    def read_all(self) -> str:
        """What the program wrote until it ended."""
        while more := self._read():
            self.screen += more
        return self.screen

    def type(self, keys: bytes) -> None:
        r"""Press `keys`; b"\x03" is Ctrl-C."""
        os.write(self._side, keys)

    def close(self) -> None:
        """End the program and the terminal."""
        self.process.kill()
        self.process.wait()
        os.close(self._side)

    def _read(self) -> str:
        text = ""
        try:
            while not text:
                text = self._decode(os.read(self._side, 65536))
        except OSError:  # EIO: the other side is closed
            pass
        return text


def _own_this_terminal() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)  # so that Ctrl-C becomes a SIGINT
