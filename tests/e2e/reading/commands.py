"""`kcli tail`, `record` and `replay` as they are used, on one stream of a real server."""

import json
import os
import subprocess
import sys
from base64 import b64decode
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from mypy_boto3_kinesis import KinesisClient

from kinesis_cli.recordings.recording import Recording
from tests.e2e.programs import KCLI, Completed, Kcli, without_aws
from tests.servers import Started

# `make soak` sets more
ROUNDS = int(os.environ.get("KCLI_SOAK_ROUNDS", "10"))

FROM_START = ("--since", "trim-horizon")
ALL = (*FROM_START, "--no-follow")

_FAST = """
import sys, time, time_machine
time_machine.travel(time.time() + 3600).start()
from kinesis_cli.cli.main import main
sys.exit(main(sys.argv[1:]))
"""


class Commands:
    """Runs kcli on one stream."""

    def __init__(self, server: Started, stream: str, folder: Path) -> None:
        self._endpoint, self._stream = server.endpoint, stream
        self.folder = folder
        keys = {"AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "key"}
        self.environment = {**without_aws(), **keys, "AWS_REGION": "us-east-1"}

    def line(self, *arguments: str, endpoint: str = "", stream: str = "") -> list[str]:
        return [*KCLI, *self._arguments(arguments, endpoint, stream)]

    def __call__(
        self, *arguments: str, endpoint: str = "", stream: str = "", **more: str
    ) -> Completed:
        kcli = Kcli(self.folder, self.environment)
        return kcli(*self._arguments(arguments, endpoint, stream), **more)

    def an_hour_fast(self, *arguments: str) -> Completed:
        """On a machine whose clock is wrong."""
        kcli = Kcli(self.folder, self.environment, (sys.executable, "-c", _FAST))
        return kcli(*self._arguments(arguments, "", ""))

    def _arguments(self, arguments: Sequence[str], endpoint: str, stream: str) -> list[str]:
        target = ("--endpoint-url", endpoint or self._endpoint, "--stream", stream or self._stream)
        return [*arguments, *target]

    def killed(self, after: float, *arguments: str) -> tuple[int, str]:
        """Exit code and standard error of a run that is killed after so many seconds."""
        process = subprocess.Popen(
            self.line(*arguments),
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=after)
        process.kill()
        _, told = process.communicate()
        return process.returncode, told


def succeeded(run: Completed) -> str:
    assert run.returncode == 0, run.stderr
    return run.stdout


def lines(text: str) -> list[Any]:
    return [json.loads(line) for line in text.splitlines()]


def payloads(records: list[Any]) -> list[bytes]:
    return [b64decode(record["kinesis"]["data"]) for record in records]


def put(kinesis: KinesisClient, stream: str, first: int, number: int, keys: int = 20) -> None:
    entries: Any = [
        {"PartitionKey": f"key-{i % keys}", "Data": b'{"n": %d}' % i}
        for i in range(first, first + number)
    ]
    assert kinesis.put_records(StreamName=stream, Records=entries)["FailedRecordCount"] == 0


def everything(on_stream: Commands) -> list[Any]:
    """All records of the stream."""
    return lines(succeeded(on_stream("tail", *ALL, "--output", "ndjson")))


def read(path: Path) -> list[Any]:
    """All records of a recording."""
    with Recording.open([str(path)]) as recording:
        return [json.loads(record.raw) for record in recording.records()]
