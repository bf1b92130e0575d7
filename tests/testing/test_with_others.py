"""The libraries that users test with: moto, Powertools, aws_kinesis_agg."""

import base64
import json
from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from aws_kinesis_agg.deaggregator import (  # type: ignore[import-untyped]
    deaggregate_records,
)
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.batch import (
    BatchProcessor,
    EventType,
    process_partial_response,
)
from aws_lambda_powertools.utilities.data_classes import KinesisStreamEvent, event_source
from aws_lambda_powertools.utilities.data_classes.kinesis_stream_event import KinesisStreamRecord
from aws_lambda_powertools.utilities.idempotency import (
    DynamoDBPersistenceLayer,
    IdempotencyConfig,
    idempotent_function,
)
from aws_lambda_powertools.utilities.parser import BaseModel, event_parser
from aws_lambda_powertools.utilities.parser.models import KinesisDataStreamModel
from aws_lambda_powertools.utilities.typing import LambdaContext as PowertoolsContext
from moto import mock_aws

from kinesis_cli.testing import Kinesis, LambdaContext

pytestmark = pytest.mark.slow

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient

REPORTS: dict[str, object] = {
    "FunctionResponseTypes": ["ReportBatchItemFailures"],
    "MaximumRetryAttempts": 1,
    "BisectBatchOnFunctionError": True,
}


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    with mock_aws():
        yield


def put(stream: str, *values: object) -> "KinesisClient":
    kinesis = boto3.client("kinesis")
    for value in values:
        kinesis.put_record(StreamName=stream, Data=json.dumps(value), PartitionKey="device-1")
    return kinesis


# moto


def test_a_stream_of_moto_is_drained_and_the_next_time_goes_on_where_it_was(
    aws: None, kinesis: Kinesis
) -> None:
    boto3.client("kinesis").create_stream(StreamName="orders", ShardCount=2)
    put("orders", *range(10))
    batches: list[int] = []

    def handler(event: dict[str, Any], context: object) -> None:
        batches.append(len(event["Records"]))

    run = kinesis.drain("orders", handler, mapping={"BatchSize": 4})
    assert run.succeeded == 10
    assert batches == [4, 4, 2]
    assert kinesis.drain("orders", handler, mapping={}).records == ()
    put("orders", "later")
    assert [each.json() for each in kinesis.drain("orders", handler, mapping={}).records] == [
        "later"
    ]


def test_a_reading_error_of_boto3_is_the_test_s(aws: None, kinesis: Kinesis) -> None:
    client = boto3.client("kinesis")
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        kinesis.drain("nobody", lambda event, context: None, mapping={})


def test_a_stream_that_was_resharded_is_drained_parents_first(aws: None, kinesis: Kinesis) -> None:
    client = boto3.client("kinesis")
    client.create_stream(StreamName="orders", ShardCount=1)
    put("orders", 1, 2)
    client.split_shard(
        StreamName="orders", ShardToSplit="shardId-000000000000", NewStartingHashKey=str(2**127)
    )
    put("orders", 3, 4)
    arn = client.describe_stream_summary(StreamName="orders")["StreamDescriptionSummary"][
        "StreamARN"
    ]
    seen: list[object] = []

    def handler(event: dict[str, Any], context: object) -> None:
        seen.extend(
            json.loads(base64.b64decode(each["kinesis"]["data"])) for each in event["Records"]
        )

    run = kinesis.drain(arn, handler, client=client, mapping={})
    assert (run.succeeded, seen) == (4, [1, 2, 3, 4])
    assert run.records[0].shard_id == "shardId-000000000000"


@mock_aws
def test_moto_s_decorator_is_in_force_around_the_function(
    kinesis: Kinesis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    boto3.client("s3").create_bucket(
        Bucket="lake", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )

    def handler(event: dict[str, Any], context: LambdaContext) -> None:
        body = base64.b64decode(event["Records"][0]["kinesis"]["data"])
        boto3.client("s3").put_object(Bucket="lake", Key=context.aws_request_id, Body=body)

    kinesis.deliver([{"v": 1}], handler, mapping={}).assert_all_handled()
    (kept,) = boto3.client("s3").list_objects_v2(Bucket="lake")["Contents"]
    assert kept["Size"] == 8


# Powertools

processor = BatchProcessor(event_type=EventType.KinesisDataStreams)


def take(record: KinesisStreamRecord) -> None:
    record.kinesis.data_as_json()


def batch_handler(event: dict[str, Any], context: PowertoolsContext) -> Any:  # noqa: ANN401
    return process_partial_response(
        event=event, record_handler=take, processor=processor, context=context
    )


def test_powertools_batch_processor_reports_the_poison(kinesis: Kinesis) -> None:
    records = kinesis.records([{"v": 1}, b"not json", {"v": 3}], key="device-1")
    run = kinesis.deliver(records, batch_handler, mapping=REPORTS)
    assert run.discarded == [records[1]]
    assert run.calls[0].reported == (records[1],)
    assert run.deliveries(records[0]) == 1


@event_source(data_class=KinesisStreamEvent)
def class_handler(event: KinesisStreamEvent, context: PowertoolsContext) -> list[object]:
    return [record.kinesis.data_as_json() for record in event.records]


logger = Logger(service="orders")


def logging_handler(event: dict[str, Any], context: PowertoolsContext) -> object:
    number = event["Records"][0]["kinesis"]["sequenceNumber"]
    logger.warning("refused", sequence_number=number)
    return {"batchItemFailures": [{"itemIdentifier": number}]}


def test_lines_of_powertools_logger_are_in_the_call_s_log(
    kinesis: Kinesis, capsys: pytest.CaptureFixture[str]
) -> None:
    stream = logger.registered_handler.stream  # type: ignore[attr-defined]
    run = kinesis.deliver([1], logging_handler, mapping=REPORTS)
    (line,) = (line for line in run.calls[0].log if line.startswith("{"))
    assert json.loads(line)["message"] == "refused"
    assert json.loads(line)["sequence_number"] == run.records[0].sequence_number
    assert "refused" in run.life(run.records[0])
    assert logger.registered_handler.stream is stream  # type: ignore[attr-defined]


class Reading(BaseModel):
    v: int


@event_parser(model=KinesisDataStreamModel)
def parsing_handler(event: KinesisDataStreamModel, context: PowertoolsContext) -> list[int]:
    values = (record.kinesis.data for record in event.Records)
    return [Reading.model_validate_json(each).v for each in values if isinstance(each, bytes)]


def test_powertools_data_classes_and_parser_take_the_event(kinesis: Kinesis) -> None:
    run = kinesis.deliver([{"v": 1}, {"v": 2}], class_handler, mapping={})
    assert run.calls[0].response == [{"v": 1}, {"v": 2}]
    context = kinesis.context()
    assert parsing_handler(kinesis.event([{"v": 7}]), context) == [7]


def test_powertools_idempotency_keeps_a_record_from_counting_twice(
    aws: None, kinesis: Kinesis
) -> None:
    boto3.client("dynamodb").create_table(
        TableName="seen",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    counted: list[str] = []

    @idempotent_function(  # type: ignore[untyped-decorator]
        data_keyword_argument="record",
        persistence_store=DynamoDBPersistenceLayer(table_name="seen"),
        config=IdempotencyConfig(event_key_jmespath="eventID"),
    )
    def count(*, record: dict[str, Any]) -> None:
        counted.append(record["eventID"])

    def handler(event: dict[str, Any], context: object) -> None:
        for record in event["Records"]:
            count(record=record)

    run = kinesis.deliver([1, 2, 3], handler, mapping={}, inject=["duplicate@1"])
    assert len(run.calls) == 2
    assert len(counted) == 3


# aws_kinesis_agg


def test_aws_kinesis_agg_opens_what_aggregate_packs(kinesis: Kinesis) -> None:
    packed = kinesis.aggregate([{"v": each} for each in range(5)], key="device-1")
    values: list[object] = []

    def handler(event: dict[str, Any], context: object) -> None:
        for record in deaggregate_records(event["Records"]):
            data = json.loads(base64.b64decode(record["kinesis"]["data"]), parse_float=Decimal)
            values.append(data["v"])

    run = kinesis.deliver([packed], handler, mapping={})
    assert (run.succeeded, values) == (1, [0, 1, 2, 3, 4])
