"""How the stream, its function and what lies between are doing, asked of the services."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from kinesis_cli.aws.destinations import queue_depth, queue_url
from kinesis_cli.aws.functions import function_name
from kinesis_cli.aws.session import Connection
from kinesis_cli.errors import InputError, KcliError
from kinesis_cli.event_source_mapping.settings import LIMITS, EventSourceMapping
from kinesis_cli.project.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_kinesis import KinesisClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_lambda.type_defs import EventSourceMappingConfigurationTypeDef

Value = TypeVar("Value")

MINUTES = 60  # of metrics, a value for each
DEFAULT_MAX_RECORD_KIB = 1024  # where a server does not say


@dataclass(frozen=True, slots=True)
class StreamStatus:
    """A stream."""

    name: str
    arn: str
    status: str  # ACTIVE, UPDATING, …
    mode: str  # PROVISIONED or ON_DEMAND
    open_shards: int
    retention_hours: int
    max_record_kib: int
    consumers: int  # of enhanced fan-out


@dataclass(frozen=True, slots=True)
class QueueStatus:
    """How many documents wait in a failure queue. All numbers are approximate, as SQS says."""

    url: str
    waiting: int
    in_flight: int  # somebody has received them and not yet deleted them


@dataclass(frozen=True, slots=True)
class MappingState:
    """An event source mapping of the stream."""

    uuid: str
    function_arn: str
    state: str
    reason: str  # of its state; "" where none is told
    last_result: str
    settings: EventSourceMapping


@dataclass(frozen=True, slots=True)
class Metric:
    """A value for each of the last `MINUTES` minutes, the oldest first; None: none was measured."""

    label: str
    unit: str  # "s", ""
    values: tuple[float | None, ...]

    @property
    def measured(self) -> tuple[float, ...]:
        """The values that there are."""
        return tuple(value for value in self.values if value is not None)


@dataclass(frozen=True, slots=True)
class Part(Generic[Value]):
    """Something that was asked for, or why it was not answered."""

    value: Value | None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Status:
    """All of it. A part that may not be asked for does not hide the others."""

    stream: StreamStatus
    mappings: Part[tuple[MappingState, ...]]
    metrics: Part[tuple[Metric, ...]]
    queue: Part[QueueStatus]


def read_status(connection: Connection, settings: Settings) -> Status:
    """Ask for all of it.

    Raises:
        InputError: no stream is named.
        EndpointError: there is no such stream, or nobody answers.
    """
    stream = _stream(connection)
    mappings = _part(lambda: _mappings(connection, settings, stream.arn))
    functions = [each.function_arn.rpartition(":")[2] for each in mappings.value or ()]
    function = functions[0] if functions else None
    return Status(
        stream,
        mappings,
        _part(lambda: _metrics(connection, stream.name, function)),
        _part(lambda: _queue(connection, settings, mappings.value or ())),
    )


def _part(ask: Callable[[], Value | None]) -> Part[Value]:
    try:
        return Part(ask())
    except KcliError as error:
        return Part(None, f"{error}. {error.advice}".strip())


def _stream(connection: Connection) -> StreamStatus:
    name = connection.target.stream
    if name is None:
        raise InputError("no stream is named", advice="Name it with --stream.")
    client: KinesisClient = connection.client("kinesis")
    parameter: Any = {"StreamARN" if name.startswith("arn:") else "StreamName": name}
    with connection.explained(stream=name):
        found = client.describe_stream_summary(**parameter)["StreamDescriptionSummary"]
    return StreamStatus(
        name=found["StreamName"],
        arn=found["StreamARN"],
        status=found["StreamStatus"],
        mode=found.get("StreamModeDetails", {}).get("StreamMode", "PROVISIONED"),
        open_shards=found["OpenShardCount"],
        retention_hours=found["RetentionPeriodHours"],
        max_record_kib=found.get("MaxRecordSizeInKiB", DEFAULT_MAX_RECORD_KIB),
        consumers=found.get("ConsumerCount", 0),
    )


# What a mapping is made of; the answer has more, for other kinds of sources too.
_SETTINGS = {
    *LIMITS,
    *("StartingPosition", "StartingPositionTimestamp", "BisectBatchOnFunctionError"),
    *("DestinationConfig", "FunctionResponseTypes", "FilterCriteria", "EventSourceArn"),
}


def _mappings(
    connection: Connection, settings: Settings, stream_arn: str
) -> tuple[MappingState, ...]:
    """The mappings of the stream, and those of the function to a consumer of the stream."""
    client: LambdaClient = connection.client("lambda")
    found: dict[str, EventSourceMappingConfigurationTypeDef] = {}
    questions: list[dict[str, str]] = [{"EventSourceArn": stream_arn}]
    if settings.function is not None:
        questions.append({"FunctionName": function_name(connection, settings)})
    with connection.explained("lambda"):
        pages = client.get_paginator("list_event_source_mappings")
        for question in questions:
            for page in pages.paginate(**question):  # type: ignore[arg-type]
                found |= {each["UUID"]: each for each in page["EventSourceMappings"]}
    return tuple(
        _mapping(each)
        for each in found.values()
        if f"{each.get('EventSourceArn', '')}/".startswith(f"{stream_arn}/")
    )


def _mapping(answer: "EventSourceMappingConfigurationTypeDef") -> MappingState:
    members: Mapping[str, object] = {
        name: value for name, value in answer.items() if name in _SETTINGS and value is not None
    }
    return MappingState(
        uuid=answer["UUID"],
        function_arn=answer.get("FunctionArn", ""),
        state=answer.get("State", ""),
        reason=answer.get("StateTransitionReason", ""),
        last_result=answer.get("LastProcessingResult", ""),
        settings=EventSourceMapping.from_aws(
            members, place=f"event source mapping {answer['UUID']}"
        ),
    )


# Label, unit, divisor, namespace, dimension, metric, statistic.
# https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html,
# https://docs.aws.amazon.com/streams/latest/dev/monitoring-with-cloudwatch.html
_METRICS = (
    ("iterator age", "s", 1000, "AWS/Lambda", "FunctionName", "IteratorAge", "Maximum"),
    ("function errors", "", 1, "AWS/Lambda", "FunctionName", "Errors", "Sum"),
    ("function throttles", "", 1, "AWS/Lambda", "FunctionName", "Throttles", "Sum"),
    (
        *("write throttles", "", 1, "AWS/Kinesis", "StreamName"),
        *("WriteProvisionedThroughputExceeded", "Sum"),
    ),
    (
        *("read throttles", "", 1, "AWS/Kinesis", "StreamName"),
        *("ReadProvisionedThroughputExceeded", "Sum"),
    ),
)


def _metrics(
    connection: Connection, stream: str, function: str | None
) -> tuple[Metric, ...] | None:
    """The last hour's; None: this endpoint measures nothing."""
    client: CloudWatchClient = connection.client("cloudwatch")
    names = {"StreamName": stream, "FunctionName": function}
    wanted = [each for each in _METRICS if names[str(each[4])] is not None]
    end = datetime.now(UTC).replace(second=0, microsecond=0)
    start = end - timedelta(minutes=MINUTES)
    queries: Any = [
        {
            "Id": f"m{index}",
            "MetricStat": {
                "Metric": {
                    "Namespace": namespace,
                    "MetricName": metric,
                    "Dimensions": [{"Name": dimension, "Value": names[str(dimension)]}],
                },
                "Period": 60,
                "Stat": statistic,
            },
        }
        for index, (_, _, _, namespace, dimension, metric, statistic) in enumerate(wanted)
    ]
    values: dict[str, dict[datetime, float]] = {}
    with connection.explained("cloudwatch"):
        pages = client.get_paginator("get_metric_data")
        for page in pages.paginate(MetricDataQueries=queries, StartTime=start, EndTime=end):
            for result in page["MetricDataResults"]:
                pairs = zip(result["Timestamps"], result["Values"], strict=True)
                values.setdefault(result["Id"], {}).update(pairs)
    if connection.target.is_local and not any(values.values()):
        return None
    moments = [start + timedelta(minutes=minute) for minute in range(MINUTES)]
    return tuple(
        Metric(
            str(label), str(unit), _at(moments, values.get(f"m{index}", {}), float(str(divisor)))
        )
        for index, (label, unit, divisor, *_) in enumerate(wanted)
    )


def _at(
    moments: list[datetime], values: Mapping[datetime, float], divisor: float
) -> tuple[float | None, ...]:
    return tuple(
        None if (value := values.get(moment)) is None else value / divisor for moment in moments
    )


def _queue(
    connection: Connection, settings: Settings, mappings: tuple[MappingState, ...]
) -> QueueStatus | None:
    """The failure queue; None: there is none."""
    url = settings.failure_queue_url.value if settings.failure_queue_url else None
    if url is None:
        arns = [each.settings.destination or "" for each in mappings]
        arn = next((each for each in arns if ":sqs:" in each), None)
        if arn is None:
            return None
        url = queue_url(connection, arn)
    return QueueStatus(url, *queue_depth(connection, url))
