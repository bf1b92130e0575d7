"""The bytes of a file by their position: of one on this machine; elsewhere `places.ranges`."""

import os
from collections.abc import Iterable
from typing import BinaryIO, Protocol

Span = tuple[int, int]  # where it begins, and how long it is


class Ranges(Protocol):
    """What gives some bytes of a file."""

    place: str  # for messages, and for whoever opens it in another process
    size: int  # bytes

    def want(self, spans: Iterable[Span]) -> None:
        """Say what will be read, in order: what costs a request each is asked for together."""
        ...

    def read(self, start: int, length: int) -> bytes:
        """Some bytes; fewer at the end."""
        ...

    def close(self) -> None:
        """Close what is open."""
        ...


class FileRanges:
    """A file of this machine.

    Args:
        file: closed with it.
    """

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.place = str(file.name)
        self.size = os.fstat(file.fileno()).st_size

    def want(self, spans: Iterable[Span]) -> None:
        """See `Ranges.want`: here nothing is gained by it."""

    def read(self, start: int, length: int) -> bytes:
        """See `Ranges.read`."""
        return os.pread(self.file.fileno(), length, start)

    def close(self) -> None:
        """See `Ranges.close`."""
        self.file.close()
