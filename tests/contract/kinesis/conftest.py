"""Servers that the suite runs against: ours, and others that also speak for Kinesis.

Where another server differs from AWS, the test is listed in `DIFFERENCES` with the reason, and is
expected to fail there: the day it passes, the list must follow.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http.client import HTTPConnection
from itertools import count
from pathlib import Path

import boto3
import pytest
from botocore.config import Config
from mypy_boto3_kinesis import KinesisClient

from tests.servers import Started, ours, peer

from .consuming import created
from .differences import DIFFERENCES

SERVERS = ("ours", "moto", "kinesalite")
_names = count()


@pytest.fixture(scope="session")
def start() -> Iterator[Callable[[str], Started]]:
    """`start(name)`: that server, started once and ended with the session."""
    running: dict[str, Started] = {}
    with ExitStack() as servers:

        def start(name: str) -> Started:
            if name not in running:
                server = ours("--in-memory") if name == "ours" else peer(name)
                running[name] = servers.enter_context(server)
            return running[name]

        yield start


@pytest.fixture(
    params=[
        name if name == "ours" else pytest.param(name, marks=pytest.mark.slow) for name in SERVERS
    ]
)
def server(request: pytest.FixtureRequest, start: Callable[[str], Started]) -> Started:
    """Each of the servers."""
    name: str = request.param
    known = DIFFERENCES.get(name, {})
    case = request.node.name.replace(f"[{name}]", "").replace(f"[{name}-", "[")
    if reason := known.get(case) or known.get(request.node.originalname):
        request.applymarker(pytest.mark.xfail(reason=f"{name}: {reason}", strict=True))
    return start(name)


@pytest.fixture
def our_server(start: Callable[[str], Started]) -> Started:
    """Ours, for what no other server has."""
    return start("ours")


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of the clients of kcli itself, which has them from the environment."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "123456789012")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.delenv("AWS_PROFILE", raising=False)


def client_of(
    server: Started, *, key: str = "123456789012", region: str = "us-east-1"
) -> KinesisClient:
    """A client that leaves it to the server to refuse what is wrong."""
    return boto3.client(
        "kinesis",
        endpoint_url=server.endpoint,
        region_name=region,
        aws_access_key_id=key,
        aws_secret_access_key="secret",
        config=Config(parameter_validation=False, retries={"max_attempts": 0}),
    )


Control = Callable[..., None]


def control(server: Started, state: Path) -> Control:
    """`control(set={…})`: what `kcli local faults` says to our server's control path.

    Args:
        server: ours.
        state: its directory.
    """
    token = json.loads((state / "server.json").read_bytes())["token"]

    def control(**request: object) -> None:
        connection = HTTPConnection("127.0.0.1", server.port)
        connection.request("POST", "/_kcli/faults", json.dumps(request), {"X-Kcli-Token": token})
        assert connection.getresponse().status == 200
        connection.close()

    return control


@pytest.fixture
def kinesis(server: Started) -> KinesisClient:
    """A client of each server."""
    return client_of(server)


@pytest.fixture
def our_kinesis(our_server: Started) -> KinesisClient:
    """A client of ours."""
    return client_of(our_server)


@pytest.fixture
def stream(kinesis: KinesisClient) -> str:
    """A stream of two shards on each server."""
    return created(kinesis)


@pytest.fixture
def make_stream() -> Callable[..., str]:
    """`make_stream(client, shards)`: the name of a new, active stream."""

    def make_stream(client: KinesisClient, shards: int = 1) -> str:
        name = f"stream-{next(_names)}"
        client.create_stream(StreamName=name, ShardCount=shards)
        client.get_waiter("stream_exists").wait(
            StreamName=name, WaiterConfig={"Delay": 0, "MaxAttempts": 1000}
        )
        return name

    return make_stream


@pytest.fixture
def read() -> Callable[..., list[bytes]]:
    """`read(client, stream, shard_id)`: the data of all records of a shard."""

    def read(client: KinesisClient, stream: str, shard_id: str) -> list[bytes]:
        iterator: str | None = client.get_shard_iterator(
            StreamName=stream, ShardId=shard_id, ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        data: list[bytes] = []
        for _ in range(3):  # an empty answer says nothing yet
            if iterator:
                page = client.get_records(ShardIterator=iterator)
                data += [record["Data"] for record in page["Records"]]
                iterator = page.get("NextShardIterator")
        return data

    return read
