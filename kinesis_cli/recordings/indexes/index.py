"""`FILE.kidx` on disk: opened, held against its recording, written."""

import hashlib
import os
from array import array
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, NamedTuple, Self
from zlib import crc32

from kinesis_cli.errors import InputError
from kinesis_cli.recordings.files import appearing_whole
from kinesis_cli.recordings.indexes.form import (
    BYTES_PER_LINE,
    END_BYTES,
    SUFFIX,
    DamagedIndexError,
    FileEntry,
    Head,
    LineTable,
    decoded_head,
    encoded_end,
    end_of,
    numbers,
)

_DIGESTED_AT_ONCE = 1 << 20  # bytes


class Index:
    """An open index.

    Args:
        file: closed with the index.

    Raises:
        DamagedIndexError: it is none, or not all of one.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        descriptor = file.fileno()
        size = os.fstat(descriptor).st_size
        length, check = end_of(os.pread(descriptor, END_BYTES, max(0, size - END_BYTES)))
        tables = size - END_BYTES - length
        if tables < 0:
            raise DamagedIndexError("it is shorter than it says")
        self.head = decoded_head(os.pread(descriptor, length, tables), check, tables)
        self._lines, self._checks = numbers("I", self.head.lines), numbers("I", self.head.checks)
        self._starts = array("Q", [0])
        for lines in self._lines:
            self._starts.append(self._starts[-1] + lines * BYTES_PER_LINE)

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open an index.

        Raises:
            DamagedIndexError: it is none, or not all of one.
            OSError: it cannot be opened.
        """
        file = path.open("rb", buffering=0)
        try:
            return cls(file)
        except BaseException:
            file.close()
            raise

    @property
    def path(self) -> str:
        """Where it is."""
        return str(self._file.name)

    def table(self, block: int) -> LineTable:
        """Which shard each line of a block is of.

        Raises:
            InputError: it is not what it was.
        """
        size = self._lines[block] * BYTES_PER_LINE
        data = os.pread(self._file.fileno(), size, self._starts[block])
        if crc32(data) != self._checks[block]:
            raise InputError("some of its bytes are not what they were", place=self.path)
        return LineTable(data)

    def close(self) -> None:
        """Close its file."""
        self._file.close()


class Beside(NamedTuple):
    """What was found beside a recording."""

    kept: Index | None
    problem: str = ""  # a sentence, where there is one that is of no use


def index_path(path: str | Path) -> Path:
    """Where the index of a recording is kept."""
    return Path(f"{path}{SUFFIX}")


def index_beside(path: str, file: BinaryIO) -> Beside:
    """The index beside a recording, if it is of the recording as it is now.

    Args:
        path: of the recording.
        file: the recording, open.
    """
    beside = index_path(path)
    try:
        index = Index.open(beside)
    except FileNotFoundError:
        return Beside(None)
    except (OSError, DamagedIndexError) as error:
        return Beside(None, f"{beside}: of no use: {error}; `kcli index` makes it anew.")
    if is_of(index.head, file):
        return Beside(index)
    index.close()
    return Beside(None, f"{beside}: not of the recording as it is now; `kcli index` makes it anew.")


def is_of(head: Head, file: BinaryIO) -> bool:
    """Whether an index is of a file as it is now."""
    found = os.fstat(file.fileno())
    if len(head.files) != 1 or head.files[0].size != found.st_size:
        return False
    entry = head.files[0]
    # A copy has another time, and the same bytes.
    return entry.changed_ns == found.st_mtime_ns or entry.digest == digest_of(file)


def digest_of(file: BinaryIO) -> bytes:
    """A digest of all that is in a file."""
    digest, position = hashlib.blake2b(digest_size=32), 0
    while piece := os.pread(file.fileno(), _DIGESTED_AT_ONCE, position):
        digest.update(piece)
        position += len(piece)
    return digest.digest()


def entry_of(
    file: BinaryIO, packing: str = "", members: tuple[bytes, bytes] = (b"", b"")
) -> FileEntry:
    """What an index says of a file as it is now."""
    found = os.fstat(file.fileno())
    return FileEntry(found.st_size, found.st_mtime_ns, digest_of(file), packing, *members)


def write_index(path: Path, tables: BinaryIO, head: Head) -> None:
    """Write an index; it appears whole or not at all.

    Args:
        path: whose place it takes.
        tables: a file of the tables of all blocks.
        head: what stands behind them.

    Raises:
        InputError: it cannot be written.
    """
    with appearing_whole(path) as file:
        position = 0
        while piece := os.pread(tables.fileno(), _DIGESTED_AT_ONCE, position):
            file.write(piece)
            position += len(piece)
        file.write(encoded_end(head))


def open_files(paths: Sequence[str]) -> list[BinaryIO]:
    """Open the files of an index of several.

    Raises:
        InputError: one cannot be opened.
    """
    opened: list[BinaryIO] = []
    try:
        for path in paths:
            opened.append(Path(path).open("rb", buffering=0))  # noqa: SIM115 - closed with a survey
    except OSError as error:
        for file in opened:
            with suppress(OSError):
                file.close()
        reason = (error.strerror or str(error)).lower()
        raise InputError(reason, place=path) from error
    return opened
