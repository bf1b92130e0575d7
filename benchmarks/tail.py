"""`kcli tail` against a GetRecords loop that only counts; `kcli replay` against its schedule."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from botocore.session import Session

from benchmarks.measure import Row, medians, row
from tests.servers import Started, ours

SHARDS = 4
RECORDS = 100_000  # of each shard
ROUNDS = 3
REPLAYED_SECONDS = 60
REPLAYED_PER_SECOND = 1_000
STREAM = "benchmark"
REGION = "us-east-1"

# the loop that everybody writes, as a whole process
COUNT = """
import sys
from botocore.session import Session
session = Session()
session.set_credentials("any", "key")
client = session.create_client("kinesis", endpoint_url=sys.argv[1], region_name="us-east-1")
count = 0
for shard in client.list_shards(StreamName="benchmark")["Shards"]:
    iterator = client.get_shard_iterator(
        StreamName="benchmark", ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    while iterator:
        answer = client.get_records(ShardIterator=iterator)
        count += len(answer["Records"])
        iterator = answer["NextShardIterator"] if answer["MillisBehindLatest"] else None
print(count)
"""


def run() -> Iterator[Row]:
    """Yields the rows of this benchmark."""
    with stream() as server:
        fill(server)
        ran = medians({"tail": lambda: tail(server), "loop": lambda: count(server)}, rounds=ROUNDS)
        yield row("tail of 400,000 records, ndjson, s", ran["tail"], ran["loop"], 1.5)
    with stream() as server:
        late = replay_p99(server)
        yield row("replay, 1,000/s for 60 s: p99 off its moment, ms", late * 1000, 20.0, 1.0)


@contextmanager
def stream() -> Iterator[Started]:
    """A server with a stream."""
    with ours("--in-memory", "--stream", f"{STREAM}={SHARDS}", "--region", REGION) as server:
        yield server


def client_of(server: Started) -> Any:  # noqa: ANN401 - botocore makes classes as it runs
    """A client of a server."""
    session = Session()
    session.set_credentials("any", "key")
    return session.create_client("kinesis", endpoint_url=server.endpoint, region_name=REGION)


def fill(server: Started) -> None:
    """The same number of records in each shard."""
    client, data = client_of(server), b'{"temperature":21.5,"readingTimestamp":1545084650}'
    shards = client.list_shards(StreamName=STREAM)["Shards"]
    for shard in shards:
        key = shard["HashKeyRange"]["StartingHashKey"]
        entry = {"Data": data, "PartitionKey": "sensor-1", "ExplicitHashKey": key}
        for _ in range(RECORDS // 500):
            client.put_records(StreamName=STREAM, Records=[entry] * 500)


def kcli(server: Started, *arguments: str) -> list[str]:
    """A command line that talks to a server."""
    target = ("--endpoint-url", server.endpoint, "--stream", STREAM, "--region", REGION)
    return [sys.executable, "-m", "kinesis_cli", *arguments, *target]


CREDENTIALS = {"AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "key"}


def tail(server: Started) -> None:
    """Read all as a recording."""
    arguments = ("tail", "--since", "trim-horizon", "--no-follow", "--output", "ndjson")
    with tempfile.TemporaryFile() as file:
        subprocess.run(
            kcli(server, *arguments),
            check=True,
            env=CREDENTIALS,
            stdout=file,
            stderr=subprocess.DEVNULL,
        )
        file.seek(0)
        lines = sum(1 for _ in file)
    if lines != SHARDS * RECORDS:
        raise RuntimeError(f"{lines} lines")


def count(server: Started) -> None:
    """Read all and count."""
    ran = subprocess.run(
        [sys.executable, "-c", COUNT, server.endpoint], check=True, stdout=subprocess.PIPE
    )
    if int(ran.stdout) != SHARDS * RECORDS:
        raise RuntimeError(f"{ran.stdout!r} records")


def replay_p99(server: Started) -> float:
    """Replay a steady recording; seconds between a record's moment and its arrival, the 99 % mark.

    The schedule begins at some moment; it is the one for which nothing comes too early.
    """
    number = REPLAYED_SECONDS * REPLAYED_PER_SECOND
    interval = 1 / REPLAYED_PER_SECOND
    with tempfile.TemporaryDirectory() as folder:
        recording, back = Path(folder) / "steady.ndjson", Path(folder) / "back.ndjson"
        made = ("event", "--count", str(number), "--interval", str(interval), "--sensors", "1000")
        program = [sys.executable, "-m", "kinesis_cli"]
        subprocess.run([*program, *made, "-o", str(recording)], check=True, stderr=subprocess.PIPE)
        for arguments in (
            ("replay", str(recording)),
            ("record", "-o", str(back), "--since", "trim-horizon", "--no-follow"),
        ):
            command = kcli(server, *arguments)
            subprocess.run(command, check=True, env=CREDENTIALS, capture_output=True)
        arrivals = sorted(map(_arrival, back.open("rb")))
    if len(arrivals) != number:
        raise RuntimeError(f"{len(arrivals)} records")
    offs = [arrival - number * interval for number, arrival in enumerate(arrivals)]
    return sorted(offs)[int(0.99 * number)] - min(offs)


def _arrival(line: bytes) -> float:
    arrival: float = json.loads(line)["kinesis"]["approximateArrivalTimestamp"]
    return arrival
