"""What is known of each shard of a recording: read from it, or told by an index."""

from array import array
from typing import NamedTuple

from kinesis_cli.recordings.indexes.form import ShardEntry
from kinesis_cli.recordings.indexes.index import Index


class End(NamedTuple):
    """A shard's first or last record."""

    arrival: float  # epoch seconds
    line: int  # 1-based; or its number in an input that is not lines


class ShardSurvey:
    """What the first reading learns of a shard. Grows by a few bytes for each block.

    Attributes:
        number: in order of first appearance.
        count: of records.
        first: record.
        last: record so far.
        last_place: where that is.
    """

    def __init__(self, number: int, first: End) -> None:
        self.number = number
        self.count = 0
        self.first = self.last = first
        self.last_place = ""
        self._blocks, self._arrivals = array("I"), array("d")
        self._told: list[tuple[Index, ShardEntry, int]] = []

    @property
    def blocks(self) -> "array[int]":
        """Indices into `Survey.blocks`, of those that hold its records."""
        self._load()
        return self._blocks

    @property
    def arrivals(self) -> "array[float]":
        """Of the shard's first record in each of these, epoch seconds."""
        self._load()
        return self._arrivals

    def add(self, index: Index, entry: ShardEntry, before: int) -> None:
        """Add the blocks of which an index tells; that is read when they are asked for.

        Args:
            index: open as long as this is used.
            entry: of the shard.
            before: blocks that are not of the index.
        """
        self._told.append((index, entry, before))

    def _load(self) -> None:
        told, self._told = self._told, []
        for index, entry, before in told:
            own, arrivals = index.of_shard(entry)
            self._blocks.extend(own if not before else [before + number for number in own])
            self._arrivals.extend(arrivals)
