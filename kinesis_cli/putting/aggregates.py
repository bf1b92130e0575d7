"""Records of one shard packed together before they are put, as the Kinesis Producer Library does.

Source: https://github.com/awslabs/amazon-kinesis-producer/blob/master/aggregation-format.md
"""

from collections.abc import Iterable

from kinesis_cli.putting.entry import Entry
from kinesis_cli.stream.aggregate import MAX_SIZE, aggregated
from kinesis_cli.stream.shards import ShardMap

BUFFERED = 0.1  # seconds that a record waits for others; the KPL's RecordMaxBufferedTime
_FRAME = 64  # bytes around the records: magic, digest, room for what is counted below
_AROUND = 32  # most bytes of tags, indices and lengths of one record and its keys


class Aggregates:
    """Packs records by the shard that they belong to. `set_shards` comes before the first."""

    packs = True

    def __init__(self) -> None:
        self._shards: ShardMap
        self._open: dict[str, _Open] = {}

    @property
    def is_empty(self) -> bool:
        """Whether no record waits for others."""
        return not self._open

    @property
    def next_moment(self) -> float | None:
        """When the first aggregate has waited long enough."""
        return min((each.due for each in self._open.values()), default=None)

    def set_shards(self, shards: ShardMap) -> None:
        """Set the open shards; what was not taken out yet is packed for the old ones."""
        self._shards = shards

    def add(self, entries: Iterable[Entry], now: float) -> Iterable[Entry]:
        """Take records; yield the aggregates that are full or have waited long enough.

        A record that is larger than an aggregate goes alone, after those of its shard before it.
        """
        for entry in entries:
            shard_id = entry.shard_in(self._shards).shard_id
            packed = self._open.get(shard_id)
            if packed is not None and packed.size + _packed_size(entry) > MAX_SIZE:
                yield self._packed(shard_id)
                packed = None
            if _packed_size(entry) + _FRAME > MAX_SIZE:
                entry.planned_shard = shard_id
                yield entry
                continue
            if packed is None:
                packed = self._open[shard_id] = _Open(now + BUFFERED)
            packed.add(entry)
        for shard_id in [each for each, packed in self._open.items() if packed.due <= now]:
            yield self._packed(shard_id)

    def flush(self) -> list[Entry]:
        """Remove and return all aggregates, full or not."""
        return [self._packed(shard_id) for shard_id in list(self._open)]

    def fits(self, entry: Entry) -> bool:
        """Return whether all records of an aggregate belong to the shard that it went to."""
        return all(part.shard_in(self._shards).shard_id == entry.shard_id for part in entry.parts)

    def _packed(self, shard_id: str) -> Entry:
        parts = self._open.pop(shard_id).parts
        data = aggregated(parts)
        first = parts[0]
        entry = Entry(first.index, first.partition_key, first.explicit_hash_key, data, parts)
        entry.planned_shard = shard_id
        entry.since = first.since
        return entry


class NoAggregates(Aggregates):
    """Packs nothing: each record goes as it is."""

    packs = False

    def add(self, entries: Iterable[Entry], now: float) -> Iterable[Entry]:  # noqa: ARG002
        """Return the records."""
        return entries


class _Open:
    """Records of one shard that are to be packed together."""

    def __init__(self, due: float) -> None:
        self.parts: list[Entry] = []
        self.size, self.due = _FRAME, due

    def add(self, entry: Entry) -> None:
        self.parts.append(entry)
        self.size += _packed_size(entry)


def _packed_size(entry: Entry) -> int:
    """Most bytes that a record takes in an aggregate, its keys written anew."""
    return entry.size + len(entry.explicit_hash_key or "") + _AROUND
