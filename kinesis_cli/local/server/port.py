"""The port that the server listens on."""

import contextlib
import socket
from pathlib import Path

from kinesis_cli.errors import InputError
from kinesis_cli.local.state import HOST, kept_port


def free_port(state: Path, asked: int | None) -> int:
    """The port to listen on: the one asked for, else the one of the last time, else any.

    Raises:
        InputError: the one asked for is taken.
    """
    port = kept_port(state) if asked is None else asked
    if port == 0 or _is_free(port):
        return port
    if asked is None:
        return 0
    raise InputError(
        f"port {asked} of {HOST} is taken, or not for this user",
        place="--port",
        advice="Name another one, or none for any that is free.",
    )


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with contextlib.suppress(OSError):
            probe.bind((HOST, port))
            return True
    return False
