"""Making an index of what the first reading of a recording found."""

import os
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

from kinesis_cli.errors import InputError
from kinesis_cli.places.url import Place, Url
from kinesis_cli.recordings.form import Form, Reading
from kinesis_cli.recordings.indexes.beside import digest_of, index_place, version_of
from kinesis_cli.recordings.indexes.form import (
    MAX_SHARDS,
    FileEntry,
    Head,
    ShardEntry,
)
from kinesis_cli.recordings.indexes.texts import members_of
from kinesis_cli.recordings.indexes.writing import (
    NO_SECTION,
    ShardContent,
    head_without_sections,
    write_index,
)
from kinesis_cli.recordings.inputs import Input
from kinesis_cli.recordings.opening import open_regular
from kinesis_cli.recordings.survey import Survey
from kinesis_cli.stream.packing import MAX_MAGIC, format_of


def make_index(path: str) -> Head:
    """Read a recording, and write its index beside it.

    Args:
        path: of a file, or a URL.

    Raises:
        InputError: it is not a recording, a record is not usable, or the index cannot be written.
        EndpointError: a service refused, or was not reached.
    """
    place = index_place(path)
    with ExitStack() as stack:
        opened, entry = _opened(path, place)
        stack.enter_context(opened)
        refuse_other_forms(opened)
        survey = Survey([opened], keeps_tables=True)
        stack.callback(survey.close)
        if len(survey.texts) > 1:
            raise InputError(
                "a line is empty or has white space around it: bytes that belong to no record",
                place=opened.name,
                advice="`kcli event --from FILE -o NEW.ndjson` writes it without.",
            )
        return write_index_of(survey, place, (entry,))


def refuse_other_forms(opened: Input) -> None:
    """Refuse an input that is not a recording.

    Raises:
        InputError: it is none.
    """
    if opened.look.form is not Form.RECORDING:
        raise InputError(
            "only recordings have an index: a record of Lambda's event on each line",
            place=opened.name,
            advice="`kcli event --from FILE -o NEW.ndjson` makes one.",
        )


def _opened(path: str, place: Place) -> tuple[Input, FileEntry]:
    """A recording, and what an index says of its file."""
    version = ""
    if isinstance(place, Url):
        from kinesis_cli.places.failures import changed
        from kinesis_cli.places.reading import details_of
        from kinesis_cli.places.writing import refuse_unwritable

        refuse_unwritable(place)
        url = Url(path)
        details = details_of(url)
        file, name = open_regular(path)
        if details_of(url) != details:
            raise changed(url)
        version = version_of(url, details.version)
    elif Path(path).is_file():
        file, name = open_regular(path)
    else:
        raise InputError("not a file, so that no index can stand beside it", place=path)
    try:
        entry = _entry_of(file, name, version)
    except BaseException:
        file.close()
        raise
    return Input(file, name, Reading()), entry


def _entry_of(file: BinaryIO, name: str, version: str) -> FileEntry:
    found = os.fstat(file.fileno())
    packing = format_of(os.pread(file.fileno(), MAX_MAGIC, 0))
    members = (b"", b"") if packing is None else members_of(file, packing, name)
    changed_ns = 0 if version else found.st_mtime_ns
    return FileEntry(found.st_size, changed_ns, digest_of(file), version, packing or "", *members)


def write_index_of(survey: Survey, place: Place, files: tuple[FileEntry, ...]) -> Head:
    """Write the index of all that was read.

    Args:
        survey: that kept its tables.
        place: where it appears.
        files: one for each of its texts.

    Raises:
        InputError: it cannot be written, or there are more shards than an index can name.
        EndpointError: a service refused, or was not reached.
    """
    assert survey.tables is not None
    if len(survey.shards) > MAX_SHARDS:
        raise InputError(f"an index has room for {MAX_SHARDS:,} shards")
    shards: list[ShardContent] = [
        (
            ShardEntry(
                shard_id,
                shard.count,
                shard.first.arrival,
                shard.last.arrival,
                first_number,
                shard.first.line,
                last_number,
                shard.last.line,
                NO_SECTION,
            ),
            shard.blocks,
            shard.arrivals,
        )
        for shard_id, shard, first_number, last_number in survey.entries()
    ]
    head = head_without_sections(survey.kind.name, survey.first_arrival, survey.last_arrival, files)
    return write_index(place, head, survey.tables, survey.blocks, shards)
