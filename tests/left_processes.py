"""Ends what a run of the tests started and left, however the run itself ended.

Servers that commands start are detached: Ctrl-C, a time-out and `kill -9` pass them by. So a
watcher waits for the end of pytest, which it sees by a pipe, and ends each process that has the
mark of the run in its environment. It finds them in /proc, which only Linux has.
"""

import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import pytest

MARK = "RUN_OF_TESTS"
PATIENCE = 20.0  # seconds for those that are asked to end

_watchers = pytest.StashKey["subprocess.Popen[bytes]"]()


def pytest_configure(config: pytest.Config) -> None:
    """Mark all that is started from here on; in the main process, not in its workers."""
    if hasattr(config, "workerinput") or not Path("/proc/self/environ").exists():
        return
    environment = {name: value for name, value in os.environ.items() if name != MARK}
    os.environ[MARK] = uuid4().hex
    config.stash[_watchers] = subprocess.Popen(
        [sys.executable, __file__, os.environ[MARK]],
        stdin=subprocess.PIPE,
        env=environment,
        start_new_session=True,  # Ctrl-C is not meant for it
    )


def pytest_unconfigure(config: pytest.Config) -> None:
    """Wait until nothing runs any more."""
    if watcher := config.stash.get(_watchers, None):
        watcher.communicate()


def marked(mark: str) -> Iterator[int]:
    """Process descriptors of what has the mark; each is closed afterwards."""
    entry = f"{MARK}={mark}\0".encode()
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it is gone, or somebody else's
            descriptor = os.pidfd_open(int(folder.name))
            try:
                if entry in (folder / "environ").read_bytes():
                    yield descriptor
            finally:
                os.close(descriptor)


def end(mark: str) -> None:
    """End all that has the mark, gently first."""
    for number, patience in ((signal.SIGTERM, PATIENCE), (signal.SIGKILL, PATIENCE)):
        for descriptor in marked(mark):
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(descriptor, number)
                select.select([descriptor], [], [], patience)


if __name__ == "__main__":
    sys.stdin.read()  # until pytest has ended
    end(sys.argv[1])
