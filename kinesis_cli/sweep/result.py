"""What came of a sweep: all its points, which of them are worth a look, and by which prices."""

from functools import cached_property

import msgspec

from kinesis_cli.sweep.choice import Choice, Run, choice, sentence
from kinesis_cli.sweep.cost import FunctionSize, Stream
from kinesis_cli.sweep.grid import Axis
from kinesis_cli.sweep.prices import Prices


class Basis(msgspec.Struct, frozen=True):
    """What the figures of a sweep rest on."""

    axes: tuple[Axis, ...]
    duration: str  # of a call, as `--invocation-duration` takes it
    prices: Prices
    size: FunctionSize
    stream: Stream | None  # None: of a table
    seconds: float  # that the recording covers
    is_of_a_month: bool  # else costs are of a million records, without the stream
    whose: str  # "the template's settings"
    points: int  # of the grid, with its own settings


class Swept(msgspec.Struct, frozen=True, dict=True):
    """A sweep that has been run, or of which some points have."""

    basis: Basis
    runs: tuple[Run, ...]
    max_age: float | None = None  # that was asked for

    @cached_property
    def choice(self) -> Choice:
        """Which points are worth a look."""
        return choice(self.runs, self.max_age)

    @property
    def sentence(self) -> str:
        """What is recommended."""
        return sentence(self.runs, self.choice, self.basis.whose)

    def marks(self, place: int) -> tuple[str, ...]:
        """What a point is: "recommended", "front", "own"."""
        chosen = self.choice
        return tuple(
            word
            for word, holds in (
                ("recommended", place == chosen.recommended),
                ("front", place in chosen.front),
                ("own", place == chosen.own),
            )
            if holds
        )
