"""What `kcli status` prints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from kinesis_cli.show.shapes.base import Count, Shape, Version, says
from kinesis_cli.show.shapes.lint import Finding
from kinesis_cli.show.shapes.values import Settings


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
    settings: Settings
    risks: Annotated[Sequence[str], says("What `kcli lint` would say, in short.")]
    findings: Sequence[Finding]


class Metric(Shape):
    """A metric of CloudWatch."""

    of: Annotated[str, says("Stream, function or mapping.")]
    name: str
    unit: Annotated[str, says("Empty: a count.")]
    per_minute: Annotated[Sequence[float | None], says("The last minutes, the oldest first.")]


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
    mappings: Sequence[DeployedMapping] | None
    metrics: Sequence[Metric] | None
    destinations: Sequence[Destination] | None
    problems: Annotated[Sequence[str], says("What could not be asked for, and why.")]
