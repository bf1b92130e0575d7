"""What the commands print that put records, read them back, and look at a stream."""

from typing import Annotated, Literal

from docs.shapes.base import Count, Shape, Version, says
from docs.shapes.parts import (
    Finding,
    Mapping,
    PutTarget,
    Record,
    SequenceNumber,
    ShardId,
)


class Put(Shape):
    """What came of putting records."""

    version: Version
    target: PutTarget
    records: Annotated[int, says("Taken from the input.")]
    acknowledged: Annotated[int, says("In the stream.")]
    failed: Annotated[int, says("Given up.")]
    retried: Annotated[int, says("Sent again, each time counted.")]
    throttled: Annotated[int, says("Refused as too much, each time counted.")]
    failed_file: Annotated[str | None, says("Where the failed records are.")]
    elapsed_seconds: Annotated[float, says("Seconds.")]


class PutRow(Shape):
    """A record that the stream has acknowledged."""

    index: Annotated[int, says("0 for the first of the input.")]
    shard_id: ShardId
    sequence_number: SequenceNumber
    attempts: Annotated[int, says("1: the first call took it.")]


class WouldPut(Shape):
    """A record that would be put."""

    index: Annotated[int, says("0 for the first of the input.")]
    shard_id: ShardId
    partition_key: str
    explicit_hash_key: str | None
    data: Annotated[str, says("base64")]


class DryRun(Shape):
    """What `--dry-run` prints."""

    version: Version
    target: PutTarget
    records: list[WouldPut]
    command: Annotated[str | None, says("That puts the first with the AWS CLI.")]
    allowed: Annotated[bool | None, says("Whether the service allows it; null: it was not asked.")]


class ShardLoad(Shape):
    """What a replay would ask of one shard."""

    shard_id: ShardId
    records: Count
    bytes: Annotated[int, says("Bytes.")]
    most_records_per_second: Annotated[float | None, says("null: at full speed.")]
    most_bytes_per_second: Annotated[float | None, says("null: at full speed.")]
    throttles: Annotated[bool, says("More than a provisioned shard takes.")]


class Load(Shape):
    """What `kcli replay --dry-run` prints."""

    version: Version
    target: PutTarget
    records: Count
    seconds: Annotated[float | None, says("By its own timing; null: at full speed.")]
    least_seconds: Annotated[float, says("That a provisioned stream needs.")]
    shards: list[ShardLoad]


class RedrivenDocument(Shape):
    """A batch that Lambda gave up, and what was done with it."""

    id: Annotated[str, says("Of the message, the object's key, or the place in a file.")]
    condition: str
    request_id: str
    shard_id: ShardId
    start_sequence_number: SequenceNumber | None
    end_sequence_number: SequenceNumber | None
    records: Annotated[list[Record], says("Fetched back from the stream, or from the document.")]
    missing: Annotated[int, says("Records that have left the stream.")]
    batch_item_failures: list[SequenceNumber]
    outcome: Literal["shown", "handled", "failed", "replayed", "saved", "expired"]
    remark: str | None
    deleted: Annotated[bool, says("From its queue or bucket.")]


class RedriveSummary(Shape):
    """How many there were."""

    documents: Count
    records: Count
    missing: Count
    deleted: Count
    shown: Count
    handled: Count
    failed: Count
    replayed: Count
    saved: Count
    expired: Count
    left: Annotated[int, says("Documents that are still where they were.")]


class Redrive(Shape):
    """What `kcli redrive` took up."""

    version: Version
    source: Annotated[str, says("Where the documents are.")]
    documents: list[RedrivenDocument]
    summary: RedriveSummary


class RedrivenRow(RedrivenDocument):
    """A line for each document."""

    type: Literal["document"]


class RedriveSummaryRow(RedriveSummary):
    """The last line."""

    type: Literal["summary"]
    version: Version
    source: Annotated[str, says("Where the documents are.")]


class LogEvent(Shape):
    """A line of the function's log."""

    timestamp: Annotated[int, says("Epoch milliseconds.")]
    ingestion_time: Annotated[int | None, says("Epoch milliseconds.")]
    log_group: str
    log_stream: str
    event_id: str
    request_id: Annotated[str | None, says("Of the call, where the line tells.")]
    level: Annotated[str | None, says('"ERROR", where the line tells.')]
    message: str


class DeployedStream(Shape):
    """The stream."""

    name: str
    arn: str
    status: str
    mode: Annotated[str | None, says('"PROVISIONED" or "ON_DEMAND"; null: a table\'s.')]
    open_shards: Count
    retention_hours: Annotated[float, says("Hours.")]
    max_record_size_ki_b: Annotated[int | None, says("KiB.")]
    consumers: Annotated[int | None, says("With enhanced fan-out.")]
    view: Annotated[str | None, says("StreamViewType of a table's stream.")]


class DeployedMapping(Shape):
    """An event source mapping."""

    uuid: str
    function_arn: str
    state: Annotated[str, says('"Enabled", "Disabled", …')]
    reason: Annotated[str | None, says("StateTransitionReason.")]
    last_processing_result: str | None
    settings: Mapping
    risks: Annotated[list[str], says("What `kcli lint` would say, in short.")]
    findings: list[Finding]


class Metric(Shape):
    """A metric of CloudWatch."""

    of: Annotated[str, says("Stream, function or mapping.")]
    name: str
    unit: Annotated[str, says("Empty: a count.")]
    per_minute: Annotated[list[float | None], says("The last minutes, the oldest first.")]


class Destination(Shape):
    """An on-failure destination."""

    place: str
    waiting: Annotated[int | None, says("Documents; null: not counted, as in a bucket.")]
    in_flight: int | None


class Status(Shape):
    """How stream, mappings and functions are doing; null: it could not be asked for."""

    version: Version
    endpoint: Annotated[str, says("Where.")]
    stream: DeployedStream
    mappings: list[DeployedMapping] | None
    metrics: list[Metric] | None
    destinations: list[Destination] | None
    problems: Annotated[list[str], says("What could not be asked for, and why.")]
