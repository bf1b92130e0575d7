from collections.abc import Callable

import pytest
from mypy_boto3_kinesis import KinesisClient

from tests.servers import Started

from .conftest import client_of


def test_an_unknown_stream_is_named(kinesis: KinesisClient) -> None:
    with pytest.raises(kinesis.exceptions.ResourceNotFoundException) as refused:
        kinesis.describe_stream(StreamName="nowhere")
    message = refused.value.response["Error"]["Message"]
    assert message.startswith("Stream nowhere under account ")
    assert message.endswith(" not found.")


def test_a_stream_is_made_once(kinesis: KinesisClient, make_stream: Callable[..., str]) -> None:
    stream = make_stream(kinesis)
    with pytest.raises(kinesis.exceptions.ResourceInUseException, match="already exists"):
        kinesis.create_stream(StreamName=stream, ShardCount=1)


def test_tags_are_added_overwritten_and_removed(
    kinesis: KinesisClient, make_stream: Callable[..., str]
) -> None:
    stream = make_stream(kinesis)
    kinesis.add_tags_to_stream(StreamName=stream, Tags={"a": "1", "b": "2"})
    kinesis.add_tags_to_stream(StreamName=stream, Tags={"b": "3"})
    kinesis.remove_tags_from_stream(StreamName=stream, TagKeys=["a", "unknown"])
    assert kinesis.list_tags_for_stream(StreamName=stream)["Tags"] == [{"Key": "b", "Value": "3"}]


def test_retention_grows_and_shrinks_within_aws_bounds(
    kinesis: KinesisClient, make_stream: Callable[..., str]
) -> None:
    stream = make_stream(kinesis)
    kinesis.increase_stream_retention_period(StreamName=stream, RetentionPeriodHours=48)
    kinesis.decrease_stream_retention_period(StreamName=stream, RetentionPeriodHours=25)
    summary = kinesis.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]
    assert summary["RetentionPeriodHours"] == 25
    with pytest.raises(kinesis.exceptions.InvalidArgumentException, match="is too short"):
        kinesis.decrease_stream_retention_period(StreamName=stream, RetentionPeriodHours=23)


def test_an_on_demand_stream_has_four_shards(kinesis: KinesisClient) -> None:
    kinesis.create_stream(StreamName="on-demand", StreamModeDetails={"StreamMode": "ON_DEMAND"})
    kinesis.get_waiter("stream_exists").wait(
        StreamName="on-demand", WaiterConfig={"Delay": 0, "MaxAttempts": 1000}
    )
    summary = kinesis.describe_stream_summary(StreamName="on-demand")["StreamDescriptionSummary"]
    assert summary["OpenShardCount"] == 4


def test_without_a_shard_count_there_are_four_shards(kinesis: KinesisClient) -> None:
    kinesis.create_stream(StreamName="uncounted")
    kinesis.get_waiter("stream_exists").wait(
        StreamName="uncounted", WaiterConfig={"Delay": 0, "MaxAttempts": 1000}
    )
    assert len(kinesis.list_shards(StreamName="uncounted")["Shards"]) == 4


def test_a_stream_without_a_policy_has_an_empty_one(
    kinesis: KinesisClient, make_stream: Callable[..., str]
) -> None:
    stream = make_stream(kinesis)
    arn = kinesis.describe_stream(StreamName=stream)["StreamDescription"]["StreamARN"]
    kinesis.put_resource_policy(ResourceARN=arn, Policy='{"Version": "2012-10-17"}')
    kinesis.delete_resource_policy(ResourceARN=arn)
    assert kinesis.get_resource_policy(ResourceARN=arn)["Policy"] == "{}"
    with pytest.raises(kinesis.exceptions.ResourceNotFoundException):
        kinesis.delete_resource_policy(ResourceARN=arn)


def test_streams_of_accounts_and_regions_are_kept_apart(
    server: Started, make_stream: Callable[..., str]
) -> None:
    stream = make_stream(client_of(server, key="111111111111", region="eu-west-1"))
    for key, region in (("222222222222", "eu-west-1"), ("111111111111", "us-west-2")):
        other = client_of(server, key=key, region=region)
        assert stream not in other.list_streams(Limit=1000)["StreamNames"]


def test_100_000_shards_are_refused(kinesis: KinesisClient) -> None:
    with pytest.raises(kinesis.exceptions.LimitExceededException):
        kinesis.create_stream(StreamName="huge", ShardCount=100_000)


def test_a_deleted_stream_is_gone(kinesis: KinesisClient, make_stream: Callable[..., str]) -> None:
    stream = make_stream(kinesis)
    kinesis.delete_stream(StreamName=stream)
    kinesis.get_waiter("stream_not_exists").wait(
        StreamName=stream, WaiterConfig={"Delay": 0, "MaxAttempts": 1000}
    )
    assert stream not in kinesis.list_streams(Limit=1000)["StreamNames"]
