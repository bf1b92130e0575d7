from collections.abc import Callable

import pytest
from botocore.exceptions import ClientError
from mypy_boto3_kinesis import KinesisClient


@pytest.fixture
def stream(our_kinesis: KinesisClient, make_stream: Callable[..., str]) -> str:
    return make_stream(our_kinesis)


def consumer_arn(kinesis: KinesisClient, stream: str, name: str = "fan-out") -> str:
    summary = kinesis.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]
    consumer = kinesis.register_stream_consumer(StreamARN=summary["StreamARN"], ConsumerName=name)
    return consumer["Consumer"]["ConsumerARN"]


def test_a_subscription_pushes_records_as_they_come(
    our_kinesis: KinesisClient, stream: str
) -> None:
    our_kinesis.put_record(StreamName=stream, Data=b"before", PartitionKey="a")
    events = our_kinesis.subscribe_to_shard(
        ConsumerARN=consumer_arn(our_kinesis, stream),
        ShardId="shardId-000000000000",
        StartingPosition={"Type": "TRIM_HORIZON"},
    )["EventStream"]
    found: list[bytes] = []
    for event in events:
        pushed = event["SubscribeToShardEvent"]
        assert pushed["ContinuationSequenceNumber"]
        found += [record["Data"] for record in pushed["Records"]]
        if found == [b"before"]:
            our_kinesis.put_record(StreamName=stream, Data=b"after", PartitionKey="a")
        if found == [b"before", b"after"]:
            break
    events.close()
    assert found == [b"before", b"after"]


def test_an_unknown_consumer_is_refused_before_the_stream_begins(
    our_kinesis: KinesisClient, stream: str
) -> None:
    arn = consumer_arn(our_kinesis, stream)
    our_kinesis.deregister_stream_consumer(ConsumerARN=arn)
    with pytest.raises(our_kinesis.exceptions.ResourceNotFoundException):
        our_kinesis.subscribe_to_shard(
            ConsumerARN=arn,
            ShardId="shardId-000000000000",
            StartingPosition={"Type": "LATEST"},
        )


def test_the_end_of_a_closed_shard_names_its_children(
    our_kinesis: KinesisClient, stream: str
) -> None:
    arn = consumer_arn(our_kinesis, stream)
    our_kinesis.split_shard(
        StreamName=stream,
        ShardToSplit="shardId-000000000000",
        NewStartingHashKey=str(2**127),
    )
    events = our_kinesis.subscribe_to_shard(
        ConsumerARN=arn,
        ShardId="shardId-000000000000",
        StartingPosition={"Type": "TRIM_HORIZON"},
    )["EventStream"]
    *_, last = events
    children = last["SubscribeToShardEvent"]["ChildShards"]
    assert [child["ShardId"][-1] for child in children] == ["1", "2"]


def test_a_dry_run_does_nothing(our_kinesis: KinesisClient, stream: str) -> None:
    with pytest.raises(ClientError) as refused:
        our_kinesis.put_record(StreamName=stream, Data=b"x", PartitionKey="a", DryRun=True)
    assert refused.value.response["Error"]["Code"] == "DryRunOperationException"
