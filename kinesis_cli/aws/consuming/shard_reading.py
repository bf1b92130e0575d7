"""One shard that is being read, and how its records come: what `consumer` and its sources share."""

from dataclasses import dataclass, field
from typing import Protocol

from kinesis_cli.aws.consuming.pages import Page
from kinesis_cli.aws.retries import Trouble
from kinesis_cli.stream.lineage import ListedShard
from kinesis_cli.stream.selection import StartKind

AFTER_SEQUENCE_NUMBER = "AFTER_SEQUENCE_NUMBER"
DATE_AGE = 2.0  # seconds that the time in an answer's header may be old: it has no fraction, and
# servers look at their clock once a second


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

    def advance(self, page: Page) -> None:
        """A page was taken: never read it again."""
        if page.position:
            self.position = Position(AFTER_SEQUENCE_NUMBER, page.position)
        self.at_tip = not page.records and not page.millis_behind_latest
        self.trouble.end()

    def restart(self) -> None:
        """The way here is lost: go on after the last page by `position`."""
        self.iterator = None
        if self.position.kind == StartKind.LATEST:
            # The newest record may be another one by now. Nothing was read yet, so nothing that
            # arrived since the beginning is read twice.
            self.position = Position(StartKind.AT_TIMESTAMP, seconds=self.position.seconds)


Outcome = Page | Exception


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
