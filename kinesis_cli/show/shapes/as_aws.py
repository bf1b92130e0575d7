"""Documents of AWS's that stand in what kcli prints: only the schemas are made of these classes.

The documents are dictionaries, made where AWS's rules for them are, and go through as they came:
settings (`EventSourceMapping.to_aws`), on-failure documents, the figures of a REPORT line.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, UnsetType, field

from kinesis_cli.show.shapes.base import Count, Open, Shape, says
from kinesis_cli.show.shapes.values import SequenceNumber

Milliseconds = Annotated[float, says("Milliseconds.")]
Megabytes = Annotated[float, says("MB.")]


class AwsShape(msgspec.Struct, forbid_unknown_fields=True, rename="pascal"):
    """An object whose members are in AWS's capitals: `BatchSize`."""


class Filter(AwsShape):
    """One pattern."""

    pattern: Annotated[str, says("JSON in a string, as AWS takes it.")]


class FilterCriteria(AwsShape):
    """Which records are delivered at all."""

    filters: list[Filter]


class OnFailure(AwsShape):
    """Where documents of discarded batches go."""

    destination: (
        Annotated[str, says("ARN of a queue, topic, bucket or Kafka topic.")] | UnsetType
    ) = UNSET


class DestinationConfig(AwsShape):
    """What happens to what is given up."""

    on_failure: OnFailure


class Mapping(AwsShape):
    """Effective settings of the event source mapping, under CreateEventSourceMapping's names."""

    starting_position: Literal["TRIM_HORIZON", "LATEST", "AT_TIMESTAMP"]
    batch_size: Annotated[int, says("Records in a call, at most.")]
    maximum_batching_window_in_seconds: Annotated[float, says("Seconds to gather a batch.")]
    parallelization_factor: Annotated[int, says("Batches of a shard at once.")]
    maximum_retry_attempts: Annotated[int, says("-1: without limit.")]
    maximum_record_age_in_seconds: Annotated[int, says("-1: without limit.")]
    bisect_batch_on_function_error: bool
    tumbling_window_in_seconds: Annotated[int, says("0: no windows.")]
    function_response_types: list[Literal["ReportBatchItemFailures"]]
    destination_config: DestinationConfig
    starting_position_timestamp: Annotated[float, says("Epoch seconds.")] | UnsetType = UNSET
    filter_criteria: FilterCriteria | UnsetType = UNSET
    event_source_arn: str | UnsetType = UNSET
    function_name: str | UnsetType = UNSET


class RequestContext(Shape):
    """The call that was given up."""

    request_id: str
    function_arn: str
    condition: Annotated[str, says('"RetryAttemptsExhausted", "RecordAgeExceeded", …')]
    approximate_invoke_count: Count


class ResponseContext(Shape):
    """How the last call ended."""

    status_code: int
    executed_version: str
    function_error: Annotated[
        str | None, says("null: it answered, and its report failed the batch.")
    ]


class StreamBatch(Shape):
    """Where the records of a discarded batch are: of a stream, not the records themselves."""

    shard_id: str
    stream_arn: str
    start_sequence_number: SequenceNumber | UnsetType = UNSET
    end_sequence_number: SequenceNumber | UnsetType = UNSET
    approximate_arrival_of_first_record: Annotated[str, says("ISO 8601.")] | UnsetType = UNSET
    approximate_arrival_of_last_record: Annotated[str, says("ISO 8601.")] | UnsetType = UNSET
    batch_size: Count | UnsetType = UNSET


class OnFailureDocument(Shape, kw_only=True):
    """What Lambda writes of a discarded batch, to the letter."""

    request_context: RequestContext
    response_context: ResponseContext | UnsetType = UNSET
    version: Annotated[Literal["1.0"], says("Of AWS's document.")]
    timestamp: Annotated[str, says("ISO 8601, UTC.")]
    payload: Annotated[str, says("The event as JSON text: of a destination on S3.")] | UnsetType = (
        UNSET
    )
    kinesis_batch_info: StreamBatch | UnsetType = field(default=UNSET, name="KinesisBatchInfo")
    dynamodb_batch_info: StreamBatch | UnsetType = field(default=UNSET, name="DDBStreamBatchInfo")
    kafka_batch_info: Open | UnsetType = field(default=UNSET, name="KafkaBatchInfo")
    time_window_info: Annotated[Open, says("Of a tumbling window.")] | UnsetType = UNSET


class DestinationRow(OnFailureDocument, tag_field="type", tag="destination"):
    """A batch was given up: what Lambda writes of it."""


class Report(Shape, forbid_unknown_fields=False):
    """What the REPORT line says, under the telemetry schema's names; AWS may say more."""

    request_id: str | UnsetType | None = UNSET
    status: Annotated[str, says('"success", "error", "timeout"')] | UnsetType = UNSET
    error_type: Annotated[str, says('"Runtime.ExitError"')] | UnsetType = UNSET
    xray_trace_id: Annotated[str, says("Of X-Ray.")] | UnsetType = UNSET
    duration_ms: Milliseconds | UnsetType = UNSET
    billed_duration_ms: Milliseconds | UnsetType = UNSET
    memory_size_mb: Megabytes | UnsetType = field(default=UNSET, name="memorySizeMB")
    max_memory_used_mb: Megabytes | UnsetType = field(default=UNSET, name="maxMemoryUsedMB")
    init_duration_ms: Annotated[float, says("Milliseconds, of a cold start.")] | UnsetType = UNSET
    restore_duration_ms: Annotated[float, says("Milliseconds, of SnapStart.")] | UnsetType = UNSET
    billed_restore_duration_ms: Milliseconds | UnsetType = UNSET
