"""A page that is open holds nobody up: not the server's end, nor those who put, when it is slow."""

import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from kinesis_cli.local.client.live_link import new_link
from kinesis_cli.local.client.process import ensure_running, stop_server
from kinesis_cli.local.options import LocalOptions
from kinesis_cli.local.state import LOG_FILE, Server
from kinesis_cli.project.stream_settings import StreamSettings
from tests.contract.kinesis.conftest import client_of
from tests.contract.live_page.browsers import PATH, Browser
from tests.patience import PATIENCE
from tests.servers import Started

pytestmark = pytest.mark.slow

ROUNDS, RECORDS = 400, 25
MANY_BYTES = 8_000_000
KEY = "\x01" * 250  # as an escape, five times as long


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def server(state: Path) -> Iterator[Server]:
    streams = {"orders": StreamSettings("orders")}
    options = LocalOptions(in_memory=True, verbose=True, streams=streams)
    yield ensure_running(options, state=state).server
    stop_server(state)


def slow_page(browser: Browser) -> socket.socket:
    """A page that asks for events and reads none; there is little room for them on the way."""
    page = socket.socket()
    page.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    page.settimeout(PATIENCE)
    page.connect(("127.0.0.1", browser.server.port))
    head = f"GET {browser.path}events HTTP/1.1\r\nHost: 127.0.0.1:{browser.server.port}\r\n"
    page.sendall(f"{head}Cookie: {browser.cookie['Cookie']}\r\n\r\n".encode())
    return page


def test_open_pages_are_told_of_the_end_and_do_not_delay_it(state: Path, server: Server) -> None:
    browser = Browser(server).enter()
    kinesis = client_of(Started("ours", server.port, server.pid), key="000000000000")
    with closing(slow_page(browser)), browser.events() as events:
        while events.bytes < MANY_BYTES:  # the slow page's way is full of them by then
            kinesis.put_records(
                StreamName="orders", Records=[{"PartitionKey": KEY, "Data": "x"}] * RECORDS
            )
            browser.get("state")
            assert events.next()
        assert stop_server(state) == server  # by SIGTERM: it would be killed after five seconds
        while events.next() is not None:
            pass
        assert events.has_ended
    log = (state / LOG_FILE).read_text()
    assert "Traceback" not in log
    assert "shutdown exceeded" not in log  # as uvicorn says of what it waited for in vain


def test_for_a_page_that_does_not_read_nothing_is_kept(server: Server) -> None:
    browser = Browser(server).enter()
    kinesis = client_of(Started("ours", server.port, server.pid), key="000000000000")
    made = 0
    with closing(slow_page(browser)) as page:
        for call in range(ROUNDS):
            kinesis.put_records(
                StreamName="orders",
                Records=[{"PartitionKey": KEY, "Data": f"{call}-{n}"} for n in range(RECORDS)],
            )
            made += len(browser.get("state").body)  # a state that is new to all pages
        last = f'"total":{ROUNDS * RECORDS}'.encode()
        read, tail = 0, b""
        while last not in tail:
            piece = page.recv(65536)
            assert piece
            read += len(piece)
            tail = (tail + piece)[-100_000:]
    assert read < made * 3 / 4  # what the system itself keeps on the way is some megabytes


def test_the_log_has_each_request_and_no_token(state: Path, server: Server) -> None:
    link = new_link(server)
    browser = Browser(server).enter(link)
    browser.get(f"?token={link.partition('#token=')[2]}")  # somebody's mistake
    stop_server(state)  # a line is written after its answer is sent
    log = (state / LOG_FILE).read_text()
    assert f"POST {PATH}session 200" in log
    assert f"GET {PATH}…/ 200" in log
    assert browser.path not in log
    assert link.partition("#token=")[2] not in log
    assert browser.cookie["Cookie"].partition("=")[2] not in log
