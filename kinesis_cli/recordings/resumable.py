"""A recording that grows while a stream is read, and can be continued after any end, kill -9 too.

Beside `day.ndjson` stands `day.ndjson.progress`: how many bytes of the recording are on disk for
certain, and how far each shard was read by then. What the recording has beyond is looked at line by
line; a line, or a packed member, that is torn is dropped.
"""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, Self

import msgspec

from kinesis_cli.errors import InputError
from kinesis_cli.recordings.files import not_written, open_alone, replace_whole
from kinesis_cli.recordings.opening import BLOCK
from kinesis_cli.recordings.writing import refuse_without_folder
from kinesis_cli.stream.kinds.kinesis import KINESIS
from kinesis_cli.stream.kinds.known import kind_of_line
from kinesis_cli.stream.packing import DAMAGES, SUFFIXES, MemberWriter, decompressor
from kinesis_cli.stream.record import Record


class Progress(msgspec.Struct, rename="camel"):
    """What is certain of a recording."""

    stream: str  # the stream's ARN
    start_kind: str  # a `StartKind`; never LATEST, which is another place each time
    start_seconds: float = 0.0
    start_number: str = ""
    length: int = 0  # bytes
    records: int = 0
    positions: dict[str, str] = {}  # shard → sequence number of the last record that was read
    version: int = 1


_decode_progress = msgspec.json.Decoder(Progress).decode


class GrowingRecording:
    """A recording that is being written. Use it as a context manager: it holds a locked file.

    Args:
        path: packed if the name ends in `.gz` or `.zst`.
        progress: of a new one without positions; else what `kept_progress` gave.

    Raises:
        InputError: the file cannot be written, or another process writes it.
    """

    def __init__(self, path: Path, progress: Progress) -> None:
        self.path, self.progress = path, progress
        format_ = SUFFIXES.get(path.suffix.lower())
        self._members = format_ and MemberWriter(self._write, format_)
        self._file = open_alone(path, "ab", taken="another kcli is writing it")
        self._keep_what_is_whole()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def append(self, records: Sequence[Record], shard_id: str, position: str) -> None:
        """Add records that were read from a shard, none too.

        Args:
            records: those that are wanted.
            shard_id: where they are from.
            position: the sequence number up to which the shard was read.

        Raises:
            InputError: the file cannot be written.
        """
        if lines := [record.line + b"\n" for record in records]:
            write = self._members.write if self._members else self._write
            write(b"".join(lines))
            self.progress.records += len(lines)
        self.progress.positions[shard_id] = position

    def commit(self) -> None:
        """Make everything so far certain.

        Raises:
            InputError: the files cannot be written.
        """
        if self._members:
            self._members.finish()
        try:
            os.fsync(self._file.fileno())
            self.progress.length = os.fstat(self._file.fileno()).st_size
            replace_whole(progress_path(self.path), msgspec.json.encode(self.progress) + b"\n")
        except OSError as error:
            raise not_written(self.path, error) from error

    def _write(self, data: bytes) -> None:
        try:
            self._file.write(data)
            self._file.flush()  # the system has it; a killed process loses nothing
        except OSError as error:
            raise not_written(self.path, error) from error

    def _keep_what_is_whole(self) -> None:
        """Count what was written after the last commit, and drop what is torn."""
        progress = self.progress
        with self.path.open("rb") as file:
            file.seek(progress.length)
            for end, lines in _whole_parts(file, self.path):
                for line in lines:
                    shard_id, number = _place_of(line, self.path)
                    progress.positions[shard_id] = number
                progress.records += len(lines)
                progress.length = end
        try:
            self._file.truncate(progress.length)
        except OSError as error:
            raise not_written(self.path, error) from error


def progress_path(path: Path) -> Path:
    """Where a recording's progress is kept."""
    return path.with_name(f"{path.name}.progress")


def refuse_recorded(path: Path, *, overwrite: bool) -> None:
    """Refuse to record into a file that holds something.

    Raises:
        InputError: there is one, and nobody said that it may go; or it has no folder to be in.
    """
    refuse_without_folder(path)
    if not overwrite and _holds_anything(path):
        raise InputError(
            "it exists",
            place=str(path),
            advice="--resume continues it, --overwrite begins it anew; or name another file.",
        )


def new(path: Path, progress: Progress, *, overwrite: bool = False) -> GrowingRecording:
    """A new recording.

    Raises:
        InputError: there is a file of this name, and nobody said that it may go.
    """
    refuse_recorded(path, overwrite=overwrite)
    if overwrite and path.is_file():
        progress_path(path).unlink(missing_ok=True)  # first: without it nobody resumes what is left
        with path.open("r+b") as file:
            file.truncate()
    return GrowingRecording(path, progress)


def _holds_anything(path: Path) -> bool:
    return path.exists() and path.stat().st_size > 0


def kept_progress(path: Path) -> Progress | None:
    """How far a recording came; None: there is no recording, or nothing in it.

    Raises:
        InputError: nobody wrote down how far, or it is damaged.
    """
    kept = progress_path(path)
    if not kept.exists() and not _holds_anything(path):
        return None
    try:
        progress = _decode_progress(kept.read_bytes())
    except FileNotFoundError as error:
        raise InputError(
            f"{kept.name} is missing, so where it began is not known", place=str(path)
        ) from error
    except (OSError, msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise InputError(f"damaged: {error}", place=str(kept)) from error
    if not path.exists() or path.stat().st_size < progress.length:
        raise InputError("shorter than it was when it was last written", place=str(path))
    return progress


def _whole_parts(file: BinaryIO, path: Path) -> Iterator[tuple[int, list[bytes]]]:
    """The lines that are whole from here on, and where in the file each group of them ends."""
    format_ = SUFFIXES.get(path.suffix.lower())
    if format_ is None:
        yield from _whole_lines(file)
        return
    end, packed = file.tell(), file.read()  # the members since the last commit
    while packed:
        unpacker = decompressor(format_)
        try:
            text = unpacker.decompress(packed)
        except DAMAGES:
            return
        if not unpacker.eof:
            return
        end += len(packed) - len(unpacker.unused_data)
        packed = unpacker.unused_data
        yield end, text.splitlines()


def _whole_lines(file: BinaryIO) -> Iterator[tuple[int, list[bytes]]]:
    end, rest = file.tell(), b""
    while block := file.read(BLOCK):
        whole, newline, rest = (rest + block).rpartition(b"\n")
        if newline:
            end += len(whole) + 1
            yield end, whole.split(b"\n")


def _place_of(line: bytes, path: Path) -> tuple[str, str]:
    try:
        return (kind_of_line(line) or KINESIS).place_of(line)
    except (msgspec.MsgspecError, UnicodeError, RecursionError, InputError) as error:
        raise InputError(f"a line is not a record: {error}", place=str(path)) from error
