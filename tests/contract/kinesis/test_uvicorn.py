"""What is mended in uvicorn is still broken there, and what is left where zttp is not.

The tests of uvicorn as it comes are expected to fail. When one passes, uvicorn has mended it: take
that part out of `kinesis_cli/local/server/either_http.py`.
"""

import asyncio
import os
import socket
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import h2.config
import h2.connection
import h2.events
import h2.exceptions
import pytest
import uvicorn
from uvicorn.protocols.http import auto_zttp_impl, zttp_h2_impl

from kinesis_cli.local.client.process import stop_server
from kinesis_cli.local.server.certificate import certificate
from kinesis_cli.local.server.either_http import either_http
from kinesis_cli.local.state import read_server
from tests.patience import PATIENCE

from .raw import answer_on, connection, request

pytestmark = pytest.mark.slow

mended = pytest.mark.parametrize(
    "comes_from",
    [
        "kcli",
        pytest.param(
            "uvicorn",
            marks=pytest.mark.xfail(
                reason="uvicorn's own fault", raises=AssertionError, strict=True
            ),
        ),
    ],
)


LARGE = bytes(200_000)  # more than a client takes at once: it opens its window as it reads
GOAWAY = bytes((0, 0, 8, 7, 0)) + bytes(12)  # RFC 9113, 6.8: nothing is wrong


async def application(scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 - ASGI has no types
    """Answer a request when the whole of it is there."""
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": []})
    body = LARGE if scope["path"] == "/large" else b"{}"
    await send({"type": "http.response.body", "body": body})


@pytest.fixture
def protocol(comes_from: str, monkeypatch: pytest.MonkeyPatch) -> type[asyncio.Protocol]:
    stock = zttp_h2_impl.ZttpH2Protocol
    monkeypatch.setattr(auto_zttp_impl, "ZttpH2Protocol", stock)  # and back again at the end
    return either_http() if comes_from == "kcli" else auto_zttp_impl.AutoZttpProtocol


@pytest.fixture
def serve(protocol: type[asyncio.Protocol]) -> Iterator[Callable[..., int]]:
    """`serve(**settings)`: the port of a server in a thread, which ends after the test."""
    servers: list[tuple[uvicorn.Server, Thread]] = []

    def serve(**settings: Any) -> int:  # noqa: ANN401 - uvicorn's
        listener = socket.create_server(("127.0.0.1", 0))
        config = uvicorn.Config(
            application, http=protocol, lifespan="off", log_config=None, **settings
        )
        config.timeout_graceful_shutdown = 1
        server = uvicorn.Server(config)
        thread = Thread(target=lambda: asyncio.run(server.serve(sockets=[listener])))
        thread.start()
        servers.append((server, thread))
        return int(listener.getsockname()[1])

    yield serve
    for server, thread in servers:
        server.should_exit = True
        thread.join()


def client() -> h2.connection.H2Connection:
    connection = h2.connection.H2Connection(h2.config.H2Configuration())
    connection.initiate_connection()
    return connection


def head(port: int, path: str = "/") -> list[tuple[str, str]]:
    authority = f"127.0.0.1:{port}"
    return [(":method", "POST"), (":path", path), (":scheme", "http"), (":authority", authority)]


def exchanged(opened: socket.socket, data: bytes) -> bytes:
    """Send, and receive what comes next; empty: the connection has ended."""
    try:
        opened.sendall(data)
        return opened.recv(65536)
    except ConnectionError:
        return b""


def answered(opened: socket.socket, sender: h2.connection.H2Connection, until: type) -> bool:
    """Whether an answer begins before some event comes, or the end."""
    while True:
        opened.sendall(sender.data_to_send())
        try:
            events = sender.receive_data(opened.recv(65536) or b"not HTTP/2")
        except h2.exceptions.ProtocolError:
            return False
        if any(isinstance(event, h2.events.ResponseReceived) for event in events):
            return True
        if any(isinstance(event, until) for event in events):
            return False


@mended
def test_a_request_that_ends_with_its_head_is_answered(serve: Callable[..., int]) -> None:
    port = serve()
    sender = client()
    with connection(port) as opened:
        sender.send_headers(1, head(port), end_stream=True)
        come = False
        for number in range(5):  # so many turns of the server's loop go by
            sender.ping(b"%08d" % number)
            come = come or answered(opened, sender, until=h2.events.PingAckReceived)
        assert come


@mended
def test_a_client_that_says_that_it_leaves_gets_the_rest_of_its_answer(
    serve: Callable[..., int],
) -> None:
    port = serve()
    sender = client()
    with connection(port) as opened:
        sender.send_headers(1, head(port, "/large"))
        sender.send_data(1, b"{}", end_stream=True)
        received = unacknowledged = 0
        has_left = False
        while received < len(LARGE):
            data = exchanged(opened, sender.data_to_send())
            assert data, f"the connection ended after {received:,} bytes"
            for event in sender.receive_data(data):
                assert not isinstance(event, h2.events.ConnectionTerminated)
                if isinstance(event, h2.events.DataReceived):
                    received += len(event.data)
                    unacknowledged += event.flow_controlled_length
                elif isinstance(event, h2.events.PingAckReceived):  # what came before was seen
                    sender.acknowledge_received_data(unacknowledged, 1)
                    unacknowledged = 0
            if received == 65_535 and not has_left:  # the window is full
                has_left = True
                opened.sendall(GOAWAY)
                sender.ping(b"12345678")
            elif has_left and unacknowledged > 30_000:
                sender.acknowledge_received_data(unacknowledged, 1)
                unacknowledged = 0
        assert has_left


@mended
def test_http_2_is_noticed_under_tls_without_alpn(
    serve: Callable[..., int], tmp_path: Path
) -> None:
    file, key = certificate(tmp_path)
    port = serve(ssl_certfile=file, ssl_keyfile=key)
    context = ssl.create_default_context(cafile=str(file))
    sender = client()
    with (
        connection(port) as plain,
        context.wrap_socket(plain, server_hostname="127.0.0.1") as opened,
    ):
        sender.send_headers(1, head(port))
        sender.send_data(1, b"{}", end_stream=True)
        assert answered(opened, sender, until=h2.events.ConnectionTerminated)


@pytest.mark.parametrize("options", [(), ("--tls",)], ids=["plain", "tls"])
@pytest.mark.parametrize(
    ("zttp", "reason"),
    [
        ("raise ModuleNotFoundError(\"No module named 'zttp'\", name='zttp')", "No module named"),
        ("raise ImportError('GLIBC_2.99 not found')", "GLIBC_2.99 not found."),
    ],
    ids=["missing", "broken"],
)
def test_without_zttp_there_is_http_1_and_a_note(
    tmp_path: Path, options: tuple[str, ...], zttp: str, reason: str
) -> None:
    (tmp_path / "zttp.py").write_text(zttp)
    state = tmp_path / "state"
    kcli = [sys.executable, "-m", "kinesis_cli", "local"]
    run = subprocess.run(
        [*kcli, "start", "--detach", "--state", str(state), "--stream", "orders", *options],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    try:
        assert run.returncode == 0, run.stderr
        note = f"Speaks HTTP/1.1 only: zttp, which has HTTP/2, cannot be imported: {reason}"
        assert note in run.stdout
        assert ("Install it: `" in run.stdout) == (reason == "No module named")
        status = subprocess.run(
            [*kcli, "status", "--state", str(state)], capture_output=True, text=True, timeout=300
        )
        assert note in status.stdout
        assert "orders" in status.stdout
        server = read_server(state)
        assert server is not None
        with connection(server.port) as opened:
            if server.certificate:
                context = ssl.create_default_context(cafile=str(server.certificate))
                opened = context.wrap_socket(opened, server_hostname="127.0.0.1")
            opened.sendall(request(server.port, "ListStreams"))
            assert answer_on(opened).status == 200
    finally:
        stop_server(state)
