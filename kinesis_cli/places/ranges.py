"""Some bytes of an object by their position: each is asked for once, and then kept on disk."""

import os
import tempfile
from array import array
from bisect import bisect_right
from collections.abc import Iterable
from typing import BinaryIO, cast

from kinesis_cli.errors import EndpointError
from kinesis_cli.places.reading import Details, RemoteReader, details_of
from kinesis_cli.places.url import Url

_TOGETHER = 4 << 20  # bytes that one request asks for, if so many are wanted there
_GAP = 16 << 10  # bytes that nobody wants: less than what another request costs


class NoRangesError(EndpointError):
    """The server gives an object as a whole only."""


class RemoteRanges:
    """An object of which some bytes are wanted. Never reads another version of it.

    Args:
        url: of the object.
        details: of the version that is wanted; default: of what is there now.

    Attributes:
        place: its URL.
        size: in bytes.

    Raises:
        InputError: there is no such object.
        EndpointError: the service refused, or was not reached, or gives no parts of it.
    """

    def __init__(self, url: Url, details: Details | None = None) -> None:
        self._url = url
        self.details = details or details_of(url)
        if self.details.size is None:
            raise NoRangesError(_NO_RANGES, place=url.shown)
        self.place, self.size = url.text, self.details.size
        self._extents: list[_Extents] = []
        self._kept: BinaryIO | None = None  # what was fetched, with holes between

    def want(self, spans: Iterable[tuple[int, int]]) -> None:
        """Say what will be read, in order: see `Ranges.want`."""
        self._extents.append(_Extents(spans))

    def read(self, start: int, length: int) -> bytes:
        """Some bytes; fewer at the end.

        Raises:
            InputError: the object is another one now.
            EndpointError: the service refused, or was not reached.
        """
        stop, pieces = min(start + length, self.size), []
        while start < stop:
            end = self._kept_until(start)
            if end is None:  # nobody said that it would be read
                pieces.append(self._fetched(start, stop))
                break
            end = min(end, stop)
            assert self._kept is not None
            pieces.append(os.pread(self._kept.fileno(), end - start, start))
            start = end
        return b"".join(pieces)

    def close(self) -> None:
        """Let go of what was kept."""
        if self._kept is not None:
            self._kept.close()

    def _kept_until(self, position: int) -> int | None:
        """Up to where bytes are on disk from a position on; None: they are not wanted."""
        for extents in self._extents:
            if (number := extents.of(position)) is not None:
                start, end = extents.starts[number], extents.ends[number]
                if not extents.is_kept[number]:
                    self._keep(start, min(end, self.size))
                    extents.is_kept[number] = True
                return end
        return None

    def _keep(self, start: int, stop: int) -> None:
        if self._kept is None:
            self._kept = cast("BinaryIO", tempfile.TemporaryFile(buffering=0))  # noqa: SIM115
        data = self._fetched(start, stop)
        while data:
            written = os.pwrite(self._kept.fileno(), data, start)
            data, start = data[written:], start + written

    def _fetched(self, start: int, stop: int) -> bytes:
        found = bytearray()
        with RemoteReader(self._url, start, stop, self.details) as reader:
            while piece := reader.read(stop - start - len(found)):
                found += piece
                if reader.is_whole:
                    raise NoRangesError(_NO_RANGES, place=self._url.shown)
        return bytes(found)


class _Extents:
    """Spans that are near each other are one, up to what a request asks for."""

    def __init__(self, spans: Iterable[tuple[int, int]]) -> None:
        self.starts, self.ends = array("Q"), array("Q")
        for start, length in spans:
            if self.ends and self._goes_on(start, start + length):
                self.ends[-1] = max(self.ends[-1], start + length)
            else:
                self.starts.append(start)
                self.ends.append(start + length)
        self.is_kept = bytearray(len(self.starts))

    def of(self, position: int) -> int | None:
        number = bisect_right(self.starts, position) - 1
        return number if number >= 0 and position < self.ends[number] else None

    def _goes_on(self, start: int, end: int) -> bool:
        return start <= self.ends[-1] + _GAP and end - self.starts[-1] <= _TOGETHER


_NO_RANGES = "the server gives no parts of it"
