"""Sharing one put or replay among many machines."""

from dataclasses import dataclass
from zlib import crc32

from kinesis_cli.errors import InputError
from kinesis_cli.putting.entry import Entry


@dataclass(frozen=True, slots=True)
class Slice:
    """Every `count`-th part of the work, so that many machines share one put.

    Args:
        index: from 0, as array jobs count.
        count: of all parts.
    """

    index: int
    count: int

    @classmethod
    def parse(cls, text: str) -> "Slice":
        """`3/64`.

        Raises:
            InputError: it is not a slice.
        """
        index, slash, whole = text.partition("/")
        if slash and index.isdecimal() and whole.isdecimal() and int(index) < int(whole):
            return cls(int(index), int(whole))
        raise InputError(
            f"{text!r} is not a slice, which reads like 0/64",
            place="--slice",
            advice="Of 64 parts the first is 0/64 and the last 63/64.",
        )

    def part(self, index: int, count: int) -> "Slice":
        """One of the parts of this part."""
        return Slice(self.index + self.count * index, self.count * count)

    def takes(self, entry: Entry, *, by_key: bool) -> bool:
        """Whether a record is in this part.

        Args:
            entry: the record.
            by_key: all records of a partition key are in the same part.
        """
        if by_key:
            key = entry.partition_key.encode("utf-8", "surrogatepass")
            return crc32(key) % self.count == self.index
        return entry.index % self.count == self.index
