"""Some shards of an indexed recording: which lines of a block are theirs."""

from collections.abc import Callable, Collection, Iterable
from itertools import compress

from kinesis_cli.recordings.indexes.form import Head, LineTable


class RecordingPart:
    """Some shards.

    Args:
        shards: their ids.
        head: of the index of the recording.
        table: gives the table of a block.
    """

    def __init__(
        self, shards: Collection[str], head: Head, table: Callable[[int], LineTable]
    ) -> None:
        self.shards = frozenset(shards)
        self._own = [entry.shard_id in self.shards for entry in head.shards]
        self._table = table

    def lines(self, block: int, text: bytes) -> tuple[Iterable[int], list[bytes]]:
        """The lines of these shards, and where each begins in the block.

        Args:
            block: its number.
            text: all of it.
        """
        table, own = self._table(block), self._own
        try:
            mask = [own[number] for number in table.shards]
        except IndexError:  # no index of ours: whoever awaits a record of the block will say so
            return (), []
        starts = list(compress(table.starts(), mask))
        lengths = compress(table.lengths, mask)
        ranges = zip(starts, lengths, strict=True)
        return starts, [text[start : start + length - 1] for start, length in ranges]
