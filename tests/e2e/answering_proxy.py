"""A proxy in front of the local endpoint that answers some calls itself, as AWS would."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from tests.patience import PATIENCE

Answers = Mapping[str, tuple[int, object]]  # operation or path → status, JSON document


@contextmanager
def answering(endpoint: str, answers: Answers) -> Iterator[str]:
    """The address of the proxy.

    Args:
        endpoint: where all other calls go.
        answers: by the end of X-Amz-Target, or the beginning of the path.
    """
    handler = partial(_Handler, urlsplit(endpoint).netloc, answers)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class _Handler(BaseHTTPRequestHandler):
    def __init__(self, place: str, answers: Answers, *arguments: object) -> None:
        self._place, self._answers = place, answers
        super().__init__(*arguments)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        target = self.headers.get("X-Amz-Target", "no operation")
        for name, (status, document) in self._answers.items():
            if target.endswith(f".{name}") or self.path.startswith(name):
                return self._answer(status, json.dumps(document).encode())
        connection = HTTPConnection(self._place, timeout=PATIENCE)
        headers = {**self.headers, "Host": self._place, "Connection": "close"}
        connection.request(self.command, self.path, body, headers)
        with connection.getresponse() as response:
            return self._answer(response.status, response.read())

    def do_POST(self) -> None:
        self.do_GET()

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Tests are quiet."""
