"""What `kcli check` prints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from msgspec import field

from kinesis_cli.show.shapes.base import Count, Open, Shape, Version, says
from kinesis_cli.show.shapes.function import Function
from kinesis_cli.show.shapes.values import Record
from kinesis_cli.testing.search.report import Verdict


class Samples(Shape):
    """What the records are made of."""

    origin: Annotated[str, says("Where the payloads are from.")] = field(name="from")
    payloads: Count


class Aftermath(Shape):
    """What Lambda would do after the failure, with the mapping's settings."""

    then: Annotated[str, says("In one sentence.")]
    records: Count
    succeeded: Count
    discarded: Count
    expired: Count
    invocations: Count
    blocked_seconds: Annotated[float, says("For which the shard stood still.")]


class Failure(Shape):
    """The smallest batch that breaks a property."""

    problem: str
    records: Sequence[Record]
    made_of: Annotated[Sequence[str], says("How each record was made.")]
    repeats: Annotated[Sequence[int], says("How many times each record stands there.")]
    before: Annotated[Sequence[Sequence[Record]], says("Batches that were delivered first.")]
    function: Annotated[Sequence[str], says("What the function did.")]
    aftermath: Aftermath | None = field(name="lambda")
    test: Annotated[str | None, says("The test that was written.")]
    event: Annotated[str | None, says("The event that was written for it.")]


class Property(Shape):
    """Something that a handler should keep to."""

    name: str
    meaning: str
    verdict: Verdict
    why: Annotated[str | None, says("Why it was left out.")]
    failure: Failure | None


class CheckHead(Shape):
    """What was tried."""

    version: Version
    function: Function
    mapping: Annotated[Open, says("Settings under CreateEventSourceMapping's names.")]
    samples: Samples
    seed: int
    batches: Count
    command: Annotated[str, says("That shows the same again.")]


class Check(CheckHead):
    """What `kcli check` found."""

    properties: Sequence[Property]


class CheckRow(CheckHead, tag_field="type", tag="check"):
    """The first line."""


class PropertyRow(Property, tag_field="type", tag="property"):
    """A line for each property."""
