"""Blocks of a recording: some whole lines each, nothing between them: `{…}\\n{…}\\n`."""

from array import array
from typing import NamedTuple

from kinesis_cli.recordings.indexes.form import Columns


class Block(NamedTuple):
    """Where some lines are."""

    file: int  # index into `Survey.texts`
    start: int
    length: int


class Blocks:
    """Many of them, at 14 bytes each."""

    def __init__(self) -> None:
        self.files, self.starts, self.lengths = array("H"), array("Q"), array("I")

    def __len__(self) -> int:
        return len(self.starts)

    def __getitem__(self, number: int) -> Block:
        return Block(self.files[number], self.starts[number], self.lengths[number])

    def append(self, block: Block) -> None:
        """Add the next one."""
        self.files.append(block.file)
        self.starts.append(block.start)
        self.lengths.append(block.length)

    def extend(self, columns: Columns, first_file: int) -> None:
        """Add those of an index.

        Args:
            columns: of the index.
            first_file: the number that the first of its files has here.
        """
        self.files.extend(first_file + number for number in columns.files)
        self.starts.extend(columns.starts)
        self.lengths.extend(columns.lengths)
