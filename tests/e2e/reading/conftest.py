"""A server, a stream on it, and commands on that."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import cast

import pytest
from botocore.session import Session
from mypy_boto3_kinesis import KinesisClient

from tests.e2e.reading.commands import Commands
from tests.servers import Started, ours

_names = count()


@pytest.fixture(scope="module")
def server() -> Iterator[Started]:
    with ours("--in-memory") as started:
        yield started


@pytest.fixture(scope="module")
def kinesis(server: Started) -> KinesisClient:
    session = Session()
    session.set_credentials("any", "key")
    client = session.create_client("kinesis", region_name="us-east-1", endpoint_url=server.endpoint)
    return cast("KinesisClient", client)


@pytest.fixture
def stream(kinesis: KinesisClient) -> str:
    name = f"stream-{next(_names)}"
    kinesis.create_stream(StreamName=name, ShardCount=3)
    return name


@pytest.fixture
def on_stream(server: Started, stream: str, tmp_path: Path) -> Commands:
    return Commands(server, stream, tmp_path)
