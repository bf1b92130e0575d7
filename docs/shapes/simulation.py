"""What `kcli simulate` prints."""

from typing import Annotated, Literal

from msgspec import UNSET, UnsetType, field

from docs.shapes.base import Count, Open, Shape, Version, says
from docs.shapes.parts import Function, Mapping, Moment, OnFailureDocument, SequenceNumber, ShardId

Unsure = Annotated[
    list[str], says("Names of points in docs/fidelity.md: what AWS does not document.")
]
Dollars = Annotated[float, says("In the currency of `prices`.")]
Seconds = Annotated[float, says("Virtual seconds.")]


class Invocation(Shape):
    """A call of the function."""

    index: Annotated[int, says("0 for the first call of the run.")]
    request_id: str
    shard_id: ShardId
    at: Annotated[float, says("Epoch seconds of virtual time at which the call began.")]
    attempt: Annotated[int, says("1 for the first delivery of this batch.")]
    sequence_numbers: Annotated[list[SequenceNumber], says("Of the batch, in stream order.")]
    outcome: Literal["success", "partial", "failed", "throttled"]
    checkpoint: Annotated[
        SequenceNumber | None,
        says("Up to which record all before are done; null: it did not move."),
    ]
    batch_item_failures: Annotated[list[str], says("What the function reported.")]
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
    sequence_numbers: list[SequenceNumber]
    reason: str


class Lanes(Shape):
    """From what to what the run takes, where AWS does not say how keys share lanes."""

    reading: Annotated[str, says("The reading that this run did not take, for `--lanes`.")]
    elapsed_seconds: Annotated[list[float], says("The lower and the higher.")]
    max_iterator_age_seconds: Annotated[list[float], says("The lower and the higher.")]


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
    redelivered: Annotated[int, says("Deliveries of records that no earlier call had failed.")]
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
    mapping: Mapping
    invocations: list[Invocation]
    attempts: list[Attempt]
    destination: Annotated[
        list[OnFailureDocument], says("Also where no destination is configured.")
    ]
    filtered: Annotated[list[SequenceNumber], says("Records that matched no filter.")]
    expired: Annotated[list[SequenceNumber], says("Records that left the stream undelivered.")]
    summary: Summary
    unsure: Unsure
    metrics: list[Minute]


class RunRow(Shape):
    """The first line: what runs."""

    type: Literal["run"]
    version: Version
    function: Function
    mapping: Mapping


class InvocationRow(Invocation):
    """A call of the function."""

    type: Literal["invocation"]


class AttemptRow(Attempt):
    """A delivery that never reached the function."""

    type: Literal["attempt"]


class DestinationRow(OnFailureDocument):
    """A batch was given up: what Lambda writes of it."""

    type: Literal["destination"]


class FilteredRow(Shape):
    """Records that matched no filter."""

    type: Literal["filtered"]
    shard_id: ShardId
    sequence_numbers: list[SequenceNumber]
    unsure: Unsure | UnsetType = UNSET


class ExpiredRow(Shape):
    """Records that left the stream undelivered."""

    type: Literal["expired"]
    shard_id: ShardId
    sequence_numbers: list[SequenceNumber]
    unsure: Unsure | UnsetType = UNSET


class UnsureRow(Shape):
    """What the result depends on that AWS does not document; absent where there is nothing."""

    type: Literal["unsure"]
    unsure: Unsure


class SummaryRow(Summary, kw_only=True):
    """The last line."""

    type: Literal["summary"]


class Step(Shape):
    """Something that happened to the record."""

    at: Moment
    what: str


class Life(Shape):
    """What `--explain` prints: the life of one record."""

    version: Version
    sequence_number: SequenceNumber
    shard_id: ShardId
    partition_key: str
    life: list[Step]
    ended: Annotated[str, says("How it ended: succeeded, discarded, …")]
    records: Annotated[int, says("How many share the number, where several do.")] | UnsetType = (
        UNSET
    )
    endings: Annotated[dict[str, int], says("How many of them ended how.")] | UnsetType = UNSET


class Compared(Shape):
    """The recording under one mapping."""

    name: Annotated[str, says("Where the mapping came from.")]
    mapping: Mapping
    summary: Summary


class Comparison(Shape):
    """What `--compare` prints."""

    version: Version
    comparison: Annotated[list[Compared], says("The run's own mapping first.")]


class ComparedRow(Compared):
    """The recording under one mapping."""

    type: Literal["comparison"]


class SweptStream(Shape):
    """The stream that the costs are of."""

    mode: Literal["ON_DEMAND", "PROVISIONED"]
    shards: Annotated[int | None, says("null: on demand.")]
    retention_hours: Annotated[float, says("Hours.")]
    enhanced_fan_out: bool


class PriceList(Shape):
    """Where the prices are from."""

    region: str
    date: Annotated[str, says("On which they held.")]
    currency: str
    sources: Annotated[list[str], says("Pages of AWS.")]


class SweepHead(Shape):
    """What the figures of a sweep rest on."""

    grid: Annotated[dict[str, list[int | bool]], says("Each setting with its values.")]
    points: Annotated[int, says("Of the grid, with the mapping's own.")]
    invocation_duration: Annotated[str, says("As `--invocation-duration` takes it.")]
    memory_mb: Annotated[int, says("Of the function, MB.")] = field(name="memoryMB")
    architecture: str
    stream: Annotated[SweptStream | None, says("null: a table's stream.")]
    recording_seconds: Annotated[float, says("That the recording covers.")]
    cost_is_of: Literal["month", "million records"]
    prices: PriceList


class Ages(Shape):
    """Of the records, in virtual seconds."""

    p50: Seconds
    p99: Seconds
    max: Seconds


class Cost(Shape):
    """Of a month, or of a million records: see `costIsOf`."""

    requests: Dollars
    compute: Dollars
    stream: Dollars
    total: Dollars


class Point(Shape):
    """One combination of settings, and what it does to the recording."""

    settings: Annotated[dict[str, int | bool], says("That the grid changes.")]
    own: Annotated[bool, says("The mapping's own settings.")]
    in_grid: bool
    front: Annotated[bool, says("No other point is both cheaper and faster.")]
    recommended: bool
    keeps_up: bool
    stopped_early: Annotated[bool, says("It fell so far behind that it was ended.")]
    invocations: Count
    billed_seconds: Annotated[float, says("Seconds that AWS bills.")]
    succeeded: Count
    redelivered: Count
    discarded: Count
    expired: Count
    undelivered: Count
    record_age_seconds: Ages
    iterator_age_seconds: Ages
    longest_block_seconds: Annotated[float, says("For which a failure held up a shard.")]
    cost: Annotated[Cost | None, says("null: the run was ended early.")]
    unsure: Unsure


class Recommendation(Shape):
    """Which point, and why."""

    sentence: str
    settings: Annotated[dict[str, int | bool] | None, says("null: no point is good enough.")]
    max_age_seconds: Annotated[float | None, says("The limit that was asked for, or taken.")]


class Sweep(Shape):
    """What `--sweep` prints."""

    version: Version
    sweep: SweepHead
    points: list[Point]
    recommendation: Recommendation


class SweepRow(SweepHead):
    """The first line of a sweep."""

    type: Literal["sweep"]


class PointRow(Point):
    """A line for each point."""

    type: Literal["point"]


class RecommendationRow(Recommendation):
    """The last line of a sweep."""

    type: Literal["recommendation"]


DOCUMENTS = (Simulation, Life, Comparison, Sweep)
ROWS = (
    *(RunRow, InvocationRow, AttemptRow, DestinationRow, FilteredRow, ExpiredRow),
    *(UnsureRow, SummaryRow, Life, ComparedRow, SweepRow, PointRow, RecommendationRow),
)
