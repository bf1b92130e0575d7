"""The Runtime API that Lambda offers to a runtime, for one process, on loopback.

There is no thread: whoever waits for the process reads its requests and writes the replies.

Source: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

import socket
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass

from kinesis_cli.handlers.response import MAXIMUM_RESPONSE_BYTES

PREFIX = "/2018-06-01/runtime/"

_HEAD_ENDS = b"\r\n\r\n"
_RECEIVED_AT_ONCE = 256 * 1024
_REASONS = {200: "OK", 202: "Accepted", 404: "Not Found", 413: "Payload Too Large"}
_JSON = {"Content-Type": "application/json"}
_ACCEPTED = b'{"status":"OK"}\n'


@dataclass(frozen=True, slots=True)
class RuntimeRequest:
    """What the runtime asks or tells."""

    connection: "Connection"
    path: str  # below `PREFIX`: "invocation/next", "invocation/<id>/response", "init/error"
    body: bytes
    is_too_large: bool = False  # a response that Lambda does not take; its body was dropped

    def accept(self) -> None:
        """Say that it was received."""
        self.connection.reply(202, _ACCEPTED, _JSON)

    def refuse(self, status: int, error_type: str) -> None:
        """Say that it was not."""
        body = f'{{"errorType":"{error_type}","errorMessage":"{_REASONS[status]}"}}'
        self.connection.reply(status, body.encode(), _JSON)


class Connection:
    """One connection of the runtime, kept open from request to request."""

    def __init__(self, connected: socket.socket) -> None:
        # else every reply waits 40 ms for the acknowledgement of the one before
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket = connected
        self._received = bytearray()
        self._head: tuple[str, int] | None = None  # path, and bytes of the body still to come
        self._is_too_large = False

    def fileno(self) -> int:
        """Its file descriptor."""
        return self._socket.fileno()

    def receive(self) -> list[RuntimeRequest] | None:
        """The requests that are complete now. None: the runtime has closed the connection."""
        try:
            data = self._socket.recv(_RECEIVED_AT_ONCE, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return []
        except OSError:  # the process was killed
            return None
        if not data:
            return None
        self._received += data
        return list(self._complete())

    def _complete(self) -> Iterator[RuntimeRequest]:
        while self._head is not None or _HEAD_ENDS in self._received:
            path, missing = self._head or self._begin()
            if self._is_too_large:
                dropped = min(missing, len(self._received))
                del self._received[:dropped]
                missing -= dropped
            if missing > (0 if self._is_too_large else len(self._received)):
                self._head = path, missing
                return
            self._head = None
            body = bytes(self._received[:missing])
            del self._received[:missing]
            yield RuntimeRequest(self, path, body, self._is_too_large)

    def _begin(self) -> tuple[str, int]:
        head, _, rest = self._received.partition(_HEAD_ENDS)
        self._received = rest
        first, *lines = head.decode("latin-1").split("\r\n")
        length = 0
        for line in lines:
            name, _, value = line.partition(":")
            if name.lower() == "content-length" and value.strip().isdecimal():
                length = int(value)
        self._is_too_large = length > MAXIMUM_RESPONSE_BYTES
        path = first.split(" ")[1] if first.count(" ") == 2 else ""
        return path.removeprefix(PREFIX), length

    def reply(
        self,
        status: int,
        body: bytes,
        headers: Mapping[str, str],
        *,
        timeout: float | None = None,
    ) -> None:
        """Answer the request, in one piece. A runtime that has ended gets none.

        Args:
            status: of HTTP.
            body: JSON.
            headers: besides the length.
            timeout: seconds until the process must have taken it; None: no limit.

        Raises:
            TimeoutError: it did not.
        """
        head = [f"HTTP/1.1 {status} {_REASONS[status]}", f"Content-Length: {len(body)}"]
        head += [f"{name}: {value}" for name, value in headers.items()]
        self._socket.settimeout(timeout)
        with suppress(ConnectionError):
            self._socket.sendall("\r\n".join([*head, "", ""]).encode() + body)

    def close(self) -> None:
        """Close it."""
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
