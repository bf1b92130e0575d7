"""What `kcli put --follow` prints besides: what became of each record."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from kinesis_cli.following.followed import Ending
from kinesis_cli.show.shapes.base import Shape, says
from kinesis_cli.show.shapes.put import Put
from kinesis_cli.show.shapes.values import SequenceNumber, ShardId

Seconds = Annotated[float | None, says("Seconds from the put's answer; null: not known.")]


class Followed(Shape):
    """What became of a record under one mapping."""

    index: Annotated[int, says("0 for the first of the input.")]
    shard_id: ShardId
    sequence_number: SequenceNumber
    records: Annotated[int, says("1, of an aggregate how many are in it.")]
    mapping: Annotated[str, says("UUID of the mapping.")]
    function: str
    ended: Annotated[
        Ending,
        says(
            "called: without an error, and no report is told. dropped: in an aggregate that "
            "belongs to another shard. waiting: its end was not seen. notTold: whoever delivers it "
            "does not tell."
        ),
    ]
    reason: Annotated[str, says("One sentence, or AWS's condition; may be empty.")]
    error: Annotated[str, says("Of its last call that failed; may be empty.")]
    deliveries: Annotated[int | None, says("Calls that had it; null: not told.")]
    reported: Annotated[int, says("Calls whose answer named it as failed.")]
    others_reported: Annotated[int, says("Calls whose answer named others of its batch only.")]
    calls: Annotated[Sequence[str], says("Their request ids, the first first.")]
    destination: Annotated[str, says("Where its on-failure document is; may be empty.")]
    problem: Annotated[str, says("Why the document did not get there; may be empty.")]
    latency_seconds: Seconds
    is_whole: Annotated[bool, says("Whether nothing that happened to it can be missing here.")]


class Latencies(Shape):
    """Of the records of a function: half, 99 % and all of them were not slower."""

    p50: Seconds
    p99: Seconds
    max: Seconds


class FollowedFunction(Shape):
    """What became of the records under one mapping, in figures."""

    mapping: Annotated[str, says("UUID of the mapping.")]
    function: str
    records: Annotated[int, says("All of them; an aggregate is one.")]
    again: Annotated[int, says("Handled after more than one delivery.")]
    packed: Annotated[int, says("Records within the aggregates; 0: there are none.")]
    filtered: Annotated[int, says("Records that ended so.")]
    handled: Annotated[int, says("Records that ended so.")]
    called: Annotated[int, says("Records that ended so.")]
    not_told: Annotated[int, says("Records that ended so.")]
    waiting: Annotated[int, says("Records that ended so.")]
    dropped: Annotated[int, says("Records that ended so.")]
    expired: Annotated[int, says("Records that ended so.")]
    discarded: Annotated[int, says("Records that ended so.")]
    latency_seconds: Latencies


class FollowedSummary(Shape):
    """What became of all."""

    timed_out: Annotated[bool, says("Whether time was up before all had ended.")]
    clock: Annotated[str, says("Whose clock said when something ended.")]
    functions: Sequence[FollowedFunction]


class FollowedRecords(FollowedSummary):
    """What became of all, and of each."""

    records: Annotated[Sequence[Followed], says("Once for each mapping.")]


class FollowedPut(Put):
    """What came of putting records with `--follow`."""

    followed: FollowedRecords


class FollowedRow(Followed, tag_field="type", tag="followed"):
    """A record has ended under one mapping."""


class FollowedSummaryRow(FollowedSummary, tag_field="type", tag="followedSummary"):
    """The last line with `--follow`."""
