"""Runs kcli in a fork of a process that has imported it, where a test wants only how it ends.

Most of what a short command takes is Python's imports, and the tests run thousands of commands. A
fork has a folder, arguments, an environment and streams of its own, and ends as any process does;
only what comes before `main` is not done anew. What looks at that, at signals, terminals or memory
starts kcli itself; with KCLI_TESTS_FORK=0, as for all tests in `make soak`, so does everything.
"""

import atexit
import functools
import json
import os
import select
import selectors
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from io import FileIO
from pathlib import Path

from tests.patience import PATIENCE

SWITCH = "KCLI_TESTS_FORK"  # "0" starts kcli itself

# Variables that are read before `main`: by the interpreter, or by a module as it is imported.
_READ_EARLY = (
    *("PYTHON", "LC_", "LANG", "LD_", "MALLOC_", "GLIBC_", "OPENSSL_", "BOTO_", "FSSPEC_"),
    *("PYDANTIC_", "TYPER_", "TERMINAL_WIDTH", "FORCE_COLOR", "PY_COLORS", "GITHUB_ACTIONS"),
)

_PARENT = Path(__file__).with_name("parent_of_forks.py")

Completed = subprocess.CompletedProcess[str]


def _read_early(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: text for name, text in environment.items() if name.startswith(_READ_EARLY)}


_EARLY = _read_early(os.environ)  # before a test changes it


def run(
    command: Sequence[str | Path],
    folder: Path | str,
    environment: Mapping[str, str] | None = None,
    given: str | bytes | None = None,
    timeout: float = PATIENCE,
) -> Completed:
    """Run a command to its end, as `subprocess.run` does with its output captured as text.

    Args:
        command: the program and its arguments; where that is Python, "-m", "kinesis_cli", a fork.
        folder: in which it runs.
        environment: of the process; None: that of the tests.
        given: what it reads from standard input; None: there is nothing.
        timeout: in seconds.

    Raises:
        subprocess.TimeoutExpired: it had not ended by then, and was killed.
    """
    words = [str(each) for each in command]
    environment = os.environ if environment is None else environment
    data = given.encode() if isinstance(given, str) else given
    if _can_be_fork(words, environment):
        return _run_fork(words, str(folder), environment, data, timeout)
    done = subprocess.run(
        words,
        cwd=folder,
        env=environment,
        input=data,
        stdin=subprocess.DEVNULL if data is None else None,
        capture_output=True,
        timeout=timeout,
    )
    return Completed(words, done.returncode, _text(done.stdout), _text(done.stderr))


def _can_be_fork(command: Sequence[str], environment: Mapping[str, str]) -> bool:
    return (
        command[:3] == [sys.executable, "-m", "kinesis_cli"]
        and _read_early(environment) == _EARLY
        and "0" not in (os.environ.get(SWITCH), environment.get(SWITCH))
        and hasattr(os, "pidfd_open")
    )


def _run_fork(
    command: list[str],
    folder: str,
    environment: Mapping[str, str],
    given: bytes | None,
    timeout: float,
) -> Completed:
    until = time.monotonic() + timeout
    sys.audit("subprocess.Popen", command[0], command, folder, environment)
    with ExitStack() as ends:
        asked, asker = map(ends.enter_context, socket.socketpair())
        stdin, feed = (
            (ends.enter_context(FileIO(os.devnull)), None) if given is None else _pipe(ends)
        )
        (out, stdout), (err, stderr) = _pipe(ends), _pipe(ends)
        theirs = (asker, stdin, stdout, stderr)
        socket.send_fds(_parent(), [b"?"], [each.fileno() for each in theirs])
        for each in theirs:
            each.close()
        asked.sendall(json.dumps([command[3:], folder, dict(environment)]).encode())
        asked.shutdown(socket.SHUT_WR)
        got = {each.fileno(): bytearray() for each in (asked, out, err)}
        is_over = _talk(got, feed, given or b"", until)
        code, output, errors = map(bytes, got.values())
    if not is_over:  # the parent, whose socket is closed now, ends it
        raise subprocess.TimeoutExpired(command, timeout, output, errors)
    assert code, "the parent of all forks has ended"
    return Completed(command, int(code), _text(output), _text(errors))


def _pipe(ends: ExitStack) -> tuple[FileIO, FileIO]:
    reading, writing = os.pipe()
    return ends.enter_context(FileIO(reading)), ends.enter_context(FileIO(writing, "w"))


def _talk(got: Mapping[int, bytearray], feed: FileIO | None, given: bytes, until: float) -> bool:
    """Read from descriptors, and write to another one, until all are closed; False: too late."""
    with selectors.DefaultSelector() as ready:
        for each in got:
            ready.register(each, selectors.EVENT_READ)
        if feed is not None:
            ready.register(feed, selectors.EVENT_WRITE)
        while ready.get_map():
            events = ready.select(max(0.0, until - time.monotonic()))
            if not events:
                return False
            for key, _ in events:
                if key.fileobj is feed and (given := _left(feed, given)):
                    continue
                if key.fd in got and (piece := os.read(key.fd, 1 << 16)):
                    got[key.fd].extend(piece)
                    continue
                ready.unregister(key.fd)
                if key.fileobj is feed:
                    feed.close()
    return True


def _left(feed: FileIO, given: bytes) -> bytes:
    """What is left after a write that does not wait for anybody."""
    try:
        return given[feed.write(given[: select.PIPE_BUF]) :]
    except BrokenPipeError:
        return b""


def _text(output: bytes) -> str:
    return output.decode().replace("\r\n", "\n").replace("\r", "\n")


@functools.cache
def _parent() -> socket.socket:
    """The parent of all forks, which is told here of each; it ends when this is closed."""
    ours, theirs = socket.socketpair()
    others = {name: each for name, each in os.environ.items() if not name.startswith(_READ_EARLY)}
    with theirs:
        parent = subprocess.Popen(
            [sys.executable, _PARENT, str(theirs.fileno())],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,  # which is no terminal, as those of forks
            env={**others, **_EARLY},
            pass_fds=[theirs.fileno()],
        )
    atexit.register(parent.wait)
    atexit.register(ours.close)
    return ours
