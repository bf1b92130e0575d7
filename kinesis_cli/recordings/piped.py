"""Recordings that cannot be continued: to a pipe, a terminal, a service that keeps objects."""

from collections.abc import Sequence
from typing import BinaryIO, Self

from kinesis_cli.errors import KcliError
from kinesis_cli.places.url import Url
from kinesis_cli.places.writing import RemoteWriter
from kinesis_cli.recordings.resumable import Progress
from kinesis_cli.stream.packing import SUFFIXES, MemberWriter
from kinesis_cli.stream.record import Record


class PipedRecording:
    """Writes lines as they come, with the methods of `GrowingRecording`.

    Args:
        output: standard output; the reader has each line at the latest with a commit.
        progress: of a new recording; counts, and is kept nowhere.
    """

    def __init__(self, output: BinaryIO, progress: Progress) -> None:
        self._output, self.progress = output, progress

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def append(self, records: Sequence[Record], shard_id: str, position: str) -> None:
        """Write records that were read from a shard, up to `position`; none too."""
        for record in records:
            self._output.write(record.line + b"\n")
        self.progress.records += len(records)
        self.progress.positions[shard_id] = position

    def commit(self) -> None:
        """Hand over everything so far."""
        self._output.flush()


class SentRecording:
    """Sends lines to a service while they come, with the methods of `GrowingRecording`.

    The object appears when the recording ends, whatever ends it: a stream that cannot be read any
    more, too. Only where it cannot be sent, or kcli is interrupted at once, nothing appears.

    Args:
        url: of the object; packed if its name ends in `.gz` or `.zst`.
        progress: of a new recording; counts, and is kept nowhere.

    Raises:
        InputError: nothing can be written there.
        EndpointError: the service refused, or was not reached.
    """

    def __init__(self, url: Url, progress: Progress) -> None:
        self.progress = progress
        format_ = SUFFIXES.get(url.suffix.lower())
        self._writer = RemoteWriter(url)
        self._members = format_ and MemberWriter(self._writer.write, format_)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        is_told = kind is None or issubclass(kind, KcliError)
        if self._writer.is_broken or not is_told or not self.progress.records:
            self._writer.abandon()
            return
        if self._members:
            self._members.finish()
        self._writer.finish()

    def append(self, records: Sequence[Record], shard_id: str, position: str) -> None:
        """Add records that were read from a shard, up to `position`; none too.

        Raises:
            EndpointError: they could not be sent.
        """
        if lines := [record.line + b"\n" for record in records]:
            (self._members or self._writer).write(b"".join(lines))
        self.progress.records += len(lines)
        self.progress.positions[shard_id] = position

    def commit(self) -> None:
        """Nothing: it is certain when it ends."""
