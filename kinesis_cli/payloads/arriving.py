"""Payloads as the records that a stream would make of them."""

from collections.abc import Iterable, Iterator

from kinesis_cli.stream.aggregate import MAX_SIZE, aggregated
from kinesis_cli.stream.event import STREAM_ARN, lambda_record
from kinesis_cli.stream.payload import Payload
from kinesis_cli.stream.record import Record
from kinesis_cli.stream.sequence import SequenceNumbers
from kinesis_cli.stream.shards import Shard, ShardMap, even_shards, shard_index


class ArrivingRecords:
    """A stream that takes payloads and gives the records that Lambda would read from it.

    Args:
        shards: how many; each takes an equal range of hash keys.
        created: when the stream was created, epoch seconds; part of the sequence numbers.
        event_source_arn: of the stream, or of an enhanced fan-out consumer.

    Raises:
        InputError: no stream has so many shards.
    """

    def __init__(self, shards: int, created: float, *, event_source_arn: str = STREAM_ARN) -> None:
        self._shards = ShardMap(even_shards(shards))
        self._arn = event_source_arn
        self._numbers = {
            shard.shard_id: SequenceNumbers(shard_index(shard.shard_id), int(created))
            for shard in self._shards.shards
        }

    def records(self, payloads: Iterable[tuple[float, Payload]]) -> Iterator[Record]:
        """A record for each payload.

        Args:
            payloads: each with its arrival, epoch seconds.
        """
        for arrival, payload in payloads:
            yield self._record(self._shard(payload).shard_id, arrival, payload)

    def aggregates(self, payloads: Iterable[tuple[float, Payload]]) -> Iterator[Record]:
        """Records that hold many payloads of one shard, as the Kinesis Producer Library packs them.

        A record arrives with the last of its payloads, or at the end of all.
        """
        waiting: dict[str, _Waiting] = {}
        arrival = 0.0
        for arrival, payload in payloads:
            shard_id = self._shard(payload).shard_id
            packed = waiting.setdefault(shard_id, _Waiting())
            if packed.records and packed.size + len(payload.data) > MAX_SIZE:
                yield self._record(shard_id, arrival, packed.taken())
            packed.add(payload)
        for shard_id, packed in waiting.items():
            yield self._record(shard_id, arrival, packed.taken())

    def _record(self, shard_id: str, arrival: float, payload: Payload) -> Record:
        return lambda_record(
            shard_id=shard_id,
            sequence_number=self._numbers[shard_id].next(arrival),
            partition_key=payload.partition_key,
            arrival=arrival,
            data=payload.data,
            event_source_arn=self._arn,
        )

    def _shard(self, payload: Payload) -> Shard:
        return self._shards.shard(payload.partition_key, payload.explicit_hash_key)


class _Waiting:
    """Payloads of one shard that will be packed together."""

    def __init__(self) -> None:
        self.records: list[Payload] = []
        self.size = 0  # bytes, of the data

    def add(self, payload: Payload) -> None:
        """Take one more."""
        self.records.append(payload)
        self.size += len(payload.data)

    def taken(self) -> Payload:
        """All of them packed, under the first one's key; nothing waits any more."""
        # UNSURE(aggregate-outer-key): AWS's aggregation module takes the first record's key, as we
        # do; the producer library is said to send "a" and to choose the shard by a hash key.
        first = self.records[0]
        packed = Payload(first.partition_key, first.explicit_hash_key, aggregated(self.records))
        self.records, self.size = [], 0
        return packed
