"""A proxy in front of an S3 server that counts the bytes of objects that it passes on."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from tests.patience import PATIENCE


class Counts:
    """What was asked for, by the object's path."""

    def __init__(self) -> None:
        self.bytes: Counter[str] = Counter()  # of bodies
        self.requests: Counter[str] = Counter()  # GETs

    def clear(self) -> None:
        self.bytes.clear()
        self.requests.clear()


@contextmanager
def counting(endpoint: str, counts: Counts) -> Iterator[str]:
    """The address of the proxy.

    Args:
        endpoint: of the server.
        counts: what it counts into.
    """
    handler = partial(_Handler, urlsplit(endpoint).netloc, counts)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    def __init__(self, place: str, counts: Counts, *arguments: object) -> None:
        self._place, self._counts = place, counts
        super().__init__(*arguments)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        connection = HTTPConnection(self._place, timeout=PATIENCE)
        headers = {**self.headers, "Host": self._place, "Connection": "close"}
        try:
            connection.request(self.command, self.path, body, headers)
            with connection.getresponse() as response:
                answer = response.read()
                if self.command == "GET":
                    path = self.path.partition("?")[0]
                    self._counts.bytes[path] += len(answer)
                    self._counts.requests[path] += 1
                self.send_response(response.status)
                for name, value in response.getheaders():
                    if name.lower() not in ("connection", "transfer-encoding", "content-length"):
                        self.send_header(name, value)
                length = response.getheader("Content-Length") if self.command == "HEAD" else None
                self.send_header("Content-Length", length or str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)
        finally:
            connection.close()

    do_HEAD = do_PUT = do_POST = do_DELETE = do_GET  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Tests are quiet."""
