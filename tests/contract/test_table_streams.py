"""DynamoDB Streams beside the tables, by boto3 over HTTP: what moto gets wrong is right here."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from signal import SIGKILL
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from kinesis_cli.local.client.process import ask
from kinesis_cli.local.state import running_server
from tests.servers import Started, ours, ours_in

pytestmark = pytest.mark.slow

Start = Callable[..., AbstractContextManager[Started]]
_accounts = count(1)
BOTH = "NEW_AND_OLD_IMAGES"
KEY = {"pk": {"S": "a"}}


def client(
    server: Started, service: str, region: str = "eu-west-1", account: str = "000000000000"
) -> Any:  # noqa: ANN401 - boto3 makes classes as it runs
    return boto3.client(
        service,  # type: ignore[call-overload]
        endpoint_url=server.endpoint,
        region_name=region,
        aws_access_key_id=account,
        aws_secret_access_key="secret",
        config=Config(retries={"max_attempts": 0}),
    )


class Orders:
    """A table with a stream, and its clients."""

    def __init__(
        self,
        server: Started,
        view: str | None = BOTH,
        *,
        sort_key: bool = False,
        account: str = "000000000000",
    ) -> None:
        self.server, self.account = server, account
        self.dynamodb = client(server, "dynamodb", account=account)
        self.streams = client(server, "dynamodbstreams", account=account)
        keys = [("pk", "HASH"), ("sk", "RANGE")][: 1 + sort_key]
        made = self.dynamodb.create_table(
            TableName="orders",
            KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in keys],
            AttributeDefinitions=[
                {"AttributeName": name, "AttributeType": "S" if name == "pk" else "N"}
                for name, _ in keys
            ],
            BillingMode="PAY_PER_REQUEST",
            **({"StreamSpecification": on(view)} if view else {}),
        )
        self.arn: str = made["TableDescription"].get("LatestStreamArn", "")

    def put(self, **attributes: dict[str, Any]) -> None:
        self.dynamodb.put_item(TableName="orders", Item={**KEY, **attributes})

    def update(self, expression: str, **values: dict[str, Any]) -> None:
        self.dynamodb.update_item(
            TableName="orders",
            Key=KEY,
            UpdateExpression=expression,
            ExpressionAttributeValues={f":{name}": value for name, value in values.items()},
        )

    def delete(self) -> None:
        self.dynamodb.delete_item(TableName="orders", Key=KEY)

    def stream(self, **more: object) -> dict[str, Any]:
        answer = self.streams.describe_stream(StreamArn=self.arn, **more)
        description: dict[str, Any] = answer["StreamDescription"]
        return description

    @property
    def shard_id(self) -> str:
        return str(self.stream()["Shards"][0]["ShardId"])

    def iterator(self, kind: str = "TRIM_HORIZON", **more: object) -> str:
        answer = self.streams.get_shard_iterator(
            StreamArn=self.arn, ShardId=self.shard_id, ShardIteratorType=kind, **more
        )
        return str(answer["ShardIterator"])

    def records(self, iterator: str = "", **more: object) -> list[dict[str, Any]]:
        answer = self.streams.get_records(ShardIterator=iterator or self.iterator(), **more)
        records: list[dict[str, Any]] = answer["Records"]
        return records

    def events(self) -> list[str]:
        return [each["eventName"] for each in self.records()]


New = Callable[..., Orders]


def on(view: str) -> dict[str, object]:
    return {"StreamEnabled": True, "StreamViewType": view}


@pytest.fixture
def start(tmp_path: Path) -> Start:
    return lambda *options: ours_in(tmp_path, *options)


@pytest.fixture(scope="module")
def shared() -> Iterator[Started]:
    with ours() as server:
        yield server


@pytest.fixture
def new(shared: Started) -> New:
    """Makes a table in an account of this test alone."""

    def make(view: str | None = BOTH, *, sort_key: bool = False) -> Orders:
        return Orders(shared, view, sort_key=sort_key, account=f"{next(_accounts):012}")

    return make


@pytest.fixture
def orders(new: New) -> Orders:
    return new()


@pytest.fixture
def alone(start: Start) -> Iterator[Orders]:
    """On a server of this test alone, whose clock may be moved, and which may be killed."""
    with start() as server:
        yield Orders(server)


def refusal(call: Callable[[], object]) -> str:
    with pytest.raises(ClientError) as caught:
        call()
    return str(caught.value.response["Error"]["Code"])


def numbers(records: list[dict[str, Any]]) -> list[int]:
    return [int(each["dynamodb"]["SequenceNumber"]) for each in records]


def test_a_change_is_a_record_as_aws_has_it(orders: Orders) -> None:
    orders.put(n={"N": "1"}, raw={"B": b"\x00\xff"}, flag={"BOOL": True})
    (record,) = orders.records()
    assert record["eventName"] == "INSERT"
    assert record["eventVersion"] == "1.1"
    assert record["eventSource"] == "aws:dynamodb"
    assert record["awsRegion"] == "eu-west-1"
    assert len(record["eventID"]) == 32
    assert set(record["eventID"]) <= set("0123456789abcdef")
    change = record["dynamodb"]
    assert change["Keys"] == KEY
    assert change["NewImage"] == {
        **KEY,
        "n": {"N": "1"},
        "raw": {"B": b"\x00\xff"},
        "flag": {"BOOL": True},
    }
    assert "OldImage" not in change
    assert change["StreamViewType"] == BOTH
    assert change["SizeBytes"] == 3 + 3 + (1 + 2) + (3 + 2) + (4 + 1)
    assert change["ApproximateCreationDateTime"].microsecond == 0
    assert 21 <= len(change["SequenceNumber"]) <= 40
    assert "eventSourceARN" not in record
    assert "userIdentity" not in record


def test_a_write_that_changes_nothing_makes_no_record(orders: Orders) -> None:
    orders.put(n={"N": "1"}, tags={"SS": ["x", "y"]})
    orders.put(n={"N": "1.0"}, tags={"SS": ["y", "x"]})
    orders.update("SET n = :n", n={"N": "1"})
    assert orders.events() == ["INSERT"]
    orders.delete()
    orders.delete()
    assert orders.events() == ["INSERT", "REMOVE"]


def test_an_update_of_a_new_key_is_one_insert_of_the_whole_item(orders: Orders) -> None:
    orders.update("SET n = :n", n={"N": "1"})
    (record,) = orders.records()
    assert record["eventName"] == "INSERT"
    assert record["dynamodb"]["NewImage"] == {**KEY, "n": {"N": "1"}}


def test_a_put_over_an_item_is_a_modify_with_both_images(orders: Orders) -> None:
    orders.put(n={"N": "1"})
    orders.put(m={"L": [{"M": {"x": {"NULL": True}}}]})
    orders.update("REMOVE m SET n = :n", n={"N": "2"})
    _, put, updated = orders.records()
    assert put["eventName"] == updated["eventName"] == "MODIFY"
    middle = {**KEY, "m": {"L": [{"M": {"x": {"NULL": True}}}]}}
    assert put["dynamodb"]["OldImage"] == {**KEY, "n": {"N": "1"}}
    assert put["dynamodb"]["NewImage"] == updated["dynamodb"]["OldImage"] == middle
    assert updated["dynamodb"]["NewImage"] == {**KEY, "n": {"N": "2"}}


@pytest.mark.parametrize(
    ("view", "images"),
    [
        ("KEYS_ONLY", [set(), set(), set()]),
        ("NEW_IMAGE", [{"NewImage"}, {"NewImage"}, set()]),
        ("OLD_IMAGE", [set(), {"OldImage"}, {"OldImage"}]),
        (BOTH, [{"NewImage"}, {"NewImage", "OldImage"}, {"OldImage"}]),
    ],
)
def test_the_view_says_which_images_a_record_has(
    new: New, view: str, images: list[set[str]]
) -> None:
    orders = new(view)
    orders.put()
    orders.put(n={"N": "1"})
    orders.delete()
    found = [each["dynamodb"].keys() & {"NewImage", "OldImage"} for each in orders.records()]
    assert found == images


def test_each_action_of_a_batch_and_a_transaction_makes_a_record(new: New) -> None:
    orders = new(sort_key=True)

    def item(number: int) -> dict[str, Any]:
        return {**KEY, "sk": {"N": str(number)}}

    orders.dynamodb.batch_write_item(
        RequestItems={"orders": [{"PutRequest": {"Item": item(n)}} for n in (1, 2)]}
    )
    orders.dynamodb.transact_write_items(
        TransactItems=[
            {"Put": {"TableName": "orders", "Item": item(3)}},
            {"Delete": {"TableName": "orders", "Key": item(1)}},
            {
                "Update": {
                    "TableName": "orders",
                    "Key": item(2),
                    "UpdateExpression": "SET x = :x",
                    "ExpressionAttributeValues": {":x": {"S": "y"}},
                }
            },
        ]
    )
    found = [(r["eventName"], r["dynamodb"]["Keys"]["sk"]["N"]) for r in orders.records()]
    assert found == [
        ("INSERT", "1"),
        ("INSERT", "2"),
        ("INSERT", "3"),
        ("REMOVE", "1"),
        ("MODIFY", "2"),
    ]


def test_a_transaction_that_is_refused_leaves_no_record(new: New) -> None:
    orders = new(sort_key=True)
    one, two = ({**KEY, "sk": {"N": n}} for n in "12")
    put = {"Put": {"TableName": "orders", "Item": one}}
    fails = {
        "Put": {
            "TableName": "orders",
            "Item": two,
            "ConditionExpression": "attribute_exists(pk)",
        }
    }
    code = refusal(lambda: orders.dynamodb.transact_write_items(TransactItems=[put, fails]))
    assert code == "TransactionCanceledException"
    assert orders.records() == []
    orders.dynamodb.transact_write_items(TransactItems=[put])
    assert orders.events() == ["INSERT"]


def test_sequence_numbers_grow_and_are_never_used_again(orders: Orders) -> None:
    for n in range(5):
        orders.put(n={"N": str(n)})
        orders.records()
    found = numbers(orders.records())
    assert found == sorted(set(found))
    assert len(found) == 5


def test_a_stream_is_listed_and_described(orders: Orders) -> None:
    label = orders.arn.rpartition("/")[2]
    datetime.strptime(label, "%Y-%m-%dT%H:%M:%S.%f").replace(tzinfo=UTC)
    assert len(label) == len("2026-09-17T13:26:53.746")
    listed = {"StreamArn": orders.arn, "TableName": "orders", "StreamLabel": label}
    assert orders.streams.list_streams()["Streams"] == [listed]
    assert orders.streams.list_streams(TableName="orders")["Streams"] == [listed]
    assert orders.streams.list_streams(TableName="other")["Streams"] == []
    described = orders.stream()
    (shard,) = described.pop("Shards")
    assert described.pop("CreationRequestDateTime")
    assert described == {
        **listed,
        "StreamStatus": "ENABLED",
        "StreamViewType": BOTH,
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
    }
    prefix, digits, suffix = shard["ShardId"].split("-")
    assert (prefix, len(digits), len(suffix)) == ("shardId", 20, 8)
    assert "EndingSequenceNumber" not in shard["SequenceNumberRange"]
    assert orders.stream(ExclusiveStartShardId=shard["ShardId"])["Shards"] == []
    children = {"Type": "CHILD_SHARDS", "ShardId": shard["ShardId"]}
    assert orders.stream(ShardFilter=children)["Shards"] == []
    table = orders.dynamodb.describe_table(TableName="orders")["Table"]
    assert table["LatestStreamArn"] == orders.arn


def test_a_client_that_has_the_endpoint_from_its_environment_comes_here_too(
    orders: Orders, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With an ARN boto3 calls an address of the account, which moto does not know."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", orders.server.endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", orders.account)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_ACCOUNT_ID", orders.account)
    streams = boto3.client("dynamodbstreams", region_name="eu-west-1")
    described = streams.describe_stream(StreamArn=orders.arn)["StreamDescription"]
    assert described["StreamArn"] == orders.arn


def test_streams_come_in_pages_and_only_to_their_own_region(orders: Orders) -> None:
    for name in ("a", "b"):
        orders.dynamodb.create_table(
            TableName=name,
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
            StreamSpecification=on("KEYS_ONLY"),
        )
    found: list[str] = []
    more: dict[str, str] = {}
    while True:
        page = orders.streams.list_streams(Limit=1, **more)
        found += [each["TableName"] for each in page["Streams"]]
        if "LastEvaluatedStreamArn" not in page:
            break
        more = {"ExclusiveStartStreamArn": page["LastEvaluatedStreamArn"]}
    assert found == ["a", "b", "orders"]
    other = client(orders.server, "dynamodbstreams", "us-east-1", orders.account)
    assert other.list_streams()["Streams"] == []
    assert refusal(lambda: other.describe_stream(StreamArn=orders.arn)) == (
        "ResourceNotFoundException"
    )


def test_each_kind_of_iterator_begins_where_it_says(orders: Orders) -> None:
    latest = orders.iterator("LATEST")
    for n in range(4):
        orders.put(n={"N": str(n)})
    all_ = orders.records()
    second = all_[1]["dynamodb"]["SequenceNumber"]
    at = orders.records(orders.iterator("AT_SEQUENCE_NUMBER", SequenceNumber=second))
    after = orders.records(orders.iterator("AFTER_SEQUENCE_NUMBER", SequenceNumber=second))
    assert (at, after) == (all_[1:], all_[2:])
    assert orders.records(latest) == all_
    assert orders.records(orders.iterator("LATEST")) == []
    hour = timedelta(hours=1)
    now = all_[0]["dynamodb"]["ApproximateCreationDateTime"]
    assert orders.records(orders.iterator("AT_TIMESTAMP", Timestamp=now - hour)) == all_
    assert orders.records(orders.iterator("AT_TIMESTAMP", Timestamp=now + hour)) == []
    start = orders.stream()["Shards"][0]["SequenceNumberRange"]["StartingSequenceNumber"]
    assert orders.records(orders.iterator("AT_SEQUENCE_NUMBER", SequenceNumber=start)) == all_


def test_records_come_in_pages(orders: Orders) -> None:
    for n in range(5):
        orders.put(n={"N": str(n)})
    iterator, found = orders.iterator(), []
    for _ in range(3):
        answer = orders.streams.get_records(ShardIterator=iterator, Limit=2)
        found.append(len(answer["Records"]))
        iterator = answer["NextShardIterator"]
    assert found == [2, 2, 1]
    big = {"S": "x" * 390_000}
    for n in range(4):
        orders.put(n={"N": str(10 + n)}, text=big)
    first = orders.streams.get_records(ShardIterator=iterator)
    assert 0 < len(first["Records"]) < 4  # at most 1 MiB at once
    rest = orders.streams.get_records(ShardIterator=first["NextShardIterator"])
    assert rest["Records"]


def test_a_bad_request_is_refused_with_the_error_of_aws(orders: Orders) -> None:
    streams, arn, shard = orders.streams, orders.arn, orders.shard_id
    unknown = arn[:-1] + ("1" if arn[-1] != "1" else "2")
    nowhere = f"shardId-{0:020}-00000000"

    def iterator(kind: str, arn: str = arn, shard: str = shard, **more: object) -> Any:  # noqa: ANN401
        return lambda: streams.get_shard_iterator(
            StreamArn=arn, ShardId=shard, ShardIteratorType=kind, **more
        )

    assert refusal(lambda: streams.describe_stream(StreamArn=unknown)) == (
        "ResourceNotFoundException"
    )
    assert refusal(lambda: streams.describe_stream(StreamArn="x" * 40)) == "ValidationException"
    assert refusal(lambda: streams.list_streams(Limit=101)) == "ValidationException"
    assert refusal(iterator("LATEST", unknown)) == "ResourceNotFoundException"
    assert refusal(iterator("LATEST", shard=nowhere)) == "ResourceNotFoundException"
    assert refusal(iterator("NEWEST")) == "ValidationException"
    assert refusal(iterator("AT_SEQUENCE_NUMBER")) == "ValidationException"
    assert refusal(iterator("LATEST", SequenceNumber="1" * 21)) == "ValidationException"
    for number in ("1" * 21, "9" * 30, "x" * 25):
        refused = refusal(iterator("AFTER_SEQUENCE_NUMBER", SequenceNumber=number))
        assert refused == "ValidationException"
    for bad in ("x", f"{arn}|1|AAAA", f"{arn}|1|"):
        assert refusal(lambda bad=bad: streams.get_records(ShardIterator=bad)) == (  # type: ignore[misc]
            "ValidationException"
        )
    good = orders.iterator()
    assert refusal(lambda: streams.get_records(ShardIterator=good, Limit=1001)) == (
        "ValidationException"
    )


def move_clock(state: Path, seconds: float) -> None:
    """Let so many seconds pass."""
    server = running_server(state)
    assert server
    ask(server, "faults", {"clock": seconds})


def test_an_iterator_expires_after_fifteen_minutes(alone: Orders, tmp_path: Path) -> None:
    iterator = alone.iterator()
    move_clock(tmp_path, 14 * 60)
    assert alone.records(iterator) == []
    move_clock(tmp_path, 2 * 60)
    assert refusal(lambda: alone.records(iterator)) == "ExpiredIteratorException"


def test_a_record_is_there_for_a_day(alone: Orders, tmp_path: Path) -> None:
    alone.put(n={"N": "1"})
    (old,) = numbers(alone.records())
    move_clock(tmp_path, 23 * 3600)
    alone.put(n={"N": "2"})
    assert alone.events() == ["INSERT", "MODIFY"]
    move_clock(tmp_path, 2 * 3600)
    assert alone.events() == ["MODIFY"]
    code = refusal(lambda: alone.iterator("AT_SEQUENCE_NUMBER", SequenceNumber=str(old)))
    assert code == "TrimmedDataAccessException"
    start = alone.stream()["Shards"][0]["SequenceNumberRange"]["StartingSequenceNumber"]
    assert [int(start)] == numbers(alone.records())
    move_clock(tmp_path, 40 * 3600)
    alone.put(n={"N": "3"})
    (newest,) = numbers(alone.records())
    assert newest > int(start)


def test_an_item_whose_time_to_live_has_passed_is_removed_by_dynamodb(
    alone: Orders, tmp_path: Path
) -> None:
    alone.dynamodb.update_time_to_live(
        TableName="orders", TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires"}
    )
    now = int(datetime.now(UTC).timestamp())
    hour, day = now + 3600, now + 86_400
    for key, value in (
        ("soon", {"N": str(hour)}),
        ("later", {"N": str(day)}),
        ("text", {"S": str(hour)}),
        ("milliseconds", {"N": f"{hour}000"}),
        ("long ago", {"N": "1"}),
        ("never", {"NULL": True}),
    ):
        item = {"pk": {"S": key}, "expires": value}
        alone.dynamodb.put_item(TableName="orders", Item=item)
    move_clock(tmp_path, 2 * 3600)
    records: list[dict[str, Any]] = []
    while not records:  # within seconds
        records = [each for each in alone.records() if each["eventName"] == "REMOVE"]
    (record,) = records
    assert record["userIdentity"] == {
        "PrincipalId": "dynamodb.amazonaws.com",
        "Type": "Service",
    }
    assert record["dynamodb"]["Keys"] == {"pk": {"S": "soon"}}
    assert record["dynamodb"]["OldImage"]["expires"] == {"N": str(hour)}
    left = {each["pk"]["S"] for each in alone.dynamodb.scan(TableName="orders")["Items"]}
    assert left == {"later", "text", "milliseconds", "long ago", "never"}
    os.kill(alone.server.pid, SIGKILL)
    with ours_in(tmp_path) as server:
        scanned = client(server, "dynamodb").scan(TableName="orders")["Items"]
        assert {each["pk"]["S"] for each in scanned} == left


def test_a_stream_is_turned_off_and_on_again_as_another_one(new: New) -> None:
    orders = new(None)
    orders.put(n={"N": "1"})

    def change(specification: dict[str, object]) -> dict[str, Any]:
        answer = orders.dynamodb.update_table(TableName="orders", StreamSpecification=specification)
        table: dict[str, Any] = answer["TableDescription"]
        return table

    assert orders.streams.list_streams()["Streams"] == []
    assert refusal(lambda: change({"StreamEnabled": False})) == "ValidationException"
    assert refusal(lambda: change({"StreamEnabled": True})) == "ValidationException"
    orders.arn = first = change(on("NEW_IMAGE"))["LatestStreamArn"]
    assert refusal(lambda: change(on("OLD_IMAGE"))) == "ValidationException"
    orders.put(n={"N": "2"})
    change({"StreamEnabled": False})
    orders.put(n={"N": "3"})  # moto alone breaks here
    answer = orders.streams.get_records(ShardIterator=orders.iterator())
    assert [each["dynamodb"]["NewImage"]["n"]["N"] for each in answer["Records"]] == ["2"]
    assert "NextShardIterator" not in answer  # the shard is closed, and read
    described = orders.stream()
    assert described["StreamStatus"] == "DISABLED"
    range_ = described["Shards"][0]["SequenceNumberRange"]
    assert range_["EndingSequenceNumber"] == answer["Records"][0]["dynamodb"]["SequenceNumber"]
    orders.arn = change(on("OLD_IMAGE"))["LatestStreamArn"]
    assert orders.arn != first
    orders.put(n={"N": "4"})
    (record,) = orders.records()
    assert record["dynamodb"]["OldImage"]["n"] == {"N": "3"}


def test_a_deleted_tables_stream_can_be_read_to_its_end(orders: Orders) -> None:
    orders.put()
    orders.dynamodb.delete_table(TableName="orders")
    answer = orders.streams.get_records(ShardIterator=orders.iterator())
    assert [each["eventName"] for each in answer["Records"]] == ["INSERT"]  # not its deletion
    assert "NextShardIterator" not in answer
    first, again = orders.arn, Orders(orders.server, account=orders.account)
    assert again.arn != first
    assert again.records() == []


def test_records_and_iterators_outlive_a_killed_server(start: Start) -> None:
    with start() as server:
        orders = Orders(server)
        iterator = orders.iterator()
        for n in range(3):
            orders.put(n={"N": str(n)})
        before, arn, shard = orders.records(), orders.arn, orders.shard_id
        os.kill(server.pid, SIGKILL)
    with start() as server:
        orders.streams, orders.dynamodb = (
            client(server, each) for each in ("dynamodbstreams", "dynamodb")
        )
        assert (orders.records(iterator), orders.shard_id) == (before, shard)
        orders.put(n={"N": "2"})  # as it is
        orders.put(n={"N": "3"})
        after = orders.records()
        assert after[:3] == before
        assert [each["eventName"] for each in after[3:]] == ["MODIFY"]
        assert numbers(after) == sorted(set(numbers(after)))
        table = orders.dynamodb.describe_table(TableName="orders")["Table"]
        assert table["LatestStreamArn"] == arn


def test_without_a_journal_a_stream_ends_with_the_server(start: Start) -> None:
    with start("--neighbours-in-memory") as server:
        orders = Orders(server)
        orders.put()
        assert orders.events() == ["INSERT"]
    with start("--neighbours-in-memory") as server:
        assert client(server, "dynamodbstreams").list_streams()["Streams"] == []


TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Orders:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: orders
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: pk, AttributeType: S}]
      KeySchema: [{AttributeName: pk, KeyType: HASH}]
      StreamSpecification: {StreamViewType: VIEW}
  World:
    Type: AWS::DynamoDB::GlobalTable
    Properties:
      TableName: world
      BillingMode: PROVISIONED
      WriteProvisionedThroughputSettings: {WriteCapacityAutoScalingSettings: {MinCapacity: 1}}
      AttributeDefinitions: [{AttributeName: pk, AttributeType: S}]
      KeySchema: [{AttributeName: pk, KeyType: HASH}]
      StreamSpecification: {StreamViewType: NEW_AND_OLD_IMAGES}
      Replicas: [{Region: us-east-1}]
  Quiet:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: quiet
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: pk, AttributeType: S}]
      KeySchema: [{AttributeName: pk, KeyType: HASH}]
Outputs:
  Orders: {Value: !GetAtt Orders.StreamArn}
  World: {Value: !Sub "${World.StreamArn}"}
"""


def streams_of_template(server: Started) -> tuple[dict[str, str], dict[str, str]]:
    """What GetAtt StreamArn of the template gives, and the streams that there are."""
    region = "us-east-1"
    stack = client(server, "cloudformation", region).describe_stacks()["Stacks"][0]
    said = {each["OutputKey"].lower(): each["OutputValue"] for each in stack["Outputs"]}
    listed = client(server, "dynamodbstreams", region).list_streams()["Streams"]
    return said, {each["TableName"]: each["StreamArn"] for each in listed}


@pytest.mark.parametrize("options", [(), ("--neighbours-in-memory",)], ids=["kept", "in-memory"])
def test_the_templates_tables_have_the_streams_that_get_att_names(
    tmp_path: Path, options: tuple[str, ...]
) -> None:
    template, state = tmp_path / "template.yaml", tmp_path / "state"

    def said_and_there(view: str) -> dict[str, str]:
        template.write_text(TEMPLATE.replace("VIEW", view))
        arguments = ("--template", str(template), "--region", "us-east-1", *options)
        with ours_in(state, *arguments) as server:
            said, there = streams_of_template(server)
        assert said == there
        assert said.keys() == {"orders", "world"}
        return said

    first, again, other = (said_and_there(view) for view in ("KEYS_ONLY", "KEYS_ONLY", "NEW_IMAGE"))
    is_kept = not options
    assert (first == again) is is_kept
    assert first["orders"] != other["orders"]  # what its records have is another stream's business
    assert (first["world"] == other["world"]) is is_kept


def test_a_table_of_terraform_has_its_keys_its_indexes_and_its_stream(tmp_path: Path) -> None:
    name = {"type": "aws_dynamodb_table", "name": "orders", "mode": "managed"}
    values = {
        "name": "orders",
        "hash_key": "pk",
        "range_key": "sk",
        "attribute": [{"name": each, "type": "S"} for each in ("pk", "sk", "day")],
        "billing_mode": "PROVISIONED",
        "read_capacity": 5,
        "write_capacity": 5,
        "global_secondary_index": [
            {"name": "by-day", "hash_key": "day", "projection_type": "KEYS_ONLY"}
        ],
        "local_secondary_index": [
            {
                "name": "of-day",
                "range_key": "day",
                "projection_type": "INCLUDE",
                "non_key_attributes": ["n"],
            }
        ],
        "ttl": [{"enabled": True, "attribute_name": "expires"}],
        "stream_enabled": True,
        "stream_view_type": "KEYS_ONLY",
    }
    resource = {"address": "aws_dynamodb_table.orders", **name}
    plan = {
        "format_version": "1.2",
        "terraform_version": "1.9.0",
        "planned_values": {"root_module": {"resources": [{**resource, "values": values}]}},
        "configuration": {"root_module": {"resources": [{**resource, "expressions": {}}]}},
    }
    template = tmp_path / "plan.json"
    template.write_text(json.dumps(plan))
    state = tmp_path / "state"
    with ours_in(state, "--template", str(template), "--region", "us-east-1") as server:
        dynamodb = client(server, "dynamodb", "us-east-1")
        table = dynamodb.describe_table(TableName="orders")["Table"]
        assert [each["AttributeName"] for each in table["KeySchema"]] == ["pk", "sk"]
        (by_day,) = table["GlobalSecondaryIndexes"]
        assert [each["AttributeName"] for each in by_day["KeySchema"]] == ["day"]
        (of_day,) = table["LocalSecondaryIndexes"]
        assert [each["AttributeName"] for each in of_day["KeySchema"]] == ["pk", "day"]
        to_live = dynamodb.describe_time_to_live(TableName="orders")["TimeToLiveDescription"]
        assert to_live == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires"}
        streams = client(server, "dynamodbstreams", "us-east-1")
        described = streams.describe_stream(StreamArn=table["LatestStreamArn"])
        assert described["StreamDescription"]["StreamViewType"] == "KEYS_ONLY"
