"""`kcli record`."""

import json
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from random import Random
from typing import Any

import pytest
from mypy_boto3_kinesis import KinesisClient

from tests.e2e.programs import ENDINGS
from tests.e2e.reading.commands import (
    ALL,
    ROUNDS,
    Commands,
    everything,
    payloads,
    put,
    read,
    succeeded,
)
from tests.patience import PATIENCE
from tests.servers import Started

pytestmark = pytest.mark.slow


@contextmanager
def writing(kinesis: KinesisClient, stream: str) -> Iterator[None]:
    """Somebody puts records all the time."""
    ended = threading.Event()

    def write() -> None:
        number = 0
        while not ended.wait(0.01):
            put(kinesis, stream, number, 50)
            number += 50

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


@pytest.mark.parametrize("name", ["day.ndjson", "day.ndjson.gz", "day.ndjson.zst"])
def test_a_recording_is_exact_after_kills(
    on_stream: Commands,
    kinesis: KinesisClient,
    stream: str,
    name: str,
) -> None:
    random = Random(name)
    with writing(kinesis, stream):
        for _ in range(-(-ROUNDS // 3)):
            on_stream.killed(
                random.uniform(0.3, 1.5),
                "record",
                "-o",
                name,
                "--resume",
                "--since",
                "trim-horizon",
            )
    succeeded(on_stream("record", "-o", name, "--resume", *ALL))
    assert _by_shard(read(on_stream.folder / name)) == _by_shard(everything(on_stream))


def _by_shard(records: list[Any]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for record in records:
        shard, _, number = record["eventID"].partition(":")
        found.setdefault(shard, []).append(number)
    return found


@ENDINGS
def test_ctrl_c_ends_a_recording_that_can_be_continued(
    ended_by: signal.Signals,
    on_stream: Commands,
    kinesis: KinesisClient,
    stream: str,
) -> None:
    put(kinesis, stream, 0, 30)
    process = subprocess.Popen(
        on_stream.line("record", "-o", "day.ndjson", "--since", "trim-horizon"),
        cwd=on_stream.folder,
        env=on_stream.environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    progress = on_stream.folder / "day.ndjson.progress"
    while process.poll() is None:
        with suppress(OSError, ValueError):
            if json.loads(progress.read_text())["records"] == 30:
                process.send_signal(ended_by)
                break
    _, told = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert "recorded 30 records" in told
    put(kinesis, stream, 30, 30)
    succeeded(on_stream("record", "-o", "day.ndjson", "--resume", "--no-follow"))
    assert sorted(payloads(read(on_stream.folder / "day.ndjson"))) == sorted(
        payloads(everything(on_stream))
    )


def test_what_came_while_nobody_recorded_is_recorded_later(
    on_stream: Commands,
    kinesis: KinesisClient,
    stream: str,
) -> None:
    put(kinesis, stream, 0, 30)
    succeeded(on_stream("record", "-o", "day.ndjson", "--since", "latest", "--no-follow"))
    put(kinesis, stream, 30, 30)
    succeeded(on_stream("record", "-o", "day.ndjson", "--resume", "--no-follow"))
    found = _numbers(on_stream)
    assert found[-30:] == list(range(30, 60))
    assert len(found) == len(set(found))  # a shard begins with the second of the first run


def test_a_clock_that_is_wrong_does_not_matter(
    on_stream: Commands,
    kinesis: KinesisClient,
    stream: str,
) -> None:
    succeeded(on_stream.an_hour_fast("record", "-o", "day.ndjson", "--no-follow"))
    put(kinesis, stream, 0, 30)
    succeeded(on_stream("record", "-o", "day.ndjson", "--resume", "--no-follow"))
    assert _numbers(on_stream) == list(range(30))


def _numbers(on_stream: Commands) -> list[int]:
    return sorted(json.loads(data)["n"] for data in payloads(read(on_stream.folder / "day.ndjson")))


def test_a_recording_is_of_one_stream_and_written_over_by_none(
    on_stream: Commands,
    server: Started,
    kinesis: KinesisClient,
) -> None:
    succeeded(on_stream("record", "-o", "day.ndjson", *ALL))
    (on_stream.folder / "day.ndjson").write_text("x")
    assert "it exists" in on_stream("record", "-o", "day.ndjson", *ALL).stderr
    kinesis.create_stream(StreamName="another", ShardCount=1)
    run = Commands(server, "another", on_stream.folder)("record", "-o", "day.ndjson", "--resume")
    assert run.returncode == 2
    assert "it is of arn:" in run.stderr


def test_data_is_anonymised_on_its_way_to_the_disk(
    on_stream: Commands,
    kinesis: KinesisClient,
    stream: str,
) -> None:
    put(kinesis, stream, 0, 30)
    (on_stream.folder / "mine.py").write_text(
        "def odd(data): return None if int(data[6:-1]) % 2 else b'secret'\n"
    )
    succeeded(on_stream("record", "-o", "day.ndjson", *ALL, "--map", "mine:odd"))
    assert payloads(read(on_stream.folder / "day.ndjson")) == [b"secret"] * 15


def test_a_recording_goes_to_standard_output_and_to_no_file(
    on_stream: Commands,
    kinesis: KinesisClient,
    stream: str,
) -> None:
    put(kinesis, stream, 0, 30)
    run = on_stream("record", "-o", "-", *ALL)
    assert sorted(run.stdout.splitlines()) == sorted(
        succeeded(on_stream("tail", *ALL, "--output", "ndjson")).splitlines()
    )
    assert "recorded 30 records" in run.stderr
    assert list(on_stream.folder.iterdir()) == []
    refused = on_stream("record", "-o", "-", "--resume")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "--resume continues a file" in refused.stderr
