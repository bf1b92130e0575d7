"""What a stream is made of: its settings, its shards, its consumers.

The objects here are the truth while the process runs; the store holds the same and gives them back
at the next start.
"""

from bisect import bisect_right
from dataclasses import dataclass, field
from typing import Any

import msgspec

from kinesis_cli.project.stream_settings import DEFAULT_RECORD_KIB, DEFAULT_RETENTION_HOURS
from kinesis_cli.stream.sequence import MAX_COUNTER, SequenceNumber
from kinesis_cli.stream.shards import shard_id

_MAX_SHARD_NUMBER = 2**31 - 1

Request = dict[str, Any]  # one operation's parameters under their wire names
Response = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Caller:
    """The caller's account and region; sees only this account's and region's streams."""

    account: str  # twelve digits
    region: str


class Open(msgspec.Struct, tag=True):
    """Give a new stream its shards."""

    shards: int


class Split(msgspec.Struct, tag=True):
    """Cut a shard in two."""

    shard: int
    starting_hash_key: str  # of the upper part; a number of 128 bits, as text


class Merge(msgspec.Struct, tag=True):
    """Make one shard of two neighbours."""

    shard: int
    adjacent: int


class Resize(msgspec.Struct, tag=True):
    """Reshard to a number of shards of the same width."""

    shards: int


Reshard = Open | Split | Merge | Resize


class Consumer(msgspec.Struct):
    """An enhanced fan-out consumer."""

    name: str
    created: int  # epoch seconds; part of its ARN, so no two of the same name share it
    active_at: float  # epoch seconds; before that it is CREATING
    tags: dict[str, str] = {}
    policy: str | None = None


class StreamSettings(msgspec.Struct):
    """What can be changed of a stream; stored as one document."""

    mode: str = "PROVISIONED"
    retention_hours: int = DEFAULT_RETENTION_HOURS
    max_record_kib: int = DEFAULT_RECORD_KIB
    encryption_key: str | None = None  # a KMS key id; nothing is encrypted with it
    metrics: list[str] = []
    tags: dict[str, str] = {}
    policy: str | None = None
    distribution: str = "USER_PARTITION_KEY"
    warm_mib: int | None = None
    consumers: dict[str, Consumer] = {}
    newest_consumer: int = 0  # `Consumer.created` of the newest one there ever was
    status: str = "ACTIVE"
    status_until: float | None = None  # epoch seconds; then the change below is done
    reshard: Reshard | None = None
    reshards: list[float] = []  # when UpdateShardCount was called, epoch seconds
    mode_changes: list[float] = []


@dataclass(eq=False, slots=True)
class Shard:
    """A range of hash keys and its records, told apart by their counters.

    The counter is the field of the sequence number that alone decides the order. It grows by one
    with each record, so a position in the shard is a counter too: that of the next record to read.
    """

    row: int  # its key in the store, never used twice
    number: int  # 6 for shardId-000000000006
    starting_hash_key: int
    ending_hash_key: int  # included
    parent: int | None
    adjacent_parent: int | None
    created: int  # epoch seconds, as its sequence numbers say it; of a child after the parent's end
    opened: float  # epoch seconds
    closed: float | None = None  # epoch seconds
    next: int = 1  # the counter of the next record
    horizon: int = 1  # the counter of the oldest record within retention
    oldest: int = 0  # arrival of that record, epoch milliseconds
    latest: int = 0  # arrival of the newest record, epoch milliseconds

    @property
    def shard_id(self) -> str:
        """`shardId-000000000006`."""
        return shard_id(self.number)

    def hash_key_range(self) -> Response:
        """Its range as AWS shows it."""
        return {
            "StartingHashKey": str(self.starting_hash_key),
            "EndingHashKey": str(self.ending_hash_key),
        }

    def starting_sequence_number(self) -> str:
        """Below every record of the shard."""
        return SequenceNumber(self.created, self.number, 0, self.created).encode()

    def ending_sequence_number(self) -> str | None:
        """Above every record of a closed shard; an open one has none."""
        if self.closed is None:
            return None
        return SequenceNumber(self.created, self.number, MAX_COUNTER, int(self.closed)).encode()


@dataclass(eq=False, slots=True)
class Stream:
    """A stream with its shards, closed ones too until their records have expired."""

    row: int
    account: str
    region: str
    name: str
    created: float  # epoch seconds
    settings: StreamSettings
    shards: dict[int, Shard] = field(default_factory=dict)  # by number, ascending
    next_shard: int = 0
    _open: list[Shard] = field(default_factory=list)
    _starts: list[int] = field(default_factory=list)
    _turn: int = 0

    @property
    def arn(self) -> str:
        """The stream's Amazon Resource Name."""
        place = f"kinesis:{self.region}:{self.account}"
        return f"arn:{partition(self.region)}:{place}:stream/{self.name}"

    def belongs_to(self, caller: Caller) -> bool:
        """Whether it is the caller's own."""
        return (self.account, self.region) == (caller.account, caller.region)

    def consumer_arn(self, consumer: Consumer) -> str:
        """The Amazon Resource Name of one of its consumers."""
        return f"{self.arn}/consumer/{consumer.name}:{consumer.created}"

    @property
    def open_shards(self) -> list[Shard]:
        """In order of their hash keys, without gaps."""
        return self._open

    def add(self, shard: Shard) -> None:
        """Take a new shard in; `settle` when the last one is in."""
        self.shards[shard.number] = shard
        self.next_shard = max(self.next_shard, shard.number + 1)

    def settle(self) -> None:
        """Find the open shards anew, after some were added or closed."""
        still_open = (shard for shard in self.shards.values() if shard.closed is None)
        self._open = sorted(still_open, key=lambda shard: shard.starting_hash_key)
        self._starts = [shard.starting_hash_key for shard in self._open]

    def shard_of(self, hash_key: int) -> Shard:
        """The open shard that takes a hash key."""
        return self._open[bisect_right(self._starts, hash_key) - 1]

    def next_in_turn(self) -> Shard:
        """The open shards one after the other, so that records spread evenly."""
        self._turn += 1
        return self._open[self._turn % len(self._open)]

    def children(self, shard: Shard) -> list[Shard]:
        """The shards that a closed shard went into."""
        number = shard.number
        return [s for s in self.shards.values() if number in (s.parent, s.adjacent_parent)]


def partition(region: str) -> str:
    """Of an ARN in this region."""
    if region.startswith("cn-"):
        return "aws-cn"
    return "aws-us-gov" if region.startswith("us-gov-") else "aws"


def resolve_shard_number(text: str) -> int | None:
    """6 for `shardId-000000000006`, and as on AWS for `x-6` and `6`; nothing if it is no id."""
    _, dash, digits = text.partition("-")
    digits = digits if dash else text
    if not (digits.isascii() and digits.isdigit()) or int(digits) > _MAX_SHARD_NUMBER:
        return None
    return int(digits)
