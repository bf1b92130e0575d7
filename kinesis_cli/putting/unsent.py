"""What could not be put, kept as a recording that can be put later."""

import json
import os
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Self

from kinesis_cli.errors import InputError, KcliError
from kinesis_cli.places.url import Place, Url
from kinesis_cli.putting.entry import Entry
from kinesis_cli.recordings.writing import refuse_existing, write_recording
from kinesis_cli.stream.event import lambda_record
from kinesis_cli.stream.record import Record
from kinesis_cli.stream.sequence import SequenceNumbers
from kinesis_cli.stream.shards import shard_id

# A member that Lambda does not send: reading a stream never tells the explicit hash key.
EXPLICIT_HASH_KEY = "explicitHashKey"


class FailedRecords:
    """Records that were not put, in the order in which they were given up.

    They are on disk as they come, and take the name of the file when all are there.

    Args:
        now: epoch seconds; they have no shard, number and arrival of their own.
        stream_arn: of the stream that they were meant for.
    """

    def __init__(self, now: float, stream_arn: str) -> None:
        self._now, self._stream_arn = now, stream_arn
        self._numbers = SequenceNumbers(0, int(now))
        self._lines = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `__exit__`
        self.count = 0
        self.not_sent: KcliError | None = None  # why they are in a file of this machine instead
        self.reasons: Counter[str] = Counter()

    def add(self, entries: Iterable[Entry]) -> None:
        """Keep the user's records of some entries."""
        for entry in entries:
            self.reasons[entry.reason] += len(entry.records)
            for record in entry.records:
                self._lines.write(self._raw(record) + b"\n")
                self.count += 1

    def write(self, place: Place, otherwise: Path) -> Place | None:
        """Write the recording; where it went, None: there is nothing to write.

        Args:
            place: where it is wanted.
            otherwise: a file for it, if `place` is a URL and nothing can be sent there.

        Raises:
            InputError: the file cannot be written.
        """
        if not self.count:
            return None
        try:
            write_recording(self._records(), place)
        except KcliError as error:
            if not isinstance(place, Url):
                raise
            self.not_sent = error
            write_recording(self._records(), otherwise)
            return otherwise
        return place

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._lines.close()

    def _records(self) -> Iterator[Record]:
        self._lines.seek(0)
        for line in self._lines:
            yield Record("", "", "", 0.0, line.rstrip(b"\n"))

    def _raw(self, entry: Entry) -> bytes:
        raw = lambda_record(
            shard_id=shard_id(0),
            sequence_number=self._numbers.next(self._now),
            partition_key=entry.partition_key,
            arrival=self._now,
            data=entry.data,
            event_source_arn=self._stream_arn,
        ).raw
        if entry.explicit_hash_key is None:
            return raw
        record = json.loads(raw)
        record["kinesis"][EXPLICIT_HASH_KEY] = entry.explicit_hash_key
        return json.dumps(record, separators=(",", ":")).encode()


def check_can_be_written(path: Place, *, overwrite: bool) -> None:
    """Refuse a file that could not be written later, when records depend on it.

    Raises:
        InputError: it has no folder, may not be written there, or is there already.
        EndpointError: a service refused, or was not reached.
    """
    refuse_existing(path, overwrite=overwrite)
    if isinstance(path, Url):
        return
    folder = path.parent
    if not folder.is_dir():
        raise InputError(f"there is no folder {folder}", place=str(path))
    if not os.access(folder, os.W_OK) or path.is_dir():
        raise InputError("cannot be written", place=str(path))
