"""Taking up the records of a table's stream, which moto serves over HTTP."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any
from urllib.request import Request, urlopen

import boto3
import pytest
from moto.server import ThreadedMotoServer

from kinesis_cli.recordings.recording import Recording
from kinesis_cli.stream.kinds.dynamodb import DYNAMODB
from tests.e2e.programs import Kcli

pytestmark = pytest.mark.slow

ITEMS = 6


class Orders:
    """A table of moto's with a stream, and the command that talks to it."""

    def __init__(self, endpoint: str, kcli: Kcli, folder: Path) -> None:
        self.endpoint, self._kcli, self.folder = endpoint, kcli, folder
        self.region = "eu-west-1"
        dynamodb = self._client("dynamodb")
        made = dynamodb.create_table(
            TableName="orders",
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
        )
        self.arn: str = made["TableDescription"]["LatestStreamArn"]
        for number in range(ITEMS):
            dynamodb.put_item(TableName="orders", Item={"pk": {"S": f"item-{number}"}})
        self.dynamodb = dynamodb
        streams = self._client("dynamodbstreams")
        shard = streams.describe_stream(StreamArn=self.arn)["StreamDescription"]["Shards"][0]
        self.shard_id: str = shard["ShardId"]
        iterator = streams.get_shard_iterator(
            StreamArn=self.arn, ShardId=self.shard_id, ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        records = streams.get_records(ShardIterator=iterator)["Records"]
        self.numbers = [each["dynamodb"]["SequenceNumber"] for each in records]

    def _client(self, service: str) -> Any:  # noqa: ANN401 - boto3 makes classes as it runs
        return boto3.client(
            service,  # type: ignore[call-overload]
            endpoint_url=self.endpoint,
            region_name=self.region,
            aws_access_key_id="key",
            aws_secret_access_key="secret",
        )

    def document(self, first: int, last: int, **info: str) -> Path:
        """An on-failure document as a queue holds it."""
        file = self.folder / "document.json"
        batch = {
            "shardId": self.shard_id,
            "startSequenceNumber": self.numbers[first],
            "endSequenceNumber": self.numbers[last],
            "approximateArrivalOfFirstRecord": "2026-09-17T13:27:38Z",
            "approximateArrivalOfLastRecord": "2026-09-17T13:27:38Z",
            "batchSize": last - first + 1,
            "streamArn": self.arn,
        }
        document = {
            "requestContext": {
                "requestId": "c91a7b3f-7a5b-4b8e-9d0f-000000000000",
                "functionArn": "arn:aws:lambda:eu-west-1:123456789012:function:f",
                "condition": "RetryAttemptsExhausted",
                "approximateInvokeCount": 1,
            },
            "version": "1.0",
            "timestamp": "2026-09-17T13:27:39.123Z",
            "DDBStreamBatchInfo": {**batch, **info},
        }
        file.write_text(json.dumps(document))
        return file

    def redrive(self, *arguments: str) -> Any:  # noqa: ANN401
        """`kcli redrive … --output json`."""
        ended = self.run(*arguments, "--output", "json")
        assert ended.returncode == 0, ended.stderr
        return json.loads(ended.stdout)

    def run(self, *arguments: str) -> Any:  # noqa: ANN401
        """`kcli redrive` of the document."""
        return self._kcli(
            "redrive",
            "document.json",
            "--endpoint-url",
            self.endpoint,
            "--region",
            self.region,
            *arguments,
            cwd=self.folder,
            AWS_ACCESS_KEY_ID="key",
            AWS_SECRET_ACCESS_KEY="secret",
        )


@pytest.fixture
def orders(kcli: Kcli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Orders]:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        _, port = server.get_host_and_port()
        request = Request(f"http://127.0.0.1:{port}/moto-api/reset", method="POST")
        urlopen(request, timeout=60).close()  # moto keeps its tables for the whole process
        yield Orders(f"http://127.0.0.1:{port}", kcli, tmp_path)
    finally:
        server.stop()


def test_a_documents_records_are_fetched_by_their_numbers(orders: Orders) -> None:
    orders.document(1, 3)
    (document,) = orders.redrive()["documents"]
    assert (document["outcome"], document["missing"]) == ("shown", 0)
    numbers = [each["dynamodb"]["SequenceNumber"] for each in document["records"]]
    assert numbers == orders.numbers[1:4]
    for each in document["records"]:
        assert each["shardId"] == orders.shard_id
        assert each["eventSourceARN"] == orders.arn
        assert each["awsRegion"] == "eu-west-1"
        assert each["dynamodb"]["ApproximateCreationDateTime"] % 1 == 0
    shown = orders.run().stdout
    assert "of orders" in shown
    assert "item-2" in shown


def test_they_are_saved_as_a_recording_that_is_delivered_again(orders: Orders) -> None:
    orders.document(0, ITEMS - 1)
    result = orders.redrive("--save", "failed.ndjson")
    assert result["documents"][0]["outcome"] == "saved"
    with Recording.open([str(orders.folder / "failed.ndjson")]) as recording:
        assert recording.kind is DYNAMODB
        assert recording.shard_ids == (orders.shard_id,)
        assert [each.sequence_number for each in recording.records()] == orders.numbers


def test_a_function_handles_them(orders: Orders) -> None:
    (orders.folder / "h.py").write_text(
        dedent(
            """
            def handler(event, context):
                assert "shardId" not in event["Records"][0]
                changes = [record["dynamodb"] for record in event["Records"]]
                failed = [each for each in changes if each["Keys"] == {"pk": {"S": "item-4"}}]
                numbers = [each["SequenceNumber"] for each in failed]
                return {"batchItemFailures": [{"itemIdentifier": each} for each in numbers]}
            """
        )
    )
    orders.document(1, 2)
    for action in ("--invoke", "--simulate"):
        (handled,) = orders.redrive(action, "--handler", "h.py:handler")["documents"]
        assert handled["outcome"] == "handled"
    orders.document(3, 4)
    (failed,) = orders.redrive("--invoke", "--handler", "h.py:handler")["documents"]
    assert failed["outcome"] == "failed"
    assert failed["remark"] == "1 of 2 reported as failed"


def test_they_are_not_put_on_a_stream_and_one_that_is_gone_is_said(orders: Orders) -> None:
    orders.document(0, 1)
    (document,) = orders.redrive("--replay")["documents"]
    assert document["outcome"] == "failed"
    assert document["remark"] == "records of DynamoDB Streams cannot be put on a stream"
    gone = orders.arn.replace("table/orders", "table/gone")
    orders.document(0, 1, streamArn=gone)
    ended = orders.run("--output", "json")
    assert "Traceback" not in ended.stderr
    assert ended.returncode in (0, 3)
