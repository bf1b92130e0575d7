"""A proxy in front of a Kinesis server that does to calls what networks and services do."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random
from typing import Any

from tests.patience import PATIENCE

THROTTLED = "ProvisionedThroughputExceededException"
EXPIRED = "ExpiredIteratorException"


@dataclass
class Faults:
    """Shares of the calls, or of their records, that go wrong."""

    operations: tuple[str, ...] = ("PutRecords",)  # the only ones that they concern
    cut_before: float = 0.0  # the connection ends before the call is passed on
    cut_after: float = 0.0  # and after it was done
    error: float = 0.0  # 500
    malformed: float = 0.0  # an answer that is not JSON, after the call was done
    empty: float = 0.0  # an answer that says nothing, `{}`, after the call was done
    throttled: float = 0.0  # calls, or records of PutRecords, that are refused and not passed on
    expired: float = 0.0  # iterators that are refused
    slow: float = 0.0  # seconds until an answer leaves
    random: Random = field(default_factory=lambda: Random(7))

    def strike(self, share: float) -> bool:
        return self.random.random() < share


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: "_Server"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        faults = self.server.faults
        operation = self.headers.get("X-Amz-Target", "").rpartition(".")[2]
        if operation not in faults.operations:
            return self._answer(*self._passed_on(body))
        if faults.strike(faults.cut_before):
            return self._cut()
        if faults.strike(faults.error):
            return self._refuse(500, "InternalFailure")
        if operation == "GetRecords" and faults.strike(faults.expired):
            return self._refuse(400, EXPIRED)
        if operation == "PutRecords":
            status, answer = self._with_throttled(body, faults)
        elif faults.strike(faults.throttled):
            return self._refuse(400, THROTTLED)
        else:
            status, answer = self._passed_on(body)
        if faults.strike(faults.cut_after):
            return self._cut()
        if faults.strike(faults.malformed):
            answer = answer[: len(answer) // 2]
        if faults.strike(faults.empty):
            answer = b"{}"
        self.server.ended.wait(faults.slow)
        return self._answer(status, answer)

    def _with_throttled(self, body: bytes, faults: Faults) -> tuple[int, bytes]:
        request: dict[str, Any] = json.loads(body)
        records = request["Records"]
        refused = [faults.strike(faults.throttled) for _ in records]
        request["Records"] = [r for r, no in zip(records, refused, strict=True) if not no]
        results: Iterator[Any] = iter(())
        if request["Records"]:
            with self.server.putting:
                status, answer = self._passed_on(json.dumps(request).encode())
            if status != 200:
                return status, answer
            results = iter(json.loads(answer)["Records"])
        error = {"ErrorCode": THROTTLED, "ErrorMessage": "Rate exceeded for shard"}
        answers = [error if no else next(results) for no in refused]
        document = {"FailedRecordCount": sum(refused), "Records": answers}
        return 200, json.dumps(document).encode()

    def _passed_on(self, body: bytes) -> tuple[int, bytes]:
        headers = {
            name: value
            for name, value in self.headers.items()
            if name.lower() not in ("content-length", "host", "connection")
        }
        connection = HTTPConnection("127.0.0.1", self.server.target, timeout=PATIENCE)
        try:
            connection.request("POST", "/", body, headers)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _refuse(self, status: int, code: str) -> None:
        self._answer(status, b'{"__type":"%s"}' % code.encode())

    def _cut(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, *_: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    faults: Faults
    target: int
    ended: threading.Event
    putting: threading.Lock  # moto gives records of two calls at once the same sequence number


@contextmanager
def fault_proxy(target: int, faults: Faults) -> Iterator[str]:
    """The URL of a proxy before the server on a port of this machine."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.faults, server.target, server.ended = faults, target, threading.Event()
    server.putting = threading.Lock()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.ended.set()
        server.shutdown()
        server.server_close()
        thread.join()
