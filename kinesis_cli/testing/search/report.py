"""What a check has found: plain values, for tables, JSON and JUnit alike."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from kinesis_cli.simulation.trace import Summary
from kinesis_cli.stream.record import Record

Verdict = Literal["held", "failed", "left out"]


@dataclass(frozen=True, slots=True)
class Aftermath:
    """What Lambda would do with a batch, by the mapping of the function."""

    sentence: str  # "all 3 records discarded after 4 calls, 25 s of blocked shard"
    summary: Summary


@dataclass(frozen=True, slots=True)
class Failure:
    """A batch that breaks a property."""

    sentence: str  # what is wrong
    batch: tuple[Record, ...]  # the smallest one
    records: tuple[Record, ...]  # of it, the first of those in a row that carry the same
    repeats: tuple[int, ...]  # how many in a row each of them stands for
    made_of: tuple[str, ...]  # how each payload was made, for people; "": as in the samples
    did: tuple[str, ...]  # what the function did, a line each
    aftermath: Aftermath | None  # None: nothing to simulate
    before: tuple[tuple[Record, ...], ...] = ()  # batches that have to come first
    test_file: str | None = None  # that was written
    event_file: str | None = None


@dataclass(frozen=True, slots=True)
class PropertyResult:
    """A property, and whether it holds."""

    name: str  # "one-bad-record"
    meaning: str  # what it says, a few words
    verdict: Verdict
    why: str = ""  # it was left out
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class CheckReport:
    """All properties of one function."""

    handler: str
    runtime: str
    handler_origin: str
    mapping: Mapping[str, object]
    mapping_origin: str
    samples_origin: str
    samples: int
    seed: int
    batches: int  # that were delivered, each counted once
    results: tuple[PropertyResult, ...]
    command: str  # that repeats the check
    notes: tuple[str, ...] = field(default=())  # what a reader of the result should know
    is_interrupted: bool = False  # by Ctrl-C, and not all was looked at

    @property
    def failures(self) -> list[PropertyResult]:
        """The properties that do not hold."""
        return [each for each in self.results if each.verdict == "failed"]
