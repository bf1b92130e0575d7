"""The tables of an index while its recording is read: on disk, for memory must not grow with it."""

import tempfile
from array import array
from collections.abc import Iterable
from typing import BinaryIO, cast
from zlib import crc32

from kinesis_cli.recordings.indexes.form import encoded_table


class Tables:
    """One table for each block, in order. `file` has them."""

    def __init__(self) -> None:
        self.file = cast("BinaryIO", tempfile.TemporaryFile(buffering=0))  # noqa: SIM115
        self.lines = array("I")  # of each block
        self.checks = array("I")  # CRC-32 of each table

    def add(self, shards: Iterable[int], lengths: Iterable[int]) -> None:
        """Add the next block's; see `encoded_table`."""
        lengths = array("I", lengths)
        self.lines.append(len(lengths))
        table = encoded_table(shards, lengths)
        self.checks.append(crc32(table))
        self.file.write(table)

    def close(self) -> None:
        """Let them go."""
        self.file.close()
