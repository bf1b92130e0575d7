"""Opening what the user named: a file, a URL or standard input, compressed or not."""

import codecs
import io
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from typing import BinaryIO, cast

from kinesis_cli.errors import InputError
from kinesis_cli.places.url import Url, is_url, shown
from kinesis_cli.stream.packing import DAMAGES, format_of, packed_reader

BLOCK = 1 << 18  # bytes read at a time; what fits into the processor's cache is fastest
BOM = b"\xef\xbb\xbf"
MAX_LINE = 16 << 20  # bytes; the largest record, 10 MiB, has 14 MiB as base64

# A recording shrinks to about a tenth; what shrinks so much more is a mistake or an attack.
_BOMB_SIZE, _BOMB_RATIO = 256 << 20, 200

_UTF16 = (b"\xff\xfe", b"\xfe\xff")


def open_regular(path: str) -> tuple[BinaryIO, str]:
    """Open a file of which every byte can be read at its position, any number of times.

    Args:
        path: a file's name or a URL; "-" is standard input.

    Returns:
        The file as it is, packed or not: what cannot be read twice, or is elsewhere, is copied to
        an unnamed temporary file. And the name for messages.

    Raises:
        InputError: it cannot be opened.
        EndpointError: a service refused, or was not reached.
    """
    name = "standard input" if path == "-" else shown(path)
    try:
        return (_fetched(Url(path)) if is_url(path) else _regular(path)), name
    except (OSError, ValueError) as error:
        raise InputError(_reason(error), place=name) from error


def is_live(path: str) -> bool:
    """Whether it may have no end yet: standard input, a pipe, a terminal."""
    try:
        if path == "-" or is_url(path):
            return path == "-"
        mode = Path(path).stat().st_mode
        return not (S_ISREG(mode) or S_ISDIR(mode))
    except (OSError, ValueError):
        return False  # whoever opens it learns why


@contextmanager
def open_live(path: str) -> Iterator[tuple[Callable[[int], bytes], str]]:
    """Open what may have no end yet.

    Args:
        path: "-" is standard input.

    Yields:
        A function that waits for at most so many bytes and gives those that are there, none at the
        end; and the name for messages.

    Raises:
        InputError: it cannot be opened or read.
    """
    name = "standard input" if path == "-" else path
    if path == "-" and sys.stdin is None:
        raise InputError("is closed", place=name)
    try:
        with open(0 if path == "-" else path, "rb", buffering=0, closefd=path != "-") as file:
            yield file.read, name
    except OSError as error:
        raise InputError(_reason(error), place=name) from error


def is_packed(head: bytes) -> bool:
    """Whether this is the beginning of what cannot be read line by line."""
    return head[:2] in _UTF16 or format_of(head) is not None


def spooled(head: bytes, read: Callable[[int], bytes]) -> BinaryIO:
    """A file of what `head` begins and `read` goes on with, packed or not."""
    heads = iter([head] if head else [])
    return _temporary(lambda size: next(heads, b"") or read(size))


def text_reader(descriptor: int, name: str) -> Callable[[int], str]:
    """A function that gives up to so many bytes' characters of a file, "" at its end.

    The function raises InputError where the file is not UTF-8.
    """
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    position = 0

    def read(size: int) -> str:
        nonlocal position
        text = ""
        while not text and (piece := os.pread(descriptor, size, position)):
            try:
                text = decoder.decode(piece)
            except UnicodeDecodeError as error:
                at = position + error.start - (len(error.object) - len(piece))
                raise not_utf8(error.object[error.start], name, f"byte {at:,}") from None
            position += len(piece)
        if not text and decoder.getstate()[0]:
            raise not_utf8(decoder.getstate()[0][0], name, "its end")
        return text

    return read


def text_in(file: BinaryIO, name: str) -> str:
    """All of a small file as text, without a byte order mark; packed or not.

    Raises:
        InputError: it is damaged, or not UTF-8.
    """
    plain = unpacked(file, name)
    try:
        read = text_reader(plain.fileno(), name)
        return "".join(iter(lambda: read(BLOCK), ""))
    finally:
        plain.close()


def not_utf8(byte: int, name: str, where: str) -> InputError:
    """The sentence for text in another encoding."""
    return InputError(f"not UTF-8, found 0x{byte:02x}", place=f"{name}, {where}")


def blocks(descriptor: int, start: int = 0) -> Iterator[tuple[int, bytes]]:
    """Whole lines, about `BLOCK` bytes at a time.

    Yields:
        The position of a block and its bytes; a block ends with a line break or the file.

    Raises:
        InputError: a line is longer than `MAX_LINE`. Its place is for the caller to add.
    """
    size = BLOCK
    while block := os.pread(descriptor, size, start):
        end = block.rfind(b"\n") + 1
        if not end and len(block) == size:
            if size >= MAX_LINE:
                raise InputError(f"a line of more than {MAX_LINE >> 20} MiB")
            size = min(2 * size, MAX_LINE)
            continue
        if end and (end < len(block)) and len(block) == size:
            block = block[:end]
        yield start, block
        start += len(block)
        size = BLOCK


def split_lines(block: bytes) -> list[bytes]:
    """The lines of a block, without white space around them.

    Half of the time of `bytes.split`, which looks at each byte: `io` looks for line breaks only.
    """
    return list(map(bytes.strip, io.BytesIO(block)))


def keep_freed_memory() -> None:
    """Let the C library keep the memory of a few blocks for the next ones.

    glibc gives it back at once, and the kernel clears it anew for each block: a tenth of the time
    that a simulation takes. A large piece that was freed changes that (mallopt(3),
    M_MMAP_THRESHOLD). It is never touched, so it takes no memory.
    """
    bytes(16 * BLOCK)


def _regular(path: str) -> io.BufferedReader:
    # "-" may be a pipe or a terminal; so may a path such as /dev/stdin or a shell's <(...).
    if path == "-" and sys.stdin is None:
        raise ValueError("is closed")
    file = sys.stdin.buffer if path == "-" else Path(path).open("rb")  # noqa: SIM115
    if path != "-" and S_ISREG(os.fstat(file.fileno()).st_mode):
        return cast("io.BufferedReader", file)
    try:
        return _temporary(file.read)
    finally:
        if path != "-":
            file.close()


def _fetched(url: Url) -> io.BufferedReader:
    from kinesis_cli.places.reading import RemoteReader  # seldom needed, and start-up counts

    with RemoteReader(url) as reader:
        return _temporary(reader.read)


def _temporary(read: Callable[[int], bytes]) -> io.BufferedReader:
    copy = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
    while piece := read(BLOCK):
        copy.write(piece)
    copy.seek(0)  # writes out what is buffered
    return cast("io.BufferedReader", copy)


def unpacked(file: BinaryIO, name: str) -> BinaryIO:
    """The file itself if it is not packed, else a new one with what is in it.

    Raises:
        InputError: it is damaged, or text that is not UTF-8.
    """
    try:
        head = os.pread(file.fileno(), 4, 0)
    except OSError as error:
        raise InputError(_reason(error), place=name) from error
    if head[:2] in _UTF16:
        raise InputError("this is UTF-16 text", place=name, advice="Save it as UTF-8.")
    if (format_ := format_of(head)) is None:
        return file
    reader = packed_reader(file, format_)
    length = 0

    def read(size: int) -> bytes:
        nonlocal length
        piece = reader.read(size)
        length += len(piece)
        if length > max(_BOMB_SIZE, _BOMB_RATIO * file.tell()):
            problem = f"{_BOMB_RATIO} times as large when unpacked; that is not a recording"
            raise InputError(problem, place=name)
        return piece

    try:
        return _temporary(read)
    except DAMAGES as error:
        problem = "it ends early" if isinstance(error, EOFError) else "its compression is damaged"
        raise InputError(f"{problem}, after {length:,} bytes of text", place=name) from error
    except OSError as error:
        raise InputError(f"could not be unpacked: {_reason(error)}", place=name) from error
    finally:
        reader.close()


def _reason(error: Exception) -> str:
    reason = error.strerror if isinstance(error, OSError) else None
    return (reason or str(error) or type(error).__name__).lower()
