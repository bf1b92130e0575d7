import hashlib
from collections.abc import Callable

import pytest
from botocore.exceptions import ClientError
from mypy_boto3_kinesis import KinesisClient
from mypy_boto3_kinesis.type_defs import PutRecordsRequestEntryTypeDef as Entry

HASH_KEYS = 2**128


def test_a_record_goes_where_the_md5_of_its_key_says(
    kinesis: KinesisClient, make_stream: Callable[..., str]
) -> None:
    stream = make_stream(kinesis, 4)
    for key in ("a", "user-1", "ключ", "x" * 256):
        hashed = int.from_bytes(hashlib.md5(key.encode()).digest(), "big")
        answer = kinesis.put_record(StreamName=stream, Data=b"x", PartitionKey=key)
        assert answer["ShardId"] == f"shardId-{hashed * 4 // HASH_KEYS:012d}"


@pytest.mark.parametrize(("explicit", "shard"), [(0, 0), (2**127 - 1, 0), (2**127, 1)])
def test_an_explicit_hash_key_wins_over_the_partition_key(
    kinesis: KinesisClient, make_stream: Callable[..., str], explicit: int, shard: int
) -> None:
    stream = make_stream(kinesis, 2)
    answer = kinesis.put_record(
        StreamName=stream, Data=b"x", PartitionKey="a", ExplicitHashKey=str(explicit)
    )
    assert answer["ShardId"] == f"shardId-{shard:012d}"


def test_the_last_hash_key_belongs_to_the_last_shard(
    kinesis: KinesisClient, make_stream: Callable[..., str]
) -> None:
    stream = make_stream(kinesis, 3)
    last = str(HASH_KEYS - 1)
    answer = kinesis.put_record(
        StreamName=stream, Data=b"x", PartitionKey="a", ExplicitHashKey=last
    )
    assert answer["ShardId"] == "shardId-000000000002"


def test_a_hash_key_of_2_to_the_128_is_refused_in_aws_words(
    kinesis: KinesisClient, make_stream: Callable[..., str]
) -> None:
    stream = make_stream(kinesis)
    with pytest.raises(kinesis.exceptions.InvalidArgumentException) as refused:
        kinesis.put_record(
            StreamName=stream, Data=b"x", PartitionKey="a", ExplicitHashKey=str(HASH_KEYS)
        )
    assert refused.value.response["Error"]["Message"] == (
        "Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. "
        f"Specified value was {HASH_KEYS}"
    )


def test_sequence_numbers_have_56_digits_and_grow(
    kinesis: KinesisClient, make_stream: Callable[..., str]
) -> None:
    stream = make_stream(kinesis)
    records: list[Entry] = [{"Data": b"x", "PartitionKey": "a"} for _ in range(50)]
    answer = kinesis.put_records(StreamName=stream, Records=records)
    one = kinesis.put_record(StreamName=stream, Data=b"x", PartitionKey="a")
    numbers = [record["SequenceNumber"] for record in answer["Records"]]
    numbers.append(one["SequenceNumber"])
    assert {len(number) for number in numbers} == {56}
    assert sorted(set(numbers), key=int) == numbers


def test_put_records_answers_in_the_order_of_the_request(
    kinesis: KinesisClient, make_stream: Callable[..., str], read: Callable[..., list[bytes]]
) -> None:
    stream = make_stream(kinesis, 2)
    hash_keys = ["0", str(2**127), "1", str(2**127 + 1)]
    answer = kinesis.put_records(
        StreamName=stream,
        Records=[
            {"Data": key.encode(), "PartitionKey": "a", "ExplicitHashKey": key} for key in hash_keys
        ],
    )
    assert answer["FailedRecordCount"] == 0
    assert [record["ShardId"][-1] for record in answer["Records"]] == ["0", "1", "0", "1"]
    assert read(kinesis, stream, "shardId-000000000000") == [b"0", b"1"]


def test_a_record_is_read_as_it_was_put(
    kinesis: KinesisClient, make_stream: Callable[..., str]
) -> None:
    stream = make_stream(kinesis)
    data = bytes(range(256))
    put = kinesis.put_record(StreamName=stream, Data=data, PartitionKey="ключ")
    iterator = kinesis.get_shard_iterator(
        StreamName=stream, ShardId=put["ShardId"], ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    (record,) = kinesis.get_records(ShardIterator=iterator)["Records"]
    assert (record["Data"], record["PartitionKey"]) == (data, "ключ")
    assert record["SequenceNumber"] == put["SequenceNumber"]
    assert "ExplicitHashKey" not in record


def test_501_records_are_refused(kinesis: KinesisClient, make_stream: Callable[..., str]) -> None:
    stream = make_stream(kinesis)
    records: list[Entry] = [{"Data": b"x", "PartitionKey": "a"} for _ in range(501)]
    with pytest.raises(ClientError) as refused:
        kinesis.put_records(StreamName=stream, Records=records)
    assert refused.value.response["Error"] == {
        "Code": "ValidationException",
        "Message": "1 validation error detected: Value at 'records' failed to satisfy constraint: "
        "Member must have length less than or equal to 500",
    }


def test_a_record_over_1_mib_is_refused_and_one_of_1_mib_is_not(
    kinesis: KinesisClient, make_stream: Callable[..., str]
) -> None:
    stream = make_stream(kinesis)
    kinesis.put_record(StreamName=stream, Data=bytes(2**20 - 1), PartitionKey="a")
    with pytest.raises(ClientError) as refused:
        kinesis.put_record(StreamName=stream, Data=bytes(2**20), PartitionKey="a")
    assert refused.value.response["Error"] == {
        "Code": "ValidationException",
        "Message": "1 validation error detected: Value at 'data' failed to satisfy constraint: "
        "Member must have length less than or equal to 1048576",
    }


def test_each_record_over_1_mib_is_named(
    kinesis: KinesisClient, make_stream: Callable[..., str], read: Callable[..., list[bytes]]
) -> None:
    stream = make_stream(kinesis)
    sizes = (2**20, 1, 2**20 + 1)
    with pytest.raises(ClientError) as refused:
        kinesis.put_records(
            StreamName=stream,
            Records=[{"Data": bytes(size), "PartitionKey": "a"} for size in sizes],
        )
    rule = "failed to satisfy constraint: Member must have length less than or equal to 1048576"
    assert refused.value.response["Error"] == {
        "Code": "ValidationException",
        "Message": f"2 validation errors detected: Value at 'records.1.member.data' {rule}; "
        f"Value at 'records.3.member.data' {rule}",
    }
    assert read(kinesis, stream, "shardId-000000000000") == []


def test_a_call_over_10_mib_is_refused_and_one_of_10_mib_is_not(
    kinesis: KinesisClient, make_stream: Callable[..., str]
) -> None:
    stream = make_stream(kinesis)
    records: list[Entry] = [{"Data": bytes(2**20 - 1), "PartitionKey": "a"} for _ in range(10)]
    assert kinesis.put_records(StreamName=stream, Records=records)["FailedRecordCount"] == 0
    with pytest.raises(kinesis.exceptions.InvalidArgumentException) as refused:
        kinesis.put_records(
            StreamName=stream, Records=[*records, {"Data": b"", "PartitionKey": "a"}]
        )
    assert refused.value.response["Error"]["Message"] == "Records size exceeds 10 MB limit"


def test_one_wrong_record_refuses_the_whole_call(
    kinesis: KinesisClient, make_stream: Callable[..., str], read: Callable[..., list[bytes]]
) -> None:
    stream = make_stream(kinesis)
    records: list[Entry] = [
        {"Data": b"x", "PartitionKey": "a"},
        {"Data": b"y", "PartitionKey": ""},
    ]
    with pytest.raises(ClientError):
        kinesis.put_records(StreamName=stream, Records=records)
    assert read(kinesis, stream, "shardId-000000000000") == []


def test_a_stream_is_named_by_its_arn_too(
    kinesis: KinesisClient, make_stream: Callable[..., str]
) -> None:
    stream = make_stream(kinesis)
    arn = kinesis.describe_stream(StreamName=stream)["StreamDescription"]["StreamARN"]
    put = kinesis.put_record(StreamARN=arn, Data=b"x", PartitionKey="a")
    assert kinesis.get_shard_iterator(
        StreamARN=arn, ShardId=put["ShardId"], ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
