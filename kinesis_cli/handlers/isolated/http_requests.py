"""Reading HTTP/1.1 requests from bytes as they come. Pure: no socket, no clock.

The bytes are of the function's process, whose code may send anything. So nothing here is unbounded:
of a body that is too large only the length is looked at, and what is not HTTP ends the connection.

Source: https://www.rfc-editor.org/rfc/rfc9112
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

# X-Ray's cause of an error is a header, and may have 1 MiB.
MAX_HEAD_BYTES = 2 * 1024 * 1024
MAX_CHUNK_LINE_BYTES = 16 * 1024  # the size of a chunk, and extensions that nobody reads
_MAX_DIGITS = 18  # of a length; more is not worth to count

_HEAD_END = re.compile(rb"\r?\n\r?\n")
_LINE_END = re.compile(rb"\r?\n")
_REQUEST_LINE = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+) (\S+) HTTP/1\.([01])")
_FIELD = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*", re.DOTALL)
_LENGTH = re.compile(r"[0-9]+")
_CHUNK = re.compile(rb"([0-9A-Fa-f]+)[ \t]*(;.*)?", re.DOTALL)


class MalformedRequestError(Exception):
    """The bytes are not a request. The text says why."""


@dataclass(frozen=True, slots=True)
class Head:
    """A request line and the headers."""

    method: str
    target: str
    headers: Mapping[str, str]  # names in lower case; values that were repeated joined by commas
    keeps_open: bool  # whether another request may follow on the connection

    @property
    def wants_continue(self) -> bool:
        """Whether the body comes only after "100 Continue"."""
        return self.headers.get("expect", "").lower() == "100-continue"


@dataclass(frozen=True, slots=True)
class Request:
    """A whole request."""

    head: Head
    body: bytes
    trailers: Mapping[str, str]
    is_too_large: bool = False  # its body was dropped


class _Body(Protocol):
    """Takes what belongs to it from the front of `received`."""

    trailers: Mapping[str, str]

    def take(self, received: bytearray) -> Iterator[bytes]:
        """Yield what there is of the content."""
        ...

    @property
    def is_complete(self) -> bool: ...


class RequestReader:
    """Takes bytes as they come.

    Args:
        max_body_bytes: what is longer is read to its end, but not kept.
    """

    def __init__(self, max_body_bytes: int) -> None:
        self._max_body_bytes = max_body_bytes
        self._received = bytearray()
        self._searched = 0  # bytes of it in which no head ends
        self._head: Head | None = None
        self._body: _Body = _Sized(0)
        self._content = bytearray()
        self._is_too_large = False

    @property
    def is_within(self) -> bool:
        """Whether a request has begun, and not ended."""
        return self._head is not None or bool(self._received)

    def receive(self, data: bytes) -> Iterator[Head | Request]:
        """What is complete now: the head of a request that wants "100 Continue", and requests.

        Raises:
            MalformedRequestError: what follows is not a request; nothing more can be read.
        """
        self._received += data
        while self._head is not None or self._find_head():
            head = self._head
            if head is None:
                head = self._head = self._begin()
                if head.wants_continue and not self._received:
                    yield head
            for part in self._body.take(self._received):
                self._keep(part)
            if not self._body.is_complete:
                return
            content, self._content = bytes(self._content), bytearray()
            is_too_large, self._is_too_large = self._is_too_large, False
            self._head = None
            yield Request(head, content, self._body.trailers, is_too_large)

    def _keep(self, part: bytes) -> None:
        if len(self._content) + len(part) > self._max_body_bytes:
            self._is_too_large = True
            self._content.clear()
        if not self._is_too_large:
            self._content += part

    def _find_head(self) -> bool:
        """Whether a whole head is there. Empty lines before it do not count."""
        while self._searched == 0 and self._received.startswith((b"\r", b"\n")):
            del self._received[:1]
        if _HEAD_END.search(self._received, max(0, self._searched - 3)):
            return True
        self._searched = len(self._received)
        if self._searched > MAX_HEAD_BYTES:
            raise MalformedRequestError(f"its headers are longer than {MAX_HEAD_BYTES} bytes")
        return False

    def _begin(self) -> Head:
        end = _HEAD_END.search(self._received, max(0, self._searched - 3))
        assert end is not None
        first, *lines = _lines(self._received[: end.start()])
        del self._received[: end.end()]
        self._searched = 0
        match = _REQUEST_LINE.fullmatch(first)
        if match is None:
            raise MalformedRequestError(f"it begins with {first[:80]!r}")
        headers = _fields(lines)
        self._body = _body_of(headers)
        connection = headers.get("connection", "").lower()
        keeps_open = "keep-alive" in connection if match[3] == "0" else "close" not in connection
        return Head(match[1], match[2], headers, keeps_open)


class _Sized:
    """A body of Content-Length; none is one of no bytes."""

    def __init__(self, missing: int) -> None:
        self._missing = missing
        self.trailers: Mapping[str, str] = {}

    def take(self, received: bytearray) -> Iterator[bytes]:
        part = bytes(received[: self._missing])
        del received[: len(part)]
        self._missing -= len(part)
        yield part

    @property
    def is_complete(self) -> bool:
        return self._missing == 0


class _Chunked:
    """A body in chunks, with fields after the last one."""

    def __init__(self) -> None:
        self._missing = 0  # bytes of the chunk that is being read
        self._is_within = False  # a chunk, whose end is still to come
        self._trailer_lines: list[str] | None = None  # None: chunks come first
        self._trailer_bytes = 0
        self.trailers: Mapping[str, str] = {}
        self.is_complete = False

    def take(self, received: bytearray) -> Iterator[bytes]:
        while received and not self.is_complete:
            if self._missing:
                part = bytes(received[: self._missing])
                del received[: len(part)]
                self._missing -= len(part)
                yield part
                continue
            limit = MAX_CHUNK_LINE_BYTES if self._trailer_lines is None else MAX_HEAD_BYTES
            line = _take_line(received, limit)
            if line is None:
                return
            if self._trailer_lines is not None:
                self._trailer(line)
            elif self._is_within:
                if line:
                    raise MalformedRequestError("a chunk is longer than it says")
                self._is_within = False
            else:
                self._begin_chunk(line)

    def _begin_chunk(self, line: bytes) -> None:
        match = _CHUNK.fullmatch(line)
        if match is None or len(match[1]) > _MAX_DIGITS:
            raise MalformedRequestError(f"the size of a chunk is {_shown(line)}")
        self._missing = int(match[1], 16)
        self._is_within = self._missing > 0
        if self._missing == 0:
            self._trailer_lines = []

    def _trailer(self, line: bytes) -> None:
        assert self._trailer_lines is not None
        self._trailer_bytes += len(line)
        if self._trailer_bytes > MAX_HEAD_BYTES:
            raise MalformedRequestError(f"its trailers are longer than {MAX_HEAD_BYTES} bytes")
        if line:
            self._trailer_lines.append(line.decode("latin-1"))
        else:
            self.trailers = _fields(self._trailer_lines)
            self.is_complete = True


def _take_line(received: bytearray, limit: int) -> bytes | None:
    """The next line, taken out; None: it is not complete."""
    end = _LINE_END.search(received, 0, limit + 2)
    if end is None:
        if len(received) > limit:
            raise MalformedRequestError(f"a line between its chunks is longer than {limit} bytes")
        return None
    line = bytes(received[: end.start()])
    del received[: end.end()]
    return line


def _lines(head: bytes | bytearray) -> list[str]:
    return [line.decode("latin-1") for line in _LINE_END.split(bytes(head))]


def _fields(lines: list[str]) -> dict[str, str]:
    """Headers or trailers, by their names in lower case."""
    fields: dict[str, str] = {}
    for line in lines:
        match = _FIELD.fullmatch(line)
        if match is None:
            raise MalformedRequestError(f"one of its headers is {line[:80]!r}")
        name, value = match[1].lower(), match[2]
        fields[name] = f"{fields[name]}, {value}" if name in fields else value
    return fields


def _body_of(headers: Mapping[str, str]) -> _Body:
    """How the body ends. Chunks count where both are named.

    Source: https://www.rfc-editor.org/rfc/rfc9112#section-6.3
    """
    encoding = headers.get("transfer-encoding")
    if encoding is not None:
        if encoding.lower() != "chunked":
            raise MalformedRequestError(f"its Transfer-Encoding is {encoding[:80]!r}")
        return _Chunked()
    lengths = {length.strip() for length in headers.get("content-length", "0").split(",")}
    length = lengths.pop()
    if lengths or not _LENGTH.fullmatch(length) or len(length.lstrip("0")) > _MAX_DIGITS:
        raise MalformedRequestError(f"its Content-Length is {headers['content-length'][:80]!r}")
    return _Sized(int(length.lstrip("0") or "0"))


def _shown(line: bytes) -> str:
    return repr(line[:80].decode("latin-1"))
