"""Our consumer through faults: nothing lost, nothing twice, order kept."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from mypy_boto3_kinesis import KinesisClient

from kinesis_cli.aws.consuming.consumer import ReadPlan
from kinesis_cli.stream.record import Record
from kinesis_cli.stream.selection import Start, StartKind
from kinesis_cli.stream.shards import shard_id
from tests.servers import Started, ours_in

from .conftest import Control, client_of, control
from .consuming import ALL, KEYS, Writer, assert_complete, consumer

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("credentials")]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Started]:
    with ours_in(tmp_path) as started:
        yield started


@pytest.fixture
def kinesis(server: Started) -> KinesisClient:
    return client_of(server)


@pytest.fixture
def faults(server: Started, tmp_path: Path) -> Control:
    return control(server, tmp_path)


@pytest.mark.parametrize(
    "fault",
    [
        {"error": 0.4},
        {"cut": "before", "cut_share": 0.4},
        {"cut": "after", "cut_share": 0.4},
        {"delay": 0.02},
    ],
    ids=["500", "cut before", "cut after", "slow"],
)
def test_faults_neither_lose_nor_repeat_a_record(
    fault: dict[str, Any], server: Started, kinesis: KinesisClient, stream: str, faults: Control
) -> None:
    writer = Writer(kinesis, stream)
    faults(set=fault | {"operations": ["GetRecords", "GetShardIterator"]})
    found = list[Record]()
    for batch in consumer(server, stream, ReadPlan(ALL)).poll():
        found += batch.records
        if len(found) == writer.number == 60:
            break
        if len(found) == writer.number:
            writer.put(KEYS)
    assert_complete(found, 60)


def test_expired_iterators_go_on_after_the_last_record(
    server: Started, kinesis: KinesisClient, stream: str, faults: Control
) -> None:
    writer, found, begun = Writer(kinesis, stream), list[Record](), set[str]()
    for batch in consumer(server, stream, ReadPlan(Start(StartKind.LATEST))).poll():
        found += batch.records
        begun.add(batch.shard_id)
        if len(found) == writer.number == 60:
            break
        if len(found) == writer.number and begun >= {shard_id(0), shard_id(1)}:
            faults(expire_iterators=True)
            writer.put(KEYS)
    assert_complete(found, 60)


def test_throttled_shards_are_read_when_they_may_be(
    server: Started, kinesis: KinesisClient, stream: str, faults: Control
) -> None:
    Writer(kinesis, stream).put(40)
    faults(set={"throttle": [stream]})
    found, empty = list[Record](), 0
    for batch in consumer(server, stream, ReadPlan(ALL, follow=False)).poll():
        found += batch.records
        empty += not batch.records
        if empty == 2:
            faults(clear=True)
    assert_complete(found, 40)


def test_fan_out_reads_all_and_removes_what_it_registered(
    server: Started, kinesis: KinesisClient, stream: str
) -> None:
    writer = Writer(kinesis, stream)
    writer.put(40)
    reader = consumer(server, stream, ReadPlan(ALL))
    found = list[Record]()
    batches = reader.fan_out("tail")
    for batch in batches:
        found += batch.records
        if len(found) == writer.number == 80:
            break
        if len(found) == writer.number:
            names = kinesis.list_stream_consumers(StreamARN=reader.stream_arn)["Consumers"]
            assert [each["ConsumerName"] for each in names] == ["tail"]
            writer.put(40)
    batches.close()
    assert_complete(found, 80)
    assert not kinesis.list_stream_consumers(StreamARN=reader.stream_arn)["Consumers"]


def test_a_consumer_that_was_there_stays(
    server: Started, kinesis: KinesisClient, stream: str
) -> None:
    Writer(kinesis, stream).put(KEYS)
    told: list[str] = []
    reader = consumer(server, stream, ReadPlan(ALL, follow=False), warn=told.append)
    kinesis.register_stream_consumer(StreamARN=reader.stream_arn, ConsumerName="theirs")
    found: list[Record] = []
    for batch in reader.fan_out("theirs"):
        found += batch.records
    assert_complete(found, KEYS)
    assert len(kinesis.list_stream_consumers(StreamARN=reader.stream_arn)["Consumers"]) == 1
    assert told == [
        "the consumer theirs was there already: it is used, and stays registered in the end"
    ]


def test_fan_out_subscribes_anew_when_five_minutes_are_over(
    server: Started, kinesis: KinesisClient, stream: str, faults: Control
) -> None:
    writer, found = Writer(kinesis, stream), list[Record]()
    writer.put(KEYS)
    batches = consumer(server, stream, ReadPlan(ALL)).fan_out("tail")
    for batch in batches:
        found += batch.records
        if len(found) == writer.number == 60:
            break
        if len(found) == writer.number:
            faults(clock=301.0 * writer.number / KEYS)
            writer.put(KEYS)
    batches.close()
    assert_complete(found, 60)
