"""Waiting until every record and event has been handled or given up."""

import time
from typing import Any

from kinesis_cli.local.client.process import ask
from kinesis_cli.local.state import Server

_SLICE_SECONDS = 10.0  # of one question: a connection is not held longer


def wait_until_idle(server: Server, seconds: float | None) -> bool:
    """Wait until all has ended, and documents and log lines are where they belong.

    Args:
        server: that runs.
        seconds: to wait at most; None: as long as it takes.

    Returns:
        Whether it has.

    Raises:
        InputError: a function that a stream feeds cannot run.
        EndpointError: the server does not answer.
    """
    until = None if seconds is None else time.monotonic() + seconds
    while True:
        left = _SLICE_SECONDS if until is None else until - time.monotonic()
        if left <= 0:
            return False
        answer: Any = ask(server, "wait", {"seconds": min(left, _SLICE_SECONDS)})
        if answer["idle"]:
            return True
