"""The tables of an index while its recording is read: on disk, for memory must not grow with it."""

import tempfile
from array import array
from collections.abc import Collection, Iterable
from typing import BinaryIO, cast
from zlib import crc32

from kinesis_cli.recordings.indexes.form import encoded_table


class Tables:
    """One table for each block, in order. `file` has them."""

    def __init__(self) -> None:
        self.file = cast("BinaryIO", tempfile.TemporaryFile(buffering=0))  # noqa: SIM115
        # of each block, as in `Columns`
        self.lines, self.shards = array("I"), array("H")
        self.checks, self.text_checks = array("I"), array("I")

    def add(self, shards: Collection[int], lengths: Iterable[int], text_check: int) -> None:
        """Add the next block's.

        Args:
            shards: see `encoded_table`.
            lengths: see there.
            text_check: CRC-32 of the block.
        """
        lengths = array("I", lengths)
        self.lines.append(len(lengths))
        self.shards.append(len(set(shards)))
        table = encoded_table(shards, lengths)
        self.checks.append(crc32(table))
        self.text_checks.append(text_check)
        self.file.write(table)

    def close(self) -> None:
        """Let them go."""
        self.file.close()
