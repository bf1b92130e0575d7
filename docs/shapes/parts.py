"""Objects that stand in the output of several commands."""

from typing import Annotated, Literal

from msgspec import UNSET, UnsetType, field

from docs.shapes.base import AwsShape, Count, Open, Shape, says

SequenceNumber = Annotated[str, says("Decimal digits; longer than a 64-bit integer.")]
ShardId = Annotated[str, says('"shardId-000000000000"; of Kafka topic and partition, "orders-0".')]
Moment = Annotated[float, says("Epoch seconds, UTC.")]
Severity = Literal["error", "warning", "note"]
Record = Annotated[Open, says("A record as it came; see `kcli schema event --output ndjson`.")]


class Interpreter(Shape):
    """The Python that ran the function."""

    path: Annotated[str, says("Of the interpreter.")]
    version: Annotated[str, says('"3.13.1"')]
    why: Annotated[str, says("Why this one was taken.")]


class Function(Shape):
    """Which function ran, and where."""

    handler: Annotated[str, says('"app.handler"; of a deployed function its name or ARN.')]
    runtime: Annotated[str, says('How it ran: "in-process", "isolated", "remote", …')]
    interpreter: Interpreter | UnsetType = UNSET


class FunctionError(Shape):
    """How a call failed, in Lambda's form."""

    error_type: Annotated[str, says('"ValueError", "Sandbox.Timedout"')]
    error_message: str
    stack_trace: Annotated[list[str], says("Empty where the runtime gave none.")]


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


class PutTarget(Shape):
    """The stream that records go to."""

    kind: Literal["local", "aws", "endpoint"]
    endpoint: Annotated[str, says("URL.")]
    region: str
    stream: Annotated[str, says("Name or ARN.")]


class Finding(Shape):
    """Something that will hurt, by a rule of `kcli lint`."""

    id: Annotated[str, says('"K003"')]
    name: Annotated[str, says('"no-destination"')]
    severity: Severity
    message: Annotated[str, says("What is there.")]
    effect: Annotated[str, says("What comes of it.")]
    advice: Annotated[str, says("What mends it.")]


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
