"""`kcli put --jobs` and `kcli replay --jobs`: one command, several processes, the same stream."""

import json
import os
import re
import signal
import socket
import subprocess
import time
from base64 import b64decode
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from botocore.session import Session

from kinesis_cli.recordings.writing import write_recording
from kinesis_cli.stream.event import lambda_record
from kinesis_cli.stream.sequence import SequenceNumbers
from kinesis_cli.stream.shards import shard_id
from tests.e2e.gate_proxy import Gate, gate
from tests.e2e.programs import KCLI, Completed, Kcli, Terminal, without_aws
from tests.e2e.shared_stream import TEMPLATE, SharedStream
from tests.patience import PATIENCE

pytestmark = pytest.mark.slow

RECORDS, PASS, KEYS = 3_000, 1_000, 100
CHANGES = """
import json

def even(data):
    return None if json.loads(data)["n"] % 2 else data
"""
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
    "AWS_REGION": "us-east-1",
}
FROM = ("--from", "in.ndjson", "--key-field", "k")


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {**without_aws(), "XDG_STATE_HOME": str(tmp_path / "state"), "COLUMNS": "80"}


@pytest.fixture
def working_directory(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A project of the test's own; with `endpoint` the shared one, as if new."""
    if "endpoint" in request.fixturenames:
        request.getfixturevalue("endpoint")
        shared: SharedStream = request.getfixturevalue("shared")
        return write_project(shared.folder)
    return write_project(tmp_path / "project")


def write_project(folder: Path) -> Path:
    """A folder with payloads, a recording of them, and functions that change them."""
    folder.mkdir(exist_ok=True)
    (folder / "template.yaml").write_text(TEMPLATE)
    (folder / "changes.py").write_text(CHANGES)
    payloads: list[dict[str, Any]] = [{"k": f"key-{n * 7 % KEYS}", "n": n} for n in range(RECORDS)]
    (folder / "in.ndjson").write_text("".join(json.dumps(each) + "\n" for each in payloads))
    numbers = SequenceNumbers(0, 1_700_000_000)
    recorded = (
        lambda_record(
            shard_id=shard_id(0),
            sequence_number=numbers.next(1_700_000_000 + each["n"] / 3_000),
            partition_key=each["k"],
            arrival=1_700_000_000 + each["n"] / 3_000,
            data=json.dumps(each).encode(),
        )
        for each in payloads
    )
    write_recording(recorded, folder / "day.ndjson")
    return folder


@pytest.fixture
def endpoint(shared: SharedStream) -> str:
    """The address of the local stream, which runs, and is as if new."""
    return shared.as_new()


def succeeded(run: Completed) -> str:
    assert run.returncode == 0, run.stderr
    return run.stdout


def on_stream(endpoint: str) -> list[dict[str, Any]]:
    """The payloads, shard after shard."""
    session: Any = Session()
    session.set_credentials("any", "key")
    kinesis = session.create_client("kinesis", region_name="us-east-1", endpoint_url=endpoint)
    found: list[dict[str, Any]] = []
    for shard in kinesis.list_shards(StreamName="orders")["Shards"]:
        iterator = kinesis.get_shard_iterator(
            StreamName="orders", ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        while iterator:
            answer = kinesis.get_records(ShardIterator=iterator)
            found += [json.loads(each["Data"]) for each in answer["Records"]]
            iterator = answer.get("NextShardIterator") if answer["MillisBehindLatest"] else None
    return found


def numbers(found: Sequence[dict[str, Any]]) -> list[int]:
    return sorted(each["n"] for each in found)


def in_order(found: Sequence[dict[str, Any]]) -> bool:
    """Whether the records of each key are in their order; the same one may follow itself."""
    by_key = defaultdict(list)
    for each in found:
        by_key[each["k"]].append(each["n"])
    return all(each == sorted(each) for each in by_key.values())


def told(stderr: str) -> str:
    return " ".join(stderr.split())


def maybe_twice(stderr: str) -> int:
    """How many records the command says may be there twice."""
    found = re.findall(r"([\d,]+) records? w\w+ in flight", told(stderr))
    return sum(int(each.replace(",", "")) for each in found)


@contextmanager
def begun(
    kcli: Kcli, gate: Gate, *arguments: str
) -> Iterator[tuple["subprocess.Popen[str]", list[str]]]:
    """A command that has put what a gate lets through, and the lines that it printed for that.

    All that it starts is in a process group of its own.
    """
    to_gate = ("--endpoint-url", gate.url, "--stream", "orders", "--output", "ndjson")
    with subprocess.Popen(
        [*KCLI, *arguments, *to_gate],
        cwd=kcli.folder,
        env={**kcli.environment, **CREDENTIALS},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stderr is not None
            while not gate.is_closed(within=0.1):
                assert process.poll() is None, process.stderr.read()
            yield process, [process.stdout.readline() for _ in range(gate.passed)]
        finally:
            process.kill()


def ended(process: "subprocess.Popen[str]", first: list[str]) -> tuple[list[Any], str]:
    """All lines that a command printed, and what it told, once it has ended."""
    assert process.stdout is not None
    assert process.stderr is not None
    printed = "".join(first) + process.stdout.read()
    errors = process.stderr.read()
    process.wait(PATIENCE)
    assert "Traceback" not in errors
    return [json.loads(line) for line in printed.splitlines()], errors


def processes(parent: int, arguments: str) -> list[int]:
    """The children of a process that were started so."""
    command = ["ps", "-A", "-ww", "-o", "pid=,ppid=,args="]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    rows = (line.split(None, 2) for line in listed.splitlines())
    return [int(row[0]) for row in rows if int(row[1]) == parent and arguments in row[2]]


def slices_of(process: "subprocess.Popen[str]") -> list[int]:
    """The processes that put slices."""
    return processes(process.pid, "spawn_main")


def held_by(gate: Gate, process: "subprocess.Popen[str]") -> int:
    """A process of a command that has a call in flight: one that waits at the gate."""
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    held = {f"{port:04X}" for port in gate.held}
    sockets = {f"socket:[{line[9]}]" for line in lines if line[1].rpartition(":")[2] in held}
    return next(pid for pid in slices_of(process) if sockets & open_files(pid))


def open_files(pid: int) -> set[str]:
    return {str(each.readlink()) for each in Path(f"/proc/{pid}/fd").iterdir()}


def kill(pid: int) -> None:
    """Kill a process, and wait until nothing is left of it."""
    os.kill(pid, signal.SIGKILL)
    wait_for_end(pid)


def wait_for_end(pid: int) -> None:
    """Wait until nothing is left of a process."""
    until = time.monotonic() + PATIENCE
    with suppress(ProcessLookupError):
        while True:
            os.kill(pid, 0)
            assert time.monotonic() < until
            time.sleep(0.01)


# --- the same stream


@pytest.mark.parametrize("jobs", ["1", "2", "3"])
def test_any_number_of_processes_puts_the_same_records_in_the_order_of_their_keys(
    kcli: Kcli, endpoint: str, jobs: str
) -> None:
    run = kcli("put", *FROM, "--ordered", "--jobs", jobs, "--output", "json")
    summary = json.loads(succeeded(run))
    assert (summary["records"], summary["acknowledged"], summary["failed"]) == (RECORDS, RECORDS, 0)
    found = on_stream(endpoint)
    assert numbers(found) == list(range(RECORDS))
    assert in_order(found)


@pytest.mark.parametrize("jobs", ["1", "2", "3"])
def test_any_number_of_processes_replays_the_same_records_in_the_order_of_their_keys(
    kcli: Kcli, endpoint: str, jobs: str
) -> None:
    arguments = ("replay", "day.ndjson", "--speed", "10", "--jobs", jobs)
    succeeded(kcli(*arguments))
    found = on_stream(endpoint)
    assert numbers(found) == list(range(RECORDS))
    assert in_order(found)
    again = kcli(*arguments, "--resume")
    assert "to its end; nothing is left to put" in told(again.stderr)
    assert len(on_stream(endpoint)) == RECORDS


@pytest.mark.parametrize(
    "options",
    [
        ("--aggregate",),
        ("--rate", "20000/s", "--count", "1500"),
        ("--map", "changes:even"),
        ("--slice", "1/3", "--ordered"),
        ("--slice", "1/3"),
    ],
    ids=" ".join,
)
def test_the_sum_is_that_of_one_process(
    kcli: Kcli, endpoint: str, options: tuple[str, ...]
) -> None:
    arguments = ("put", *FROM, *options, "--output", "ndjson")
    one, three = (
        [json.loads(line) for line in succeeded(kcli(*arguments, *jobs)).splitlines()]
        for jobs in ((), ("--jobs", "3"))
    )
    assert sorted(each["index"] for each in three) == sorted(each["index"] for each in one)
    assert {each["index"]: each["shardId"] for each in three} == {
        each["index"]: each["shardId"] for each in one
    }
    if options != ("--aggregate",):
        places = {(each["shardId"], each["sequenceNumber"]) for each in (*one, *three)}
        assert len(places) == len(on_stream(endpoint)) == 2 * len(one)


def test_made_up_readings_are_those_of_one_process(kcli: Kcli, endpoint: str) -> None:
    made = ("put", "--count", "60", "--sensors", "3", "--seed", "4", "--timestamp", "1")
    for jobs in ("1", "3"):
        succeeded(kcli(*made, "--jobs", jobs))
    shards = Counter(json.dumps(each, sort_keys=True) for each in on_stream(endpoint))
    assert {count % 2 for count in shards.values()} == {0}


def test_a_table_names_few_records_and_counts_many(kcli: Kcli, endpoint: str) -> None:
    few = succeeded(kcli("put", "--count", "4", "--sensors", "2", "--jobs", "3"))
    assert few.count("sensor-1") == few.count("sensor-2") == 2
    assert "Put 4 records on orders" in few
    many = succeeded(kcli("put", *FROM, "--jobs", "2"))
    counted = [int(each.replace(",", "")) for each in re.findall(r"^ \d +([\d,]+) ", many, re.M)]
    assert (len(counted), sum(counted)) == (2, RECORDS)
    one = succeeded(kcli("put", "--temperature", "89.9", "--sensors", "1", "--jobs", "3"))
    assert "Put 1 record on orders" in one
    assert "sequence number" in one


# --- a process that ends


@pytest.mark.parametrize("ordered", [(), ("--ordered",)], ids=["", "ordered"])
def test_a_process_that_is_killed_is_named_and_its_slice_goes_on_from_its_journal(
    kcli: Kcli, endpoint: str, ordered: tuple[str, ...]
) -> None:
    arguments = ("put", *FROM, *ordered, "--jobs", "2")
    with gate(endpoint, PASS) as held, begun(kcli, held, *arguments) as (process, first):
        kill(held_by(held, process))
        held.open()
        lines, errors = ended(process, first)
    assert process.returncode == 0, errors
    assert re.search(
        r"The process that put slice \d of 2 ended: another one goes on from its journal",
        told(errors),
    )
    assert sorted(each["index"] for each in lines) == list(range(RECORDS))
    # The calls that were held never got there, but nobody could know that.
    assert maybe_twice(errors) > 0
    found = on_stream(endpoint)
    assert numbers(found) == list(range(RECORDS))
    if ordered:
        assert in_order(found)


def test_a_slice_whose_process_ends_twice_is_named_and_what_it_has_left_is_kept(
    kcli: Kcli, endpoint: str
) -> None:
    arguments = ("put", *FROM, "--ordered", "--jobs", "2", "--failed", "left.ndjson")
    with gate(endpoint, PASS) as held, begun(kcli, held, *arguments) as (process, first):
        one, other = slices_of(process)
        kill(held_by(held, process))
        while not (again := [each for each in slices_of(process) if each not in (one, other)]):
            time.sleep(0.05)
        kill(again[0])
        held.open()
        lines, errors = ended(process, first)
    assert process.returncode == 2, errors
    assert re.search(r"slice \d of 2 was not done: the process .* ended, twice", told(errors))
    put = {each["index"] for each in lines}
    assert numbers(on_stream(endpoint)) == sorted(put)
    rest = left(kcli)
    assert rest.isdisjoint(put)
    assert put | rest == set(range(RECORDS))
    succeeded(kcli("put", "--from", "left.ndjson", "--ordered"))
    assert numbers(on_stream(endpoint)) == list(range(RECORDS))


def left(kcli: Kcli) -> set[int]:
    """The records of the file of what was not put."""
    lines = (kcli.folder / "left.ndjson").read_text().splitlines()
    return {json.loads(b64decode(json.loads(each)["kinesis"]["data"]))["n"] for each in lines}


# --- Ctrl-C


@pytest.mark.parametrize("ordered", [(), ("--ordered",)], ids=["", "ordered"])
def test_ctrl_c_leaves_what_was_not_put_of_all_that_was_read(
    kcli: Kcli, endpoint: str, ordered: tuple[str, ...]
) -> None:
    arguments = ("put", *FROM, *ordered, "--jobs", "3", "--failed", "left.ndjson")
    with gate(endpoint, PASS) as held, begun(kcli, held, *arguments) as (process, first):
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does
        held.open()
        lines, errors = ended(process, first)
    assert process.returncode == 130, errors
    put = {each["index"] for each in lines}
    assert numbers(on_stream(endpoint)) == sorted(put)
    rest = left(kcli) if (kcli.folder / "left.ndjson").exists() else set()
    assert rest.isdisjoint(put)
    assert put | rest == set(range(len(put | rest)))  # from the first record on, without gaps
    assert f"interrupted: {len(put):,} records acknowledged of {len(put | rest):,}" in told(errors)


def test_a_second_ctrl_c_waits_for_nothing_and_keeps_what_was_in_flight(kcli: Kcli) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(PATIENCE)
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        options = ("--endpoint-url", url, "--stream", "s", "--failed", "left.ndjson")
        with subprocess.Popen(
            [*KCLI, "put", "--count", "7", "--sensors", "1", "--jobs", "2", *options],
            cwd=kcli.folder,
            env={**kcli.environment, **CREDENTIALS},
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stderr is not None
            calls = [silent.accept()[0] for _ in range(2)]  # under way, and never answered
            process.send_signal(signal.SIGINT)
            assert "stopping once the calls in flight are answered" in process.stderr.readline()
            process.send_signal(signal.SIGINT)
            errors = process.stderr.read()
        for each in calls:
            each.close()
    assert process.returncode == 130
    assert "interrupted: 0 records acknowledged of 7" in told(errors)
    assert "may be in the stream" in told(errors)
    assert len((kcli.folder / "left.ndjson").read_text().splitlines()) == 7


def test_a_replay_goes_on_with_any_number_of_processes_after_ctrl_c(
    kcli: Kcli, endpoint: str
) -> None:
    with gate(endpoint, PASS) as held:
        to_gate = ("--endpoint-url", held.url, "--stream", "orders")
        arguments = ("replay", "day.ndjson", "--speed", "max")
        with begun(kcli, held, *arguments, "--jobs", "2") as (process, first):
            os.killpg(process.pid, signal.SIGINT)
            held.open()
            lines, errors = ended(process, first)
        assert process.returncode == 130, errors
        assert numbers(on_stream(endpoint)) == sorted(each["index"] for each in lines)
        again = (*arguments, *to_gate, "--jobs", "3", "--output", "json")
        refused = kcli(*again, **CREDENTIALS)
        assert refused.returncode == 2
        assert "an earlier replay did not come to its end" in told(refused.stderr)
        summary = json.loads(succeeded(kcli(*again, "--resume", **CREDENTIALS)))
    assert summary["records"] == RECORDS - len(lines)
    found = on_stream(endpoint)
    assert numbers(found) == list(range(RECORDS))
    assert in_order(found)
    assert not list(kcli.folder.glob("*.slices"))


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_replay_that_was_killed_with_all_its_processes_goes_on(
    kcli: Kcli, endpoint: str, jobs: str
) -> None:
    with gate(endpoint, PASS) as held:
        to_gate = ("--endpoint-url", held.url, "--stream", "orders")
        arguments = ("replay", "day.ndjson", "--speed", "max")
        with begun(kcli, held, *arguments, "--jobs", "3") as (process, first):
            process.kill()
            ended(process, first)  # its processes too, which held the same pipes
        held.open()
        run = kcli(*arguments, *to_gate, "--resume", "--jobs", jobs, **CREDENTIALS)
        succeeded(run)
    found = on_stream(endpoint)
    assert numbers(found) == list(range(RECORDS))
    assert maybe_twice(run.stderr) > 0
    assert in_order(found)


def test_a_reader_that_leaves_ends_all_processes(kcli: Kcli, endpoint: str) -> None:
    with gate(endpoint, PASS) as held:
        arguments = ("put", *FROM, "--jobs", "2")
        with begun(kcli, held, *arguments) as (process, _):
            assert len(slices_of(process)) == 2
            assert process.stdout is not None
            assert process.stderr is not None
            process.stdout.close()
            held.open()
            told_last = process.stderr.read()  # to its end: nobody holds it any more
            assert "Error" not in told_last
        assert process.returncode


# --- what is refused, and what is seen


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--from", "-", "--jobs", "2"), "a pipe can be read only once"),
        (("--follow", "--data", "x", "--jobs", "2"), "--follow and --jobs cannot be used together"),
        (("--data", "x", "--jobs", "0"), "'0' is no number of processes"),
        (("--data", "x", "--jobs", "some"), "'some' is no number of processes"),
        (
            ("--data", "x", "--jobs", "2", "--scheduler", "tcp://127.0.0.1:1"),
            "--jobs and --scheduler cannot be used together",
        ),
    ],
)
def test_what_cannot_be_shared_is_refused_in_a_sentence(
    kcli: Kcli, arguments: tuple[str, ...], said: str
) -> None:
    run = kcli("put", *arguments, given="{}\n")
    assert run.returncode == 2
    assert said in told(run.stderr)
    assert run.stdout == ""


def test_a_replay_from_a_pipe_is_refused(kcli: Kcli) -> None:
    run = kcli("replay", "-", "--jobs", "2", given="{}\n")
    assert run.returncode == 2
    assert "a pipe can be read only once" in told(run.stderr)


def test_a_bad_line_is_told_once_and_as_by_one_process(kcli: Kcli, endpoint: str) -> None:
    bad = kcli.folder / "bad.ndjson"
    bad.write_text((kcli.folder / "day.ndjson").read_text() + '{"kinesis": {}}\n')
    run = kcli("put", "--from", "bad.ndjson", "--jobs", "2")
    assert run.returncode == 2
    one = kcli("put", "--from", "bad.ndjson")
    assert run.stderr == one.stderr


def test_nobody_at_the_endpoint_is_told_once(kcli: Kcli) -> None:
    nobody = ("--endpoint-url", "http://127.0.0.1:1", "--stream", "s")
    run = kcli("put", *FROM, *nobody, "--jobs", "2", **CREDENTIALS)
    assert run.returncode == 3
    assert run.stderr.count("http://127.0.0.1:1") == 1
    assert not list(kcli.folder.glob("put-failed-*"))


def test_one_line_of_progress_is_seen_on_a_terminal(
    kcli: Kcli, endpoint: str, terminal: Callable[..., Terminal]
) -> None:
    variables = [f"{name}={value}" for name, value in CREDENTIALS.items()]
    with gate(endpoint, PASS) as held:
        to_gate = ("--endpoint-url", held.url, "--stream", "orders")
        command = ("env", *variables, *KCLI, "put", *FROM, "--jobs", "2", *to_gate)
        session = terminal(*command, cwd=kcli.folder)
        session.see(r"[\d,]+ acknowledged, [\d,]+/s, 0 retried, 0 throttled, \d shards?")
        session.type(b"\x03")
        session.read_until("stopping once")
        held.open()
        screen = session.read_all()
    assert screen.count("interrupted: ") == 1
    assert screen.count("stopping once") == 1
    assert session.process.wait() == 130
