"""`kcli tail`, `record` and `replay` as they are used, against a real server."""

import json
import os
import re
import signal
import subprocess
import threading
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from random import Random
from typing import Any, cast

import pytest
from botocore.session import Session
from mypy_boto3_kinesis import KinesisClient

from benchmarks.peers import Started, ours
from kinesis_cli.stream.recording import Recording
from tests.e2e.programs import KCLI, Completed, Terminal

# `make soak` sets more
ROUNDS = int(os.environ.get("KCLI_SOAK_ROUNDS", "10"))
HOSTILE = "\x1b[31m\x9b31m\u202e[red]\n"
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


class Commands:
    """Runs kcli on one stream."""

    def __init__(self, server: Started, stream: str, folder: Path) -> None:
        self._target = ("--endpoint-url", server.endpoint, "--stream", stream)
        self.folder = folder
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        keys = {"AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "key"}
        self.environment = {**kept, **keys, "AWS_REGION": "us-east-1", "COLUMNS": "80"}

    def line(self, *arguments: str) -> list[str]:
        return [*KCLI, *arguments, *self._target]

    def __call__(self, *arguments: str, **more: str) -> Completed:
        return subprocess.run(
            self.line(*arguments),
            cwd=self.folder,
            env={**self.environment, **more},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
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


@pytest.fixture
def kcli(server: Started, stream: str, tmp_path: Path) -> Commands:
    return Commands(server, stream, tmp_path)


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


FROM_START = ("--since", "trim-horizon")
ALL = (*FROM_START, "--no-follow")


def everything(kcli: Commands) -> list[Any]:
    return lines(succeeded(kcli("tail", *ALL, "--output", "ndjson")))


# --- tail


def test_tail_shows_a_line_for_each_record(
    kcli: Commands, kinesis: KinesisClient, stream: str
) -> None:
    put(kinesis, stream, 0, 40)
    head, *rows = succeeded(kcli("tail", *ALL)).splitlines()
    assert head.split() == ["Arrived", "Shard", "Partition", "key", "Data"]
    assert len(rows) == 40
    assert all(re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z  [012]  ", row) for row in rows)
    wide = succeeded(kcli("tail", *ALL, "-n", "1", COLUMNS="140")).splitlines()
    assert re.search(r"…\d{12} ", wide[1])


def test_each_face_of_tail_has_the_same_records(
    kcli: Commands, kinesis: KinesisClient, stream: str
) -> None:
    put(kinesis, stream, 0, 40)
    event = json.loads(succeeded(kcli("tail", *ALL, "--output", "json")))["Records"]
    table = succeeded(kcli("tail", *ALL)).splitlines()[1:]
    assert sorted(payloads(event)) == sorted(payloads(everything(kcli)))
    assert sorted(re.sub(r".*  +", "", row).encode() for row in table) == sorted(payloads(event))
    nothing = kcli("tail", *ALL, "--key", "nobody", "--output", "json")
    assert json.loads(succeeded(nothing)) == {"Records": []}


def test_a_selection_holds_in_tail_and_record(
    kcli: Commands, kinesis: KinesisClient, stream: str
) -> None:
    put(kinesis, stream, 0, 40)
    chosen = (
        *ALL,
        "--key",
        "key-1*",
        "--grep",
        r"\b1?[0-3]\}",
        "--filter",
        '{"data":{"n":[10,11,3]}}',
    )
    shown = lines(succeeded(kcli("tail", *chosen, "--output", "ndjson")))
    assert sorted(payloads(shown)) == [b'{"n": 10}', b'{"n": 11}']
    succeeded(kcli("record", "-o", "day.ndjson", *chosen))
    recorded = lines((kcli.folder / "day.ndjson").read_text())
    assert sorted(payloads(recorded)) == sorted(payloads(shown))


def test_nothing_in_a_record_acts_on_the_terminal(
    kcli: Commands, kinesis: KinesisClient, stream: str
) -> None:
    kinesis.put_record(StreamName=stream, PartitionKey=HOSTILE, Data=HOSTILE.encode())
    kinesis.put_record(StreamName=stream, PartitionKey="big", Data=b"x" * 1_000_000)
    table = succeeded(kcli("tail", *ALL))
    assert len(table.splitlines()) == 3
    assert "[red]" in table
    assert max(map(len, table.splitlines())) < 5_000
    for output in (table, succeeded(kcli("tail", *ALL, "--output", "ndjson"))):
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", output)


def test_a_payload_of_ones_own_format_is_decoded(
    kcli: Commands, kinesis: KinesisClient, stream: str
) -> None:
    (kcli.folder / "mine.py").write_text("def decoded(data): return data[::-1].decode().upper()\n")
    kinesis.put_record(StreamName=stream, PartitionKey="a", Data=b"olleh")
    assert "HELLO" in succeeded(kcli("tail", *ALL, "--decode", "mine:decoded"))


def test_a_reader_that_leaves_ends_it_quietly(
    kcli: Commands, kinesis: KinesisClient, stream: str
) -> None:
    put(kinesis, stream, 0, 500)
    script = f"{' '.join(kcli.line('tail', *ALL, '--output', 'ndjson'))} | head -1"
    run = subprocess.run(
        ["bash", "-c", script], env=kcli.environment, capture_output=True, text=True, timeout=60
    )
    assert len(run.stdout.splitlines()) == 1
    assert "Error" not in run.stderr
    assert "bug" not in run.stderr


def test_ctrl_c_ends_tail_and_says_what_it_showed(
    kcli: Commands,
    kinesis: KinesisClient,
    stream: str,
    terminal: Callable[..., Terminal],
) -> None:
    put(kinesis, stream, 0, 3)
    variables = [f"{name}={value}" for name, value in kcli.environment.items()]
    command = kcli.line("tail", "--since", "trim-horizon")
    running = terminal("env", "-i", *variables, *command, cwd=kcli.folder)
    for number in range(3):  # shards come in any order
        running.read_until(f'{{"n": {number}}}')
    running.type(b"\x03")
    assert "showed 3 records" in running.read_all()
    assert running.process.wait(timeout=30) == 130


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("--since", "soon"), "--since: 'soon' is no time."),
        (("--shard", "9"), "the stream has no shard shardId-000000000009."),
        (("--shard", "a b"), "--shard: 'a b' is no shard"),
        (("--grep", "("), "--grep: '(' is no regular expression"),
        (("--filter", "x"), "filter 1: "),
        (("--decode", "nothing"), "--decode nothing: a function is named as"),
    ],
)
def test_what_is_wrong_is_one_sentence(
    kcli: Commands, arguments: tuple[str, ...], problem: str
) -> None:
    run = kcli("tail", "--no-follow", *arguments)
    assert run.returncode == 2
    assert f"kcli: {problem}" in run.stderr


def test_an_unknown_stream_is_refused(server: Started, tmp_path: Path) -> None:
    run = Commands(server, "nobody", tmp_path)("tail", "--no-follow")
    assert run.returncode == 3
    assert "ResourceNotFoundException" in run.stderr


# --- record


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
    assert _by_shard(_read(kcli.folder / name)) == _by_shard(everything(kcli))


def _read(path: Path) -> list[Any]:
    with Recording.open([str(path)]) as recording:
        return [json.loads(record.raw) for record in recording.records()]


def _by_shard(records: list[Any]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for record in records:
        shard, _, number = record["eventID"].partition(":")
        found.setdefault(shard, []).append(number)
    return found


def test_ctrl_c_ends_a_recording_that_can_be_continued(
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
                process.send_signal(signal.SIGINT)
                break
    _, told = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "recorded 30 records" in told
    put(kinesis, stream, 30, 30)
    succeeded(kcli("record", "-o", "day.ndjson", "--resume", "--no-follow"))
    assert sorted(payloads(_read(kcli.folder / "day.ndjson"))) == sorted(payloads(everything(kcli)))


def test_what_came_while_nobody_recorded_is_recorded_later(
    kcli: Commands,
    kinesis: KinesisClient,
    stream: str,
) -> None:
    put(kinesis, stream, 0, 30)
    succeeded(kcli("record", "-o", "day.ndjson", "--since", "latest", "--no-follow"))
    put(kinesis, stream, 30, 30)
    succeeded(kcli("record", "-o", "day.ndjson", "--resume", "--no-follow"))
    numbers = [json.loads(data)["n"] for data in payloads(_read(kcli.folder / "day.ndjson"))]
    assert sorted(numbers) == list(range(30, 60))


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
    assert payloads(_read(kcli.folder / "day.ndjson")) == [b"secret"] * 15


# --- replay


def recorded(kcli: Commands, number: int, interval: float, name: str = "day.ndjson") -> list[Any]:
    """A recording of one shard, 50 keys, payloads that are numbered."""
    (kcli.folder / "payloads").write_text(
        "".join(f'{{"id": "key-{i % 50}", "n": {i}}}\n' for i in range(number))
    )
    made = subprocess.run(
        [*KCLI, "event", "--from", "payloads", "--key-field", "id", "--interval", str(interval),
         "-o", name],
        cwd=kcli.folder,
        capture_output=True,
        text=True,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    return _read(kcli.folder / name)


def numbers_by_key(records: list[Any]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for record, data in zip(records, payloads(records), strict=True):
        found.setdefault(record["kinesis"]["partitionKey"], []).append(json.loads(data)["n"])
    return found


def test_a_replay_keeps_timing_keys_and_order(kcli: Commands) -> None:
    recording = recorded(kcli, 300, 0.005)
    run = kcli("replay", "day.ndjson", "--speed", "2", "--output", "json")
    assert json.loads(succeeded(run))["acknowledged"] == 300
    assert "ms behind the schedule" in run.stderr
    back = everything(kcli)
    assert numbers_by_key(back) == numbers_by_key(recording)
    arrivals = [each["kinesis"]["approximateArrivalTimestamp"] for each in back]
    assert max(arrivals) - min(arrivals) >= 299 * 0.005 / 2 - 0.05
    assert not (kcli.folder / "day.ndjson.replay").exists()


def test_a_killed_replay_loses_nothing_keeps_order_and_names_what_it_repeats(
    kcli: Commands,
) -> None:
    recording = recorded(kcli, ROUNDS * 2_000, 0.001)
    named: set[int] = set()
    random, code = Random(5), 1
    arguments = ("replay", "day.ndjson", "--resume", "--speed")
    for _ in range(ROUNDS):
        code, told = kcli.killed(random.uniform(0.3, 0.9), *arguments, "5")
        named |= _named(told)
        if code == 0:
            break
    if code:
        last = kcli(*arguments, "max")
        succeeded(last)
        named |= _named(last.stderr)
    back = numbers_by_key(everything(kcli))
    assert {key: list(dict.fromkeys(got)) for key, got in back.items()} == numbers_by_key(recording)
    repeated = {n for got in back.values() for n in got if got.count(n) > 1}
    assert repeated <= named


def _named(told: str) -> set[int]:
    """The payloads whose records were named as maybe repeated."""
    return {
        number - 1
        for first, last in re.findall(r"within ([\d,]+) to ([\d,]+) of", told)
        for number in range(int(first.replace(",", "")), int(last.replace(",", "")) + 1)
    }


def test_ctrl_c_ends_a_replay_that_goes_on_later(kcli: Commands, server: Started) -> None:
    recorded(kcli, 2_000, 0.01)
    process = subprocess.Popen(
        kcli.line("replay", "day.ndjson"),
        cwd=kcli.folder,
        env=kcli.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    journal = kcli.folder / "day.ndjson.replay"
    while process.poll() is None:
        if journal.exists() and b"\na " in journal.read_bytes():
            process.send_signal(signal.SIGINT)
            break
    _, told = process.communicate(timeout=30)
    assert process.returncode == 130, told
    assert "--resume puts the rest" in told
    assert kcli("replay", "day.ndjson", "--speed", "max").returncode == 2  # it has not ended
    succeeded(kcli("replay", "day.ndjson", "--speed", "max", "--resume"))
    assert sorted(n for got in numbers_by_key(everything(kcli)).values() for n in got) == list(
        range(2_000)
    )


def test_a_part_is_replayed_with_new_times_and_data(kcli: Commands) -> None:
    recorded(kcli, 100, 1.0)
    (kcli.folder / "mine.py").write_text("def same(data): return data if b'7' in data else None\n")
    part = ("--since", "+10", "--until", "+30", "--speed", "max", "--map", "mine:same")
    succeeded(kcli("replay", "day.ndjson", *part))
    found = sorted(n for got in numbers_by_key(everything(kcli)).values() for n in got)
    assert [n for n in found if 10 <= n < 30] == found
    assert {17, 27} <= set(found)


def test_a_dry_run_puts_nothing(kcli: Commands) -> None:
    recorded(kcli, 3_000, 0.0005)
    run = succeeded(kcli("replay", "day.ndjson", "--dry-run", "--output", "json"))
    load = json.loads(run)
    assert (load["records"], load["seconds"]) == (3000, pytest.approx(1.5, abs=0.01))
    assert sum(shard["records"] for shard in load["shards"]) == 3000
    assert everything(kcli) == []
    assert not (kcli.folder / "day.ndjson.replay").exists()


def test_slices_share_a_replay(kcli: Commands) -> None:
    recorded(kcli, 500, 0.001)
    for part in range(3):
        succeeded(kcli("replay", "day.ndjson", "--speed", "max", "--slice", f"{part}/3"))
    assert sorted(n for got in numbers_by_key(everything(kcli)).values() for n in got) == list(
        range(500)
    )


def test_help_names_each_option() -> None:
    for name in ("tail", "record", "replay"):
        run = subprocess.run([*KCLI, name, "--help"], capture_output=True, text=True, check=True)
        assert "Examples:" in run.stdout
