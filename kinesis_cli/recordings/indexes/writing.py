"""Writing an index."""

import os
from array import array
from collections.abc import Iterable
from typing import BinaryIO
from zlib import crc32

from msgspec import structs

from kinesis_cli.places.url import Place
from kinesis_cli.recordings.files import appearing_whole
from kinesis_cli.recordings.indexes.blocks import Blocks
from kinesis_cli.recordings.indexes.form import (
    VERSION,
    Columns,
    FileEntry,
    Head,
    Section,
    ShardEntry,
    encoded_columns,
    encoded_end,
    encoded_section,
)
from kinesis_cli.recordings.indexes.tables import Tables

_COPIED_AT_ONCE = 1 << 20  # bytes

NO_SECTION = Section(0, 0, 0)  # of what is not written yet

# an entry without its section, and what stands in that
ShardContent = tuple[ShardEntry, "array[int]", "array[float]"]


def write_index(
    place: Place,
    head: Head,
    tables: Tables,
    blocks: Blocks,
    shards: Iterable[ShardContent],
) -> Head:
    """Write an index; it appears whole or not at all.

    Args:
        place: where it appears.
        head: without sections; see `head_without_sections`.
        tables: of all blocks.
        blocks: where they are.
        shards: in order of first appearance.

    Returns:
        The head as it was written.

    Raises:
        InputError: it cannot be written.
        EndpointError: a service refused, or was not reached.
    """
    columns = Columns(
        blocks.files,
        blocks.starts,
        blocks.lengths,
        tables.lines,
        tables.shards,
        tables.checks,
        tables.text_checks,
    )
    with appearing_whole(place) as file:
        writer = _Writer(file)
        writer.copy(tables.file)
        of_blocks = writer.section(encoded_columns(columns), len(blocks))
        entries = tuple(
            structs.replace(entry, section=writer.section(encoded_section(own, arrivals), len(own)))
            for entry, own, arrivals in shards
        )
        whole = structs.replace(head, columns=of_blocks, shards=entries)
        file.write(encoded_end(whole))
    return whole


def head_without_sections(
    kind: str, first_arrival: float, last_arrival: float, files: tuple[FileEntry, ...]
) -> Head:
    """The head of an index, before it is written."""
    return Head(VERSION, kind, first_arrival, last_arrival, files, NO_SECTION, ())


class _Writer:
    def __init__(self, file: BinaryIO) -> None:
        self._file, self._position = file, 0

    def copy(self, source: BinaryIO) -> None:
        while piece := os.pread(source.fileno(), _COPIED_AT_ONCE, self._position):
            self._file.write(piece)
            self._position += len(piece)

    def section(self, data: bytes, count: int) -> Section:
        section = Section(self._position, count, crc32(data))
        self._file.write(data)
        self._position += len(data)
        return section
