"""What a consumer reads, into a recording."""

import time
from collections.abc import Callable

from kinesis_cli.aws.consuming.consumer import ShardRecords
from kinesis_cli.recordings.piped import PipedRecording, SentRecording
from kinesis_cli.recordings.resumable import GrowingRecording
from kinesis_cli.stream.event import lambda_record
from kinesis_cli.stream.record import Record
from kinesis_cli.stream.selection import Selection
from kinesis_cli.stream.user_records import changed, data_of

COMMIT_EVERY = 1.0  # seconds between two moments at which everything is on disk for certain


class Recorder:
    """Writes what is wanted of the records that it is given.

    Args:
        file: open.
        selection: which records are wanted.
        change: gives a payload's new form, or None to drop the record.
        stream_arn: of the stream that is read.
        count: most records in the recording; None: no limit.
    """

    def __init__(
        self,
        file: GrowingRecording | PipedRecording | SentRecording,
        selection: Selection,
        change: Callable[[bytes], bytes | None] | None,
        stream_arn: str,
        count: int | None,
    ) -> None:
        self._file, self._selection, self._change = file, selection, change
        self._stream_arn, self._count = stream_arn, count
        self.commit()  # that it was begun, and where

    @property
    def records(self) -> int:
        """How many the recording has."""
        return self._file.progress.records

    @property
    def is_full(self) -> bool:
        """Whether it has as many as it may have."""
        return self._count is not None and self.records >= self._count

    def take(self, batch: ShardRecords) -> None:
        """Write those that are wanted of a batch.

        Raises:
            InputError: the file cannot be written, or the user's function failed.
        """
        if position := batch.position:
            wanted = [record for record in batch.records if self._selection.matches(record)]
            if self._count is not None and len(wanted) > self._count - self.records:
                wanted = wanted[: self._count - self.records]
                position = wanted[-1].sequence_number
            kept = wanted if self._change is None else self._changed(wanted)
            self._file.append(kept, batch.shard_id, position)
            self._is_certain = False
        if not self._is_certain and time.monotonic() - self._committed >= COMMIT_EVERY:
            self.commit()

    def commit(self) -> None:
        """Make everything so far certain.

        Raises:
            InputError: the files cannot be written.
        """
        self._file.commit()
        self._committed, self._is_certain = time.monotonic(), True

    def _changed(self, records: list[Record]) -> list[Record]:
        assert self._change is not None
        kept = []
        for record in records:
            if (data := changed(data_of(record), self._change)) is not None:
                kept.append(
                    lambda_record(
                        shard_id=record.shard_id,
                        sequence_number=record.sequence_number,
                        partition_key=record.partition_key,
                        arrival=record.arrival,
                        data=data,
                        event_source_arn=self._stream_arn,
                    )
                )
        return kept
