"""Plain payload lines as records of a stream."""

from kinesis_cli.stream.event import lambda_record
from kinesis_cli.stream.record import Record
from kinesis_cli.stream.sequence import SequenceNumbers
from kinesis_cli.stream.shards import even_shards, hash_key, shard_id, shard_index, shard_of

START = (
    1735689600  # 2025-01-01T00:00:00Z, epoch seconds: the same lines are always the same records
)


class PayloadLines:
    """Makes a record of each payload: a key of its own, a millisecond after the last.

    Args:
        shards: how many the stream has; each record is in the one of its key.
    """

    def __init__(self, shards: int = 1) -> None:
        self._count = 0
        self.largest = 0  # bytes of a payload and its key, which Kinesis counts together
        self._shards = even_shards(shards)
        self._numbers = [SequenceNumbers(index, created=START) for index in range(shards)]

    def record(self, payload: bytes) -> Record:
        """The record that carries the next line."""
        arrival = START + self._count / 1000
        self._count += 1
        key = f"line-{self._count}"
        self.largest = max(self.largest, len(payload) + len(key))
        index = 0
        if len(self._shards) > 1:
            index = shard_index(shard_of(self._shards, hash_key(key)).shard_id)
        return lambda_record(
            shard_id=shard_id(index),
            sequence_number=self._numbers[index].next(arrival),
            partition_key=key,
            arrival=arrival,
            data=payload,
        )
