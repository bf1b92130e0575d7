"""The Runtime API that Lambda offers to a runtime, for one process, on loopback.

There is no thread: whoever waits for the process reads its requests and writes the replies.

Source: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

import json
import socket
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass

from kinesis_cli.handlers.isolated.http_requests import (
    Head,
    MalformedRequestError,
    Request,
    RequestReader,
)
from kinesis_cli.handlers.response import MAX_RESPONSE_BYTES

PREFIX = "/2018-06-01/runtime/"

_RECEIVED_AT_ONCE = 256 * 1024
_REASONS = {
    200: "OK",
    202: "Accepted",
    400: "Bad Request",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    413: "Payload Too Large",
}
_JSON = {"Content-Type": "application/json"}
_ACCEPTED = b'{"status":"OK"}\n'
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


@dataclass(frozen=True, slots=True)
class RuntimeRequest:
    """What the runtime asks or tells."""

    connection: "Connection"
    request: Request

    @property
    def path(self) -> str:
        """Below `PREFIX`: "invocation/next", "invocation/<id>/response"; else the whole path."""
        return self.request.head.target.removeprefix(PREFIX)

    @property
    def method(self) -> str:
        """Of HTTP."""
        return self.request.head.method

    def header(self, name: str) -> str:
        """A header's value, or the trailer's of that name; "": there is none."""
        return self.request.head.headers.get(name, self.request.trailers.get(name, ""))

    def accept(self) -> None:
        """Say that it was received."""
        self.connection.reply(202, _ACCEPTED, _JSON)

    def refuse(self, status: int, error_type: str, message: str = "") -> None:
        """Say that it was not."""
        self.connection.refuse(status, error_type, message)


@dataclass(frozen=True, slots=True)
class Broken:
    """What the process sent was not a request, or ended within one."""

    error_type: str
    problem: str


class Connection:
    """One connection of the runtime, kept open from request to request."""

    def __init__(self, connected: socket.socket) -> None:
        # else every reply waits 40 ms for the acknowledgement of the one before
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket = connected
        self._reader = RequestReader(MAX_RESPONSE_BYTES)
        self._keeps_open = True
        self._is_broken = False  # what still comes is dropped, so that our answer is read
        self.is_open = True

    def fileno(self) -> int:
        """Its file descriptor."""
        return self._socket.fileno()

    def receive(self) -> Iterator[RuntimeRequest | Broken]:
        """The requests that are complete now. Ends the connection where nothing can follow."""
        try:
            data = self._socket.recv(_RECEIVED_AT_ONCE, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return
        except OSError:  # the process was killed
            data = b""
        if not data:
            self.is_open = False
            if self._reader.is_within and not self._is_broken:
                yield Broken("Runtime.TruncatedResponse", "ended a request before its end")
            return
        if self._is_broken:
            return
        try:
            for each in self._reader.receive(data):
                if isinstance(each, Head):
                    self._send(_CONTINUE)
                else:
                    self._keeps_open = each.head.keeps_open
                    yield RuntimeRequest(self, each)
        except MalformedRequestError as error:
            self._keeps_open, self._is_broken = False, True
            self.refuse(400, "MalformedRequest", str(error))
            yield Broken("Runtime.Unknown", f"sent what is not a request: {error}")

    def refuse(self, status: int, error_type: str, message: str = "") -> None:
        """Answer with an error."""
        error = {"errorType": error_type, "errorMessage": message or _REASONS[status]}
        self.reply(status, json.dumps(error).encode(), _JSON)

    def reply(
        self,
        status: int,
        body: bytes,
        headers: Mapping[str, str],
        *,
        timeout: float | None = 0.0,
    ) -> None:
        """Answer the request, in one piece. A runtime that has ended gets none.

        Args:
            status: of HTTP.
            body: JSON.
            headers: besides the length.
            timeout: seconds until the process must have taken it; None: no limit; 0: it fits into
                what the kernel keeps, or the process takes no replies, and is given no more.

        Raises:
            TimeoutError: it did not.
        """
        head = [f"HTTP/1.1 {status} {_REASONS[status]}", f"Content-Length: {len(body)}"]
        head += [f"{name}: {value}" for name, value in headers.items()]
        if not self._keeps_open:
            head.append("Connection: close")
        self._send("\r\n".join([*head, "", ""]).encode() + body, timeout)
        if not self._keeps_open:
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_WR)

    def _send(self, data: bytes, timeout: float | None = 0.0) -> None:
        try:
            self._socket.settimeout(timeout)
            self._socket.sendall(data)
        except BlockingIOError:
            self.is_open = False
        except TimeoutError:
            raise
        except OSError:  # the process has ended, or closed it
            self.is_open = False

    def close(self) -> None:
        """Close it."""
        self.is_open = False
        self._socket.close()


class Listener:
    """Where the runtime connects to."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._socket.setblocking(False)
        host, port = self._socket.getsockname()
        self.address = f"{host}:{port}"

    def fileno(self) -> int:
        """Its file descriptor."""
        return self._socket.fileno()

    def accept(self) -> Connection | None:
        """A new connection, if there still is one."""
        try:
            connected, _ = self._socket.accept()
        except OSError:  # it was closed before we came
            return None
        return Connection(connected)

    def close(self) -> None:
        """Close it."""
        self._socket.close()
