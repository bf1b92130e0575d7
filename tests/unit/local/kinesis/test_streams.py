"""Streams, tags, policies, accounts and consumers."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kinesis_cli.local.kinesis import Caller
from tests.unit.local_plane import CALLER, START, Plane, refused

ARN = "arn:aws:kinesis:eu-west-1:123456789012:stream/s"


@pytest.fixture
def plane() -> Iterator[Plane]:
    plane = Plane()
    plane.create()
    yield plane
    plane.close()


def summary(plane: Plane, name: str = "s") -> dict[str, Any]:
    answer = plane.call("DescribeStreamSummary", StreamName=name)
    described: dict[str, Any] = answer["StreamDescriptionSummary"]
    return described


def test_a_new_stream_is_described(plane: Plane) -> None:
    assert summary(plane) == {
        "StreamName": "s",
        "StreamARN": ARN,
        "StreamStatus": "ACTIVE",
        "StreamModeDetails": {"StreamMode": "PROVISIONED"},
        "RetentionPeriodHours": 24,
        "StreamCreationTimestamp": float(int(START)),
        "EnhancedMonitoring": [{"ShardLevelMetrics": []}],
        "EncryptionType": "NONE",
        "OpenShardCount": 1,
        "ConsumerCount": 0,
        "ChannelCount": 0,
        "MaxRecordSizeInKiB": 1024,
    }
    described = plane.call("DescribeStream", StreamARN=ARN)["StreamDescription"]
    assert described["HasMoreShards"] is False
    assert [shard["ShardId"] for shard in described["Shards"]] == ["shardId-000000000000"]


def test_describing_pages_through_the_shards() -> None:
    plane = Plane()
    plane.create(shards=120)

    first = plane.call("DescribeStream", StreamName="s", Limit=1000)["StreamDescription"]
    start = first["Shards"][-1]["ShardId"]
    rest = plane.call("DescribeStream", StreamName="s", ExclusiveStartShardId=start)

    assert (len(first["Shards"]), first["HasMoreShards"]) == (100, True)
    assert len(rest["StreamDescription"]["Shards"]) == 20
    plane.close()


def test_a_name_is_taken_once_per_account_and_region(plane: Plane) -> None:
    with refused("ResourceInUseException", "Stream s under account 123456789012 already exists."):
        plane.create()
    for other in (Caller("000000000000", "eu-west-1"), Caller(CALLER.account, "us-east-1")):
        plane.request("CreateStream", {"StreamName": "s", "ShardCount": 1}, other)
        names = plane.request("ListStreams", {}, other)["StreamNames"]
        assert names == ["s"]
    assert len(plane.data.summary()) == 3


def test_an_arn_of_another_account_needs_a_policy(plane: Plane) -> None:
    other = Caller("000000000000", "eu-west-1")
    record: dict[str, object] = {"StreamARN": ARN, "Data": b"x", "PartitionKey": "a"}
    with refused("AccessDeniedException"):
        plane.request("PutRecord", record, other)
    plane.call("PutResourcePolicy", ResourceARN=ARN, Policy="{}")
    plane.request("PutRecord", record, other)

    assert plane.read() == [b"x"]


def test_a_stream_must_be_named_without_contradiction(plane: Plane) -> None:
    plane.create("t")
    with refused("InvalidArgumentException", "arn and stream name can't be empty at the same time"):
        plane.call("DescribeStreamSummary")
    conflict = "Input stream name t doesn't match the inferred name in stream arn s"
    with refused("InvalidArgumentException", conflict):
        plane.call("DescribeStreamSummary", StreamName="t", StreamARN=ARN)
    elsewhere = ARN.replace("eu-west-1", "us-east-1")
    with refused("InvalidArgumentException", f"region specified in the ARN '{elsewhere}' does not"):
        plane.call("DescribeStreamSummary", StreamARN=elsewhere)
    with refused("ResourceNotFoundException", "Stream x under account 123456789012 not found."):
        summary(plane, "x")


def test_a_deleted_stream_is_gone_with_its_records(plane: Plane) -> None:
    plane.put(b"x")
    plane.call("DeleteStream", StreamName="s")

    with refused("ResourceNotFoundException", "Stream s under account 123456789012 not found."):
        plane.put(b"x")
    plane.data.sweep()
    plane.create()
    assert plane.read() == []


def test_with_delays_streams_take_their_time() -> None:
    plane = Plane(delays=True)
    for number in range(5):
        plane.create(f"s{number}")
    assert summary(plane, "s0")["StreamStatus"] == "CREATING"
    with refused("LimitExceededException", "simultaneously"):
        plane.create("s5")
    plane.clock.at += 10
    assert summary(plane, "s0")["StreamStatus"] == "ACTIVE"
    plane.call("DeleteStream", StreamName="s0")
    plane.put(b"x", name="s0")
    assert summary(plane, "s0")["StreamStatus"] == "DELETING"
    plane.clock.at += 10
    assert plane.call("ListStreams")["StreamNames"] == ["s1", "s2", "s3", "s4"]
    plane.close()


def test_a_stream_that_is_being_created_has_no_shards_yet() -> None:
    plane = Plane(delays=True)
    plane.create("s", shards=2)
    not_active = "Stream s under account 123456789012 not ACTIVE, instead in state CREATING"

    assert plane.call("DescribeStream", StreamName="s")["StreamDescription"]["Shards"] == []
    assert "OpenShardCount" not in summary(plane)
    assert plane.shards() == []
    with refused("ResourceNotFoundException", "Stream s under account 123456789012 not found."):
        plane.put(b"x")
    with refused("ResourceNotFoundException", "Shard shardId-000000000000 in stream s under"):
        plane.iterator()
    split = {"StreamName": "s", "ShardToSplit": "shardId-0", "NewStartingHashKey": "2"}
    merge = {"StreamName": "s", "ShardToMerge": "shardId-0", "AdjacentShardToMerge": "shardId-1"}
    scale = {"StreamName": "s", "TargetShardCount": 2, "ScalingType": "UNIFORM_SCALING"}
    for operation, request in (
        ("SplitShard", split),
        ("MergeShards", merge),
        ("UpdateShardCount", scale),
    ):
        with refused("ResourceInUseException", not_active):
            plane.call(operation, **request)

    plane.call("DeleteStream", StreamName="s")
    described = plane.call("DescribeStream", StreamName="s")["StreamDescription"]
    assert (described["StreamStatus"], described["Shards"]) == ("DELETING", [])
    with refused("ResourceNotFoundException"):
        plane.put(b"x")
    plane.clock.at += 10
    assert plane.call("ListStreams")["StreamNames"] == []
    plane.close()


def test_a_stream_that_is_being_created_has_its_shards_after_a_restart(tmp_path: Path) -> None:
    plane = Plane(tmp_path, delays=True)
    plane.create("s", shards=2)
    plane.close()
    plane = Plane(tmp_path, clock=plane.clock)
    plane.clock.at += 10
    assert len(plane.shards()) == 2
    plane.close()


def test_retention_is_compared_before_the_stream_has_to_be_active() -> None:
    plane = Plane(delays=True)
    plane.create("s")
    plane.clock.at += 10
    plane.call("IncreaseStreamRetentionPeriod", StreamName="s", RetentionPeriodHours=25)
    shorter = (
        "Requested retention period (24 hours) for stream s can not be shorter than existing"
        " retention period (25 hours). Use DecreaseRetentionPeriod API."
    )
    with refused("InvalidArgumentException", shorter):
        plane.call("IncreaseStreamRetentionPeriod", StreamName="s", RetentionPeriodHours=24)
    with refused("ResourceInUseException"):
        plane.call("DecreaseStreamRetentionPeriod", StreamName="s", RetentionPeriodHours=24)
    plane.close()


def test_lists_of_streams_come_in_pages(plane: Plane) -> None:
    for name in ("a", "b", "c"):
        plane.create(name)

    first = plane.call("ListStreams", Limit=2)
    second = plane.call("ListStreams", NextToken=first["NextToken"], Limit=2)
    other = plane.call("ListStreams", ExclusiveStartStreamName="b")

    assert (first["StreamNames"], first["HasMoreStreams"]) == (["a", "b"], True)
    assert (second["StreamNames"], second["HasMoreStreams"]) == (["c", "s"], False)
    assert other["StreamNames"] == ["c", "s"]
    assert second["StreamSummaries"][1]["StreamARN"] == ARN
    with refused("InvalidArgumentException", "ExclusiveStartStreamName and NextToken cannot be"):
        plane.call("ListStreams", NextToken=first["NextToken"], ExclusiveStartStreamName="b")


def test_retention_keeps_within_its_bounds_and_direction(plane: Plane) -> None:
    def change(kind: str, hours: int) -> None:
        plane.call(f"{kind}StreamRetentionPeriod", StreamName="s", RetentionPeriodHours=hours)

    with refused("InvalidArgumentException", "Minimum allowed retention period is 24 hours. Req"):
        change("Decrease", 23)
    with refused("InvalidArgumentException", "Maximum allowed retention period is 8760 hours."):
        change("Increase", 8761)
    change("Increase", 48)
    with refused("InvalidArgumentException", "can not be shorter than existing retention period"):
        change("Increase", 24)
    change("Decrease", 24)
    with refused("InvalidArgumentException", "can not be longer than existing retention period ("):
        change("Decrease", 48)
    assert summary(plane)["RetentionPeriodHours"] == 24


def test_modes_keep_the_shards_and_on_demand_cannot_be_resharded(plane: Plane) -> None:
    def change(mode: str) -> None:
        plane.call("UpdateStreamMode", StreamARN=ARN, StreamModeDetails={"StreamMode": mode})

    change("ON_DEMAND")
    described = summary(plane)
    assert described["OpenShardCount"] == 1
    assert described["RecordDistributionStrategy"] == "USER_PARTITION_KEY"
    with refused("ValidationException"):
        plane.call(
            "UpdateShardCount",
            StreamName="s",
            TargetShardCount=2,
            ScalingType="UNIFORM_SCALING",
        )
    change("PROVISIONED")
    with refused("InvalidArgumentException", "AUTO"):
        plane.call(
            "UpdateStreamRecordDistributionStrategy",
            StreamARN=ARN,
            RecordDistributionStrategy="AUTO",
        )


def test_metrics_are_added_and_taken_away(plane: Plane) -> None:
    def change(kind: str, *metrics: str) -> list[str]:
        operation = f"{kind}EnhancedMonitoring"
        answer = plane.call(operation, StreamName="s", ShardLevelMetrics=list(metrics))
        desired: list[str] = answer["DesiredShardLevelMetrics"]
        return desired

    assert change("Enable", "OutgoingBytes", "IncomingBytes") == ["IncomingBytes", "OutgoingBytes"]
    assert len(change("Enable", "ALL")) == 7
    assert "IncomingBytes" not in change("Disable", "IncomingBytes")
    assert change("Disable", "ALL") == []


def test_tags_by_name_and_by_arn_are_the_same(plane: Plane) -> None:
    plane.call("AddTagsToStream", StreamName="s", Tags={"b": "1", "a": "2"})
    plane.call("TagResource", ResourceARN=ARN, Tags={"b": "3", "c": ""})
    plane.call("RemoveTagsFromStream", StreamName="s", TagKeys=["a", "unknown"])

    page = plane.call("ListTagsForStream", StreamName="s", Limit=1)
    assert page == {"Tags": [{"Key": "b", "Value": "3"}], "HasMoreTags": True}
    rest = plane.call("ListTagsForStream", StreamName="s", ExclusiveStartTagKey="b")
    assert rest == {"Tags": [{"Key": "c", "Value": ""}], "HasMoreTags": False}
    plane.call("UntagResource", ResourceARN=ARN, TagKeys=["b"])
    listed = plane.call("ListTagsForResource", ResourceARN=ARN)
    assert listed == {"Tags": [{"Key": "c", "Value": ""}]}


def test_tags_have_limits(plane: Plane) -> None:
    plane.call("AddTagsToStream", StreamName="s", Tags={f"k{n}": "" for n in range(50)})
    plane.call("AddTagsToStream", StreamName="s", Tags={"k0": "again"})
    with refused("InvalidArgumentException", "Failed to add tags to stream s under account"):
        plane.call("AddTagsToStream", StreamName="s", Tags={"k50": ""})
    with refused("InvalidArgumentException", f"Failed to add tags to resource {ARN} under account"):
        plane.call("TagResource", ResourceARN=ARN, Tags={"k50": ""})
    with refused("InvalidArgumentException", "started with 'aws:'. System tags cannot be modified"):
        plane.call("AddTagsToStream", StreamName="s", Tags={"aws:k0": ""})
    with refused("InvalidArgumentException", "Some tags contain invalid characters. Valid char"):
        plane.call("AddTagsToStream", StreamName="s", Tags={"k0": "!"})
    with refused("InvalidArgumentException", "illegal characters"):
        plane.call("RemoveTagsFromStream", StreamName="s", TagKeys=["%"])


def test_policies_are_kept(plane: Plane) -> None:
    assert plane.call("GetResourcePolicy", ResourceARN=ARN) == {"Policy": "{}"}
    plane.call("PutResourcePolicy", ResourceARN=ARN, Policy='{"Version": "2012-10-17"}')
    answer = plane.call("GetResourcePolicy", ResourceARN=ARN)
    assert answer == {"Policy": '{"Version": "2012-10-17"}'}
    plane.call("DeleteResourcePolicy", ResourceARN=ARN)
    with refused("ResourceNotFoundException"):
        plane.call("DeleteResourcePolicy", ResourceARN=ARN)
    with refused("InvalidArgumentException", "Policy validation error: This policy contains inval"):
        plane.call("PutResourcePolicy", ResourceARN=ARN, Policy="{")


def test_the_account_knows_its_limits_and_settings(plane: Plane) -> None:
    plane.call("CreateStream", StreamName="d", StreamModeDetails={"StreamMode": "ON_DEMAND"})

    limits = plane.call("DescribeLimits")

    assert limits["ShardLimit"] == 20_000
    assert (limits["OpenShardCount"], limits["OnDemandStreamCount"]) == (1, 1)
    commitment = "MinimumThroughputBillingCommitment"
    before = plane.call("DescribeAccountSettings")
    assert before == {commitment: {"Status": "DISABLED"}}
    plane.request("UpdateAccountSettings", {commitment: {"Status": "ENABLED"}})
    assert plane.call("DescribeAccountSettings")[commitment]["StartedAt"] == START


@pytest.mark.parametrize(
    ("region", "shards"),
    [("us-east-1", 20_000), ("us-west-2", 20_000), ("eu-west-1", 20_000), ("eu-north-1", 1_000)],
)
def test_an_account_may_have_as_many_shards_as_aws_gives_the_region(
    plane: Plane, region: str, shards: int
) -> None:
    caller = Caller(CALLER.account, region)
    assert plane.request("DescribeLimits", {}, caller)["ShardLimit"] == shards
    with refused("LimitExceededException", f"Limit: {shards}."):
        plane.request("CreateStream", {"StreamName": "x", "ShardCount": shards + 1}, caller)


@pytest.mark.parametrize(
    "policy", ["[" * 5000 + "]" * 5000, "[" * 200 + "]" * 200, '{"a":' * 5000, "", "{"]
)
def test_a_policy_that_is_not_json_or_too_deep_is_refused(plane: Plane, policy: str) -> None:
    with refused("InvalidArgumentException", "invalid Json"):
        plane.call("PutResourcePolicy", ResourceARN=ARN, Policy=policy)


def test_keeping_records_as_long_as_now_changes_nothing() -> None:
    plane = Plane(delays=True)
    plane.data.make_stream({"StreamName": "s", "ShardCount": 1}, CALLER)
    for operation in ("IncreaseStreamRetentionPeriod", "DecreaseStreamRetentionPeriod"):
        plane.call(operation, StreamName="s", RetentionPeriodHours=24)
        assert summary(plane)["StreamStatus"] == "ACTIVE"
    plane.close()


def test_warm_throughput_needs_the_billing_commitment(plane: Plane) -> None:
    plane.call("CreateStream", StreamName="d", StreamModeDetails={"StreamMode": "ON_DEMAND"})

    def warm() -> object:
        return plane.call("UpdateStreamWarmThroughput", StreamName="d", WarmThroughputMiBps=20)

    with refused("ValidationException", "Account 123456789012 is not enabled for minimum through"):
        warm()
    commitment = "MinimumThroughputBillingCommitment"
    plane.request("UpdateAccountSettings", {commitment: {"Status": "ENABLED"}})
    warm()
    assert summary(plane, "d")["WarmThroughput"]["TargetMiBps"] == 20


def test_what_is_not_here_is_an_unknown_operation(plane: Plane) -> None:
    with refused("UnknownOperationException"):
        plane.call("CreateQueue", QueueName="q")
    with refused("ResourceNotFoundException"):
        plane.call("ListTagsForResource", ResourceARN=ARN.replace("stream/s", "queue/q"))


def register(plane: Plane, name: str = "c", **more: object) -> str:
    request = {"StreamARN": ARN, "ConsumerName": name, **more}
    answer = plane.request("RegisterStreamConsumer", request)
    return str(answer["Consumer"]["ConsumerARN"])


def test_consumers_are_registered_described_listed_and_deregistered(plane: Plane) -> None:
    arn = register(plane, Tags={"a": "b"})

    assert arn == f"{ARN}/consumer/c:{int(START)}"
    expected = {
        "ConsumerName": "c",
        "ConsumerARN": arn,
        "ConsumerStatus": "ACTIVE",
        "ConsumerCreationTimestamp": float(int(START)),
    }
    described = plane.call("DescribeStreamConsumer", ConsumerARN=arn)
    assert described == {"ConsumerDescription": {**expected, "StreamARN": ARN}}
    assert plane.call("ListStreamConsumers", StreamARN=ARN) == {"Consumers": [expected]}
    tags = plane.call("ListTagsForResource", ResourceARN=arn)
    assert tags == {"Tags": [{"Key": "a", "Value": "b"}]}
    with refused("ResourceInUseException", "Consumer c under stream s already exists for account"):
        register(plane)
    with refused("ResourceInUseException", "can't delete 123456789012:s because there are consum"):
        plane.call("DeleteStream", StreamName="s")
    plane.call("DeregisterStreamConsumer", StreamARN=ARN, ConsumerName="c")
    with refused("ResourceNotFoundException"):
        plane.call("DescribeStreamConsumer", ConsumerARN=arn)
    assert register(plane) != arn


def test_with_delays_consumers_take_their_time() -> None:
    plane = Plane(delays=True)
    plane.create()
    with refused("ResourceInUseException", "not ACTIVE or UPDATING, instead in state CREATING"):
        register(plane)
    plane.clock.at += 10
    consumer = register(plane)
    with refused("ResourceInUseException", "Consumer c with creation timestamp"):
        plane.subscribe(consumer)
    plane.clock.at += 5
    assert plane.subscribe(consumer).next() is not None
    unknown = "Could not find shard shardId-000000000007 in stream s under account 123456789012."
    with refused("ResourceNotFoundException", unknown):
        plane.subscribe(consumer, shard=7)
    plane.close()


def test_consumers_come_in_pages_and_have_a_limit(plane: Plane) -> None:
    for number in range(20):
        register(plane, f"c{number:02d}")
    with refused("LimitExceededException"):
        register(plane, "one-too-many")

    first = plane.call("ListStreamConsumers", StreamARN=ARN, MaxResults=15)
    rest = plane.call("ListStreamConsumers", StreamARN=ARN, NextToken=first["NextToken"])

    assert [len(page["Consumers"]) for page in (first, rest)] == [15, 5]
    plane.call("DeleteStream", StreamName="s", EnforceConsumerDeletion=True)


def test_a_subscription_pushes_what_is_there_and_what_comes(plane: Plane) -> None:
    first = plane.put(b"1")
    events = plane.subscribe(register(plane))

    event = events.next()
    assert event is not None
    assert [record["Data"] for record in event["Records"]] == [b"1"]
    assert event["ContinuationSequenceNumber"] == first
    assert event["MillisBehindLatest"] == 0
    pushed = events.after("PutRecord", StreamName="s", Data=b"2", PartitionKey="a")
    assert pushed is not None
    assert [record["Data"] for record in pushed["Records"]] == [b"2"]


def test_a_subscription_goes_on_from_the_number_of_an_empty_event(plane: Plane) -> None:
    plane.put(b"1")
    consumer = register(plane)
    event = plane.subscribe(consumer, "LATEST").next()
    assert event is not None
    assert event["Records"] == []
    number = event["ContinuationSequenceNumber"]
    plane.put(b"2")

    for kind in ("AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER"):
        read = plane.read(kind=kind, StartingSequenceNumber=number)
        assert read[-1:] == [b"2"]
    assert plane.read(kind="AFTER_SEQUENCE_NUMBER", StartingSequenceNumber=number) == [b"2"]


def test_a_subscription_ends_after_five_minutes(plane: Plane) -> None:
    events = plane.subscribe(register(plane))
    for _ in range(3):
        assert events.next() is not None
        plane.clock.at += 60
    plane.clock.at += 120

    assert events.next() is None


def test_a_subscription_ends_with_the_shard_and_names_its_children(plane: Plane) -> None:
    plane.put(b"1")
    events = plane.subscribe(register(plane))
    plane.call(
        "SplitShard",
        StreamName="s",
        ShardToSplit="shardId-000000000000",
        NewStartingHashKey=str(2**127),
    )

    records, end = events.next(), events.next()

    assert records is not None
    assert [record["Data"] for record in records["Records"]] == [b"1"]
    assert "ChildShards" not in records
    assert records["ContinuationSequenceNumber"]
    assert end is not None
    assert (end["Records"], len(end["ChildShards"])) == ([], 2)
    assert "ContinuationSequenceNumber" not in end
    assert events.next() is None


def test_a_later_subscription_takes_over_but_not_within_five_seconds(plane: Plane) -> None:
    consumer = register(plane)
    events = plane.subscribe(consumer)
    events.next()
    blocked = "Another active subscription exists for this consumer: 123456789012:s:shardId-0"
    with refused("ResourceInUseException", blocked):
        plane.subscribe(consumer)
    plane.clock.at += 5
    later = plane.subscribe(consumer)

    with refused("ResourceInUseException", blocked):
        events.next()
    assert later.next() is not None


def test_a_subscription_ends_when_its_consumer_or_stream_is_gone(plane: Plane) -> None:
    consumer = register(plane)
    events = plane.subscribe(consumer)
    events.next()
    with refused("ResourceNotFoundException"):
        events.after("DeregisterStreamConsumer", ConsumerARN=consumer)
    with refused("ResourceNotFoundException"):
        plane.subscribe(consumer)
    events = plane.subscribe(register(plane))
    events.next()
    with refused("ResourceNotFoundException"):
        events.after("DeleteStream", StreamName="s", EnforceConsumerDeletion=True)
