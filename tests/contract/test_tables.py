"""DynamoDB beside the streams: leases are taken once, and outlive the server."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path
from signal import SIGKILL
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.servers import Started, ours_in

pytestmark = pytest.mark.slow

WRITERS, ROUNDS = 8, 300

Start = Callable[..., AbstractContextManager[Started]]


def client(server: Started, service: str = "dynamodb") -> Any:  # noqa: ANN401
    return boto3.client(
        service,  # type: ignore[call-overload]
        endpoint_url=server.endpoint,
        region_name="us-east-1",
        aws_access_key_id="key",
        aws_secret_access_key="secret",
        config=Config(retries={"max_attempts": 0}, max_pool_connections=WRITERS),
    )


@pytest.fixture
def start(tmp_path: Path) -> Start:
    return lambda *options: ours_in(tmp_path, *options)


def kill(server: Started) -> None:
    import os

    os.kill(server.pid, SIGKILL)


def make_leases(dynamodb: Any, **more: Any) -> None:  # noqa: ANN401
    dynamodb.create_table(
        TableName="leases",
        KeySchema=[{"AttributeName": "leaseKey", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "leaseKey", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        **more,
    )


def test_a_lease_is_taken_by_one_of_eight_at_once(start: Start) -> None:
    with start() as server, ThreadPoolExecutor(WRITERS) as writers:
        dynamodb = client(server)
        make_leases(dynamodb)
        dynamodb.put_item(
            TableName="leases", Item={"leaseKey": {"S": "shard"}, "counter": {"N": "0"}}
        )

        def take(owner: int, counter: int) -> bool:
            try:
                dynamodb.update_item(
                    TableName="leases",
                    Key={"leaseKey": {"S": "shard"}},
                    UpdateExpression="SET leaseOwner = :o, #c = :next, #w = :o",
                    ConditionExpression="#c = :now",
                    ExpressionAttributeNames={"#c": "counter", "#w": f"worker{owner}"},
                    ExpressionAttributeValues={
                        ":o": {"S": str(owner)},
                        ":now": {"N": str(counter)},
                        ":next": {"N": str(counter + 1)},
                    },
                )
            except ClientError as error:
                if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                    raise
                return False
            return True

        for counter in range(ROUNDS):
            won = list(writers.map(take, range(WRITERS), [counter] * WRITERS))
            assert won.count(True) == 1


def test_tables_and_items_outlive_a_killed_server(start: Start) -> None:
    with start() as server:
        dynamodb = client(server)
        make_leases(dynamodb, StreamSpecification={
            "StreamEnabled": True, "StreamViewType": "NEW_IMAGE"
        })  # fmt: skip
        dynamodb.update_time_to_live(
            TableName="leases",
            TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires"},
        )
        dynamodb.create_table(
            TableName="pairs",
            KeySchema=[
                {"AttributeName": "a", "KeyType": "HASH"},
                {"AttributeName": "b", "KeyType": "RANGE"},
            ],
            AttributeDefinitions=[
                {"AttributeName": "a", "AttributeType": "N"},
                {"AttributeName": "b", "AttributeType": "B"},
                {"AttributeName": "c", "AttributeType": "S"},
            ],
            GlobalSecondaryIndexes=[
                {
                    "IndexName": "by-c",
                    "KeySchema": [{"AttributeName": "c", "KeyType": "HASH"}],
                    "Projection": {"ProjectionType": "ALL"},
                }
            ],
            BillingMode="PAY_PER_REQUEST",
        )
        for name in ("one", "two", "three"):
            dynamodb.put_item(TableName="leases", Item={"leaseKey": {"S": name}})
        dynamodb.update_item(
            TableName="leases",
            Key={"leaseKey": {"S": "one"}},
            UpdateExpression="ADD n :n",
            ExpressionAttributeValues={":n": {"N": "5"}},
        )
        dynamodb.delete_item(TableName="leases", Key={"leaseKey": {"S": "two"}})
        nested = {"l": {"L": [{"B": b"\x01"}, {"M": {"x": {"BS": [b"\x02"]}}}, {"NULL": True}]}}
        pair = {
            "a": {"N": "1.0"},
            "b": {"B": b"\x00\xff"},
            "c": {"S": "\u00e9"},
            "d": {"M": nested},
            "e": {"SS": ["x", "y"]},
        }
        dynamodb.batch_write_item(
            RequestItems={
                "pairs": [
                    {"PutRequest": {"Item": pair}},
                    {"PutRequest": {"Item": {"a": {"N": "2"}, "b": {"B": b""}, "c": {"S": "x"}}}},
                ]
            }
        )
        dynamodb.transact_write_items(
            TransactItems=[
                {"Put": {"TableName": "leases", "Item": {"leaseKey": {"S": "four"}}}},
                {
                    "Delete": {
                        "TableName": "pairs",
                        "Key": {"a": {"N": "2.0"}, "b": {"B": b""}},
                    }
                },
            ]
        )
        arn = dynamodb.describe_table(TableName="leases")["Table"]["TableArn"]
        dynamodb.put_item(TableName=arn, Item={"leaseKey": {"S": "five"}})
        with pytest.raises(ClientError):
            dynamodb.put_item(TableName="leases", Item={"wrong": {"S": "x"}})
        before = everything(dynamodb)
        kill(server)
    assert [item["leaseKey"]["S"] for item in before["leases"][1]] == [
        *("five", "four", "one", "three"),
    ]
    assert before["pairs"][1] == [pair]

    for _ in range(2):  # what was restored is kept, too
        with start() as server:
            again = client(server)
            assert everything(again) == before
            found = again.query(
                TableName="pairs",
                IndexName="by-c",
                KeyConditionExpression="c = :c",
                ExpressionAttributeValues={":c": {"S": "\u00e9"}},
            )
            assert found["Items"] == [pair]
            kill(server)


def test_deleted_tables_and_those_in_memory_end_with_the_server(start: Start) -> None:
    with start() as server:
        make_leases(client(server))
        client(server).delete_table(TableName="leases")
    with start("--neighbours-in-memory") as server:
        assert client(server).list_tables()["TableNames"] == []
        make_leases(client(server))
    with start() as server:
        assert client(server).list_tables()["TableNames"] == []


@pytest.mark.parametrize("name", ["messages.sqlite3", "tables.sqlite3"])
def test_a_journal_that_is_not_ours_is_refused_at_the_start_and_left_alone(
    start: Start, tmp_path: Path, name: str
) -> None:
    journal = tmp_path / name
    journal.write_bytes(b"not a database" * 100)
    with pytest.raises(RuntimeError, match="file is not a database"), start():
        pass
    assert journal.read_bytes() == b"not a database" * 100
    with start("--neighbours-in-memory") as server:
        assert client(server).list_tables()["TableNames"] == []


def everything(dynamodb: Any) -> dict[str, tuple[Any, list[Any], Any]]:  # noqa: ANN401
    """By the table's name: its description, its items in order, its time to live."""
    found = {}
    for name in dynamodb.list_tables()["TableNames"]:
        items = dynamodb.scan(TableName=name)["Items"]
        found[name] = (
            dynamodb.describe_table(TableName=name)["Table"],
            sorted(items, key=repr),
            dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"],
        )
    return found
