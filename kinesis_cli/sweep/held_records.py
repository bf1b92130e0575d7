"""A recording in memory, read once and delivered many times."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain

from kinesis_cli.stream.kinds.known import kind_of_records
from kinesis_cli.stream.record import Record


class HeldRecords:
    """The records of each shard, which all runs share."""

    def __init__(self, records: Sequence[Record]) -> None:
        self.kind = kind_of_records(records)
        self._shards: dict[str, list[Record]] = {}
        self._first = records[0] if records else None
        for record in records:
            self._shards.setdefault(record.shard_id, []).append(record)
        arrivals = [record.arrival for records in self._shards.values() for record in records]
        self.count = len(arrivals)
        self.first_arrival = min(arrivals, default=None)
        self.last_arrival = max(arrivals, default=None)

    def records(self) -> Iterator[Record]:
        """All of them, shard by shard."""
        return chain.from_iterable(self._shards.values())

    def from_beginning(self) -> "HeldSource":
        """A source of them, for one run."""
        return HeldSource(self, self._shards, self._first)


class HeldSource:
    """See `RecordSource`: how far one run has come."""

    def __init__(
        self, held: HeldRecords, shards: Mapping[str, list[Record]], first: Record | None
    ) -> None:
        self.kind = held.kind
        self._shards, self._first = shards, first
        self._next = dict.fromkeys(shards, 0)
        self.shard_ids = tuple(shards)
        self.count = held.count
        self.first_arrival, self.last_arrival = held.first_arrival, held.last_arrival

    def take(self, shard_id: str, until: float, limit: int, max_bytes: int) -> list[Record]:
        """See `RecordSource.take`."""
        records, begin = self._shards[shard_id], self._next[shard_id]
        end, size = begin, 0
        while end < len(records) and end - begin < limit:
            record = records[end]
            size += len(record.raw)
            if record.arrival > until or (size > max_bytes and end > begin):
                break
            end += 1
        self._next[shard_id] = end
        return records[begin:end]

    def next_arrival(self, shard_id: str) -> float | None:
        """See `RecordSource.next_arrival`."""
        records, place = self._shards[shard_id], self._next[shard_id]
        return records[place].arrival if place < len(records) else None

    def first_record(self) -> Record | None:
        """See `RecordSource.first_record`."""
        return self._first
