"""How long a replay would take, and what it would ask of each shard."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from kinesis_cli.putting.entry import Entry
from kinesis_cli.stream.shards import BYTES_PER_SECOND, RECORDS_PER_SECOND, Shard, ShardMap


@dataclass(slots=True)
class ShardLoad:
    """What one shard would take."""

    records: int = 0
    bytes: int = 0  # data and keys
    most_records: int = 0  # in one second
    most_bytes: int = 0
    _second: int = field(default=0, repr=False)
    _records: int = field(default=0, repr=False)
    _bytes: int = field(default=0, repr=False)

    def add(self, at: float, size: int) -> None:
        """A record of so many bytes, so many seconds after the beginning; in order of time."""
        self.records += 1
        self.bytes += size
        if int(at) != self._second:
            self._second, self._records, self._bytes = int(at), 0, 0
        self._records += 1
        self._bytes += size
        self.most_records = max(self.most_records, self._records)
        self.most_bytes = max(self.most_bytes, self._bytes)

    @property
    def is_too_much(self) -> bool:
        """Whether a shard in provisioned mode would throttle in its busiest second."""
        records, size = self.most_records, self.most_bytes
        return records > RECORDS_PER_SECOND or size > BYTES_PER_SECOND

    @property
    def least_seconds(self) -> float:
        """How long a shard in provisioned mode needs for all of it."""
        return max(self.records / RECORDS_PER_SECOND, self.bytes / BYTES_PER_SECOND)


@dataclass(frozen=True, slots=True)
class ReplayLoad:
    """What a replay would take."""

    shards: dict[str, ShardLoad]
    records: int
    seconds: float  # by its own timing
    at_full_speed: bool

    @property
    def least_seconds(self) -> float:
        """How long it takes at least, in provisioned mode."""
        return max((load.least_seconds for load in self.shards.values()), default=0.0)


def replay_load(
    records: Iterable[tuple[float, Entry]], shards: Sequence[Shard], *, at_full_speed: bool
) -> ReplayLoad:
    """The load of a replay.

    Args:
        records: each with its moment, seconds after the first one's.
        shards: the open ones in order of their hash keys.
        at_full_speed: the moments do not count.
    """
    loads = {shard.shard_id: ShardLoad() for shard in shards}
    count, at = 0, 0.0
    takes = ShardMap(shards)
    for count, (at, entry) in enumerate(records, 1):  # noqa: B007 - both are used below
        loads[entry.shard_in(takes).shard_id].add(at, entry.size)
    return ReplayLoad(loads, count, at, at_full_speed)
