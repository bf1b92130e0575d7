"""Reading an object from its beginning to its end, whatever becomes of the connection."""

import time
from dataclasses import dataclass
from typing import Any, Self

from kinesis_cli.places.failures import AbsentError, LostError, absent, changed, explained
from kinesis_cli.places.services import FileSystem, file_system
from kinesis_cli.places.url import Url

_BLOCK = 4 << 20  # bytes of one request
_PARTIAL = 206  # HTTP's status of a range
_PAUSES = (0.2, 0.5, 1, 2, 4)  # seconds before an object is asked for again that gave nothing


@dataclass(frozen=True, slots=True)
class Details:
    """What a service tells of an object."""

    size: int | None  # bytes; None: a server that does not say
    version: str  # another one once it changed; "": it has none


def details_of(url: Url) -> Details:
    """What is known of an object.

    Raises:
        InputError: there is no such object.
        EndpointError: the service refused, or was not reached.
    """
    with explained(url):
        found = file_system(url).info(url.text)
        if found.get("type") == "directory":
            raise absent(url)
        return Details(found.get("size"), _version(found))


def exists(url: Url) -> bool:
    """Whether there is such an object.

    Raises:
        EndpointError: the service refused, or was not reached.
    """
    try:
        details_of(url)
    except AbsentError:
        return False
    return True


class RemoteReader:
    """Reads an object once, in order. Use it as a context manager.

    A connection that is lost is made again, and reading goes on at the byte that is missing. An
    object that changed meanwhile is refused.

    Args:
        url: of the object.
        start: the first byte that is wanted.
        stop: where to end; default: with the object.
        details: of the version that is wanted; default: of what is there now.

    Attributes:
        position: of the next byte.
        is_whole: whether a part was asked for, and the server sends all of it.

    Raises:
        InputError: there is no such object.
        EndpointError: the service refused, or was not reached.
    """

    def __init__(
        self,
        url: Url,
        start: int = 0,
        stop: int | None = None,
        details: Details | None = None,
    ) -> None:
        self._url, self.position, self._stop = url, start, stop
        self.is_whole = False
        self._details = details or details_of(url)
        with explained(url):
            self._system: FileSystem = file_system(url)
            self._file: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def read(self, size: int) -> bytes:
        """At most so many bytes; none at the end.

        Raises:
            InputError: the object changed.
            EndpointError: it could not be read to its end.
        """
        for pause in (*_PAUSES, None):
            try:
                with explained(self._url):
                    piece = self._read(size)
            except LostError:
                self._close()
                if pause is None:
                    raise
                time.sleep(pause)
            else:
                self.position += len(piece)
                return piece
        raise AssertionError

    def _read(self, size: int) -> bytes:
        wanted = self._details.size
        ends = [each for each in (wanted, self._stop) if each is not None]
        if ends:
            size = min(size, min(ends) - self.position)
            if size <= 0:
                self._check_version()
                return b""
        if self._file is None:
            self._file = self._opened()
        piece = bytes(self._file.read(size))
        if piece:
            return piece
        if wanted is not None:
            raise LostError(
                f"it ended after {self.position:,} of {wanted:,} bytes", place=self._url.shown
            )
        self._check_version()
        return b""

    def _opened(self) -> Any:  # noqa: ANN401 - a file of fsspec
        if self._url.is_read_only:
            return self._opened_by_http()
        options = {"version": self._details.version} if self._url.scheme == "s3" else {}
        file = self._system.open(
            self._url.text,
            "rb",
            block_size=_BLOCK,
            # of a part no more is asked for than is read
            cache_type="readahead" if self._stop is None else "none",
            size=self._details.size,
            **options,
        )
        file.seek(self.position)
        return file

    def _opened_by_http(self) -> Any:  # noqa: ANN401
        """A stream from the position on, of a server that may know no ranges.

        Source: https://www.rfc-editor.org/rfc/rfc9110#name-range-requests
        """
        # what the server packs for the way would have other positions
        headers, version = {"Accept-Encoding": "identity"}, self._details.version
        if self.position or self._stop is not None:
            last = "" if self._stop is None else self._stop - 1
            headers["Range"] = f"bytes={self.position}-{last}"
            if _is_strong(version):  # another object is sent as a whole
                headers["If-Range"] = version
        file = self._system.open(
            self._url.text, block_size=0, headers=headers, size=self._details.size
        )
        if "Range" not in headers or file.r.status == _PARTIAL:
            return file
        if _is_strong(version) and file.r.headers.get("ETag") != version:
            raise changed(self._url)
        self.is_whole = True
        to_skip = self.position
        while to_skip:
            piece = file.read(min(to_skip, _BLOCK))
            if not piece:
                raise LostError("it ended early", place=self._url.shown)
            to_skip -= len(piece)
        return file

    def _check_version(self) -> None:
        """All was read: it must have been one object."""
        version = self._details.version
        if not version or (self._stop is not None and self._is_pinned):
            return
        if details_of(self._url).version != version:
            raise changed(self._url)

    @property
    def _is_pinned(self) -> bool:
        """Whether the service itself refuses to give parts of another version."""
        version = self._details.version
        return version != "" and (
            self._url.scheme == "s3" or (self._url.is_read_only and _is_strong(version))
        )

    def _close(self) -> None:
        if self._file is not None:
            file, self._file = self._file, None
            file.close()


def read_range(url: Url, start: int, length: int) -> bytes:
    """Some bytes of an object; fewer where it ends before.

    Raises:
        InputError: there is no such object.
        EndpointError: the service refused, or was not reached.
    """
    pieces = bytearray()
    with RemoteReader(url, start, start + length) as reader:
        while len(pieces) < length and (piece := reader.read(length - len(pieces))):
            pieces += piece
    return bytes(pieces)


def _is_strong(version: str) -> bool:
    """Whether it is an ETag that names each byte."""
    return version.startswith('"')


def _version(found: dict[str, Any]) -> str:
    for name in ("ETag", "etag", "generation", "Last-Modified", "mtime", "updated"):
        if value := found.get(name):
            return str(value)
    return ""
