"""What a process is told that puts one slice, and what comes of it.

All of it can be sent to another machine. What the process writes is in a folder that it shares with
whoever began it.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from kinesis_cli.aws.session import PinnedConnection
from kinesis_cli.putting.replay_journal import Replay
from kinesis_cli.putting.replay_source import Arrived
from kinesis_cli.putting.shared_input import SharedInput
from kinesis_cli.putting.slice import Slice
from kinesis_cli.putting.summary import PutSummary


@dataclass(frozen=True, slots=True, kw_only=True)
class HowToPut:
    """What the user of a put or replay wants of all its processes.

    Attributes:
        ordered: a partition key stays in one process, one record of it in flight.
        aggregate: see `PutPlan`.
        give_up_after: seconds.
        speed: of a timed replay; None: as fast as possible.
        first_arrival: of all records.
        catches_up: see `ReplaySource`.
        shows_all: whether each acknowledged record is told; else a few, and how many.
    """

    ordered: bool
    aggregate: bool = False
    give_up_after: float
    speed: float | None
    first_arrival: float = 0.0
    catches_up: float = math.inf
    shows_all: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SlicedWork:
    """What all processes of one put or replay are told.

    Attributes:
        input: where the records come from.
        how: they are put.
        target: where they go.
        stream: name or ARN.
        s3: where s3:// is, if a file is there.
        replay: that is noted in the journals.
        directory: the working directory: relative paths are of it.
        folder: for what the processes write.
        starts_at: when the first of all records is due, epoch seconds.
    """

    input: SharedInput
    how: HowToPut
    target: PinnedConnection
    stream: str
    s3: PinnedConnection | None
    replay: Replay
    directory: str
    folder: str
    starts_at: float

    @property
    def stop(self) -> Path:
        """The file that tells the processes to stop: it holds how often that was said."""
        return Path(self.folder, "stop")


@dataclass(frozen=True, slots=True)
class SliceJob:
    """One slice.

    Attributes:
        number: 1-based, for messages.
        of: how many there are.
        part: the records.
    """

    number: int
    of: int
    part: Slice
    work: SlicedWork

    @property
    def name(self) -> str:
        """See `PartOfWork.name`."""
        return f"slice {self.number} of {self.of}"

    @property
    def again(self) -> str:
        """See `PartOfWork.again`."""
        return "another one goes on from its journal"

    @property
    def advice(self) -> str:
        """See `PartOfWork.advice`."""
        return "Where memory is short, name fewer --jobs. The other slices were put."

    @property
    def journal(self) -> Path:
        """What the process has done."""
        return Path(self.work.folder, f"{self.number}.replay")

    @property
    def failed(self) -> Path:
        """The records that it gave up."""
        return Path(self.work.folder, f"{self.number}.failed")

    @property
    def step(self) -> int:
        """From one of its records to the next, where they are so regular."""
        return 1 if self.work.how.ordered else self.part.count

    def own(self, records: Iterator[Arrived]) -> Iterator[Arrived]:
        """Those of all records that are in this slice."""
        by_key = self.work.how.ordered
        return (each for each in records if self.part.takes(each.entry, by_key=by_key))


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceResult:
    """What came of one slice, besides what its journal says.

    Attributes:
        last: the index of the last record that was taken; infinite: there are no more; None: only
            the journal knows.
        most_behind: seconds behind its schedule.
    """

    summary: PutSummary = field(default_factory=PutSummary)
    last: float | None = None
    most_behind: float = 0.0
