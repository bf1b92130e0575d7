"""The faults that are switched on while the server runs, and the clock that is moved."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError
from mypy_boto3_kinesis import KinesisClient

from tests.servers import Started, ours_in

from .conftest import Control, client_of, control

SHARD = "shardId-000000000000"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Started]:
    with ours_in(tmp_path, "--stream", "stream=1") as started:
        yield started


@pytest.fixture
def kinesis(server: Started) -> KinesisClient:
    return client_of(server, key="key")


@pytest.fixture
def faults(server: Started, tmp_path: Path) -> Control:
    return control(server, tmp_path)


def put(kinesis: KinesisClient) -> None:
    kinesis.put_record(StreamName="stream", Data=b"x", PartitionKey="a")


def records(kinesis: KinesisClient) -> int:
    iterator = kinesis.get_shard_iterator(
        StreamName="stream", ShardId=SHARD, ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    return len(kinesis.get_records(ShardIterator=iterator)["Records"])


def test_a_500_stores_nothing(kinesis: KinesisClient, faults: Control) -> None:
    faults(set={"error": 1.0})
    with pytest.raises(ClientError) as refused:
        put(kinesis)
    assert refused.value.response["Error"]["Code"] == "InternalFailure"
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500
    faults(clear=True)
    assert records(kinesis) == 0


@pytest.mark.parametrize(("cut", "stored"), [("before", 0), ("after", 1)])
def test_a_cut_connection_leaves_what_was_stored(
    kinesis: KinesisClient, faults: Control, cut: str, stored: int
) -> None:
    faults(set={"cut": cut, "operations": ["PutRecord"]})
    with pytest.raises((ConnectionClosedError, OSError)):
        put(kinesis)
    assert records(kinesis) == stored


def test_a_share_of_entries_fails(kinesis: KinesisClient, faults: Control) -> None:
    faults(set={"fail": 0.5})
    answer = kinesis.put_records(
        StreamName="stream", Records=[{"Data": b"x", "PartitionKey": "a"} for _ in range(500)]
    )
    failed = [record for record in answer["Records"] if "ErrorCode" in record]
    assert answer["FailedRecordCount"] == len(failed)
    assert 100 < len(failed) < 400
    assert failed[0]["ErrorCode"] == "InternalFailure"
    assert records(kinesis) == 500 - len(failed)


def test_a_throttled_shard_refuses_writes(kinesis: KinesisClient, faults: Control) -> None:
    faults(set={"throttle": [f"stream/{SHARD}"]})
    with pytest.raises(kinesis.exceptions.ProvisionedThroughputExceededException) as refused:
        put(kinesis)
    assert refused.value.response["Error"]["Message"] == (
        f"Rate exceeded for shard {SHARD} in stream stream under account 000000000000."
    )


def test_five_minutes_later_an_iterator_has_expired(
    kinesis: KinesisClient, faults: Control
) -> None:
    iterator = kinesis.get_shard_iterator(
        StreamName="stream", ShardId=SHARD, ShardIteratorType="LATEST"
    )["ShardIterator"]
    assert kinesis.get_records(ShardIterator=iterator)["Records"] == []
    faults(clock=360)
    with pytest.raises(kinesis.exceptions.ExpiredIteratorException, match="300000 milliseconds"):
        kinesis.get_records(ShardIterator=iterator)


def test_a_day_later_records_are_gone(kinesis: KinesisClient, faults: Control) -> None:
    put(kinesis)
    faults(clock=24 * 3600 + 60)
    assert records(kinesis) == 0


def test_five_minutes_later_a_subscription_has_ended(
    kinesis: KinesisClient, faults: Control
) -> None:
    summary = kinesis.describe_stream_summary(StreamName="stream")["StreamDescriptionSummary"]
    consumer = kinesis.register_stream_consumer(StreamARN=summary["StreamARN"], ConsumerName="c")
    events = iter(
        kinesis.subscribe_to_shard(
            ConsumerARN=consumer["Consumer"]["ConsumerARN"],
            ShardId=SHARD,
            StartingPosition={"Type": "LATEST"},
        )["EventStream"]
    )
    first = next(events)
    assert first["SubscribeToShardEvent"]["ContinuationSequenceNumber"]
    faults(clock=301)
    assert list(events) == []
