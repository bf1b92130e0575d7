"""Changes of tables in a test: made, or read from a table of moto's."""

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import boto3
import pytest
from botocore.config import Config
from moto import mock_aws

from kinesis_cli.errors import InputError
from kinesis_cli.testing import Kinesis, Record

pytestmark = pytest.mark.slow

Event = dict[str, Any]
Json = Any  # or what boto3 makes while a program runs
ITEM = {"pk": "a", "sk": 1, "n": Decimal("1.50"), "tags": {"x", "y"}, "raw": b"\x00"}


@pytest.fixture
def kinesis() -> Kinesis:
    return Kinesis(mapping={})


def told(event: Event) -> list[str]:
    return [
        f"{each['eventName']} {each['dynamodb']['Keys']['pk']['S']}" for each in event["Records"]
    ]


def change_of(record: Record) -> Json:
    return json.loads(record.raw)["dynamodb"]


# Made


def test_items_become_changes_of_a_table(kinesis: Kinesis) -> None:
    records = kinesis.changes([ITEM, {**ITEM, "pk": "b"}], "put,update,ttl", keys="pk,sk")
    event = kinesis.event(records)
    assert told(event) == [f"{name} {pk}" for pk in "ab" for name in ("INSERT", "MODIFY", "REMOVE")]
    assert change_of(records[0])["NewImage"]["n"] == {"N": "1.5"}
    assert change_of(records[0])["NewImage"]["tags"] == {"SS": ["x", "y"]}
    assert event["Records"][2]["userIdentity"]["principalId"] == "dynamodb.amazonaws.com"


def test_changes_are_delivered_under_the_rules_of_a_mapping(kinesis: Kinesis) -> None:
    records = kinesis.changes([{"id": "1"}, {"id": "2"}, {"id": "3"}], keys="id")
    calls: list[int] = []

    def handler(event: Event, _: object) -> Event:
        calls.append(len(event["Records"]))
        bad = [
            each["dynamodb"]
            for each in event["Records"]
            if each["dynamodb"]["Keys"]["id"]["S"] == "2"
        ]
        return {"batchItemFailures": [{"itemIdentifier": each["SequenceNumber"]} for each in bad]}

    run = kinesis.deliver(
        records,
        handler,
        FunctionResponseTypes=["ReportBatchItemFailures"],
        MaximumRetryAttempts=1,
        BisectBatchOnFunctionError=True,
    )
    assert run.discarded == [records[1]]
    assert run.succeeded == 2
    assert run.documents[0]["DDBStreamBatchInfo"]["batchSize"] == 1
    assert "given up: RetryAttemptsExhausted" in run.life(records[1])
    assert run.mapping.kind.name == "dynamodb"


def test_a_pair_is_one_change(kinesis: Kinesis) -> None:
    old, new = {"id": "1", "n": 1}, {"id": "1", "n": 2}
    pairs = [(None, old), (old, new), (new, None)]
    records = kinesis.changes(pairs, keys=["id"], view="OLD_IMAGE", interval=0.5)
    assert [each["eventName"] for each in kinesis.event(records)["Records"]] == [
        *("INSERT", "MODIFY", "REMOVE")
    ]
    assert ["OldImage" in change_of(each) for each in records] == [False, True, True]
    assert not any("NewImage" in change_of(each) for each in records)
    assert [each.arrival - records[0].arrival for each in records] == [0, 0, 1]


def test_what_is_made_later_comes_later(kinesis: Kinesis) -> None:
    first = kinesis.changes([{"id": "1"}], keys="id")
    second = kinesis.at("+10").changes([{"id": "2"}], keys="id")
    run = kinesis.deliver(first + second, lambda event, context: None)
    assert run.succeeded == 2
    again = Kinesis(mapping={}).changes([{"id": "1"}], keys="id")
    assert [each.raw for each in again] == [each.raw for each in first]


def test_an_event_of_changes_is_delivered(kinesis: Kinesis) -> None:
    event = kinesis.event(kinesis.changes([{"id": "1"}], keys="id"))
    assert kinesis.deliver(event, lambda event, context: None).succeeded == 1


@pytest.mark.parametrize(
    ("items", "options", "problem"),
    [
        ({"id": "1"}, {}, "payloads come in a list, this is one dict"),
        ([{"pk": "1"}], {}, "item 1: the item has no attribute 'id'"),
        ([{"id": 1.5, "x": object()}], {}, "item 1, x: DynamoDB has no type for object"),
        ([{"id": "1"}], {"changes": "drop"}, "changes: 'drop' is not a change"),
        ([{"id": "1"}], {"keys": "a,b,c"}, "keys: 'a,b,c' does not name a table's key"),
        ([{"id": "1"}], {"view": "ALL"}, "view: 'ALL' is not a StreamViewType"),
        ([{"id": "1"}], {"table": "a b"}, "table: 'a b' is not the name of a table"),
        ([{"id": "1"}], {"shards": 0}, "0 shards"),
        ([{"id": "1"}, (None, {"id": "1"})], {}, "items and pairs (old, new) are mixed"),
        ([(None, None)], {}, "change 1: a change is a pair"),
        ([({"id": "1"}, {"id": "2"})], {}, "change 1: before and after are different items"),
        ([({"id": "1"}, {"id": "1"})], {}, "change 1: the item stays as it is"),
    ],
)
def test_what_cannot_be_a_change_is_refused(
    items: Json,
    options: dict[str, Any],
    problem: str,
    kinesis: Kinesis,
) -> None:
    with pytest.raises(InputError) as caught:
        kinesis.changes(items, **{"keys": "id", **options})
    assert problem in str(caught.value)


def test_records_of_a_table_and_of_a_stream_are_not_delivered_together(kinesis: Kinesis) -> None:
    mixed = [*kinesis.changes([{"id": "1"}], keys="id"), *kinesis.records([b"x"])]
    with pytest.raises(InputError, match=r"Kinesis .*cannot be delivered together"):
        kinesis.deliver(mixed, lambda event, context: None)


# Read from moto


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with mock_aws():
        yield make_table("NEW_AND_OLD_IMAGES")


def make_table(view: str | None, name: str = "orders") -> Json:
    stream = {"StreamEnabled": True, "StreamViewType": view} if view else {"StreamEnabled": False}
    return boto3.resource("dynamodb").create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification=stream,
    )


class Seen:
    """A handler that keeps what it is called with."""

    def __init__(self) -> None:
        self.records: list[Any] = []

    def __call__(self, event: Event, context: object) -> None:
        self.records += event["Records"]


def test_the_stream_of_a_table_is_read_from_where_it_was(kinesis: Kinesis, table: Json) -> None:
    seen = Seen()
    assert kinesis.drain_table("orders", seen).succeeded == 0
    table.put_item(Item={"pk": "a", "n": 1})
    table.put_item(Item={"pk": "b", "raw": b"\x00\xff", "tags": {"x"}})
    assert kinesis.drain_table("orders", seen).succeeded == 2
    table.delete_item(Key={"pk": "a"})
    assert kinesis.drain_table("orders", seen).succeeded == 1
    assert kinesis.drain_table("orders", seen).succeeded == 0
    assert told({"Records": seen.records}) == ["INSERT a", "INSERT b", "REMOVE a"]
    assert seen.records[1]["dynamodb"]["NewImage"]["raw"] == {"B": "AP8="}
    assert seen.records[1]["dynamodb"]["NewImage"]["tags"] == {"SS": ["x"]}


def test_a_drained_table_gives_nothing_under_a_mapping_of_its_own(table: Json) -> None:
    arn = table.latest_stream_arn
    kinesis = Kinesis(mapping={"EventSourceArn": arn, "StartingPosition": "TRIM_HORIZON"})
    assert kinesis.drain_table("orders", Seen()).succeeded == 0


def test_records_look_as_dynamodb_writes_them_and_not_as_moto_does(
    kinesis: Kinesis,
    table: Json,
) -> None:
    seen = Seen()
    table.put_item(Item={"pk": "a", "n": 1})
    kinesis.drain_table("orders", seen)
    (record,) = seen.records
    assert list(record) == [
        *("eventID", "eventName", "eventVersion", "eventSource", "awsRegion", "dynamodb"),
        "eventSourceARN",
    ]
    assert (record["eventVersion"], record["awsRegion"]) == ("1.1", "eu-west-1")
    assert record["dynamodb"]["SizeBytes"] == 3 + 3 + 3
    assert record["dynamodb"]["ApproximateCreationDateTime"] % 1 == 0
    assert ":table/orders/stream/" in record["eventSourceARN"]


@pytest.mark.parametrize("view", ["NEW_AND_OLD_IMAGES", "NEW_IMAGE", "OLD_IMAGE", "KEYS_ONLY"])
def test_an_update_that_makes_an_item_is_one_insert(
    kinesis: Kinesis, table: Json, view: str
) -> None:
    made = make_table(view, "others")
    for pk in ("a", "b"):
        made.update_item(
            Key={"pk": pk}, UpdateExpression="SET n = :n", ExpressionAttributeValues={":n": 1}
        )
    seen = Seen()
    kinesis.drain_table("others", seen)
    assert told({"Records": seen.records}) == ["INSERT a", "INSERT b"]
    if "NEW" in view:
        assert seen.records[0]["dynamodb"]["NewImage"] == {"pk": {"S": "a"}, "n": {"N": "1"}}
    assert table.name == "orders"


def test_a_write_that_changes_nothing_is_no_record(kinesis: Kinesis, table: Json) -> None:
    for _ in range(3):
        table.put_item(Item={"pk": "a", "tags": {"x", "y", "z"}})
    table.delete_item(Key={"pk": "missing"})
    seen = Seen()
    kinesis.drain_table("orders", seen)
    assert told({"Records": seen.records}) == ["INSERT a"]


def test_an_item_that_was_removed_is_inserted_again(kinesis: Kinesis, table: Json) -> None:
    seen = Seen()
    for _ in range(2):
        table.put_item(Item={"pk": "a"})
        table.delete_item(Key={"pk": "a"})
    table.put_item(Item={"pk": "a"})
    kinesis.drain_table("orders", seen)
    assert told({"Records": seen.records}) == ["INSERT a", "REMOVE a"] * 2 + ["INSERT a"]


def test_a_table_with_many_changes_is_read_to_its_end(kinesis: Kinesis, table: Json) -> None:
    with table.batch_writer() as batch:
        for number in range(2_100):
            batch.put_item(Item={"pk": str(number)})
    assert kinesis.drain_table("orders", lambda event, context: None).succeeded == 2_100


def test_a_table_without_a_stream_is_named_with_what_to_do(kinesis: Kinesis, table: Json) -> None:
    make_table(None, "silent")
    for name in ("silent", "nowhere"):
        with pytest.raises(InputError, match=f"no table '{name}' whose stream is on") as caught:
            kinesis.drain_table(name, lambda event, context: None)
        assert "StreamSpecification=" in caught.value.advice
    assert table.name == "orders"


def test_a_client_that_moto_does_not_serve_is_named_with_one_that_it_does(
    kinesis: Kinesis,
    table: Json,
) -> None:
    table.put_item(Item={"pk": "a"})
    with pytest.raises(InputError, match="moto does not serve the address") as caught:
        kinesis.drain_table("orders", Seen(), client=boto3.client("dynamodbstreams"))
    assert 'Config(account_id_endpoint_mode="disabled")' in caught.value.advice
    config = Config(account_id_endpoint_mode="disabled")
    client = boto3.client("dynamodbstreams", config=config)
    assert kinesis.drain_table("orders", Seen(), client=client).succeeded == 1


def test_a_stream_is_named_by_its_arn_too(kinesis: Kinesis, table: Json) -> None:
    table.put_item(Item={"pk": "a"})
    seen = Seen()
    assert kinesis.drain_table(table.latest_stream_arn, seen).succeeded == 1
    assert kinesis.drain_table("orders", seen).succeeded == 0
