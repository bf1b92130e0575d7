"""A proxy in front of the local endpoint that lets some records through, and then holds all calls.

So a test can do something in the middle of a put, however fast the machine is.
"""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from tests.patience import PATIENCE


class Gate(ThreadingHTTPServer):
    """Calls of PutRecords pass until so many records have; the others wait until it is opened."""

    daemon_threads = True

    def __init__(self, endpoint: str, free: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.place = urlsplit(endpoint).netloc
        self.passed = 0  # records
        self.held: list[int] = []  # ports of the clients whose calls wait
        self._free, self._lock = free, threading.Lock()
        self._closed, self._opened = threading.Event(), threading.Event()

    @property
    def url(self) -> str:
        """Where clients find it."""
        return f"http://127.0.0.1:{self.server_port}"

    def is_closed(self, within: float) -> bool:
        """Whether a call has to wait, now or within some seconds: no more records pass then."""
        return self._closed.wait(within)

    def open(self) -> None:
        """Let all calls through, but for those whose client is gone."""
        self._opened.set()

    def admit(self, records: int, client: socket.socket) -> bool:
        """Wait until a call may pass; whether anybody waits for its answer."""
        with self._lock:
            if self.passed < self._free:
                self.passed += records
                return True
        self.held.append(client.getpeername()[1])
        self._closed.set()
        self._opened.wait()
        try:
            return client.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) != b""
        except BlockingIOError:
            return True
        except OSError:
            return False


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Gate

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        is_put = self.headers.get("X-Amz-Target", "").endswith(".PutRecords")
        if is_put and not self.server.admit(len(json.loads(body)["Records"]), self.connection):
            self.close_connection = True
            return
        connection = HTTPConnection(self.server.place, timeout=PATIENCE)
        headers = {**self.headers, "Host": self.server.place, "Connection": "close"}
        connection.request("POST", self.path, body, headers)
        with connection.getresponse() as response:
            answer = response.read()
        connection.close()
        self.send_response(response.status)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        """Tests are quiet."""


@contextmanager
def gate(endpoint: str, free: int) -> Iterator[Gate]:
    """A gate before an endpoint."""
    with Gate(endpoint, free) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.open()
            server.shutdown()
            thread.join()
