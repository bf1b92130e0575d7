"""gzip and zstd: how packed bytes begin, and how they are made and opened. No files here."""

import sys
import zlib
from collections.abc import Callable
from gzip import BadGzipFile, GzipFile, compress
from typing import BinaryIO, Literal, Protocol, cast

if sys.version_info >= (3, 14):
    from compression.zstd import ZstdDecompressor, ZstdError, ZstdFile
    from compression.zstd import compress as compress_zstd
else:
    from backports.zstd import ZstdDecompressor, ZstdError, ZstdFile
    from backports.zstd import compress as compress_zstd

Format = Literal["gzip", "zstd"]

MEMBER_BYTES = 4 << 20  # of text in a member: large enough to pack as well as one piece does

GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"
MAX_MAGIC = len(_ZSTD)  # bytes
_DEFLATED = b"\x08"  # the only method of gzip that there is
_GZIP_HEADER = 16 + zlib.MAX_WBITS  # as zlib.decompressobj wants it

SUFFIXES: dict[str, Format] = {".gz": "gzip", ".zst": "zstd"}

# Raised by readers and decompressors of damaged bytes.
DAMAGES = (EOFError, BadGzipFile, zlib.error, ZstdError)


class Decompressor(Protocol):
    """Opens one packed piece."""

    @property
    def eof(self) -> bool:
        """Whether the piece has ended."""

    @property
    def unused_data(self) -> bytes:
        """What came after its end."""

    def decompress(self, data: bytes, max_length: int = ..., /) -> bytes:
        """Open some more of it, at most `max_length` bytes."""


def format_of(head: bytes) -> Format | None:
    """Return how bytes that begin with `head` are packed; None: they are not."""
    if head.startswith(GZIP):
        return "gzip"
    return "zstd" if head.startswith(_ZSTD) else None


def decompressor(format_: Format) -> Decompressor:
    """Return what opens one piece of this format."""
    if format_ == "gzip":
        return cast("Decompressor", zlib.decompressobj(_GZIP_HEADER))
    return cast("Decompressor", ZstdDecompressor())


def gzip_decompressor() -> "zlib._Decompress":
    """Return zlib's own, which also tells what it has not looked at yet."""
    return zlib.decompressobj(_GZIP_HEADER)


def opened(data: bytes, max_size: int) -> tuple[bytes, Format | None]:
    """Open a payload that is packed as a whole.

    Args:
        data: packed or not.
        max_size: in bytes; what would become larger stays packed.

    Returns:
        What is in it, and how it was packed; the bytes themselves and None where they are not
        packed, or damaged.
    """
    format_ = format_of(data)
    if format_ is None or (format_ == "gzip" and data[2:3] != _DEFLATED):
        return data, None
    unpacker = decompressor(format_)
    try:
        text = unpacker.decompress(data, max_size)
    except DAMAGES:
        return data, None
    return (text, format_) if unpacker.eof and not unpacker.unused_data else (data, None)


def packer(format_: Format) -> Callable[[bytes], bytes]:
    """Return what packs a text into one piece."""
    return _gzip if format_ == "gzip" else compress_zstd


def _gzip(text: bytes) -> bytes:
    return compress(text, compresslevel=6, mtime=0)


def packed_reader(file: BinaryIO, format_: Format) -> BinaryIO:
    """Return a file of what is in a packed file."""
    return cast("BinaryIO", GzipFile(fileobj=file) if format_ == "gzip" else ZstdFile(file))


class MemberWriter:
    """Packs what is written to it into members that can be opened alone; the same bytes each time.

    A piece that was written at once stays together, so whole lines in mean whole lines in a member.

    Args:
        write: takes the members, each at once.
        format_: how they are packed.
    """

    def __init__(self, write: Callable[[bytes], object], format_: Format) -> None:
        self._write, self._pack = write, packer(format_)
        self._waiting: list[bytes] = []
        self._size = 0

    def write(self, data: bytes, /) -> int:
        """Take some more."""
        self._waiting.append(data)
        self._size += len(data)
        if self._size >= MEMBER_BYTES:
            self.finish()
        return len(data)

    def finish(self) -> None:
        """Write what waits."""
        if self._waiting:
            self._write(self._pack(b"".join(self._waiting)))
        self._waiting, self._size = [], 0


def packing_writer(file: BinaryIO, format_: Format) -> BinaryIO:
    """Return a file that packs what is written to it; the same bytes each time."""
    if format_ == "gzip":  # without name and time
        packed = GzipFile(filename="", fileobj=file, mode="wb", mtime=0, compresslevel=6)
        return cast("BinaryIO", packed)
    return cast("BinaryIO", ZstdFile(file, "wb"))
