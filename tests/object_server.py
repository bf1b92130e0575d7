"""A web server with objects, as static servers and S3 answer for them, and with their faults."""

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


@dataclass
class Objects:
    """What the server has, and how it behaves."""

    bodies: dict[str, bytes] = field(default_factory=dict)  # path → content
    has_ranges: bool = True  # else every answer is the whole
    tells_size: bool = True  # else the connection's end is the end
    tags: dict[str, str] = field(default_factory=dict)  # path → ETag
    cut_after: list[int] = field(
        default_factory=list
    )  # bytes of a body; one each for the next GETs
    statuses: list[int] = field(default_factory=list)  # of the next answers
    changed_by_get: dict[str, bytes] = field(default_factory=dict)  # what a first GET leaves there
    refused: set[str] = field(default_factory=set)  # paths that nobody may see
    asked: list[str] = field(default_factory=list)  # the ranges of the GETs


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: "_Server"

    def do_HEAD(self) -> None:
        self._answer(is_head=True)

    def do_GET(self) -> None:
        self._answer(is_head=False)

    def _answer(self, *, is_head: bool) -> None:
        objects = self.server.objects
        path = self.path.partition("?")[0]
        status = objects.statuses.pop(0) if objects.statuses else 200
        status = 403 if path in objects.refused else status
        body = objects.bodies.get(path)
        if status != 200 or body is None:
            self._say(404 if status == 200 else status, b"", 0)
            return
        tag = objects.tags.get(path, "")
        if (wanted := self.headers.get("If-Match")) and wanted != tag:
            self._say(412, b"", 0)
            return
        status, first, last = 200, 0, len(body)
        span = self.headers.get("Range") if objects.has_ranges else None
        if span and self.headers.get("If-Range", tag) == tag:
            begin, _, end = span.removeprefix("bytes=").partition("-")
            status, first, last = 206, int(begin), int(end or len(body) - 1) + 1
        if not is_head:
            objects.asked.append(self.headers.get("Range", ""))
        part = body[first:last]
        headers = {"ETag": tag} if tag else {}
        if status == 206:
            headers["Content-Range"] = f"bytes {first}-{first + len(part) - 1}/{len(body)}"
        cut = objects.cut_after.pop(0) if objects.cut_after and not is_head else None
        self._say(status, b"" if is_head else part[:cut], len(part), headers)
        if cut is not None:
            self.close_connection = True
        if not is_head and path in objects.changed_by_get:
            objects.bodies[path] = objects.changed_by_get.pop(path)
            objects.tags[path] = '"another"'

    def _say(
        self, status: int, body: bytes, length: int, headers: dict[str, str] | None = None
    ) -> None:
        self.send_response(status)
        if self.server.objects.tells_size or not length:
            self.send_header("Content-Length", str(length))
        else:
            self.send_header("Connection", "close")
            self.close_connection = True
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    objects: Objects


@contextmanager
def object_server(objects: Objects, certificate: Path | None = None) -> Iterator[str]:
    """The URL of a server with these objects; of TLS with a file of certificate and key."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.objects = objects
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        scheme = "https" if certificate else "http"
        yield f"{scheme}://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
