"""What `kcli status --find-poison` prints: the records that shards stand still for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from kinesis_cli.poison.search import Verdict
from kinesis_cli.show.shapes.base import Count, Shape, Version, says
from kinesis_cli.show.shapes.values import Moment, RawRecord, SequenceNumber


class PoisonRecord(Shape):
    """A record that the function here fails on."""

    sequence_number: SequenceNumber
    partition_key: str
    arrival: Moment
    payload: Annotated[str, says("Its beginning, opened and marked where it was packed.")]
    reason: Annotated[str, says("The function's error, or the line of its log that names it.")]
    leaves_stream_at: Moment
    too_old_at: Annotated[
        float | None, says("MaximumRecordAgeInSeconds ends then, epoch seconds; null: no limit.")
    ]
    hours_left: Annotated[float, says("Until the sooner of the two.")]
    record: RawRecord


class Failing(Shape):
    """The batch that fails, as `kcli local` tells of it."""

    first_sequence_number: SequenceNumber
    last_sequence_number: SequenceNumber
    records: Annotated[int, says("How many it has.")]
    attempt: int
    since: Moment
    error: Annotated[str | None, says("Of its last call; null: the function answered.")]
    reason: str


class Read(Shape):
    """What was read of the shard, or of all shards."""

    records: Annotated[Count, says("As the stream has them.")]
    reads: Annotated[Count, says("Answers of GetRecords that had some.")]


class PoisonStep(Shape):
    """Something to do."""

    what: str
    commands: Annotated[Sequence[str], says("For a shell, one after the other.")]


class Stuck(Shape):
    """A shard that stands still."""

    uuid: str
    function_arn: str
    shard_id: Annotated[str | None, says("null: nothing fails here, and Lambda names no shard.")]
    verdict: Annotated[
        Verdict,
        says(
            "record: some records fail, alone too. every: each record does. together: records fail "
            "in one call only. unsteady: they failed once, and then not. none: nothing fails here."
        ),
    ]
    meaning: str
    records: Annotated[Sequence[PoisonRecord], says("In stream order.")]
    failing: Annotated[Failing | None, says("null: nobody tells which batch it is.")]
    read: Read
    calls: Annotated[Count, says("Of the function on this machine.")]
    steps: Annotated[Sequence[PoisonStep], says("What gets past it, the best first.")]


class Poison(Shape):
    """The shards of a stream that stand still."""

    version: Version
    endpoint: Annotated[str, says("Where.")]
    stream: str
    stuck: Sequence[Stuck]


class StuckRow(Stuck, tag_field="type", tag="stuck"):
    """A shard that stands still."""


class PoisonSummaryRow(Shape, tag_field="type", tag="summary"):
    """The last line."""

    version: Version
    endpoint: Annotated[str, says("Where.")]
    stream: str
    stuck: Annotated[Count, says("How many lines came before.")]
