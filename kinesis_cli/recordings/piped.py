"""A recording that is written to a pipe or a terminal: it cannot be continued."""

from collections.abc import Sequence
from typing import BinaryIO, Self

from kinesis_cli.recordings.resumable import Progress
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
