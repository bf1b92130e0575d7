"""What one part of a simulation is told, and what comes of it: all of it can be sent elsewhere."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from kinesis_cli.event_source_mapping.settings import EventSourceMapping
from kinesis_cli.handlers.options import HandlerOptions
from kinesis_cli.project.function import Function
from kinesis_cli.simulation.lane_readings import Sample
from kinesis_cli.simulation.options import SimulationOptions
from kinesis_cli.simulation.summing import Counts


@dataclass(frozen=True, slots=True)
class IndexedInput:
    """Some of the records of all parts: files or URLs, and an index of them."""

    files: tuple[str, ...]  # as the index counts them
    index: str


def reach_as_usual() -> None:
    """Reach services as their own tools do."""


class Seen(msgspec.Struct, frozen=True):
    """What a first run showed of a function, for a second one without it; see `Lessons`."""

    samples: tuple[Sample, ...] = ()  # of the calls of this part
    failures: Mapping[str, float] = {}
    raises: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class PartJob:
    """One part.

    Attributes:
        number: 1-based, for messages.
        of: how many parts there are.
        inputs: in order.
        reach: called where the part runs, before anything is read: says how services are reached.
        shards: whole families of shards.
        rows: where its rows are to be written; "": nobody wants them.
        done: where it notes how many records have ended; "": nobody asks.
        seen: of a second run, which calls no function; None: the first.
    """

    number: int
    of: int
    inputs: tuple[IndexedInput, ...]
    shards: tuple[str, ...]
    mapping: EventSourceMapping
    options: SimulationOptions
    function: Function
    handler: HandlerOptions
    rows: str
    done: str = ""
    seen: Seen | None = None
    reach: Callable[[], None] = reach_as_usual

    @property
    def name(self) -> str:
        """What it is called in messages."""
        more = len(self.shards) - 1
        others = f" and {more} more" if more else ""
        return f"part {self.number} of {self.of} ({self.shards[0]}{others})"

    @property
    def again(self) -> str:
        """See `PartOfWork.again`."""
        return "that part runs again"

    @property
    def advice(self) -> str:
        """See `PartOfWork.advice`."""
        return (
            "A function that ends its process needs one of its own: add --isolated. "
            "Where memory is short, name fewer --jobs. Of the other parts nothing is shown."
        )


@dataclass(frozen=True, slots=True)
class PartResult:
    """What came of one part, besides its rows."""

    counts: Counts
    runtime: str  # of the handler
    seen: Seen | None = None  # where another reading of lanes may be told
    told: Sequence[str] = field(default_factory=tuple)  # by the handler, sentences
    is_refused: bool = False  # a call to AWS found no credentials
