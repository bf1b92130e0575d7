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
from tests.e2e.programs import KCLI, Completed
from tests.patience import PATIENCE
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
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        keys = {"AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "key"}
        self.environment = {**kept, **keys, "AWS_REGION": "us-east-1", "COLUMNS": "80"}

    def line(
        self,
        *arguments: str,
        endpoint: str = "",
        stream: str = "",
        program: Sequence[str] = KCLI,
    ) -> list[str]:
        target = ("--endpoint-url", endpoint or self._endpoint, "--stream", stream or self._stream)
        return [*program, *arguments, *target]

    def __call__(
        self, *arguments: str, endpoint: str = "", stream: str = "", **more: str
    ) -> Completed:
        return self._run(self.line(*arguments, endpoint=endpoint, stream=stream), more)

    def an_hour_fast(self, *arguments: str) -> Completed:
        """On a machine whose clock is wrong."""
        return self._run(self.line(*arguments, program=(sys.executable, "-c", _FAST)), {})

    def _run(self, line: list[str], more: dict[str, str]) -> Completed:
        return subprocess.run(
            line,
            cwd=self.folder,
            env={**self.environment, **more},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )

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


def everything(kcli: Commands) -> list[Any]:
    """All records of the stream."""
    return lines(succeeded(kcli("tail", *ALL, "--output", "ndjson")))


def read(path: Path) -> list[Any]:
    """All records of a recording."""
    with Recording.open([str(path)]) as recording:
        return [json.loads(record.raw) for record in recording.records()]
