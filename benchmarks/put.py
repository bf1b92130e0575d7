"""`kcli put` against a bare loop of botocore, and against the AWS CLI.

All talk to the same local endpoint. CPU seconds are of the client's process, its start included.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from time import perf_counter

from benchmarks.measure import Row, row
from tests import environments, servers

RECORDS = 100_000
CALL = 500
ROUNDS = 5
SINGLE_ROUNDS = 11
FILES = 5  # of CALL records each, that the AWS CLI puts
AWS_CLI = "awscli==1.45.11"
STREAM = "put"
DATA = '{"temperature":23.51,"readingTimestamp":1732455555123}'

# Ready-made batches, nothing retried, nothing looked at: what no producer can do without.
BARE_LOOP = f"""
import sys
from botocore.session import Session
client = Session().create_client("kinesis", endpoint_url=sys.argv[1])
data = b'{DATA}'
call = [{{"Data": data, "PartitionKey": f"sensor-{{i % 50 + 1}}"}} for i in range({CALL})]
for _ in range({RECORDS} // {CALL}):
    client.put_records(StreamName="{STREAM}", Records=call)
"""
ENVIRONMENT = {
    **os.environ,
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}


class Cost:
    """Runs a command; what it took."""

    def __init__(self, *command: str) -> None:
        start = perf_counter()
        process = subprocess.Popen(
            command, env=ENVIRONMENT, cwd=environments.ROOT, stdout=subprocess.DEVNULL
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        self.wall = perf_counter() - start
        self.cpu = usage.ru_utime + usage.ru_stime
        self.megabytes = usage.ru_maxrss / (1 << (10 if sys.platform == "linux" else 20))
        if process.returncode:
            raise RuntimeError(f"{command} ended with {process.returncode}")


def run(records: int = RECORDS, rounds: int = ROUNDS) -> Iterator[Row]:
    """Yields rows of CPU, time, start-up and memory."""
    with (
        servers.ours("--in-memory", "--stream", f"{STREAM}=4") as server,
        tempfile.TemporaryDirectory() as folder,
    ):
        to_stream = ("--endpoint-url", server.endpoint, "--stream", STREAM)
        put = (sys.executable, "-m", "kinesis_cli", "put", *to_stream)
        many = (*put, "--count", str(records), "--sensors", "50", "--rate", "max")
        loop = (sys.executable, "-c", BARE_LOOP, server.endpoint)
        costs = _in_turns({"kcli": many, "loop": loop}, rounds)
        cpu = {name: statistics.median(c.cpu for c in each) for name, each in costs.items()}
        wall = {name: statistics.median(c.wall for c in each) for name, each in costs.items()}
        yield row("put 100,000 records, CPU (s)", cpu["kcli"], cpu["loop"], 1.5)
        yield row("put 100,000 records, wall (s)", wall["kcli"], wall["loop"], 1.15)
        theirs = _aws_cli_seconds(Path(folder), server.endpoint) * records / (FILES * CALL)
        yield row("put 100,000 records, AWS CLI (s)", wall["kcli"], theirs, 1 / 5)
        yield _single(put, server.endpoint)
        yield from _memory(put, Path(folder))


def _in_turns(commands: Mapping[str, tuple[str, ...]], rounds: int) -> dict[str, list[Cost]]:
    costs: dict[str, list[Cost]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            costs[name].append(Cost(*command))
    return costs


def _aws(endpoint: str, operation: str) -> tuple[str, ...]:
    # As `python -m awscli`, not through a wrapper: both sides start the same way.
    python = str(environments.python_environment("awscli", AWS_CLI) / "python")
    options = ("--stream-name", STREAM, "--endpoint-url", endpoint)
    return (python, "-m", "awscli", "kinesis", operation, *options)


def _aws_cli_seconds(folder: Path, endpoint: str) -> float:
    """Seconds for `FILES` calls with a file each."""
    entries = [{"Data": DATA, "PartitionKey": f"sensor-{i % 50 + 1}"} for i in range(CALL)]
    file = folder / "records.json"
    file.write_text(json.dumps(entries))
    command = (*_aws(endpoint, "put-records"), "--records", f"file://{file}")
    return sum(Cost(*command).wall for _ in range(FILES))


def _single(put: tuple[str, ...], endpoint: str) -> Row:
    theirs = ("--partition-key", "sensor-1", "--data", DATA)
    costs = _in_turns(
        {
            "kcli": (*put, "--temperature", "89.9"),
            "aws": (*_aws(endpoint, "put-record"), *theirs),
        },
        SINGLE_ROUNDS,
    )
    wall = {name: statistics.median(c.wall for c in each) for name, each in costs.items()}
    return row("put one record, AWS CLI (s)", wall["kcli"], wall["aws"], 0.85)


def _memory(put: tuple[str, ...], folder: Path) -> Iterator[Row]:
    """Ten times as many records from a file take no more memory."""
    peaks = []
    for name, count in {"small": 100_000, "large": 1_000_000}.items():
        file = folder / name
        with file.open("w") as lines:
            lines.writelines(f"{DATA}\n" for _ in range(count))
        peaks.append(Cost(*put, "--from", str(file)).megabytes)
    yield row("peak MB of 1 M records from a file, 100,000", peaks[1], peaks[0], 1.1)
