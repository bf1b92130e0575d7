"""One shard that is being read, and how its records come: what `consumer` and its sources share."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Protocol

from kinesis_cli.aws.retries import Trouble
from kinesis_cli.stream.lineage import ListedShard
from kinesis_cli.stream.record import Record
from kinesis_cli.stream.selection import StartKind

AFTER_SEQUENCE_NUMBER = "AFTER_SEQUENCE_NUMBER"
DATE_AGE = 2.0  # seconds that the time in an answer's header may be old: it has no fraction, and
# servers look at their clock once a second


class ShardPage(Protocol):
    """What came of one shard together."""

    @property
    def position(self) -> str:
        """The sequence number up to which a shard is read with this page; empty: as before."""

    @property
    def last_arrival(self) -> float | None:
        """Of its last record, epoch seconds; None: it has none."""

    @property
    def at_end(self) -> bool:
        """Whether the shard is closed and this was the rest of it."""

    @property
    def is_sure(self) -> bool:
        """Whether nothing more is there now where the page has no records."""

    @property
    def millis_behind_latest(self) -> int | None:
        """Milliseconds behind the tip; None: the server did not say."""

    def children(self) -> list[ListedShard]:
        """At the end: the shards that go on, as far as the server tells of them."""

    def lambda_records(self, shard_id: str, stream_arn: str) -> list[Record]:
        """The records as Lambda would hand them to a function."""


@dataclass(frozen=True, slots=True)
class Position:
    """From where on a shard is read."""

    kind: str  # an iterator type: one of `StartKind`, or AFTER_SEQUENCE_NUMBER
    sequence_number: str = ""
    seconds: float = 0.0  # AT_TIMESTAMP, or a moment before LATEST: epoch seconds


@dataclass(eq=False, slots=True)
class Reading:
    """One shard, and how far it was read."""

    shard: ListedShard
    position: Position
    iterator: str | None = None
    at_tip: bool = False  # there was nothing new
    trouble: Trouble = field(default_factory=Trouble)

    @property
    def shard_id(self) -> str:
        """`shardId-000000000000`."""
        return self.shard.shard_id

    def advance(self, page: ShardPage) -> None:
        """A page was taken: never read it again."""
        if page.position:
            self.position = Position(AFTER_SEQUENCE_NUMBER, page.position)
        self.at_tip = page.last_arrival is None and not page.millis_behind_latest
        self.trouble.end()

    def restart(self) -> None:
        """The way here is lost: go on after the last page by `position`."""
        self.iterator = None
        if self.position.kind == StartKind.LATEST:
            # The newest record may be another one by now. Nothing was read yet, so nothing that
            # arrived since the beginning is read twice.
            self.position = Position(StartKind.AT_TIMESTAMP, seconds=self.position.seconds)


Outcome = ShardPage | Exception


class StreamApi(Protocol):
    """The calls that read a stream; errors are botocore's, or `MalformedAnswer`.

    Attributes:
        arn: of the stream.
        began: when it was first asked, by the service's clock, epoch seconds; up to `DATE_AGE` too
            early.
    """

    arn: str
    began: float

    def listed(self) -> list[ListedShard]:
        """All shards of the stream."""
        ...

    def page(self, reading: Reading) -> ShardPage:
        """The next records of a shard; `reading.iterator` is the one behind them then."""
        ...


def service_time(headers: Mapping[str, str]) -> float:
    """The clock of who answered, epoch seconds: this machine's own may be off."""
    try:
        return parsedate_to_datetime(headers["date"]).timestamp()
    except (KeyError, ValueError):
        return time.time()


class Source(Protocol):
    """Where records come from: asked for, or pushed."""

    knows_the_tip: bool  # MillisBehindLatest is 0 only where there is nothing more

    def begin(self, reading: Reading) -> None:
        """Start reading a shard."""
        ...

    def go_on(self, reading: Reading) -> None:
        """Read on after a page that was not the last one."""
        ...

    def retry(self, reading: Reading, pause: float) -> None:
        """Read on after a fault, `pause` seconds from now."""
        ...

    def next(self, timeout: float) -> tuple[Reading, Outcome] | None:
        """The next outcome of any shard; None: there was none within `timeout` seconds."""
        ...

    def leave(self, reading: Reading) -> None:
        """Stop reading a shard before its end."""
        ...

    def close(self) -> None:
        """Stop reading."""
        ...
