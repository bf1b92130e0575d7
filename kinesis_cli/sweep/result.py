"""What came of a sweep: all its points, which of them are worth a look, and by which prices."""

from collections.abc import Mapping
from functools import cached_property

import msgspec

from kinesis_cli.sweep.ages import Ages
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

    def document(self) -> dict[str, object]:
        """For programs."""
        return {
            "version": 1,
            "sweep": self.head(),
            "points": [self.point(place) for place in range(len(self.runs))],
            "recommendation": self.recommendation(),
        }

    def head(self) -> dict[str, object]:
        """What the figures rest on."""
        basis, prices = self.basis, self.basis.prices
        return {
            "grid": {axis.name: list(axis.values) for axis in basis.axes},
            "points": basis.points,
            "invocationDuration": basis.duration,
            "memoryMB": basis.size.memory_mb,
            "architecture": basis.size.architecture,
            "stream": None if basis.stream is None else _stream(basis.stream),
            "recordingSeconds": round(basis.seconds, 6),
            "costIsOf": "month" if basis.is_of_a_month else "million records",
            "prices": {
                "region": prices.region,
                "date": prices.date,
                "currency": prices.currency,
                "sources": list(prices.sources),
            },
        }

    def point(self, place: int) -> dict[str, object]:
        """One point."""
        run, marks = self.runs[place], self.marks(place)
        measured = run.measured
        return {
            "settings": dict(run.point.settings),
            "own": "own" in marks,
            "inGrid": run.point.is_in_grid,
            "front": "front" in marks,
            "recommended": "recommended" in marks,
            "keepsUp": measured.keeps_up,
            "stoppedEarly": measured.is_stopped,
            "invocations": measured.calls,
            "billedSeconds": measured.seconds,
            "succeeded": measured.succeeded,
            "redelivered": measured.redelivered,
            "discarded": measured.discarded,
            "expired": measured.expired,
            "undelivered": measured.undelivered,
            "recordAgeSeconds": _ages(measured.record_age),
            "iteratorAgeSeconds": _ages(measured.iterator_age),
            "longestBlockSeconds": measured.longest_block,
            # of a run that was ended early nothing may be concluded
            "cost": None if measured.is_stopped else _dollars(run),
            "unsure": list(measured.unsure),
        }

    def recommendation(self) -> dict[str, object]:
        """Which point, and why."""
        chosen = self.choice
        best = None if chosen.recommended is None else self.runs[chosen.recommended]
        return {
            "sentence": self.sentence,
            "settings": None if best is None else dict(best.point.settings),
            "maxAgeSeconds": None if chosen.max_age is None else round(chosen.max_age, 6),
        }


def _stream(stream: Stream) -> Mapping[str, object]:
    return {
        "mode": "ON_DEMAND" if stream.shards is None else "PROVISIONED",
        "shards": stream.shards,
        "retentionHours": stream.retention_hours,
        "enhancedFanOut": stream.has_fan_out,
    }


def _ages(ages: Ages) -> Mapping[str, float]:
    return {"p50": ages.p50, "p99": ages.p99, "max": ages.highest}


def _dollars(run: Run) -> Mapping[str, float]:
    dollars = run.dollars
    return {
        "requests": round(dollars.requests, 6),
        "compute": round(dollars.compute, 6),
        "stream": round(dollars.stream, 6),
        "total": round(dollars.total, 6),
    }
