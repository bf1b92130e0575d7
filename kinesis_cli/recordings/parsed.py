"""What the first reading of a recording made of its lines, kept for the second one.

It is a seventh of the lines, and is read in a fifth of the time that parsing them again takes. It
holds where a line stands and what tells the record's place in its stream; the line itself is read
again from the recording. So it is of use only as long as that has not changed.
"""

import os
import tempfile
from array import array
from collections.abc import Sequence
from itertools import repeat
from typing import BinaryIO, cast

import msgspec

HELD = 4 << 20  # bytes in memory; more of it is in an unnamed temporary file

# The lines of one shard in a block: its number, in order of first appearance; and of each line the
# place among the lines of the block, the sequence number, the partition key and the arrival.
LinesOfShard = tuple[int, Sequence[int], Sequence[str], Sequence[str], Sequence[float]]

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(
    list[tuple[int, list[int], list[str], list[str], list[float]]]
).decode


class ParsedLines:
    """The lines of blocks, as far as they are worth keeping."""

    def __init__(self) -> None:
        self._ends = array("Q", [0])  # of each block's in what was kept; no more: it has none
        self._held = bytearray()  # the last of it
        self._on_disk = 0  # bytes before that
        self._file: BinaryIO | None = None
        self._has_no_room = False

    def add(self, block: int, lines: Sequence[LinesOfShard]) -> None:
        """Keep a block's lines; none at all any more where there is no room on the disk.

        Args:
            block: its number, larger than that of the last one.
            lines: of its shards.
        """
        if self._has_no_room:
            return
        last = self._ends[-1]
        self._ends.extend(repeat(last, block + 1 - len(self._ends)))
        kept = _encode(lines)
        self._ends.append(last + len(kept))
        self._held += kept
        if len(self._held) >= HELD:
            try:
                self._write_held()
            except OSError:
                self._has_no_room = True
                self._ends = array("Q", [0])
                self._held.clear()

    def _write_held(self) -> None:
        if self._file is None:
            made = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - closed by `close`
            self._file = cast("BinaryIO", made)
        if self._file.write(self._held) < len(self._held):
            raise OSError
        self._on_disk += len(self._held)
        self._held.clear()

    def of_block(self, block: int) -> Sequence[LinesOfShard] | None:
        """A block's lines by shard; None: they were not kept."""
        if block + 1 >= len(self._ends):
            return None
        start, end = self._ends[block : block + 2]
        if start == end:
            return None
        if start >= self._on_disk:
            return _decode(self._held[start - self._on_disk : end - self._on_disk])
        assert self._file is not None
        return _decode(os.pread(self._file.fileno(), end - start, start))

    def close(self) -> None:
        """Let them go."""
        if self._file is not None:
            self._file.close()


class Watched:
    """A file that may change while it is read.

    Args:
        file: of this machine.
        settled_by: epoch seconds. One that was last changed later may change again at what is the
            same time to the file system.

    Attributes:
        is_settled: whether each change after this moment shows.
    """

    def __init__(self, file: BinaryIO, settled_by: float) -> None:
        self._descriptor = file.fileno()
        found = os.fstat(self._descriptor)
        self._found = _stamp(found)
        is_unnamed = not found.st_nlink  # a temporary file of our own
        self.is_settled = is_unnamed or found.st_mtime < settled_by

    def is_as_it_was(self) -> bool:
        """Whether it has not changed by now."""
        return _stamp(os.fstat(self._descriptor)) == self._found


def _stamp(found: os.stat_result) -> tuple[int, ...]:
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns
