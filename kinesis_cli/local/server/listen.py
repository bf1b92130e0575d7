"""The server: one port, of loopback or of a container, HTTP/1.1 and HTTP/2, plain or by TLS.

uvicorn with zttp was measured against granian, hypercorn and uvicorn with httptools (PutRecords of
500 records over 4 connections, an application that does nothing): the fastest but granian's own
interface, and one server for both versions of HTTP. Where zttp cannot be imported, uvicorn speaks
HTTP/1.1 with h11, which it brings.
"""

import asyncio
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Literal

from uvicorn.config import Config
from uvicorn.server import Server

from kinesis_cli.errors import InputError
from kinesis_cli.local.failures import Failures
from kinesis_cli.local.kinesis import DataPlane
from kinesis_cli.local.kinesis_protocol.api import KinesisApi
from kinesis_cli.local.logs import print_line
from kinesis_cli.local.neighbours.moto_server import Neighbours
from kinesis_cli.local.server.certificate import certificate
from kinesis_cli.local.server.control import Control
from kinesis_cli.local.server.control_path import ControlPath
from kinesis_cli.local.server.endpoint import Endpoint
from kinesis_cli.local.server.functions import LambdaSide
from kinesis_cli.local.server.live import LiveSide
from kinesis_cli.local.server.strangers import Strangers
from kinesis_cli.local.state import HOST

EVERYWHERE = "0.0.0.0"  # inside of a container only
KEEP_ALIVE_SECONDS = 60  # of an idle connection
PATIENCE_SECONDS = 1  # for what is being answered when the server is to end
LAST_WORDS_SECONDS = 0.5  # for clients to read what they were sent, then
BACKLOG = 1024


@dataclass(frozen=True, slots=True)
class ServerConfig:
    """How to serve."""

    port: int  # 0: any that is free
    token: str  # of the control path
    certificates: Path | None = None  # directory of the certificate; None: no TLS
    verbose: bool = False  # one line per request
    in_container: bool = False  # answers the container's neighbours too


class _Server(Server):
    """Tells when it listens, and leaves signals to end the server, not the process."""

    def __init__(self, config: Config, endpoint: Endpoint, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._endpoint = endpoint
        self._ready = ready

    def handle_exit(self, sig: int, frame: object) -> None:  # noqa: ARG002 - as uvicorn calls it
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._endpoint.end()
        late = asyncio.get_running_loop().call_later(LAST_WORDS_SECONDS, self._cut_slow)
        await super().shutdown(sockets)
        late.cancel()

    def _cut_slow(self) -> None:
        """Drop the connections of clients that do not read what they were sent."""
        for connection in list(self.server_state.connections):
            if connection.transport.get_write_buffer_size():
                connection.transport.abort()

    def cut(self, client: object) -> None:
        """Drop the connection of a client, what it was sent and all."""
        for connection in list(self.server_state.connections):
            if getattr(connection, "client", None) == client:
                connection.transport.abort()


def _protocol() -> tuple[type[asyncio.Protocol] | Literal["h11"], list[str]]:
    """What speaks HTTP here, and what there is to say of it."""
    try:
        from kinesis_cli.local.server.either_http import either_http

        return either_http(), []
    except ImportError as error:
        from kinesis_cli.installation import install_line

        note = f"Speaks HTTP/1.1 only: zttp, which has HTTP/2, cannot be imported: {error}."
        if isinstance(error, ModuleNotFoundError):
            note += f" Install it: `{install_line('local')}`"
        return "h11", [note]


_PROTOCOL, HTTP_NOTES = _protocol()


async def serve(
    config: ServerConfig,
    data_plane: DataPlane,
    neighbours: Neighbours,
    functions: LambdaSide,
    control: Control,
    failures: Failures,
    *,
    ready: Callable[[int, LiveSide], None],
) -> None:
    """Serve until SIGTERM, SIGINT or our own command ends it.

    Args:
        config: how.
        data_plane: Kinesis; stays open.
        neighbours: the services beside.
        functions: Lambda, and the stack that they are in.
        control: what our own commands ask for.
        failures: told of our own mistakes.
        ready: told the port, and the way to the live page, as soon as requests are answered.

    Raises:
        InputError: the port is taken.
    """
    listener = _listener(EVERYWHERE if config.in_container else HOST, config.port)
    server: _Server
    kinesis = KinesisApi(data_plane, Random(), functions.noticed_put, failures)
    live = LiveSide(data_plane, kinesis, neighbours, functions, failures)
    endpoint = Endpoint(
        kinesis,
        functions,
        neighbours,
        ControlPath(control, config.token, live, stop=lambda: server.handle_exit(0, None)),
        live,
        failures,
        Strangers(config.in_container),
        cut=lambda client: server.cut(client),
        log=print_line if config.verbose else None,
    )
    port = listener.getsockname()[1]
    server = _Server(_uvicorn(config, endpoint), endpoint, lambda: ready(port, live))
    await server.serve(sockets=[listener])


def _uvicorn(config: ServerConfig, endpoint: Endpoint) -> Config:
    file, key = certificate(config.certificates) if config.certificates else (None, None)
    return Config(
        endpoint,
        http=_PROTOCOL,
        loop="asyncio",
        lifespan="off",
        ws="none",
        interface="asgi3",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=PATIENCE_SECONDS,
        backlog=BACKLOG,
        ssl_certfile=file,
        ssl_keyfile=key,
    )


def _listener(host: str, port: int) -> socket.socket:
    # With the protocol named: only then asyncio sets TCP_NODELAY, without it answers take 40 ms.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise InputError(
            f"port {port} of {host} cannot be used: {error.strerror}",
            place="--port",
            advice="Name another one, or none for any that is free.",
        ) from error
    return listener
