"""A stream that a mapping reads: its shards, and their records, one after another."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from kinesis_cli.event_source_mapping.settings import EventSourceMapping
from kinesis_cli.event_source_mapping.shard import Shard
from kinesis_cli.local.clock import Clock
from kinesis_cli.stream.record import Record


@dataclass(frozen=True, slots=True)
class Page:
    """What one look at a shard brought."""

    records: list[Record]
    is_at_tip: bool  # no more records are there now
    is_at_end: bool  # nor will there be: the shard is closed


@dataclass(frozen=True, slots=True)
class SourceShard:
    """A shard that the stream has, and those whose records come before its own."""

    number: int
    parents: frozenset[int] = frozenset()


class Reader(Protocol):
    """Reads a shard from a place on."""

    async def read(self, limit: int) -> Page:
        """The next records, `limit` at most.

        Raises:
            ServiceError: the stream or shard is gone, or reading is throttled.
        """

    async def backlog(self) -> int:
        """How many records are still to be read."""

    @property
    def position(self) -> int:
        """The counter of the next record to read; 0: nothing was read, or not for long."""


class Source(ABC):
    """A stream of the kind, or of the place, that a mapping names.

    Shards have numbers, and so have the records of one: that costs little where there are many.

    Args:
        arn: as the mapping names it: of a stream, or of a consumer.
        name: of the stream, or of the table, for people.
        mapping: says where a shard begins of which nothing was read.
        live_since: when the mapping was made, epoch seconds: where LATEST starts.
        clock: tells the time.

    Attributes:
        created: when the stream was made, epoch seconds; one that was made anew is another.
            0.0: it was not found yet.
        retention_seconds: how long it keeps a record.
    """

    interval: float  # seconds between two looks that find nothing

    def __init__(
        self,
        arn: str,
        name: str,
        mapping: EventSourceMapping,
        live_since: float,
        clock: Clock,
    ) -> None:
        self.arn, self.name, self.clock = arn, name, clock
        self.created = self.retention_seconds = 0.0
        self._start = start_of(mapping, live_since)

    @abstractmethod
    async def find(self) -> None:
        """Find the stream that is there now: set `created` and `retention_seconds`.

        Raises:
            ServiceError: it is not there.
            InputError: what keeps it is not usable.
        """

    @abstractmethod
    def check(self) -> None:
        """Raises: ServiceError: the stream that was found is gone."""

    @abstractmethod
    async def shards(self) -> list[SourceShard]:
        """All shards that the stream has.

        Raises:
            ServiceError: it is not there.
        """

    @abstractmethod
    def shard_id(self, number: int) -> str:
        """The id of a shard."""

    @abstractmethod
    def shard(self, number: int) -> Shard:
        """A shard as its delivery sees it.

        Raises:
            ServiceError: it is not there.
        """

    @abstractmethod
    def position(self, checkpoint: str) -> int:
        """The counter of the record behind the one with this sequence number."""

    @abstractmethod
    def unread(self, positions: Mapping[int, int], *, counted: bool) -> dict[int, int]:
        """How many records are to be read of each shard that is not idle.

        Args:
            positions: by the numbers of the shards: the counter of the next record to read; 0:
                nothing was read.
            counted: whether CloudWatch and the limits see it as a read of each idle shard.

        Returns:
            Of the shards with something to read, and of those that were closed, how many.

        Raises:
            ServiceError: the stream is not there.
        """

    @abstractmethod
    def reader(self, number: int, after: str | None) -> Reader:
        """Reads a shard.

        Args:
            number: of the shard.
            after: sequence number to go on behind; None: where the mapping starts.
        """


def start_of(mapping: EventSourceMapping, live_since: float) -> float:
    """Where a shard begins that nothing was read of, epoch seconds. Those that come later too."""
    if mapping.starting_position == "TRIM_HORIZON":
        return 0.0
    timestamp = mapping.starting_position_timestamp
    return live_since if timestamp is None else timestamp
