"""Reading with our consumer, and what must have come."""

from collections.abc import Callable, Iterable, Sequence
from itertools import count
from pathlib import Path

import pytest
from mypy_boto3_kinesis import KinesisClient

from kinesis_cli.aws.consuming.consumer import Consumer, ReadPlan, ShardRecords
from kinesis_cli.aws.session import Connection
from kinesis_cli.project.settings import read_settings
from kinesis_cli.project.target import resolve_target
from kinesis_cli.stream.record import Record
from kinesis_cli.stream.selection import Start, StartKind
from kinesis_cli.stream.user_records import data_of
from tests.servers import Started

ALL = Start(StartKind.TRIM_HORIZON)
KEYS = 20
_names = count()


def created(kinesis: KinesisClient) -> str:
    name = f"consumed-{next(_names)}"
    kinesis.create_stream(StreamName=name, ShardCount=2)
    when_active(kinesis, name)
    return name


def when_active(kinesis: KinesisClient, name: str) -> None:
    kinesis.get_waiter("stream_exists").wait(
        StreamName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 30}
    )


class Writer:
    """Puts records whose payloads are numbered within their key."""

    def __init__(self, kinesis: KinesisClient, stream: str) -> None:
        self._kinesis, self._stream = kinesis, stream
        self.number = 0

    def put(self, number: int) -> None:
        for _ in range(number):
            key = f"key-{self.number % KEYS}"
            data = b"%d" % (self.number // KEYS)
            self._kinesis.put_record(StreamName=self._stream, PartitionKey=key, Data=data)
            self.number += 1


def consumer(
    server: Started, stream: str, plan: ReadPlan, warn: Callable[[str], None] = pytest.fail
) -> Consumer:
    flags = {"endpoint_url": server.endpoint, "stream": stream, "region": "us-east-1"}
    settings = read_settings(flags, environment={}, directory=Path("/"))
    return Consumer(Connection(resolve_target(settings, Path("/"))), stream, plan, warn)


def records(batches: Iterable[ShardRecords]) -> list[Record]:
    return [record for batch in batches for record in batch.records]


def assert_complete(found: Sequence[Record], number: int, keys: int = KEYS) -> None:
    """Each key has each of its records once, in the order in which they were put."""
    by_key: dict[str, list[int]] = {}
    for record in found:
        by_key.setdefault(record.partition_key, []).append(int(data_of(record)))
    assert by_key == {
        f"key-{key}": list(range(len(range(key, number, keys)))) for key in range(min(keys, number))
    }
