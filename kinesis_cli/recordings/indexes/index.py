"""An open index: its head, and what is read of it as it is needed."""

from array import array
from collections.abc import Collection, Iterable, Iterator
from functools import cached_property
from pathlib import Path
from zlib import crc32

from kinesis_cli.errors import InputError
from kinesis_cli.places.url import shown
from kinesis_cli.recordings.indexes.form import (
    BYTES_PER_BLOCK,
    BYTES_PER_BLOCK_OF_SHARD,
    BYTES_PER_LINE,
    END_BYTES,
    Columns,
    DamagedIndexError,
    LineTable,
    Section,
    ShardEntry,
    decoded_columns,
    decoded_head,
    decoded_section,
    end_of,
)
from kinesis_cli.recordings.indexes.ranges import FileRanges, Ranges, Span

_READ_FIRST = 64 << 10  # bytes at the end: most heads are in them


class Index:
    """An open index.

    Args:
        data: of the index; closed with it.

    Raises:
        DamagedIndexError: it is none, or not all of one.
    """

    def __init__(self, data: Ranges) -> None:
        self._data = data
        begin = max(0, data.size - _READ_FIRST)
        tail = data.read(begin, _READ_FIRST)
        length, check = end_of(tail[-END_BYTES:])
        before = data.size - END_BYTES - length
        if before < 0:
            raise DamagedIndexError("it is shorter than it says")
        packed = tail[before - begin : -END_BYTES] if before >= begin else data.read(before, length)
        self.head = decoded_head(packed, check, before)

    @property
    def place(self) -> str:
        """Where it is, for whoever opens it in another process."""
        return self._data.place

    def want(self, shards: Collection[str]) -> None:
        """Say which shards' sections will be read, and the columns."""
        spans = [_span(self.head.columns, BYTES_PER_BLOCK)]
        for entry in self.head.shards:
            if entry.shard_id in shards:
                spans.append(_span(entry.section, BYTES_PER_BLOCK_OF_SHARD))
        self._data.want(spans)

    def want_tables(self, blocks: Iterable[int]) -> None:
        """Say which blocks' tables will be read, in order."""
        self._data.want(self._span_of_table(block) for block in blocks)

    @cached_property
    def columns(self) -> Columns:
        """What is known of each block.

        Raises:
            InputError: it is not what it was.
        """
        try:
            return self._columns()
        except DamagedIndexError as error:
            raise InputError(str(error), place=shown(self.place)) from error

    def of_shard(self, entry: ShardEntry) -> "tuple[array[int], array[float]]":
        """The blocks that hold lines of a shard, and when its first record in each arrived.

        Raises:
            InputError: it is not what it was.
        """
        try:
            return self._of_shard(entry)
        except DamagedIndexError as error:
            raise InputError(str(error), place=shown(self.place)) from error

    def table(self, block: int) -> LineTable:
        """Which shard each line of a block is of.

        Raises:
            InputError: it is not what it was.
        """
        start, size = self._span_of_table(block)
        data = self._data.read(start, size)
        if crc32(data) != self.columns.table_checks[block]:
            raise InputError("some of its bytes are not what they were", place=shown(self.place))
        return LineTable(data)

    def check(self) -> None:
        """Read all but the tables.

        Raises:
            DamagedIndexError: it is not what it was.
        """
        self._columns()
        for entry in self.head.shards:
            self._of_shard(entry)

    def close(self) -> None:
        """Close its file."""
        self._data.close()

    def _columns(self) -> Columns:
        return decoded_columns(
            self._data.read(*_span(self.head.columns, BYTES_PER_BLOCK)), self.head
        )

    def _of_shard(self, entry: ShardEntry) -> "tuple[array[int], array[float]]":
        data = self._data.read(*_span(entry.section, BYTES_PER_BLOCK_OF_SHARD))
        return decoded_section(data, entry.section, self.head.columns.count)

    def _span_of_table(self, block: int) -> Span:
        start = self._table_starts[block]
        return start, self._table_starts[block + 1] - start

    @cached_property
    def _table_starts(self) -> "array[int]":
        starts = array("Q", [0])
        for lines in self.columns.lines:
            starts.append(starts[-1] + lines * BYTES_PER_LINE)
        return starts


def open_index(path: Path) -> Index:
    """Open an index of this machine.

    Raises:
        DamagedIndexError: it is none, or not all of one.
        OSError: it cannot be opened.
    """
    file = path.open("rb", buffering=0)
    try:
        return Index(FileRanges(file))
    except BaseException:
        file.close()
        raise


def shards_in(index: Index, shards: Collection[str]) -> Iterator[ShardEntry]:
    """The entries of some shards."""
    return (entry for entry in index.head.shards if entry.shard_id in shards)


def _span(section: Section, size: int) -> Span:
    return section.start, section.count * size
