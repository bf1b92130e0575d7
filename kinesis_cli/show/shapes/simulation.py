"""What `kcli simulate` prints of a run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from msgspec import UNSET, UnsetType, field

from kinesis_cli.event_source_mapping.events import Outcome
from kinesis_cli.show.shapes.base import Count, Open, Shape, Version, says, written_as
from kinesis_cli.show.shapes.function import Function
from kinesis_cli.show.shapes.values import SequenceNumber, Settings, ShardId

Unsure = Annotated[
    Sequence[str], says("Names of points in docs/fidelity.md: what AWS does not document.")
]
Seconds = Annotated[float, says("Virtual seconds.")]


class Invocation(Shape):
    """A call of the function."""

    index: Annotated[int, says("0 for the first call of the run.")]
    request_id: str
    shard_id: ShardId
    at: Annotated[float, says("Epoch seconds of virtual time at which the call began.")]
    attempt: int
    sequence_numbers: Annotated[Sequence[SequenceNumber], says("Of the batch, in stream order.")]
    outcome: Outcome
    checkpoint: Annotated[
        SequenceNumber | None,
        says("Up to which record all before are done; null: it did not move."),
    ]
    batch_item_failures: Annotated[Sequence[str], says("What the function reported.")]
    error: Annotated[
        Open | None,
        says("The function's error as its runtime reported it: errorType, errorMessage, …"),
    ]
    reason: Annotated[str, says("Why this outcome, and what followed.")]
    duration_ms: Annotated[float, says("Virtual milliseconds.")]


class Attempt(Shape):
    """A delivery that never reached the function."""

    shard_id: ShardId
    at: Annotated[float, says("Epoch seconds of virtual time.")]
    attempt: Count
    sequence_numbers: Sequence[SequenceNumber]
    reason: str


class Lanes(Shape):
    """From what to what the run takes, where AWS does not say how keys share lanes."""

    reading: Annotated[str, says("The reading that this run did not take, for `--lanes`.")]
    elapsed_seconds: Annotated[Sequence[float], says("The lower and the higher.")]
    max_iterator_age_seconds: Annotated[Sequence[float], says("The lower and the higher.")]


class Summary(Shape):
    """What came of all records: each ends in exactly one of succeeded to undelivered."""

    records: Count
    succeeded: Count
    discarded: Annotated[int, says("Given up: retries or age were exhausted.")]
    filtered: Annotated[int, says("Matched no filter.")]
    expired: Annotated[int, says("Left the stream before they were handled.")]
    skipped: Annotated[int, says("Before the starting position.")]
    undelivered: Annotated[int, says("Waited still when the run was ended.")]
    invocations: Count
    redelivered: int
    max_iterator_age_seconds: Seconds
    elapsed_seconds: Seconds
    lanes: Lanes | UnsetType = UNSET


class Minute(Shape, rename="pascal"):
    """What CloudWatch would show of one minute."""

    minute: Annotated[str, says("Its beginning, ISO 8601, UTC.")] = field(name="minute")
    polled_event_count: Count
    filtered_out_event_count: Count
    invoked_event_count: Count
    failed_invoke_event_count: Count
    dropped_event_count: Count
    on_failure_destination_delivered_event_count: Count
    iterator_age: Annotated[float | None, says("Milliseconds, the highest; null: no call ended.")]


class Simulation(Shape):
    """What `kcli simulate` prints of one run."""

    version: Version
    function: Function
    mapping: Settings
    invocations: Sequence[Invocation]
    attempts: Sequence[Attempt]
    destination: Annotated[
        Sequence[Annotated[Open, written_as("OnFailureDocument")]],
        says("Also where no destination is configured."),
    ]
    filtered: Annotated[Sequence[SequenceNumber], says("Records that matched no filter.")]
    expired: Annotated[Sequence[SequenceNumber], says("Records that left the stream undelivered.")]
    summary: Summary
    unsure: Unsure
    metrics: Sequence[Minute]


class RunRow(Shape, tag_field="type", tag="run"):
    """The first line: what runs."""

    version: Version
    function: Function
    mapping: Settings


class InvocationRow(Invocation, tag_field="type", tag="invocation"):
    """A call of the function."""


class AttemptRow(Attempt, tag_field="type", tag="attempt"):
    """A delivery that never reached the function."""


class FilteredRow(Shape, tag_field="type", tag="filtered"):
    """Records that matched no filter."""

    shard_id: ShardId
    sequence_numbers: Sequence[SequenceNumber]
    unsure: Unsure | UnsetType = UNSET


class ExpiredRow(Shape, tag_field="type", tag="expired"):
    """Records that left the stream undelivered."""

    shard_id: ShardId
    sequence_numbers: Sequence[SequenceNumber]
    unsure: Unsure | UnsetType = UNSET


class UnsureRow(Shape, tag_field="type", tag="unsure"):
    """What the result depends on that AWS does not document; absent where there is nothing."""

    unsure: Unsure


class SummaryRow(Summary, tag_field="type", tag="summary"):
    """The last line."""
