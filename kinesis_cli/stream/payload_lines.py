"""Plain payload lines as records of a one-shard stream."""

from kinesis_cli.stream.event import lambda_record
from kinesis_cli.stream.record import Record
from kinesis_cli.stream.sequence import SequenceNumbers
from kinesis_cli.stream.shards import shard_id

START = (
    1735689600  # 2025-01-01T00:00:00Z, epoch seconds: the same lines are always the same records
)


class PayloadLines:
    """Makes a record of each payload: one shard, a key of its own, a millisecond after the last."""

    def __init__(self) -> None:
        self._count = 0
        self._numbers = SequenceNumbers(0, created=START)

    def record(self, payload: bytes) -> Record:
        """The record that carries the next line."""
        arrival = START + self._count / 1000
        self._count += 1
        return lambda_record(
            shard_id=shard_id(0),
            sequence_number=self._numbers.next(arrival),
            partition_key=f"line-{self._count}",
            arrival=arrival,
            data=payload,
        )
