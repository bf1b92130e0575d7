"""Writing recordings and events. A file appears whole or not at all."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import BinaryIO, Protocol, cast

from kinesis_cli.errors import InputError
from kinesis_cli.stream.packing import SUFFIXES, packing_writer
from kinesis_cli.stream.record import Record

_SUFFIXES = (".ndjson", ".ndjson.gz", ".ndjson.zst")
_TOGETHER = 1_000  # records written at once


class Writer(Protocol):
    """What takes bytes: a file, a pipe."""

    def write(self, data: bytes, /) -> object:
        """Take some bytes."""
        ...


def is_recording_name(path: Path) -> bool:
    """Whether a file of this name is to be a recording: `.ndjson`, `.ndjson.gz`, `.ndjson.zst`."""
    return path.name.lower().endswith(_SUFFIXES)


def refuse_existing(path: Path, *, overwrite: bool) -> None:
    """Refuse to write over a file, before there is anything to write.

    Raises:
        InputError: there is one, and nobody said that it may go.
    """
    if not overwrite and path.is_file():  # a device or a pipe has nothing to lose
        raise InputError(
            "it exists", place=str(path), advice="Name another file, or add --overwrite."
        )


def write_recording(records: Iterable[Record], path: Path) -> int:
    """Write a recording, packed if the name ends in `.gz` or `.zst`.

    Returns:
        How many records it holds.

    Raises:
        InputError: the file cannot be written.
    """
    with _appearing_whole(path) as file, _packing(file, path.suffix.lower()) as packed:
        return write_recording_to(packed, records)


def write_event(records: Iterable[Record], path: Path) -> int:
    """Write the KinesisEvent of some records.

    Returns:
        How many records it holds.

    Raises:
        InputError: the file cannot be written.
    """
    with _appearing_whole(path) as file:
        return write_event_to(file, records)


def write_recording_to(file: Writer, records: Iterable[Record]) -> int:
    """Write a recording to an open file; the number of its records."""
    count = 0
    records = iter(records)
    while some := [record.raw for record in islice(records, _TOGETHER)]:
        file.write(b"\n".join(some) + b"\n")
        count += len(some)
    return count


def write_event_to(file: Writer, records: Iterable[Record]) -> int:
    """Write a KinesisEvent to an open file as the records come; the number of its records.

    Nothing is written where already the first records cannot be made.
    """
    count = 0
    records = iter(records)
    before = b'{"Records":['
    while some := [record.raw for record in islice(records, _TOGETHER)]:
        file.write(before + b",".join(some))
        before = b","
        count += len(some)
    file.write(b"]}\n" if count else before + b"]}\n")
    return count


@contextmanager
def _appearing_whole(path: Path) -> Iterator[BinaryIO]:
    """A file that takes its name when all is written; until then what had the name stays."""
    if path.exists() and not path.is_file():  # /dev/stdout, a named pipe: nothing to replace
        with _opened(path) as file:
            yield file
        return
    # Through a symbolic link the file it names is replaced, not the link.
    target = path.resolve()
    try:
        partial = NamedTemporaryFile(dir=target.parent, prefix=f".{target.name}.", delete=False)  # noqa: SIM115
    except OSError as error:
        raise _not_written(path, error) from error
    try:
        with partial:
            yield cast("BinaryIO", partial)
            partial.flush()
            os.fsync(partial.fileno())  # what it replaces, or was the source of it, may go now
        Path(partial.name).chmod(target.stat().st_mode if target.exists() else 0o666 & ~_umask())
        Path(partial.name).replace(target)
    except BaseException as error:
        with suppress(OSError):
            Path(partial.name).unlink()
        if isinstance(error, OSError):
            raise _not_written(path, error) from error
        raise


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    try:
        with path.open("wb") as file:
            yield file
    except BrokenPipeError:
        raise
    except OSError as error:
        raise _not_written(path, error) from error


@contextmanager
def _packing(file: BinaryIO, suffix: str) -> Iterator[BinaryIO]:
    format_ = SUFFIXES.get(suffix)
    if format_ is None:
        yield file
        return
    with packing_writer(file, format_) as packed:
        yield packed


def _not_written(path: Path, error: OSError) -> InputError:
    return InputError(
        f"cannot be written: {(error.strerror or str(error)).lower()}", place=str(path)
    )


def _umask() -> int:
    # The only way to ask for it is to set it; this is the main thread's command line.
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
