from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError
from mypy_boto3_kinesis import KinesisClient

SHARD = "shardId-000000000000"


def put(kinesis: KinesisClient, stream: str, count: int) -> list[str]:
    return [
        kinesis.put_record(StreamName=stream, Data=b"%d" % i, PartitionKey="a")["SequenceNumber"]
        for i in range(count)
    ]


@pytest.mark.parametrize(
    ("kind", "first"), [("AT_SEQUENCE_NUMBER", b"1"), ("AFTER_SEQUENCE_NUMBER", b"2")]
)
def test_reading_starts_at_or_after_a_sequence_number(
    kinesis: KinesisClient, make_stream: Callable[..., str], kind: str, first: bytes
) -> None:
    stream = make_stream(kinesis)
    numbers = put(kinesis, stream, 4)
    iterator = kinesis.get_shard_iterator(
        StreamName=stream,
        ShardId=SHARD,
        ShardIteratorType=kind,  # type: ignore[arg-type]
        StartingSequenceNumber=numbers[1],
    )["ShardIterator"]
    records = kinesis.get_records(ShardIterator=iterator)["Records"]
    assert records[0]["Data"] == first


def test_latest_sees_only_what_comes_later(
    kinesis: KinesisClient, make_stream: Callable[..., str]
) -> None:
    stream = make_stream(kinesis)
    put(kinesis, stream, 2)
    iterator = kinesis.get_shard_iterator(
        StreamName=stream, ShardId=SHARD, ShardIteratorType="LATEST"
    )["ShardIterator"]
    put(kinesis, stream, 1)
    records = kinesis.get_records(ShardIterator=iterator)["Records"]
    assert [record["Data"] for record in records] == [b"0"]


def test_a_limit_divides_reading_into_pages(
    kinesis: KinesisClient, make_stream: Callable[..., str]
) -> None:
    stream = make_stream(kinesis)
    put(kinesis, stream, 5)
    iterator = kinesis.get_shard_iterator(
        StreamName=stream, ShardId=SHARD, ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    pages = []
    for _ in range(3):
        page = kinesis.get_records(ShardIterator=iterator, Limit=2)
        pages.append([record["Data"] for record in page["Records"]])
        iterator = page["NextShardIterator"]
    assert pages == [[b"0", b"1"], [b"2", b"3"], [b"4"]]


def test_a_reader_that_is_behind_is_told_so(
    kinesis: KinesisClient, make_stream: Callable[..., str]
) -> None:
    stream = make_stream(kinesis)
    put(kinesis, stream, 3)
    iterator = kinesis.get_shard_iterator(
        StreamName=stream, ShardId=SHARD, ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    page = kinesis.get_records(ShardIterator=iterator, Limit=2)
    assert page["MillisBehindLatest"] > 0
    page = kinesis.get_records(ShardIterator=page["NextShardIterator"])
    assert page["MillisBehindLatest"] == 0


def test_an_iterator_may_be_in_quotes(
    kinesis: KinesisClient, make_stream: Callable[..., str]
) -> None:
    stream = make_stream(kinesis)
    put(kinesis, stream, 1)
    iterator = kinesis.get_shard_iterator(
        StreamName=stream, ShardId=SHARD, ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    assert len(kinesis.get_records(ShardIterator=f'"{iterator}"')["Records"]) == 1


def test_a_time_in_the_future_is_refused(
    kinesis: KinesisClient, make_stream: Callable[..., str]
) -> None:
    stream = make_stream(kinesis)
    with pytest.raises(kinesis.exceptions.InvalidArgumentException, match="timestampInMillis"):
        kinesis.get_shard_iterator(
            StreamName=stream,
            ShardId=SHARD,
            ShardIteratorType="AT_TIMESTAMP",
            Timestamp=datetime.now(UTC) + timedelta(hours=1),
        )


def test_an_iterator_that_was_never_given_is_refused(kinesis: KinesisClient) -> None:
    with pytest.raises(kinesis.exceptions.InvalidArgumentException, match=r"Invalid ShardIterator"):
        kinesis.get_records(ShardIterator="A" * 100)


def test_an_unknown_shard_is_named(kinesis: KinesisClient, make_stream: Callable[..., str]) -> None:
    stream = make_stream(kinesis)
    with pytest.raises(kinesis.exceptions.ResourceNotFoundException) as refused:
        kinesis.get_shard_iterator(
            StreamName=stream, ShardId="shardId-000000000009", ShardIteratorType="LATEST"
        )
    message = refused.value.response["Error"]["Message"]
    assert message.startswith(f"Shard shardId-000000000009 in stream {stream} under account ")
    assert message.endswith(" does not exist")


def test_latest_with_a_sequence_number_is_refused_in_aws_words(
    kinesis: KinesisClient, make_stream: Callable[..., str]
) -> None:
    stream = make_stream(kinesis)
    (number,) = put(kinesis, stream, 1)
    with pytest.raises(ClientError) as refused:
        kinesis.get_shard_iterator(
            StreamName=stream,
            ShardId=SHARD,
            ShardIteratorType="LATEST",
            StartingSequenceNumber=number,
        )
    assert refused.value.response["Error"]["Message"] == (
        "Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and "
        "StartingSequenceNumber or (2) TRIM_HORIZON or LATEST and no StartingSequenceNumber. "
        "Request specified LATEST and also a StartingSequenceNumber."
    )
