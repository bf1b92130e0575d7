"""What stands in `FILE.kidx`. No files here.

    one table for each block of lines    which shard each line is of, and how long it is
    the head                             MessagePack: see `Head`
    the head's length, its CRC-32        8 and 4 bytes
    `kcli index`, a line break           the end, by which an index is recognised

All numbers are little-endian. A block is some whole lines; a shard's lines lie in some of them.
The head is what a reader needs; the tables are read one at a time, where a block holds lines of
shards that a part does not want.
"""

import sys
from array import array
from collections.abc import Iterable
from itertools import accumulate, pairwise
from zlib import crc32

import msgspec

VERSION = 1
ENDING = b"kcli index\n"
END_BYTES = 8 + 4 + len(ENDING)
SUFFIX = ".kidx"

_SHARD_NUMBER, _LINE_LENGTH = "H", "I"  # of a line in a table
BYTES_PER_LINE = 6
MAX_SHARDS = 1 << 16


class DamagedIndexError(Exception):
    """This is no index, or not all of one."""


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
    blocks: bytes  # `I`: numbers of the blocks that hold its lines
    arrivals: bytes  # `d`: of its first record in each of these, epoch seconds


class FileEntry(msgspec.Struct, frozen=True, array_like=True):
    """A file that the lines are in, as it was when they were read."""

    size: int  # as it is on disk, bytes
    changed_ns: int  # when it was changed last
    digest: bytes  # of all its bytes
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
    block_files: bytes  # `H`: the number of the file that each block is in
    starts: bytes  # `Q`: where each block begins in the file's text
    lengths: bytes  # `I`: bytes of each block
    lines: bytes  # `I`: lines of each block
    checks: bytes  # `I`: CRC-32 of each block's table
    shards: tuple[ShardEntry, ...]  # in order of first appearance


_decode = msgspec.msgpack.Decoder(Head).decode


def encoded_end(head: Head) -> bytes:
    """What stands behind the tables."""
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


def decoded_head(packed: bytes, check: int, tables: int) -> Head:
    """The head.

    Args:
        packed: as `encoded_end` made it.
        check: of it, from the end.
        tables: bytes of all tables before it.

    Raises:
        DamagedIndexError: it is not a head, or not one of these tables.
    """
    if crc32(packed) != check:
        raise DamagedIndexError("some of its bytes are not what they were")
    try:
        head = _decode(packed)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise DamagedIndexError(str(error)) from error
    if head.version != VERSION:
        raise DamagedIndexError(f"it is of version {head.version}, and this kcli reads {VERSION}")
    try:
        _check(head, tables)
    except ValueError as error:  # an array of half a number
        raise DamagedIndexError(str(error)) from error
    return head


def _check(head: Head, tables: int) -> None:
    blocks = len(numbers("Q", head.starts))
    lines = numbers("I", head.lines)
    files = numbers("H", head.block_files)
    sizes, checks = numbers("I", head.lengths), numbers("I", head.checks)
    if not blocks == len(lines) == len(sizes) == len(files) == len(checks):
        raise DamagedIndexError("its blocks do not fit together")
    if max(files, default=0) >= max(1, len(head.files)):
        raise DamagedIndexError("its blocks are in files that it does not name")
    if sum(lines) * BYTES_PER_LINE != tables:
        raise DamagedIndexError("its tables do not fit its blocks")
    for shard in head.shards:
        own, arrivals = numbers("I", shard.blocks), numbers("d", shard.arrivals)
        rising = all(before < after for before, after in pairwise(own))
        if not own or len(own) != len(arrivals) or own[-1] >= blocks or not rising:
            raise DamagedIndexError(f"what it says of {shard.shard_id!r} does not fit together")
    for file in head.files:
        in_text, on_disk = numbers("Q", file.members_in_text), numbers("Q", file.members_on_disk)
        if len(in_text) != len(on_disk) or (file.packing != "") != (len(in_text) > 1):
            raise DamagedIndexError("its members do not fit together")


def numbers(code: str, data: bytes) -> "array[int]":
    """The numbers of a member of the head."""
    found = array(code)
    found.frombytes(data)
    if sys.byteorder == "big":
        found.byteswap()
    return found


def times(data: bytes) -> "array[float]":
    """The times of a member of the head."""
    found = array("d")
    found.frombytes(data)
    if sys.byteorder == "big":
        found.byteswap()
    return found


def encoded(found: "array[int] | array[float]") -> bytes:
    """Numbers or times as a member of the head."""
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
