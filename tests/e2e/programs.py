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
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import pyte
import pytest

from kinesis_cli.local.client.process import stop_server
from kinesis_cli.local.state import IN_PROJECT, SERVER_FILE, state_directory
from tests import forks, user_state
from tests.e2e.json_shapes import assert_described
from tests.patience import PATIENCE

KCLI = (sys.executable, "-m", "kinesis_cli")

# How a command is told to end: by Ctrl-C, by a container's end, by a terminal that is closed.
ENDINGS = pytest.mark.parametrize(
    "ended_by", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda each: each.name
)

Completed = subprocess.CompletedProcess[str]


def without_aws() -> dict[str, str]:
    """The environment of a user who never set AWS up; what is written fits a narrow terminal."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return {**kept, "COLUMNS": "80"}


class Kcli:
    """The command, run as a script would: `kcli("put", "--data", "x", KCLI_STREAM="orders")`.

    Args:
        folder: in which it runs.
        environment: of the process.
        program: that is run.
    """

    def __init__(
        self,
        folder: Path,
        environment: Mapping[str, str],
        program: Sequence[str | Path] = KCLI,
    ) -> None:
        self.folder, self.environment, self.program = folder, environment, program
        self._folders = {folder}

    def __call__(
        self,
        *arguments: str,
        cwd: Path | str | None = None,
        given: str | None = None,
        **more: str,
    ) -> Completed:
        """Run it to its end; what it prints as JSON has to be what its schema says.

        Args:
            arguments: of the command.
            cwd: another folder.
            given: what it reads from standard input.
            more: variables of its environment.
        """
        folder = Path(cwd or self.folder)
        self._folders.add(folder)
        environment = {**self.environment, **more}
        done = forks.run([*self.program, *arguments], folder, environment, given)
        if done.returncode in (0, 1):
            assert_described(arguments, done.stdout)
        return done

    def stop_local_streams(self) -> None:
        """End the local streams of the folders that it ran in, and of a state directory of its own.

        That of the whole run has streams of other tests, too.
        """
        states = [folder / IN_PROJECT for folder in self._folders]
        of_all = os.environ[user_state.VARIABLE]
        home = self.environment.get(user_state.VARIABLE, of_all)
        if home != of_all:
            states += (Path(home) / "kcli").glob("*")
        else:
            states += [state_directory(directory=folder) for folder in self._folders]
        for state in states:
            if (state / SERVER_FILE).exists():
                stop_server(state)


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
