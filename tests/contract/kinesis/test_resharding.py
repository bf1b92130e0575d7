from collections.abc import Callable

import pytest
from mypy_boto3_kinesis import KinesisClient

from kinesis_cli.stream.sequence import SequenceNumber

HASH_KEYS = 2**128
FIRST = "shardId-000000000000"


def wait(kinesis: KinesisClient, stream: str) -> None:
    kinesis.get_waiter("stream_exists").wait(
        StreamName=stream, WaiterConfig={"Delay": 0, "MaxAttempts": 1000}
    )


def split(kinesis: KinesisClient, stream: str) -> None:
    kinesis.split_shard(
        StreamName=stream, ShardToSplit=FIRST, NewStartingHashKey=str(HASH_KEYS // 2)
    )
    wait(kinesis, stream)


def test_a_split_closes_the_parent_and_divides_its_range(
    kinesis: KinesisClient, make_stream: Callable[..., str]
) -> None:
    stream = make_stream(kinesis)
    split(kinesis, stream)
    parent, low, high = kinesis.list_shards(StreamName=stream)["Shards"]
    assert "EndingSequenceNumber" in parent["SequenceNumberRange"]
    assert (low["ParentShardId"], high["ParentShardId"]) == (FIRST, FIRST)
    assert low["HashKeyRange"] == {
        "StartingHashKey": "0",
        "EndingHashKey": str(HASH_KEYS // 2 - 1),
    }
    assert high["HashKeyRange"]["EndingHashKey"] == str(HASH_KEYS - 1)


def test_after_a_split_records_go_to_the_children(
    kinesis: KinesisClient, make_stream: Callable[..., str], read: Callable[..., list[bytes]]
) -> None:
    stream = make_stream(kinesis)
    kinesis.put_record(StreamName=stream, Data=b"old", PartitionKey="a")
    split(kinesis, stream)
    new = kinesis.put_record(StreamName=stream, Data=b"new", PartitionKey="a")
    assert new["ShardId"] in ("shardId-000000000001", "shardId-000000000002")
    assert read(kinesis, stream, FIRST) == [b"old"]
    assert read(kinesis, stream, new["ShardId"]) == [b"new"]


def test_a_closed_shard_ends(kinesis: KinesisClient, make_stream: Callable[..., str]) -> None:
    stream = make_stream(kinesis)
    kinesis.put_record(StreamName=stream, Data=b"old", PartitionKey="a")
    split(kinesis, stream)
    iterator: str | None = kinesis.get_shard_iterator(
        StreamName=stream, ShardId=FIRST, ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    for _ in range(3):
        if iterator:
            iterator = kinesis.get_records(ShardIterator=iterator).get("NextShardIterator")
    assert iterator is None


def test_a_merge_names_both_parents(
    kinesis: KinesisClient, make_stream: Callable[..., str]
) -> None:
    stream = make_stream(kinesis, 2)
    kinesis.merge_shards(
        StreamName=stream, ShardToMerge=FIRST, AdjacentShardToMerge="shardId-000000000001"
    )
    wait(kinesis, stream)
    child = kinesis.list_shards(StreamName=stream)["Shards"][2]
    assert child["ParentShardId"] == FIRST
    assert child["AdjacentParentShardId"] == "shardId-000000000001"
    assert child["HashKeyRange"] == {"StartingHashKey": "0", "EndingHashKey": str(HASH_KEYS - 1)}


def test_shards_that_do_not_touch_are_not_merged(
    kinesis: KinesisClient, make_stream: Callable[..., str]
) -> None:
    stream = make_stream(kinesis, 3)
    with pytest.raises(kinesis.exceptions.InvalidArgumentException, match="not an adjacent pair"):
        kinesis.merge_shards(
            StreamName=stream, ShardToMerge=FIRST, AdjacentShardToMerge="shardId-000000000002"
        )


def test_the_lower_of_two_neighbours_is_named_first(
    kinesis: KinesisClient, make_stream: Callable[..., str]
) -> None:
    stream = make_stream(kinesis, 2)
    with pytest.raises(kinesis.exceptions.InvalidArgumentException, match="not an adjacent pair"):
        kinesis.merge_shards(
            StreamName=stream, ShardToMerge="shardId-000000000001", AdjacentShardToMerge=FIRST
        )


@pytest.mark.parametrize(
    ("target", "message"),
    [
        (5, "UpdateShardCount cannot scale up over double your current open shard count."),
        (10_001, "Target shard count or number of open shards cannot be greater than 10000."),
    ],
)
def test_scaling_too_far_is_refused_in_aws_words(
    our_kinesis: KinesisClient, make_stream: Callable[..., str], target: int, message: str
) -> None:
    stream = make_stream(our_kinesis, 2)
    with pytest.raises(our_kinesis.exceptions.LimitExceededException) as refused:
        our_kinesis.update_shard_count(
            StreamName=stream, TargetShardCount=target, ScalingType="UNIFORM_SCALING"
        )
    counts = f"Current open shard count: 2, Target shard count: {target}"
    assert refused.value.response["Error"]["Message"] == f"{message} {counts}"


def test_records_are_numbered_after_the_creation_of_their_shard(
    kinesis: KinesisClient, make_stream: Callable[..., str]
) -> None:
    stream = make_stream(kinesis)
    split(kinesis, stream)
    put = kinesis.put_record(StreamName=stream, Data=b"x", PartitionKey="a", ExplicitHashKey="0")
    number = SequenceNumber.decode(put["SequenceNumber"])
    assert number.shard_index == 1
    assert number.time >= number.created


def test_uniform_scaling_doubles_the_shards(
    kinesis: KinesisClient, make_stream: Callable[..., str]
) -> None:
    stream = make_stream(kinesis, 2)
    kinesis.update_shard_count(StreamName=stream, TargetShardCount=4, ScalingType="UNIFORM_SCALING")
    wait(kinesis, stream)
    open_ = [
        shard["HashKeyRange"]["StartingHashKey"]
        for shard in kinesis.list_shards(StreamName=stream)["Shards"]
        if "EndingSequenceNumber" not in shard["SequenceNumberRange"]
    ]
    assert sorted(map(int, open_)) == [HASH_KEYS // 4 * i for i in range(4)]


def test_uniform_scaling_cuts_and_joins_from_the_lowest_hash_key_up(
    kinesis: KinesisClient, make_stream: Callable[..., str]
) -> None:
    stream = make_stream(kinesis, 4)
    kinesis.update_shard_count(StreamName=stream, TargetShardCount=3, ScalingType="UNIFORM_SCALING")
    wait(kinesis, stream)
    # as seen on AWS: https://github.com/risingwavelabs/risingwave/issues/9961
    open_ = {
        int(shard["ShardId"][-12:]): int(shard["HashKeyRange"]["StartingHashKey"])
        for shard in kinesis.list_shards(StreamName=stream)["Shards"]
        if "EndingSequenceNumber" not in shard["SequenceNumberRange"]
    }
    assert open_ == {6: 0, 9: HASH_KEYS // 3, 10: HASH_KEYS // 3 * 2}


def test_a_shard_is_split_once(kinesis: KinesisClient, make_stream: Callable[..., str]) -> None:
    stream = make_stream(kinesis)
    split(kinesis, stream)
    with pytest.raises(kinesis.exceptions.InvalidArgumentException) as refused:
        split(kinesis, stream)
    message = refused.value.response["Error"]["Message"]
    assert message.startswith(f"Shard {FIRST} in stream {stream} under account ")
    assert message.endswith(
        " has already been merged or split, and thus is not eligible for merging or splitting."
    )


def test_only_open_shards_are_listed_at_latest(
    kinesis: KinesisClient, make_stream: Callable[..., str]
) -> None:
    stream = make_stream(kinesis)
    split(kinesis, stream)
    listed = kinesis.list_shards(StreamName=stream, ShardFilter={"Type": "AT_LATEST"})["Shards"]
    assert [shard["ShardId"][-1] for shard in listed] == ["1", "2"]


def test_a_page_of_shards_may_name_the_stream_again(
    kinesis: KinesisClient, make_stream: Callable[..., str]
) -> None:
    stream = make_stream(kinesis, shards=2)
    first = kinesis.list_shards(StreamName=stream, MaxResults=1)
    second = kinesis.list_shards(StreamName=stream, NextToken=first["NextToken"])
    assert [shard["ShardId"] for shard in second["Shards"]] == ["shardId-000000000001"]
