"""Mappings of a table's stream: the delivery machine, on the changes that boto3 makes."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from kinesis_cli.local.client.process import stop_server
from kinesis_cli.local.client.status import local_status
from tests.e2e.local_endpoint import empty, write_project
from tests.templates import table

from .conftest import Local, kill, start

pytestmark = pytest.mark.slow

pytest.importorskip("awslambdaric")

TEMPLATE = (
    """\
Transform: AWS::Serverless-2016-10-31
Globals:
  Function: {Runtime: python3.12, CodeUri: src, Timeout: 30}
Resources:
  Failures: {Type: AWS::SQS::Queue, Properties: {QueueName: failures}}
  Bucket: {Type: AWS::S3::Bucket, Properties: {BucketName: failures-of-orders}}
"""
    + table(view="NEW_AND_OLD_IMAGES")
    + """\
  Fn:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: orders-function
      Handler: app.handler
      Environment: {Variables: {CALLS: "%(calls)s"}}
"""
)

APP = """\
import json, os


def handler(event, context):
    records = event["Records"]
    keys = [each["dynamodb"]["Keys"]["pk"]["S"] for each in records]
    with open(os.environ["CALLS"], "a") as calls:
        told = {"data": keys, "function": "orders-function", "event": event}
        calls.write(json.dumps(told) + "\\n")
    if any(key.startswith("boom") for key in keys):
        raise ValueError("boom")
    if "window" in event:
        return {"state": {"n": event["state"].get("n", 0) + len(records)}}
    numbers = [each["dynamodb"]["SequenceNumber"] for each in records]
    failed = [n for n, key in zip(numbers, keys) if key.startswith("bad")]
    return {"batchItemFailures": [{"itemIdentifier": each} for each in failed]}
"""

QUEUE = "arn:aws:sqs:us-east-1:000000000000:failures"
TO_QUEUE = {"OnFailure": {"Destination": QUEUE}}
FUNCTION = "orders-function"


class Project:
    """A table, a function, and what the tests do with them."""

    def __init__(self, local: Local) -> None:
        self.local = local
        self.functions, self.sqs = local.client("lambda"), local.client("sqs")
        self.dynamodb = local.client("dynamodb")
        table = self.dynamodb.describe_table(TableName="orders")["Table"]
        self.arn: str = table["LatestStreamArn"]

    def map(self, **settings: object) -> str:
        made = self.functions.create_event_source_mapping(
            **{
                "EventSourceArn": self.arn,
                "FunctionName": FUNCTION,
                "StartingPosition": "TRIM_HORIZON",
                **settings,
            }
        )
        return str(made["UUID"])

    def put(self, *keys: str, **attributes: dict[str, Any]) -> None:
        for key in keys:
            self.dynamodb.put_item(TableName="orders", Item={"pk": {"S": key}, **attributes})

    def delete(self, key: str) -> None:
        self.dynamodb.delete_item(TableName="orders", Key={"pk": {"S": key}})

    def calls(self) -> list[list[str]]:
        self.local.wait()
        return self.local.calls(FUNCTION)

    def events(self) -> list[dict[str, Any]]:
        self.local.wait()
        lines = (self.local.project / "calls.ndjson").read_text().splitlines()
        return [json.loads(line)["event"] for line in lines]

    def documents(self) -> list[dict[str, Any]]:
        self.local.wait()
        url = self.sqs.get_queue_url(QueueName="failures")["QueueUrl"]
        found = []
        while messages := self.sqs.receive_message(QueueUrl=url).get("Messages"):
            for each in messages:
                found.append(json.loads(each["Body"]))
                self.sqs.delete_message(QueueUrl=url, ReceiptHandle=each["ReceiptHandle"])
        return found


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Local]:
    folder = make_project(tmp_path_factory.mktemp("tables") / "project")
    yield start(folder)
    stop_server(folder / ".kcli")


@pytest.fixture
def project(shared: Local) -> Iterator[Project]:
    """The shared endpoint with a new stream, and nothing that feeds the function."""
    project = Project(shared)
    yield project
    for each in project.functions.list_event_source_mappings()["EventSourceMappings"]:
        project.functions.delete_event_source_mapping(UUID=each["UUID"])
    table = project.dynamodb
    for item in table.scan(TableName="orders")["Items"]:
        table.delete_item(TableName="orders", Key={"pk": item["pk"]})
    for wanted in (
        {"StreamEnabled": False},
        {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    ):
        table.update_table(TableName="orders", StreamSpecification=wanted)
    empty(project.sqs, project.sqs.get_queue_url(QueueName="failures")["QueueUrl"])
    (shared.project / "calls.ndjson").write_text("")


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Callable[[], Project]]:
    """`fresh()`: the endpoint of this test alone, started where it does not run."""
    folder = make_project(tmp_path / "project")
    yield lambda: Project(start(folder))
    stop_server(folder / ".kcli")


def make_project(folder: Path) -> Path:
    calls = folder / "calls.ndjson"
    write_project(folder, APP, TEMPLATE % {"calls": calls})
    calls.touch()
    return folder


def refusal(call: Callable[[], object]) -> str:
    with pytest.raises(ClientError) as caught:
        call()
    error = caught.value.response["Error"]
    assert error["Code"] == "InvalidParameterValueException"
    return str(error["Message"])


def test_a_mapping_delivers_the_changes_in_their_order(project: Project) -> None:
    project.put("a", n={"N": "1"})
    uuid = project.map(BatchSize=10)
    project.put("a", n={"N": "2"})
    project.delete("a")
    records = [record for event in project.events() for record in event["Records"]]
    assert [each["eventName"] for each in records] == ["INSERT", "MODIFY", "REMOVE"]
    streams = project.local.client("dynamodbstreams")
    shard = streams.describe_stream(StreamArn=project.arn)["StreamDescription"]["Shards"][0]
    iterator = streams.get_shard_iterator(
        StreamArn=project.arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    read = streams.get_records(ShardIterator=iterator)["Records"]
    for delivered, answered in zip(records, read, strict=True):
        assert delivered.pop("eventSourceARN") == project.arn
        change, answer = delivered.pop("dynamodb"), answered.pop("dynamodb")
        assert delivered == answered
        created = answer.pop("ApproximateCreationDateTime")
        assert change.pop("ApproximateCreationDateTime") == created.timestamp()
        assert change == answer
    described = project.functions.get_event_source_mapping(UUID=uuid)
    assert described["EventSourceArn"] == project.arn
    assert described["LastProcessingResult"] == "OK"
    (listed,) = project.functions.list_event_source_mappings(EventSourceArn=project.arn)[
        "EventSourceMappings"
    ]
    assert listed["UUID"] == uuid


def test_latest_leaves_out_what_was_there(project: Project) -> None:
    project.put("before")
    project.map(StartingPosition="LATEST")
    project.put("after")
    assert project.calls() == [["after"]]


def test_a_filter_sees_the_record_itself(project: Project) -> None:
    pattern = {"eventName": ["INSERT"], "dynamodb": {"NewImage": {"kind": {"S": ["order"]}}}}
    project.map(FilterCriteria={"Filters": [{"Pattern": json.dumps(pattern)}]})
    project.put("a", kind={"S": "order"})
    project.put("b", kind={"S": "other"})
    project.delete("a")
    assert [key for call in project.calls() for key in call] == ["a"]


def test_what_fails_is_bisected_and_given_up_with_a_document(project: Project) -> None:
    project.put("a", "boom", "b", "c")
    project.map(
        MaximumRetryAttempts=1,
        BisectBatchOnFunctionError=True,
        DestinationConfig=TO_QUEUE,
    )
    calls = project.calls()
    assert calls[0] == ["a", "boom", "b", "c"]
    assert calls.count(["boom"]) >= 1
    assert [call for call in calls if "boom" not in call] == [["a"], ["b", "c"]]
    (document,) = project.documents()
    assert document["requestContext"]["condition"] == "RetryAttemptsExhausted"
    info = document["DDBStreamBatchInfo"]
    assert "KinesisBatchInfo" not in document
    assert info["streamArn"] == project.arn
    assert info["batchSize"] == 1
    assert info["startSequenceNumber"] == info["endSequenceNumber"]
    assert "." not in info["approximateArrivalOfFirstRecord"]  # whole seconds
    streams = project.local.client("dynamodbstreams")
    iterator = streams.get_shard_iterator(
        StreamArn=info["streamArn"],
        ShardId=info["shardId"],
        ShardIteratorType="AT_SEQUENCE_NUMBER",
        SequenceNumber=info["startSequenceNumber"],
    )["ShardIterator"]
    (record,) = streams.get_records(ShardIterator=iterator, Limit=1)["Records"]
    assert record["dynamodb"]["Keys"] == {"pk": {"S": "boom"}}


def test_a_report_names_the_record_from_which_a_batch_comes_again(project: Project) -> None:
    project.put("a", "bad", "b")
    project.map(
        MaximumRetryAttempts=1,
        FunctionResponseTypes=["ReportBatchItemFailures"],
        DestinationConfig=TO_QUEUE,
    )
    # the first report is progress, so that the rest has its own retry
    assert project.calls() == [["a", "bad", "b"], ["bad", "b"], ["bad", "b"]]
    (document,) = project.documents()
    assert document["DDBStreamBatchInfo"]["batchSize"] == 2


def test_a_window_has_the_state_of_its_shard(project: Project) -> None:
    project.map(TumblingWindowInSeconds=900, BatchSize=1)
    project.put("a", "b")
    first, second = project.events()
    assert first["eventSourceARN"] == second["eventSourceARN"] == project.arn
    assert first["shardId"] == second["shardId"]
    assert (first["state"], second["state"]) == ({}, {"n": 1})


def test_items_keep_their_order_in_parallel(project: Project) -> None:
    for n in range(20):
        for key in ("a", "b", "c"):
            project.put(key, n={"N": str(n)})
    project.map(ParallelizationFactor=3, BatchSize=5)
    seen: dict[str, list[int]] = {}
    for event in project.events():
        for record in event["Records"]:
            image = record["dynamodb"]["NewImage"]
            seen.setdefault(image["pk"]["S"], []).append(int(image["n"]["N"]))
    assert seen == {key: list(range(20)) for key in ("a", "b", "c")}


def test_what_aws_refuses_is_refused(project: Project) -> None:
    unknown = project.arn[:-1] + ("1" if project.arn[-1] != "1" else "2")
    assert "not found" in refusal(lambda: project.map(EventSourceArn=unknown))
    assert refusal(
        lambda: project.map(StartingPosition="AT_TIMESTAMP", StartingPositionTimestamp=1)
    )
    topic = {"OnFailure": {"Destination": f"{QUEUE}.fifo"}}
    assert refusal(lambda: project.map(DestinationConfig=topic))
    project.map()
    with pytest.raises(ClientError) as caught:
        project.map()
    assert caught.value.response["Error"]["Code"] == "ResourceConflictException"


def test_a_stream_that_was_turned_off_is_delivered_to_its_end(project: Project) -> None:
    project.put("a")
    project.dynamodb.update_table(TableName="orders", StreamSpecification={"StreamEnabled": False})
    project.map()
    project.put("later")
    assert project.calls() == [["a"]]
    project.dynamodb.update_table(
        TableName="orders",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    )
    project.put("on another stream")
    assert project.calls() == [["a"]]


def test_the_status_shows_the_tables_and_the_age_of_their_records(project: Project) -> None:
    project.map()
    project.put("a")
    project.calls()
    status = local_status(project.local.project / ".kcli")
    (table,) = status.tables
    assert (table.name, table.arn, table.shards) == ("orders", project.arn, 1)
    (mapping,) = status.mappings
    assert (mapping.stream, mapping.state, mapping.backlog) == ("orders", "Enabled", 0)
    assert mapping.iterator_age is not None
    assert mapping.iterator_age >= 0


def test_nothing_acknowledged_is_lost_or_skipped_when_the_server_is_killed(
    fresh: Callable[[], Project],
) -> None:
    project = fresh()
    project.put("a", "b")
    uuid = project.map(BatchSize=1)
    assert project.calls() == [["a"], ["b"]]
    project.functions.update_event_source_mapping(UUID=uuid, Enabled=False)
    project.put("c", "d")
    kill(project.local.server.pid)
    project = fresh()
    project.functions.update_event_source_mapping(UUID=uuid, Enabled=True)
    project.put("e")
    assert project.calls() == [["a"], ["b"], ["c"], ["d"], ["e"]]
    kill(project.local.server.pid)
    project = fresh()
    assert project.calls() == [["a"], ["b"], ["c"], ["d"], ["e"]]


def test_documents_in_a_bucket_hold_the_records(project: Project) -> None:
    project.put("boom")
    project.map(
        MaximumRetryAttempts=0,
        DestinationConfig={"OnFailure": {"Destination": "arn:aws:s3:::failures-of-orders"}},
    )
    project.calls()
    s3 = project.local.client("s3")
    (listed,) = s3.list_objects_v2(Bucket="failures-of-orders")["Contents"]
    document = json.loads(
        s3.get_object(Bucket="failures-of-orders", Key=listed["Key"])["Body"].read()
    )
    (record,) = json.loads(document["payload"])["Records"]
    assert record["dynamodb"]["Keys"] == {"pk": {"S": "boom"}}
    assert document["DDBStreamBatchInfo"]["streamArn"] == project.arn
