"""A request and its answer, whatever version of HTTP carries them."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qs


class ConnectionCut(Exception):  # noqa: N818 - no error: it was asked for
    """The connection is to be dropped instead of an answer."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request that was read to its end."""

    method: str
    path: str  # percent escapes decoded
    raw_path: bytes  # as it was sent
    query_string: str
    headers: Mapping[str, str]  # names in lower case
    body: bytes
    scheme: str = "http"  # or https

    def query(self, name: str) -> str:
        """The first value of a query parameter; empty: there is none."""
        return parse_qs(self.query_string, keep_blank_values=True).get(name, [""])[0]


@dataclass(frozen=True, slots=True)
class Response:
    """An answer. A body may come in pieces."""

    status: int
    content_type: str
    body: bytes | AsyncIterator[bytes] = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    note: str = ""  # for the line in the log: which call it was
    last: bytes = b""  # of a body in pieces: what it ends with when the server does
