"""Some shards of indexed recordings: which lines of a block are theirs."""

from bisect import bisect_right
from collections.abc import Collection, Iterable, Sequence
from itertools import accumulate, compress

import msgspec

from kinesis_cli.recordings.indexes.index import Index, shards_in
from kinesis_cli.recordings.opening import split_lines


class IndexedBlocks(msgspec.Struct, frozen=True):
    """Blocks that an index tells of, among those of other inputs."""

    first: int  # the number of its first block among all
    index: Index


class RecordingPart:
    """Some shards of recordings, of which all blocks are indexed.

    Args:
        shards: their ids.
        indexed: the indexes of all blocks, in order.
    """

    def __init__(self, shards: Collection[str], indexed: Sequence[IndexedBlocks]) -> None:
        self.shards = frozenset(shards)
        self._firsts = [each.first for each in indexed]
        self._parts = [_PartOfIndex(self.shards, each.index) for each in indexed]

    def lines(self, block: int, text: bytes) -> tuple[Iterable[int], list[bytes]]:
        """The lines of these shards, and where each begins in the block.

        Args:
            block: its number.
            text: all of it.
        """
        number = bisect_right(self._firsts, block) - 1
        return self._parts[number].lines(block - self._firsts[number], text)


class _PartOfIndex:
    def __init__(self, shards: Collection[str], index: Index) -> None:
        self._index = index
        self._own = [entry.shard_id in shards for entry in index.head.shards]
        self._others = index.columns.shards[:]  # that have lines in each block
        wanted = bytearray(len(self._others))
        for entry in shards_in(index, shards):
            for block in index.of_shard(entry)[0]:
                self._others[block] -= 1
                wanted[block] = True
        mixed = (block for block, is_wanted in enumerate(wanted) if is_wanted)
        index.want_tables(block for block in mixed if self._others[block])

    def lines(self, block: int, text: bytes) -> tuple[Iterable[int], list[bytes]]:
        if not self._others[block]:
            lines = split_lines(text)
            return accumulate((len(line) + 1 for line in lines), initial=0), lines
        table, own = self._index.table(block), self._own
        try:
            mask = [own[number] for number in table.shards]
        except IndexError:  # no index of ours: whoever awaits a record of the block will say so
            return (), []
        starts = list(compress(table.starts(), mask))
        lengths = compress(table.lengths, mask)
        ranges = zip(starts, lengths, strict=True)
        return starts, [text[start : start + length - 1] for start, length in ranges]
