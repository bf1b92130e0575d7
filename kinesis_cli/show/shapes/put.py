"""What `kcli put` and `kcli replay` print."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from kinesis_cli.project.target import TargetKind
from kinesis_cli.show.shapes.base import Count, Shape, Version, says
from kinesis_cli.show.shapes.values import SequenceNumber, ShardId


class PutTarget(Shape):
    """The stream that records go to."""

    kind: TargetKind
    endpoint: Annotated[str, says("URL.")]
    region: str
    stream: Annotated[str, says("Name or ARN.")]


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
    records: Sequence[WouldPut]
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
    shards: Sequence[ShardLoad]
