"""The bytes of a recording's text by their position: of a plain file, or of packed members."""

import os
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import BinaryIO, Protocol, cast

from kinesis_cli.errors import InputError
from kinesis_cli.recordings.indexes.form import FileEntry, encoded, numbers
from kinesis_cli.recordings.indexes.ranges import FileRanges, Ranges, Span
from kinesis_cli.recordings.opening import BLOCK
from kinesis_cli.stream.packing import DAMAGES, Format, decompressor

MAX_MEMBER = 64 << 20  # bytes of text; a larger one is not read for the sake of a few lines


class Text(Protocol):
    """What gives the bytes of a range."""

    data: Ranges  # of the file

    @property
    def entry(self) -> FileEntry:
        """What an index says of the file."""

    def want(self, spans: Iterable[Span]) -> None:
        """Say which bytes will be read, in order."""
        ...

    def read(self, start: int, length: int) -> bytes:
        """The bytes of a range; fewer where the file is not what it was."""
        ...

    def close(self) -> None:
        """Close the file."""
        ...


class PlainText:
    """A file that is its own text.

    Args:
        data: of the file; closed with it.
        entry: as an index has it; default: of a file that has none.
    """

    def __init__(self, data: Ranges, entry: FileEntry | None = None) -> None:
        self.data = data
        self._entry = entry

    @property
    def entry(self) -> FileEntry:
        """See `Text.entry`."""
        if self._entry is not None:
            return self._entry
        assert isinstance(self.data, FileRanges)  # which may have grown since it was opened
        return FileEntry(os.fstat(self.data.file.fileno()).st_size, 0, b"")

    def want(self, spans: Iterable[Span]) -> None:
        """See `Text.want`."""
        self.data.want(spans)

    def read(self, start: int, length: int) -> bytes:
        """See `Text.read`."""
        return self.data.read(start, length)

    def close(self) -> None:
        """See `Text.close`."""
        self.data.close()


class PackedText:
    """A file of members, each packed alone. Keeps the text of the last one.

    Args:
        data: of the file; closed with it.
        entry: as an index has it.
    """

    def __init__(self, data: Ranges, entry: FileEntry) -> None:
        self.data, self._entry = data, entry
        self._packing = cast("Format", entry.packing)
        self._in_text = numbers("Q", entry.members_in_text)
        self._on_disk = numbers("Q", entry.members_on_disk)
        self._kept, self._text = -1, b""

    @property
    def entry(self) -> FileEntry:
        """See `Text.entry`."""
        return self._entry

    def want(self, spans: Iterable[Span]) -> None:
        """See `Text.want`."""
        self.data.want(self._spans_of_members(spans))

    def read(self, start: int, length: int) -> bytes:
        """See `Text.read`."""
        number, pieces = bisect_right(self._in_text, start) - 1, []
        while length > 0 and 0 <= number < len(self._in_text) - 1:
            begin = start - self._in_text[number]
            pieces.append(piece := self._member(number)[begin : begin + length])
            if not piece:
                break
            start, length, number = start + len(piece), length - len(piece), number + 1
        return b"".join(pieces)

    def _member(self, number: int) -> bytes:
        if number != self._kept:
            start, end = self._on_disk[number : number + 2]
            size = self._in_text[number + 1] - self._in_text[number]
            packed = self.data.read(start, end - start)
            try:
                text = decompressor(self._packing).decompress(packed, size)
            except DAMAGES:
                text = b""  # it is not what it was
            self._kept, self._text = number, text if len(text) == size else b""
        return self._text

    def _spans_of_members(self, spans: Iterable[Span]) -> Iterator[Span]:
        """Where the members are that hold some bytes of the text, each once."""
        following, last = 0, len(self._in_text) - 1
        for start, length in spans:
            number = max(following, bisect_right(self._in_text, start) - 1)
            while number < last and self._in_text[number] < start + length:
                begin, end = self._on_disk[number : number + 2]
                yield begin, end - begin
                number = following = number + 1

    def close(self) -> None:
        """See `Text.close`."""
        self.data.close()


def text_of(data: Ranges, entry: FileEntry) -> Text:
    """The text of a file that an index tells of."""
    return PackedText(data, entry) if entry.packing else PlainText(data, entry)


def members_of(file: BinaryIO, packing: Format, name: str) -> tuple[bytes, bytes]:
    """Where the members of a packed file begin, in its text and on disk, as `FileEntry` has them.

    Raises:
        InputError: it is damaged, or one is so large that nobody reads it for some of its lines.
    """
    in_text, on_disk = array("Q", [0]), array("Q", [0])
    for text, packed in _members(file.fileno(), packing, name):
        if text > MAX_MEMBER:
            raise InputError(
                "packed as one piece, so that no part of it can be read alone",
                place=name,
                advice="`kcli record` and `kcli event` write pieces. Or unpack it, and index that.",
            )
        in_text.append(in_text[-1] + text)
        on_disk.append(on_disk[-1] + packed)
    return encoded(in_text), encoded(on_disk)


def _members(descriptor: int, packing: Format, name: str) -> Iterator[tuple[int, int]]:
    """The bytes of each member's text, up to a little more than `MAX_MEMBER`, and on disk."""
    start, rest = 0, os.pread(descriptor, BLOCK, 0)
    while rest:
        unpacker, text, taken = decompressor(packing), 0, 0
        while not unpacker.eof and text <= MAX_MEMBER:
            piece = rest or os.pread(descriptor, BLOCK, start + taken)
            if not piece:
                raise InputError("it ends early", place=name)
            try:
                text += len(unpacker.decompress(piece))
            except DAMAGES as error:
                raise InputError("its compression is damaged", place=name) from error
            taken += len(piece)
            rest = b""
        rest = unpacker.unused_data if unpacker.eof else b""
        taken -= len(rest)
        yield text, taken
        if not unpacker.eof:
            return
        start += taken
        rest = rest or os.pread(descriptor, BLOCK, start)
