"""Writing recordings and events. A file appears whole or not at all."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO, Protocol

from kinesis_cli.errors import InputError
from kinesis_cli.places.url import Place, Url
from kinesis_cli.recordings.files import appearing_whole
from kinesis_cli.stream.kinds.known import kind_of
from kinesis_cli.stream.packing import SUFFIXES, MemberWriter
from kinesis_cli.stream.record import Record

_SUFFIXES = (".ndjson", ".ndjson.gz", ".ndjson.zst")
_TOGETHER = 1_000  # records written at once


class Writer(Protocol):
    """What takes bytes: a file, a pipe."""

    def write(self, data: bytes, /) -> object:
        """Take some bytes."""
        ...


def is_recording_name(path: Place) -> bool:
    """Whether a file of this name is to be a recording: `.ndjson`, `.ndjson.gz`, `.ndjson.zst`."""
    return path.name.lower().endswith(_SUFFIXES)


def refuse_existing(path: Place, *, overwrite: bool) -> None:
    """Refuse to write over a file, before there is anything to write.

    Raises:
        InputError: there is one, and nobody said that it may go; or nothing can be written there.
        EndpointError: a service refused, or was not reached.
    """
    if isinstance(path, Url):
        from kinesis_cli.places.writing import is_taken  # seldom needed, and start-up counts

        exists = is_taken(path)
    else:
        exists = path.is_file()  # a device or a pipe has nothing to lose
        refuse_without_folder(path)
    if exists and not overwrite:
        raise InputError(
            "it exists", place=str(path), advice="Name another file, or add --overwrite."
        )


def refuse_without_folder(path: Path) -> None:
    """Refuse a file that has no folder to be in, before there is anything to write.

    Raises:
        InputError: the folder is not there.
    """
    if not path.parent.is_dir():
        problem = f"cannot be written: there is no folder {path.parent}"
        raise InputError(problem, place=str(path), advice="Make it first.")


def write_recording(records: Iterable[Record], path: Place) -> int:
    """Write a recording, packed if the name ends in `.gz` or `.zst`.

    Returns:
        How many records it holds.

    Raises:
        InputError: the file cannot be written.
    """
    with appearing_whole(path) as file, _packing(file, path.suffix.lower()) as packed:
        return write_recording_to(packed, records)


def write_event(records: Iterable[Record], path: Place) -> int:
    """Write the event of some records.

    Returns:
        How many records it holds.

    Raises:
        InputError: the file cannot be written.
    """
    with appearing_whole(path) as file:
        return write_event_to(file, records)


def write_recording_to(file: Writer, records: Iterable[Record]) -> int:
    """Write a recording to an open file; the number of its records."""
    count = 0
    records = iter(records)
    while some := [record.line for record in islice(records, _TOGETHER)]:
        file.write(b"\n".join(some) + b"\n")
        count += len(some)
    return count


def write_event_to(file: Writer, records: Iterable[Record]) -> int:
    """Write the event of some records to an open file as they come; the number of its records.

    Nothing is written where already the first records cannot be made.
    """
    count = 0
    records = iter(records)
    if (first := next(records, None)) is not None:
        records = chain([first], records)
        if not (kind := kind_of(first)).is_one_list:
            whole = list(records)
            file.write(kind.event(whole) + b"\n")
            return len(whole)
    before = b'{"Records":['
    while some := [record.raw for record in islice(records, _TOGETHER)]:
        file.write(before + b",".join(some))
        before = b","
        count += len(some)
    file.write(b"]}\n" if count else before + b"]}\n")
    return count


@contextmanager
def _packing(file: BinaryIO, suffix: str) -> Iterator[Writer]:
    format_ = SUFFIXES.get(suffix)
    if format_ is None:
        yield file
        return
    members = MemberWriter(file.write, format_)  # so that `kcli index` can point into it
    yield members
    members.finish()
