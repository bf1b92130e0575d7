"""A real cluster on this machine: Dask's own scheduler, and two of its workers."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from tests.patience import PATIENCE

DASK = Path(sys.executable).with_name("dask")


class DaskCluster(NamedTuple):
    """A scheduler with two workers of one thread each."""

    address: str  # of the scheduler
    workers: "tuple[subprocess.Popen[bytes], ...]"


@contextmanager
def two_workers(folder: Path, environment: Mapping[str, str]) -> Iterator[DaskCluster]:
    """Start them, and end them at the end.

    Args:
        folder: where the workers keep their files, and run.
        environment: theirs.
    """
    at = folder / "scheduler.json"
    named = ("--scheduler-file", str(at))
    worker = ("worker", *named, "--nworkers", "1", "--nthreads", "1", "--no-dashboard")
    alone = ("--no-nanny", "--local-directory", str(folder))
    commands = [
        ("scheduler", *named, "--host", "127.0.0.1", "--port", "0", "--no-dashboard"),
        *[(*worker, *alone)] * 2,
    ]
    with running([[str(DASK), *each] for each in commands], folder, environment) as processes:
        address = address_in(at)
        wait_for_two_workers(address)
        yield DaskCluster(address, tuple(processes[1:]))


@contextmanager
def running(
    commands: Sequence[Sequence[str]], folder: Path, environment: Mapping[str, str]
) -> Iterator[list["subprocess.Popen[bytes]"]]:
    """Processes that run at the same time, and are ended at the end, the last one first."""
    started = [
        subprocess.Popen(
            command,
            env=environment,
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for command in commands
    ]
    try:
        yield started
    finally:
        for each in reversed(started):  # the scheduler last: a worker takes leave of it
            each.terminate()
            with suppress(subprocess.TimeoutExpired):
                each.wait(10)
            each.kill()
            each.wait()


def address_in(file: Path) -> str:
    """The address that a scheduler writes into a file once it listens."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            return str(json.loads(file.read_text())["address"])
        except (OSError, ValueError):
            assert time.monotonic() < until
            time.sleep(0.05)


def wait_for_two_workers(address: str) -> None:
    """Wait until two workers have come to a scheduler."""
    import distributed

    untyped: Any = distributed
    with untyped.Client(address, timeout=PATIENCE, set_as_default=False) as client:
        client.wait_for_workers(2, timeout=PATIENCE)
