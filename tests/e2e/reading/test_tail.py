"""`kcli tail`."""

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from mypy_boto3_kinesis import KinesisClient

from tests.e2e.programs import Terminal
from tests.e2e.reading.commands import (
    ALL,
    Commands,
    everything,
    lines,
    payloads,
    put,
    succeeded,
)
from tests.patience import PATIENCE
from tests.servers import Started

pytestmark = pytest.mark.slow

HOSTILE = "\x1b[31m\x9b31m\u202e[red]\n"


def test_tail_shows_a_line_for_each_record(
    on_stream: Commands, kinesis: KinesisClient, stream: str
) -> None:
    put(kinesis, stream, 0, 40)
    head, *rows = succeeded(on_stream("tail", *ALL)).splitlines()
    assert head.split() == ["Arrived", "Shard", "Partition", "key", "Data"]
    assert len(rows) == 40
    assert all(re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z  [012]  ", row) for row in rows)
    wide = succeeded(on_stream("tail", *ALL, "-n", "1", COLUMNS="140")).splitlines()
    assert re.search(r"…\d{12} ", wide[1])


def test_each_face_of_tail_has_the_same_records(
    on_stream: Commands, kinesis: KinesisClient, stream: str
) -> None:
    put(kinesis, stream, 0, 40)
    event = json.loads(succeeded(on_stream("tail", *ALL, "--output", "json")))["Records"]
    table = succeeded(on_stream("tail", *ALL)).splitlines()[1:]
    assert sorted(payloads(event)) == sorted(payloads(everything(on_stream)))
    assert sorted(re.sub(r".*  +", "", row).encode() for row in table) == sorted(payloads(event))
    nothing = on_stream("tail", *ALL, "--key", "nobody", "--output", "json")
    assert json.loads(succeeded(nothing)) == {"Records": []}


def test_a_selection_holds_in_tail_and_record(
    on_stream: Commands, kinesis: KinesisClient, stream: str
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
    shown = lines(succeeded(on_stream("tail", *chosen, "--output", "ndjson")))
    assert sorted(payloads(shown)) == [b'{"n": 10}', b'{"n": 11}']
    succeeded(on_stream("record", "-o", "day.ndjson", *chosen))
    recorded = lines((on_stream.folder / "day.ndjson").read_text())
    assert sorted(payloads(recorded)) == sorted(payloads(shown))


def test_nothing_in_a_record_acts_on_the_terminal(
    on_stream: Commands, kinesis: KinesisClient, stream: str
) -> None:
    kinesis.put_record(StreamName=stream, PartitionKey=HOSTILE, Data=HOSTILE.encode())
    kinesis.put_record(StreamName=stream, PartitionKey="big", Data=b"x" * 1_000_000)
    table = succeeded(on_stream("tail", *ALL))
    assert len(table.splitlines()) == 3
    assert "[red]" in table
    assert max(map(len, table.splitlines())) < 5_000
    for output in (table, succeeded(on_stream("tail", *ALL, "--output", "ndjson"))):
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", output)


def test_a_payload_of_ones_own_format_is_decoded(
    on_stream: Commands, kinesis: KinesisClient, stream: str
) -> None:
    (on_stream.folder / "mine.py").write_text(
        "def decoded(data): return data[::-1].decode().upper()\n"
    )
    kinesis.put_record(StreamName=stream, PartitionKey="a", Data=b"olleh")
    assert "HELLO" in succeeded(on_stream("tail", *ALL, "--decode", "mine:decoded"))


def test_a_reader_that_leaves_ends_it_quietly(
    on_stream: Commands, kinesis: KinesisClient, stream: str
) -> None:
    put(kinesis, stream, 0, 500)
    script = f"{' '.join(on_stream.line('tail', *ALL, '--output', 'ndjson'))} | head -1"
    run = subprocess.run(
        ["bash", "-c", script],
        env=on_stream.environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert len(run.stdout.splitlines()) == 1
    assert "Error" not in run.stderr
    assert "bug" not in run.stderr


def test_ctrl_c_ends_tail_and_says_what_it_showed(
    on_stream: Commands,
    kinesis: KinesisClient,
    stream: str,
    terminal: Callable[..., Terminal],
) -> None:
    put(kinesis, stream, 0, 3)
    variables = [f"{name}={value}" for name, value in on_stream.environment.items()]
    command = on_stream.line("tail", "--since", "trim-horizon")
    running = terminal("env", "-i", *variables, *command, cwd=on_stream.folder)
    for number in range(3):  # shards come in any order
        running.read_until(f'{{"n": {number}}}')
    running.type(b"\x03")
    assert "showed 3 records" in running.read_all()
    assert running.process.wait(timeout=PATIENCE) == 130


def test_what_a_function_of_ones_own_must_not_return_is_said(
    on_stream: Commands, kinesis: KinesisClient, stream: str
) -> None:
    (on_stream.folder / "mine.py").write_text("def decoded(data): return {'n': 1}\n")
    put(kinesis, stream, 0, 1)
    run = on_stream("tail", *ALL, "--decode", "mine:decoded")
    assert run.returncode == 0
    assert "--decode mine:decoded: it returned dict, not bytes, str or None" in run.stderr
    assert '{"n": 0}' in run.stdout


def test_a_payload_that_cannot_be_decoded_is_shown_as_it_is(
    on_stream: Commands, kinesis: KinesisClient, stream: str
) -> None:
    (on_stream.folder / "mine.py").write_text("def tenth(data): return str(10 // int(data))\n")
    numbers = [
        kinesis.put_record(StreamName=stream, PartitionKey="a", Data=each)["SequenceNumber"]
        for each in (b"0", b"5", b"00")
    ]
    run = on_stream("tail", *ALL, "--decode", "mine:tenth")
    assert run.returncode == 0
    shown = [line.split()[-1] for line in run.stdout.splitlines()]
    assert shown == ["Data", "0", "2", "00"]
    assert run.stderr.count("ZeroDivisionError") == 1
    assert f"record {numbers[0]} is shown undecoded" in run.stderr


def test_nothing_since_now_is_explained(
    on_stream: Commands, kinesis: KinesisClient, stream: str
) -> None:
    put(kinesis, stream, 0, 1)
    why = "--since latest begins now; --since 10m has what was written before"
    assert f"nothing shown: {why}" in on_stream("tail", "--no-follow").stderr
    assert why not in on_stream("tail", *ALL).stderr
    recorded = on_stream("record", "-o", "new.ndjson", "--no-follow")
    assert recorded.returncode == 0
    assert f"nothing recorded: {why}" in recorded.stderr


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("--since", "soon"), "--since: 'soon' is not a time."),
        (
            ("--until", "49590338271490256608559692538361571095921575989136588898"),
            "--until: a sequence number is a place in one shard, no end of the others.\n"
            "      That record arrived at about 2018-12-17T22:10:50Z; write a time.",
        ),
        (("--shard", "9"), "the stream has no shard shardId-000000000009."),
        (("--shard", "a b"), "--shard: 'a b' is not a shard"),
        (("--grep", "("), "--grep: '(' is not a regular expression"),
        (("--filter", "x"), "filter 1: "),
        (("--decode", "nothing"), "--decode nothing: a function is named as"),
    ],
)
def test_what_is_wrong_is_one_sentence(
    on_stream: Commands, arguments: tuple[str, ...], problem: str
) -> None:
    run = on_stream("tail", "--no-follow", *arguments)
    assert run.returncode == 2
    assert f"kcli: {problem}" in run.stderr


def test_an_unknown_stream_is_refused(server: Started, tmp_path: Path) -> None:
    run = Commands(server, "nobody", tmp_path)("tail", "--no-follow")
    assert run.returncode == 3
    assert "ResourceNotFoundException" in run.stderr
