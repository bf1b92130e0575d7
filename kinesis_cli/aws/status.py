"""How the stream, its function and what lies between are doing, asked of the services."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from kinesis_cli.aws.described_streams import described
from kinesis_cli.aws.failure_sources import queue_depth, queue_url
from kinesis_cli.aws.mappings import stream_mappings
from kinesis_cli.aws.session import Connection
from kinesis_cli.aws.streams import summary_of
from kinesis_cli.errors import KcliError
from kinesis_cli.event_source_mapping.settings import EventSourceMapping
from kinesis_cli.event_source_mapping.settings_document import LIMITS
from kinesis_cli.project.settings import Settings
from kinesis_cli.stream.kinds.dynamodb import DYNAMODB
from kinesis_cli.stream.table_arn import is_of_table, table_of

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_lambda.type_defs import EventSourceMappingConfigurationTypeDef

Value = TypeVar("Value")

MINUTES = 60  # of metrics, a value for each
DEFAULT_MAX_RECORD_KIB = 1024  # where a server does not say


@dataclass(frozen=True, slots=True)
class StreamStatus:
    """A stream; one of a table has a view, and neither a mode nor a largest record."""

    name: str  # of the stream, or of the table
    arn: str
    status: str  # ACTIVE, UPDATING, …; of a table's ENABLED, …
    mode: str | None  # PROVISIONED or ON_DEMAND
    open_shards: int
    retention_hours: int
    max_record_kib: int | None
    consumers: int  # of enhanced fan-out
    view: str | None = None  # NEW_AND_OLD_IMAGES, …


@dataclass(frozen=True, slots=True)
class DestinationStatus:
    """Where on-failure documents go, and for a queue how many there are, about, as SQS says."""

    place: str  # a queue's URL, or the ARN of something else
    waiting: int | None
    in_flight: int | None  # somebody has received them and not yet deleted them


@dataclass(frozen=True, slots=True)
class MappingState:
    """An event source mapping of the stream."""

    uuid: str
    function_arn: str
    state: str
    reason: str  # of its state; "" where none is told
    last_result: str
    settings: EventSourceMapping

    @property
    def function(self) -> str:
        """`app` of `arn:…:function:app:live`."""
        return self.function_arn.partition(":function:")[2].partition(":")[0]


@dataclass(frozen=True, slots=True)
class Metric:
    """A value for each of the last `MINUTES` minutes, the oldest first; None: none was measured."""

    of: str  # the function, or the stream
    label: str
    unit: str  # "s", ""
    values: tuple[float | None, ...]
    since: float = 0.0  # epoch seconds: of the first minute

    @property
    def measured(self) -> tuple[float, ...]:
        """The values that there are."""
        return tuple(value for value in self.values if value is not None)


@dataclass(frozen=True, slots=True)
class Answered(Generic[Value]):
    """Something that was asked for, or why it was not answered."""

    value: Value | None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Status:
    """All of it. A part that may not be asked for does not hide the others."""

    stream: StreamStatus
    mappings: Answered[tuple[MappingState, ...]]
    metrics: Answered[tuple[Metric, ...]]
    destinations: Answered[tuple[DestinationStatus, ...]]


def read_status(connection: Connection, settings: Settings) -> Status:
    """Ask for all of it.

    Raises:
        InputError: no stream is named.
        EndpointError: there is no such stream, or nobody answers.
    """
    stream = _stream(connection)
    mappings = _part(lambda: _mappings(connection, settings, stream.arn))
    return Status(
        stream,
        mappings,
        _part(lambda: _metrics(connection, stream, mappings.value or ())),
        _part(lambda: _destinations(connection, settings, mappings.value)),
    )


def _part(ask: Callable[[], Value | None]) -> Answered[Value]:
    try:
        return Answered(ask())
    except KcliError as error:
        return Answered(None, f"{error}. {error.advice}".strip())


def _stream(connection: Connection) -> StreamStatus:
    name = connection.target.named_stream()
    if is_of_table(name):
        return _table_stream(connection, name)
    found = summary_of(connection, name)
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


def _table_stream(connection: Connection, arn: str) -> StreamStatus:
    client = connection.client("dynamodbstreams")
    with connection.explained("dynamodbstreams"):
        pages = list(described(client, arn))
    ranges = [each["SequenceNumberRange"] for page in pages for each in page["Shards"]]
    found = pages[-1]
    hours = DYNAMODB.rules.fixed_retention_hours
    assert hours is not None
    return StreamStatus(
        name=table_of(arn),
        arn=arn,
        status=found["StreamStatus"],
        mode=None,
        open_shards=sum(not each.get("EndingSequenceNumber") for each in ranges),
        retention_hours=int(hours),
        max_record_kib=None,
        consumers=0,
        view=found.get("StreamViewType"),
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
    function = None if settings.function is None else settings.function.value
    found = stream_mappings(connection, stream_arn=stream_arn, function=function)
    return tuple(map(mapping_state, found))


def mapping_state(answer: "EventSourceMappingConfigurationTypeDef") -> MappingState:
    """A mapping as Lambda tells of it."""
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


@dataclass(frozen=True, slots=True)
class _Measure:
    """What CloudWatch is asked for."""

    label: str
    metric: str
    statistic: str = "Sum"
    unit: str = ""
    divisor: float = 1.0


# https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
_OF_FUNCTION = (
    _Measure("iterator age", "IteratorAge", "Maximum", "s", 1000.0),
    _Measure("function errors", "Errors"),
    _Measure("function throttles", "Throttles"),
)
# https://docs.aws.amazon.com/streams/latest/dev/monitoring-with-cloudwatch.html
_OF_STREAM = (
    _Measure("records put", "IncomingRecords"),
    _Measure("write throttles", "WriteProvisionedThroughputExceeded"),
    _Measure("read throttles", "ReadProvisionedThroughputExceeded"),
)


def _metrics(
    connection: Connection, stream: StreamStatus, mappings: tuple[MappingState, ...]
) -> tuple[Metric, ...] | None:
    """The last hour's; None: this endpoint measures nothing."""
    functions = dict.fromkeys(each.function for each in mappings)
    wanted = [(name, each, "Function") for name in functions for each in _OF_FUNCTION]
    if stream.view is None:  # CloudWatch measures the table, not its stream
        wanted += [(stream.name, each, "Stream") for each in _OF_STREAM]
    if not wanted:
        return None
    end = datetime.now(UTC).replace(second=0, microsecond=0)
    if connection.target.is_local:
        end += timedelta(minutes=1)  # it knows at once what AWS publishes minutes later
    start = end - timedelta(minutes=MINUTES)
    queries: Any = [
        {
            "Id": f"m{index}",
            "MetricStat": {
                "Metric": {
                    "Namespace": "AWS/Lambda" if kind == "Function" else "AWS/Kinesis",
                    "MetricName": measure.metric,
                    "Dimensions": [{"Name": f"{kind}Name", "Value": name}],
                },
                "Period": 60,
                "Stat": measure.statistic,
            },
        }
        for index, (name, measure, kind) in enumerate(wanted)
    ]
    client: CloudWatchClient = connection.client("cloudwatch")
    values: dict[str, dict[datetime, float]] = {}
    with connection.explained("cloudwatch"):
        pages = client.get_paginator("get_metric_data")
        for page in pages.paginate(MetricDataQueries=queries, StartTime=start, EndTime=end):
            for result in page["MetricDataResults"]:
                pairs = zip(result["Timestamps"], result["Values"], strict=False)
                values.setdefault(result["Id"], {}).update(pairs)
    if connection.target.is_local and not any(values.values()):
        return None
    moments = [start + timedelta(minutes=minute) for minute in range(MINUTES)]
    return tuple(
        Metric(
            name,
            measure.label,
            measure.unit,
            _at(moments, values.get(f"m{index}", {}), measure.divisor),
            start.timestamp(),
        )
        for index, (name, measure, _) in enumerate(wanted)
    )


def _at(
    moments: list[datetime], values: Mapping[datetime, float], divisor: float
) -> tuple[float | None, ...]:
    return tuple(
        None if (value := values.get(moment)) is None else value / divisor for moment in moments
    )


def _destinations(
    connection: Connection, settings: Settings, mappings: tuple[MappingState, ...] | None
) -> tuple[DestinationStatus, ...] | None:
    """The queue that is set, or else what the mappings name; None: they are not known."""
    if settings.failure_queue_url is not None:
        return (_queue(connection, settings.failure_queue_url.value),)
    if mappings is None:
        return None
    arns = dict.fromkeys(each.settings.destination for each in mappings)
    return tuple(
        _queue(connection, queue_url(connection, arn))
        if ":sqs:" in arn
        else DestinationStatus(arn, None, None)
        for arn in arns
        if arn is not None
    )


def _queue(connection: Connection, url: str) -> DestinationStatus:
    return DestinationStatus(url, *queue_depth(connection, url))
