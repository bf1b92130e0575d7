"""Our consumer against each server: all is read, nothing twice, in order, whatever happens."""

import pytest
from mypy_boto3_kinesis import KinesisClient

from kinesis_cli.aws.consuming.consumer import ReadPlan
from kinesis_cli.stream.record import Record
from kinesis_cli.stream.selection import Start, StartKind
from kinesis_cli.stream.shards import HASH_KEYS, shard_id
from kinesis_cli.stream.user_records import data_of
from tests.servers import Started

from .consuming import ALL, KEYS, Writer, assert_complete, consumer, created, records, when_active

pytestmark = pytest.mark.usefixtures("credentials")


@pytest.fixture
def our_stream(our_kinesis: KinesisClient) -> str:
    return created(our_kinesis)


def test_all_shards_are_read_to_the_tip(
    server: Started, kinesis: KinesisClient, stream: str
) -> None:
    Writer(kinesis, stream).put(60)
    found = records(consumer(server, stream, ReadPlan(ALL, follow=False)).poll())
    assert_complete(found, 60)
    assert {record.shard_id for record in found} == {shard_id(0), shard_id(1)}


def test_parents_are_read_before_their_children(
    server: Started, kinesis: KinesisClient, stream: str
) -> None:
    writer = Writer(kinesis, stream)
    writer.put(40)
    kinesis.split_shard(
        StreamName=stream, ShardToSplit=shard_id(0), NewStartingHashKey=str(HASH_KEYS // 4)
    )
    when_active(kinesis, stream)
    writer.put(40)
    kinesis.merge_shards(
        StreamName=stream, ShardToMerge=shard_id(3), AdjacentShardToMerge=shard_id(1)
    )
    when_active(kinesis, stream)
    writer.put(40)
    assert_complete(records(consumer(server, stream, ReadPlan(ALL, follow=False)).poll()), 120)


def test_resharding_is_followed_while_it_happens(
    our_server: Started, our_kinesis: KinesisClient, our_stream: str
) -> None:
    writer, found = Writer(our_kinesis, our_stream), list[Record]()
    for batch in consumer(our_server, our_stream, ReadPlan(ALL)).poll():
        found += batch.records
        if len(found) < writer.number:
            continue
        if writer.number == 40:
            our_kinesis.update_shard_count(
                StreamName=our_stream, TargetShardCount=4, ScalingType="UNIFORM_SCALING"
            )
            when_active(our_kinesis, our_stream)
        elif writer.number == 80:
            break
        writer.put(40)
    assert_complete(found, 80)


def test_latest_begins_with_what_comes_next(
    server: Started, kinesis: KinesisClient, stream: str
) -> None:
    writer, found = Writer(kinesis, stream), list[Record]()
    writer.put(KEYS)
    begun = set[str]()
    for batch in consumer(server, stream, ReadPlan(Start(StartKind.LATEST))).poll():
        begun.add(batch.shard_id)
        found += batch.records
        if begun >= {shard_id(0), shard_id(1)} and writer.number == KEYS:
            writer.put(KEYS)
        if len(found) == KEYS:
            break
    assert {data_of(record) for record in found} == {b"1"}


def test_reading_goes_on_after_known_positions(
    server: Started, kinesis: KinesisClient, stream: str
) -> None:
    writer = Writer(kinesis, stream)
    writer.put(40)
    first = records(consumer(server, stream, ReadPlan(ALL, follow=False)).poll())
    positions = {record.shard_id: record.sequence_number for record in first}
    writer.put(40)
    plan = ReadPlan(ALL, follow=False, positions=positions)
    assert_complete([*first, *records(consumer(server, stream, plan).poll())], 80)


def test_until_ends_before_what_arrived_later(
    our_server: Started, our_kinesis: KinesisClient, our_stream: str
) -> None:
    writer = Writer(our_kinesis, our_stream)
    writer.put(KEYS)
    all_of_them = records(consumer(our_server, our_stream, ReadPlan(ALL, follow=False)).poll())
    last = max(record.arrival for record in all_of_them)
    writer.put(KEYS)
    found = records(consumer(our_server, our_stream, ReadPlan(ALL, until=last)).poll())
    assert {r.arrival for r in found} == {r.arrival for r in all_of_them if r.arrival < last}


def test_a_sequence_number_is_a_beginning_in_all_shards(
    our_server: Started, our_kinesis: KinesisClient, our_stream: str
) -> None:
    Writer(our_kinesis, our_stream).put(KEYS)
    all_of_them = records(consumer(our_server, our_stream, ReadPlan(ALL, follow=False)).poll())
    second = [record for record in all_of_them if record.shard_id == shard_id(1)][1]
    start = Start(StartKind.AT_SEQUENCE_NUMBER, sequence_number=second.sequence_number)
    plan = ReadPlan(start, follow=False)
    found = records(consumer(our_server, our_stream, plan).poll())
    own = [record for record in found if record.shard_id == shard_id(1)]
    assert own[0] == second
    assert len(own) == sum(record.shard_id == shard_id(1) for record in all_of_them) - 1


def test_only_the_shard_of_a_key_is_read(
    our_server: Started, our_kinesis: KinesisClient, our_stream: str
) -> None:
    Writer(our_kinesis, our_stream).put(60)
    plan = ReadPlan(ALL, follow=False, partition_key="key-0")
    shards = {batch.shard_id for batch in consumer(our_server, our_stream, plan).poll()}
    assert len(shards - {""}) == 1
