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
    kcli: Commands,
    kinesis: KinesisClient,
    stream: str,
    name: str,
) -> None:
    random = Random(name)
    with writing(kinesis, stream):
        for _ in range(-(-ROUNDS // 3)):
            kcli.killed(
                random.uniform(0.3, 1.5),
                "record",
                "-o",
                name,
                "--resume",
                "--since",
                "trim-horizon",
            )
    succeeded(kcli("record", "-o", name, "--resume", *ALL))
    assert _by_shard(read(kcli.folder / name)) == _by_shard(everything(kcli))


def _by_shard(records: list[Any]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for record in records:
        shard, _, number = record["eventID"].partition(":")
        found.setdefault(shard, []).append(number)
    return found


@ENDINGS
def test_ctrl_c_ends_a_recording_that_can_be_continued(
    ended_by: signal.Signals,
    kcli: Commands,
    kinesis: KinesisClient,
    stream: str,
) -> None:
    put(kinesis, stream, 0, 30)
    process = subprocess.Popen(
        kcli.line("record", "-o", "day.ndjson", "--since", "trim-horizon"),
        cwd=kcli.folder,
        env=kcli.environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    progress = kcli.folder / "day.ndjson.progress"
    while process.poll() is None:
        with suppress(OSError, ValueError):
            if json.loads(progress.read_text())["records"] == 30:
                process.send_signal(ended_by)
                break
    _, told = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert "recorded 30 records" in told
    put(kinesis, stream, 30, 30)
    succeeded(kcli("record", "-o", "day.ndjson", "--resume", "--no-follow"))
    assert sorted(payloads(read(kcli.folder / "day.ndjson"))) == sorted(payloads(everything(kcli)))


def test_what_came_while_nobody_recorded_is_recorded_later(
    kcli: Commands,
    kinesis: KinesisClient,
    stream: str,
) -> None:
    put(kinesis, stream, 0, 30)
    succeeded(kcli("record", "-o", "day.ndjson", "--since", "latest", "--no-follow"))
    put(kinesis, stream, 30, 30)
    succeeded(kcli("record", "-o", "day.ndjson", "--resume", "--no-follow"))
    found = _numbers(kcli)
    assert found[-30:] == list(range(30, 60))
    assert len(found) == len(set(found))  # a shard begins with the second of the first run


def test_a_clock_that_is_wrong_does_not_matter(
    kcli: Commands,
    kinesis: KinesisClient,
    stream: str,
) -> None:
    succeeded(kcli.an_hour_fast("record", "-o", "day.ndjson", "--no-follow"))
    put(kinesis, stream, 0, 30)
    succeeded(kcli("record", "-o", "day.ndjson", "--resume", "--no-follow"))
    assert _numbers(kcli) == list(range(30))


def _numbers(kcli: Commands) -> list[int]:
    return sorted(json.loads(data)["n"] for data in payloads(read(kcli.folder / "day.ndjson")))


def test_a_recording_is_of_one_stream_and_written_over_by_none(
    kcli: Commands,
    server: Started,
    kinesis: KinesisClient,
) -> None:
    succeeded(kcli("record", "-o", "day.ndjson", *ALL))
    (kcli.folder / "day.ndjson").write_text("x")
    assert "it exists" in kcli("record", "-o", "day.ndjson", *ALL).stderr
    kinesis.create_stream(StreamName="another", ShardCount=1)
    run = Commands(server, "another", kcli.folder)("record", "-o", "day.ndjson", "--resume")
    assert run.returncode == 2
    assert "it is of arn:" in run.stderr


def test_data_is_anonymised_on_its_way_to_the_disk(
    kcli: Commands,
    kinesis: KinesisClient,
    stream: str,
) -> None:
    put(kinesis, stream, 0, 30)
    (kcli.folder / "mine.py").write_text(
        "def odd(data): return None if int(data[6:-1]) % 2 else b'secret'\n"
    )
    succeeded(kcli("record", "-o", "day.ndjson", *ALL, "--map", "mine:odd"))
    assert payloads(read(kcli.folder / "day.ndjson")) == [b"secret"] * 15


def test_a_recording_goes_to_standard_output_and_to_no_file(
    kcli: Commands,
    kinesis: KinesisClient,
    stream: str,
) -> None:
    put(kinesis, stream, 0, 30)
    run = kcli("record", "-o", "-", *ALL)
    assert sorted(run.stdout.splitlines()) == sorted(
        succeeded(kcli("tail", *ALL, "--output", "ndjson")).splitlines()
    )
    assert "recorded 30 records" in run.stderr
    assert list(kcli.folder.iterdir()) == []
    refused = kcli("record", "-o", "-", "--resume")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "--resume continues a file" in refused.stderr
