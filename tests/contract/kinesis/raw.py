"""Requests byte by byte, for what boto3 hides."""

import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPResponse
from typing import IO, Any

import msgspec

from tests.patience import PATIENCE

JSON = "application/x-amz-json-1.1"
CBOR = "application/x-amz-cbor-1.1"
SCOPE = "123456789012/20261124/us-east-1/kinesis/aws4_request"
AUTHORIZATION = (
    f"AWS4-HMAC-SHA256 Credential={SCOPE}, SignedHeaders=host;x-amz-date, Signature={'0' * 64}"
)


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]  # names in lower case
    body: bytes

    @property
    def document(self) -> Any:  # noqa: ANN401 - any JSON value
        """The body as JSON."""
        return msgspec.json.decode(self.body)


@contextmanager
def connection(port: int) -> Iterator[socket.socket]:
    """A connection to a server; a test that waits for more than 20 seconds fails."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as opened:
        yield opened


def request(
    port: int,
    operation: str | None,
    body: bytes = b"{}",
    *,
    method: str = "POST",
    path: str = "/",
    content_type: str | None = JSON,
    **headers: str | None,
) -> bytes:
    """A request's bytes.

    Args:
        port: for the Host.
        operation: of Kinesis; None: no target.
        body, method, path, content_type: of the request.
        headers: more of them, `_` for `-`; None leaves one out that is there by default.
    """
    all_headers = {
        "host": f"127.0.0.1:{port}",
        "x-amz-target": None if operation is None else f"Kinesis_20131202.{operation}",
        "content-type": content_type,
        "x-amz-date": "20261124T000000Z",
        "authorization": AUTHORIZATION,
        "content-length": str(len(body)),
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    lines = [f"{method} {path} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in all_headers.items() if value is not None]
    return "\r\n".join([*lines, "", ""]).encode() + body


class _OneStream:
    """A connection whose answers are read from one buffer, which `HTTPResponse` would throw away.

    Args:
        stream: of the connection.
    """

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def makefile(self, mode: str) -> "_OneStream":
        return self

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - as the stream has it
        return getattr(self._stream, name)

    def close(self) -> None:
        """The next answer comes from the same stream."""

    def flush(self) -> None:
        """Nothing is written."""


def answers_on(opened: socket.socket) -> Iterator[Answer]:
    """The answers on a connection."""
    stream = _OneStream(opened.makefile("rb"))
    while True:
        yield _answer(stream)


def answer_on(opened: socket.socket) -> Answer:
    """The next answer on a connection; the only one that is on its way."""
    return _answer(opened)


def _answer(source: Any) -> Answer:  # noqa: ANN401 - what `HTTPResponse` takes
    response = HTTPResponse(source)
    response.begin()
    headers = {name.lower(): value for name, value in response.getheaders()}
    return Answer(response.status, headers, response.read())


def ask(port: int, *arguments: Any, **options: Any) -> Answer:  # noqa: ANN401 - as `request`
    """The answer to one `request`."""
    with connection(port) as opened:
        opened.sendall(request(port, *arguments, **options))
        return answer_on(opened)
