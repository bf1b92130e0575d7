"""What stands in `FILE.kidx`. No files here.

    one table for each block of lines    which shard each line is of, and how long it is
    the columns                          of all blocks: where each is, and what is in it
    a section for each shard             the blocks that hold its lines
    the head                             MessagePack: see `Head`
    the head's length, its CRC-32        8 and 4 bytes
    `kcli index`, a line break           the end, by which an index is recognised

All numbers are little-endian. A block is some whole lines; a shard's lines lie in some of them.
The head is small, and tells how the records can be shared. Who reads some shards reads their
sections and the columns, and the table of a block only where that also holds lines of others.
"""

import sys
from array import array
from collections.abc import Iterable
from itertools import accumulate, pairwise
from typing import NamedTuple
from zlib import crc32

import msgspec

VERSION = 2
ENDING = b"kcli index\n"
END_BYTES = 8 + 4 + len(ENDING)
SUFFIX = ".kidx"

_SHARD_NUMBER, _LINE_LENGTH = "H", "I"  # of a line in a table
BYTES_PER_LINE = 6
MAX_SHARDS = (1 << 16) - 1
_BLOCK_NUMBER = "I"  # in a shard's section
BYTES_PER_BLOCK_OF_SHARD = 12


class DamagedIndexError(Exception):
    """This is no index, or not all of one."""


class Section(msgspec.Struct, frozen=True, array_like=True):
    """A part of an index that is read when it is needed."""

    start: int  # where it begins in the index
    count: int  # of its blocks
    check: int  # CRC-32 of its bytes


class ShardEntry(msgspec.Struct, frozen=True, array_like=True):
    """A shard's records."""

    shard_id: str
    count: int
    first_arrival: float  # of its first record, epoch seconds
    last_arrival: float  # of its last one
    first_number: str
    first_line: int  # 1-based
    last_number: str
    last_line: int
    # `I`, the numbers of the blocks that hold its lines; then `d`, when its first record in each
    # of these arrived, epoch seconds
    section: Section


class FileEntry(msgspec.Struct, frozen=True, array_like=True):
    """A file that the lines are in, as it was when they were read."""

    size: int  # as it is on disk, bytes
    changed_ns: int  # when it was changed last; 0: an object of a service
    digest: bytes  # of all its bytes
    version: str = ""  # of an object: its service, and what that calls this version of it
    # Of a packed one: where each member begins in the text and on disk, and where the last ends.
    packing: str = ""  # "gzip" or "zstd"
    members_in_text: bytes = b""  # `Q`
    members_on_disk: bytes = b""  # `Q`


class Head(msgspec.Struct, frozen=True):
    """What a reader needs to know before it reads a line."""

    version: int
    kind: str  # of source
    first_arrival: float  # the earliest of all, epoch seconds
    last_arrival: float
    files: tuple[FileEntry, ...]  # one; in an index of several inputs, which no file keeps, more
    columns: Section  # see `Columns`
    shards: tuple[ShardEntry, ...]  # in order of first appearance


class Columns(NamedTuple):
    """What is known of each block."""

    files: "array[int]"  # the number of the file that it is in
    starts: "array[int]"  # where it begins in the file's text
    lengths: "array[int]"  # bytes
    lines: "array[int]"
    shards: "array[int]"  # how many have lines in it
    table_checks: "array[int]"  # CRC-32 of its table
    text_checks: "array[int]"  # CRC-32 of its bytes


_COLUMNS = "HQIIHII"  # the arrays of `Columns`
BYTES_PER_BLOCK = sum(array(code).itemsize for code in _COLUMNS)

_decode = msgspec.msgpack.Decoder(Head).decode


def encoded_end(head: Head) -> bytes:
    """What stands behind the sections."""
    packed = msgspec.msgpack.encode(head)
    end = len(packed).to_bytes(8, "little") + crc32(packed).to_bytes(4, "little") + ENDING
    return packed + end


def end_of(tail: bytes) -> tuple[int, int]:
    """How long the head is, and its check, from the last `END_BYTES` of an index.

    Raises:
        DamagedIndexError: it is none.
    """
    if not tail.endswith(ENDING) or len(tail) != END_BYTES:
        raise DamagedIndexError("its end is missing")
    return int.from_bytes(tail[:8], "little"), int.from_bytes(tail[8:12], "little")


def decoded_head(packed: bytes, check: int, before: int) -> Head:
    """The head.

    Args:
        packed: as `encoded_end` made it.
        check: of it, from the end.
        before: bytes of all that stands before it.

    Raises:
        DamagedIndexError: it is not a head, or not one of what stands before it.
    """
    if crc32(packed) != check:
        raise DamagedIndexError("some of its bytes are not what they were")
    try:
        version = msgspec.msgpack.decode(packed, type=_Version).version
        if version != VERSION:
            raise DamagedIndexError(f"it is of version {version}, and this kcli reads {VERSION}")
        head = _decode(packed)
        _check(head, before)
    except (msgspec.MsgspecError, UnicodeError, RecursionError, ValueError) as error:
        raise DamagedIndexError(str(error)) from error
    return head


class _Version(msgspec.Struct):
    version: int


def _check(head: Head, before: int) -> None:
    position = head.columns.start + head.columns.count * BYTES_PER_BLOCK
    for shard in head.shards:
        if shard.section.start != position or not 0 < shard.section.count <= head.columns.count:
            raise DamagedIndexError("its sections do not fit together")
        position += shard.section.count * BYTES_PER_BLOCK_OF_SHARD
    if position != before or head.columns.start % BYTES_PER_LINE:
        raise DamagedIndexError("its sections do not fit together")
    for file in head.files:
        in_text, on_disk = numbers("Q", file.members_in_text), numbers("Q", file.members_on_disk)
        if len(in_text) != len(on_disk) or (file.packing != "") != (len(in_text) > 1):
            raise DamagedIndexError("its members do not fit together")


def decoded_columns(data: bytes, head: Head) -> Columns:
    """The columns of an index.

    Raises:
        DamagedIndexError: they are not those of its head.
    """
    if crc32(data) != head.columns.check or len(data) != head.columns.count * BYTES_PER_BLOCK:
        raise DamagedIndexError("some of its bytes are not what they were")
    found, position = [], 0
    for code in _COLUMNS:
        size = head.columns.count * array(code).itemsize
        found.append(numbers(code, data[position : position + size]))
        position += size
    columns = Columns(*found)
    if sum(columns.lines) * BYTES_PER_LINE != head.columns.start:
        raise DamagedIndexError("its tables do not fit its blocks")
    if max(columns.files, default=0) >= max(1, len(head.files)):
        raise DamagedIndexError("its blocks are in files that it does not name")
    return columns


def encoded_columns(columns: Columns) -> bytes:
    """The columns as they stand in an index."""
    return b"".join(map(encoded, columns))


def decoded_section(
    data: bytes, section: Section, blocks: int
) -> "tuple[array[int], array[float]]":
    """A shard's section: numbers of blocks, and arrivals.

    Args:
        data: its bytes.
        section: as the head has it.
        blocks: how many there are.

    Raises:
        DamagedIndexError: it is not what the head says.
    """
    if crc32(data) != section.check or len(data) != section.count * BYTES_PER_BLOCK_OF_SHARD:
        raise DamagedIndexError("some of its bytes are not what they were")
    middle = section.count * array(_BLOCK_NUMBER).itemsize
    own, arrivals = numbers(_BLOCK_NUMBER, data[:middle]), times(data[middle:])
    if own[-1] >= blocks or not all(before < after for before, after in pairwise(own)):
        raise DamagedIndexError("what it says of a shard does not fit together")
    return own, arrivals


def encoded_section(own: "array[int]", arrivals: "array[float]") -> bytes:
    """A shard's section as it stands in an index."""
    return encoded(own) + encoded(arrivals)


def numbers(code: str, data: bytes) -> "array[int]":
    """Numbers of an index."""
    found = array(code)
    found.frombytes(data)
    if sys.byteorder == "big":
        found.byteswap()
    return found


def times(data: bytes) -> "array[float]":
    """Times of an index."""
    found = array("d")
    found.frombytes(data)
    if sys.byteorder == "big":
        found.byteswap()
    return found


def encoded(found: "array[int] | array[float]") -> bytes:
    """Numbers or times as they stand in an index."""
    if sys.byteorder == "big":
        found = found[:]
        found.byteswap()
    return found.tobytes()


class LineTable:
    """Which shard each line of a block is of, and where it is in the block.

    Args:
        data: as `encoded_table` made it.
    """

    def __init__(self, data: bytes) -> None:
        lines = len(data) // BYTES_PER_LINE
        middle = lines * (BYTES_PER_LINE - 4)
        self.shards = numbers(_SHARD_NUMBER, data[:middle])
        self.lengths = numbers(_LINE_LENGTH, data[middle:])

    def starts(self) -> Iterable[int]:
        """Where each line begins in the block."""
        return accumulate(self.lengths, initial=0)


def encoded_table(shards: Iterable[int], lengths: Iterable[int]) -> bytes:
    """The table of a block.

    Args:
        shards: number of each line's shard, in order of first appearance.
        lengths: bytes of each line with its line break.
    """
    return encoded(array(_SHARD_NUMBER, shards)) + encoded(array(_LINE_LENGTH, lengths))
