"""Making an index of what the first reading of a recording found."""

from array import array
from contextlib import ExitStack
from pathlib import Path

from kinesis_cli.errors import InputError
from kinesis_cli.recordings.form import Form, Reading
from kinesis_cli.recordings.indexes.form import (
    MAX_SHARDS,
    VERSION,
    FileEntry,
    Head,
    ShardEntry,
    encoded,
)
from kinesis_cli.recordings.indexes.index import entry_of, index_path, write_index
from kinesis_cli.recordings.indexes.texts import members_of
from kinesis_cli.recordings.inputs import Input
from kinesis_cli.recordings.opening import open_regular
from kinesis_cli.recordings.survey import Survey
from kinesis_cli.stream.packing import MAX_MAGIC, format_of


def make_index(path: str) -> Head:
    """Read a recording, and write its index beside it.

    Raises:
        InputError: it is not a recording, a record is not usable, or the index cannot be written.
    """
    if not Path(path).is_file():
        raise InputError("not a file, so that no index can stand beside it", place=path)
    file, name = open_regular(path)
    with ExitStack() as stack:
        stack.callback(file.close)
        head_bytes = file.read(MAX_MAGIC)
        packing = format_of(head_bytes)
        members = (b"", b"") if packing is None else members_of(file, packing, name)
        entry = entry_of(file, packing or "", members)
        opened = stack.enter_context(Input.open(path, Reading()))
        if opened.look.form is not Form.RECORDING:
            raise InputError(
                "only recordings have an index: a record of Lambda's event on each line",
                place=name,
                advice="`kcli event --from FILE -o NEW.ndjson` makes one.",
            )
        survey = Survey([opened], keeps_tables=True)
        stack.callback(survey.close)
        if len(survey.texts) > 1:
            raise InputError(
                "a line is empty or has white space around it: bytes that belong to no record",
                place=name,
                advice="`kcli event --from FILE -o NEW.ndjson` writes it without.",
            )
        head = head_of(survey, (entry,))
        assert survey.tables is not None
        write_index(index_path(path), survey.tables.file, head)
    return head


def head_of(survey: Survey, files: tuple[FileEntry, ...]) -> Head:
    """The head of the index of all that was read.

    Args:
        survey: that kept its tables.
        files: one for each of its texts.

    Raises:
        InputError: there are more shards than an index can name.
    """
    assert survey.tables is not None
    if len(survey.shards) > MAX_SHARDS:
        raise InputError(f"an index has room for {MAX_SHARDS:,} shards")
    shards = [
        ShardEntry(
            shard_id,
            shard.count,
            shard.first.arrival,
            shard.last.arrival,
            first_number,
            shard.first.line,
            last_number,
            shard.last.line,
            encoded(shard.blocks),
            encoded(shard.arrivals),
        )
        for shard_id, shard, first_number, last_number in survey.entries()
    ]
    return Head(
        VERSION,
        survey.kind.name,
        survey.first_arrival,
        survey.last_arrival,
        files,
        encoded(array("H", [block.file for block in survey.blocks])),
        encoded(array("Q", [block.start for block in survey.blocks])),
        encoded(array("I", [block.length for block in survey.blocks])),
        encoded(survey.tables.lines),
        encoded(survey.tables.checks),
        tuple(shards),
    )
