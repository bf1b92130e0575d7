import json
import re
import shlex
import signal
import socket
import subprocess
from base64 import b64decode
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

from kinesis_cli.stream.aggregate import deaggregated
from tests.e2e.fault_proxy import Faults, fault_proxy
from tests.e2e.programs import ENDINGS, KCLI, Completed, Kcli, Terminal, without_aws
from tests.e2e.shared_stream import TEMPLATE, SharedStream
from tests.e2e.shared_stream import kinesis as client
from tests.patience import PATIENCE
from tests.servers import peer

pytestmark = pytest.mark.slow

KEYS = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_REGION": "us-east-1"}


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A user who never set anything up."""
    home = {"HOME": str(tmp_path / "home"), "XDG_STATE_HOME": str(tmp_path / "home" / "state")}
    return {**without_aws(), **home, "AWS_EC2_METADATA_DISABLED": "true"}


@pytest.fixture
def project(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A folder of the test's own; with `endpoint` the shared one, as if new."""
    if "endpoint" in request.fixturenames:
        request.getfixturevalue("endpoint")
        shared: SharedStream = request.getfixturevalue("shared")
        return shared.folder
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "template.yaml").write_text(TEMPLATE)
    return folder


@pytest.fixture
def working_directory(project: Path) -> Path:
    return project


@pytest.fixture
def endpoint(shared: SharedStream) -> str:
    """The address of the local stream, which runs, and is as if new."""
    return shared.as_new()


@pytest.fixture(scope="module")
def start() -> Iterator[Callable[[str], int]]:
    """`start(name)`: the port of another Kinesis server, started once."""
    ports: dict[str, int] = {}
    with ExitStack() as servers:

        def start(name: str) -> int:
            if name not in ports:
                ports[name] = servers.enter_context(peer(name)).port
            return ports[name]

        yield start


def records(endpoint: str, stream: str = "orders") -> list[dict[str, Any]]:
    """All that is on the stream, shard after shard, with the shard's id."""
    kinesis, found = client(endpoint), []
    for shard in kinesis.list_shards(StreamName=stream)["Shards"]:
        iterator = kinesis.get_shard_iterator(
            StreamName=stream, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        while iterator:
            answer = kinesis.get_records(ShardIterator=iterator)
            found += [record | {"ShardId": shard["ShardId"]} for record in answer["Records"]]
            iterator = answer.get("NextShardIterator") if answer["MillisBehindLatest"] else None
    return found


def succeeded(run: Completed) -> str:
    assert run.returncode == 0, run.stderr
    return run.stdout


def lines(text: str) -> list[Any]:
    return [json.loads(line) for line in text.splitlines()]


def places(found: Sequence[dict[str, Any]]) -> set[tuple[str, str]]:
    return {(each["ShardId"], each["SequenceNumber"]) for each in found}


def acknowledged(ndjson: str) -> set[tuple[str, str]]:
    return {(line["shardId"], line["sequenceNumber"]) for line in lines(ndjson)}


def write_payloads(file: Path, count: int, keys: int = 10) -> None:
    file.write_text("".join(f'{{"k": "key-{i % keys}", "n": {i}}}\n' for i in range(count)))


# --- what is put


def test_one_reading_says_where_it_went_and_is_there(kcli: Kcli, endpoint: str) -> None:
    shown = succeeded(kcli("put", "--temperature", "89.9", "--timestamp", "7"))
    (record,) = records(endpoint)
    assert record["Data"] == b'{"temperature":89.9,"readingTimestamp":7}'
    assert record["PartitionKey"] == "sensor-1"
    shard = int(record["ShardId"][-12:])
    assert shown == (
        f"Put 1 record on orders at {endpoint}: "
        f"shard {shard}, sequence number {record['SequenceNumber']}.\n"
    )


def test_a_reading_has_the_time_of_now_in_milliseconds(kcli: Kcli, endpoint: str) -> None:
    succeeded(kcli("put", "--sensors", "1"))
    (record,) = records(endpoint)
    arrival = record["ApproximateArrivalTimestamp"].timestamp() * 1000
    assert abs(json.loads(record["Data"])["readingTimestamp"] - arrival) < 60_000


def test_few_records_have_a_row_each_and_many_are_counted_by_shard(
    kcli: Kcli, endpoint: str
) -> None:
    few = succeeded(kcli("put", "--count", "20", "--sensors", "20"))
    for record in records(endpoint):
        assert re.search(rf"^ {record['PartitionKey']} +\d +{record['SequenceNumber']}", few, re.M)
    many = succeeded(kcli("put", "--count", "1000", "--sensors", "100"))
    counts = [int(number) for number in re.findall(r"^ \d +(\d+) ", many, re.M)]
    assert sum(counts) == 1000
    assert max(map(len, (few + many).splitlines()[:25])) <= 80
    assert re.search(
        r"^Put 1,000 records on orders at \S+ in \d+\.\d\d s, [\d,]+ a second\.$", many, re.M
    )


def test_ndjson_names_each_acknowledged_record(kcli: Kcli, endpoint: str) -> None:
    shown = succeeded(kcli("put", "--count", "1200", "--sensors", "9", "--output", "ndjson"))
    assert sorted(line["index"] for line in lines(shown)) == list(range(1200))
    assert {line["attempts"] for line in lines(shown)} == {1}
    assert acknowledged(shown) == places(records(endpoint))


def test_json_is_one_document(kcli: Kcli, endpoint: str) -> None:
    document = json.loads(
        succeeded(kcli("put", "--sensors", "1", "--count", "3", "--output", "json"))
    )
    assert document.pop("elapsedSeconds") >= 0
    assert document == {
        "version": 1,
        "target": {
            "kind": "local",
            "endpoint": endpoint,
            "region": "us-east-1",
            "stream": "orders",
        },
        "records": 3,
        "acknowledged": 3,
        "failed": 0,
        "retried": 0,
        "throttled": 0,
        "failedFile": None,
    }


def test_nothing_to_put_is_no_error(kcli: Kcli, endpoint: str) -> None:
    document = json.loads(
        succeeded(kcli("put", "--sensors", "1", "--count", "0", "--output", "json"))
    )
    assert (document["records"], document["acknowledged"]) == (0, 0)
    assert (
        succeeded(kcli("put", "--sensors", "1", "--count", "0"))
        == f"Put 0 records on orders at {endpoint}.\n"
    )


def test_a_recording_is_put_with_its_keys(kcli: Kcli, endpoint: str) -> None:
    recording = succeeded(kcli("event", "--count", "50", "--sensors", "7", "--output", "ndjson"))
    succeeded(kcli("put", "--from", "-", given=recording))
    wanted = [line["kinesis"] for line in lines(recording)]
    assert sorted((r["PartitionKey"], r["Data"]) for r in records(endpoint)) == sorted(
        (each["partitionKey"], b64decode(each["data"])) for each in wanted
    )


def conversation(
    arguments: Sequence[str], cwd: Path, environment: dict[str, str]
) -> subprocess.Popen[str]:
    """kcli with pipes to write to and to read from, line by line."""
    pipe = subprocess.PIPE
    command = [*KCLI, *arguments]
    return subprocess.Popen(
        command, cwd=cwd, env=environment, stdin=pipe, stdout=pipe, stderr=pipe, text=True
    )


@pytest.mark.parametrize("kind", ["payloads", "records"])
def test_what_comes_through_a_pipe_is_put_as_it_comes(
    kcli: Kcli, endpoint: str, project: Path, environment: dict[str, str], kind: str
) -> None:
    given = ["one", "two", "three"]
    if kind == "records":
        made = succeeded(kcli("event", "--sensors", "1", "--count", "3", "--output", "ndjson"))
        given = made.splitlines()
    arguments = ("put", "--from", "-", "--output", "ndjson")
    with conversation(arguments, project, environment) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for index, line in enumerate(given):
            process.stdin.write(line + "\n" * (index < 2))  # the last one has no line break
            process.stdin.flush()
            if index == 2:
                process.stdin.close()
            assert json.loads(process.stdout.readline())["index"] == index
    assert process.returncode == 0
    assert len(records(endpoint)) == 3


@ENDINGS
def test_ctrl_c_does_not_wait_for_what_a_pipe_never_brings(
    ended_by: signal.Signals, endpoint: str, project: Path, environment: dict[str, str]
) -> None:
    arguments = ("put", "--from", "-", "--output", "ndjson")
    with conversation(arguments, project, environment) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdin.write("one\n")
        process.stdin.flush()
        process.stdout.readline()
        process.send_signal(ended_by)
        said = process.stderr.read()
        assert "interrupted: 1 record acknowledged of 1 taken" in said
        assert "what the pipe still held was neither put nor kept" in said
    assert process.returncode == 130


def test_slices_of_seeded_readings_are_the_whole(kcli: Kcli, endpoint: str) -> None:
    options = ("put", "--count", "300", "--sensors", "5", "--seed", "1", "--timestamp", "1")
    indices = []
    for part in ("0/3", "1/3", "2/3"):
        shown = succeeded(kcli(*options, "--slice", part, "--output", "ndjson"))
        indices += [line["index"] for line in lines(shown)]
    assert sorted(indices) == list(range(300))
    whole = sorted(record["Data"] for record in records(endpoint))
    again = succeeded(kcli(*options, "--base64"))
    assert sorted(map(b64decode, again.splitlines())) == whole


def test_a_function_changes_and_drops_payloads(kcli: Kcli, endpoint: str, project: Path) -> None:
    (project / "mine.py").write_text(
        "def even(payload):\n    return payload.upper() if int(payload[1:]) % 2 == 0 else None\n"
        "def broken(payload):\n    return 1 / 0\n"
    )
    options = ("put", "--from", "-", "--output", "ndjson", "--map")
    shown = succeeded(kcli(*options, "mine:even", given="a0\na1\na2\n"))
    assert [line["index"] for line in lines(shown)] == [0, 2]
    assert sorted(record["Data"] for record in records(endpoint)) == [b"A0", b"A2"]
    failed = kcli(*options, "mine:broken", given="a0\n")
    assert failed.returncode == 2
    assert "--map mine:broken: ZeroDivisionError: division by zero" in failed.stderr


def test_aggregates_hold_the_payloads(kcli: Kcli, endpoint: str) -> None:
    options = ("--count", "3000", "--sensors", "50", "--aggregate", "--output", "ndjson")
    shown = succeeded(kcli("put", *options))
    found = records(endpoint)
    assert len(found) < 100
    assert sum(len(deaggregated(record["Data"]) or ()) for record in found) == 3000
    assert sorted(line["index"] for line in lines(shown)) == list(range(3000))
    assert acknowledged(shown) == places(found)


def test_a_bad_line_ends_the_put_after_those_before_it(kcli: Kcli, endpoint: str) -> None:
    given = '{"k": "a"}\n' * 700 + '{"other": 1}\n' + '{"k": "b"}\n' * 10
    run = kcli("put", "--from", "-", "--key-field", "k", "--output", "ndjson", given=given)
    assert run.returncode == 2
    assert "payload 701: no field 'k'" in run.stderr
    assert sorted(line["index"] for line in lines(run.stdout)) == list(range(700))
    assert len(records(endpoint)) == 700


# --- dry run


def test_a_dry_run_shows_shards_and_the_aws_command_and_puts_nothing(
    kcli: Kcli, endpoint: str
) -> None:
    shown = succeeded(kcli("put", "--data", "it's", "--partition-key", "a", "--dry-run"))
    assert re.search(r"^ a +0 +it's", shown, re.M)
    printed, _, command = shown.splitlines()[-1].partition(" | ")
    assert shlex.split(printed) == ["printf", "%s", "it's"]
    words = shlex.split(command)
    assert words[words.index("aws") :] == [
        *("aws", "kinesis", "put-record", "--stream-name", "orders", "--partition-key", "a"),
        *("--data", "fileb:///dev/stdin", "--endpoint-url", endpoint, "--region", "us-east-1"),
    ]
    assert records(endpoint) == []


@pytest.mark.parametrize("columns", ["40", "80", "200"])
@pytest.mark.parametrize(
    "data", ['{"id": "42", "text": "%s"}' % ("x" * 300), "温度" * 200, "\x1b[31m" * 100]
)
def test_a_dry_run_keeps_key_and_shard_whatever_the_payloads(
    kcli: Kcli, endpoint: str, columns: str, data: str
) -> None:
    keyed = ("put", "--data", data, "--partition-key", "sensor-0123456789", "--dry-run")
    table = succeeded(kcli(*keyed, COLUMNS=columns)).partition("Would put")[0].splitlines()
    assert re.match(r" Partition key +Shard +Data", table[1])
    assert re.match(r" sensor-0123456789 +[01] +\S.*…", table[3])
    assert max(map(cell_len, table)) <= int(columns)


def test_a_dry_run_can_ask_whether_it_would_be_allowed(kcli: Kcli, endpoint: str) -> None:
    asked = ("put", "--sensors", "1", "--dry-run", "--check-access")
    assert "; the service allows it.\n" in succeeded(kcli(*asked))
    assert records(endpoint) == []
    assert kcli("put", "--sensors", "1", "--check-access").returncode == 2


def test_hostile_keys_and_data_do_nothing_to_the_terminal(kcli: Kcli, endpoint: str) -> None:
    data = "\x1b[31m\x9b\u202e[red]"
    for options in (("--dry-run",), ("--count", "2"), ("--output", "ndjson")):
        run = kcli("put", "--data", data, "--partition-key", data, *options)
        shown = succeeded(run) + run.stderr
        assert not set(shown) & set("\x1b\x9b\u202e")
    assert {record["PartitionKey"] for record in records(endpoint)} == {data}


# --- what goes wrong


FAULTS = [("fail", "20%"), ("error", "30%"), ("cut", "before", "30%"), ("cut", "after", "30%")]


@pytest.mark.parametrize("fault", FAULTS, ids=" ".join)
def test_what_is_acknowledged_is_there_whatever_goes_wrong(
    kcli: Kcli, endpoint: str, fault: tuple[str, ...]
) -> None:
    succeeded(kcli("local", "faults", "operations", "PutRecords"))
    succeeded(kcli("local", "faults", *fault))
    run = kcli("put", "--count", "20000", "--sensors", "50", "--output", "ndjson")
    succeeded(kcli("local", "faults", "off"))
    shown = succeeded(run)
    assert sorted(line["index"] for line in lines(shown)) == list(range(20_000))
    assert max(line["attempts"] for line in lines(shown)) > 1
    assert acknowledged(shown) <= places(records(endpoint))


@pytest.mark.parametrize("fault", [("fail", "20%"), ("cut", "after", "20%")], ids=" ".join)
def test_ordered_keeps_the_order_of_each_key(
    kcli: Kcli, endpoint: str, project: Path, fault: tuple[str, ...]
) -> None:
    write_payloads(project / "in.ndjson", 1000, keys=40)
    succeeded(kcli("local", "faults", "operations", "PutRecords"))
    succeeded(kcli("local", "faults", *fault))
    succeeded(kcli("put", "--from", "in.ndjson", "--key-field", "k", "--ordered"))
    succeeded(kcli("local", "faults", "off"))
    assert_in_order(records(endpoint), 1000)


def assert_in_order(found: Sequence[dict[str, Any]], count: int) -> None:
    """Each key in order; a record whose answer was lost may stand there again."""
    by_key: dict[str, list[int]] = defaultdict(list)
    for record in found:
        by_key[record["PartitionKey"]].append(json.loads(record["Data"])["n"])
    assert all(numbers == sorted(numbers) for numbers in by_key.values())
    assert {n for numbers in by_key.values() for n in numbers} == set(range(count))


def test_ordered_holds_while_the_stream_is_resharded(
    kcli: Kcli, endpoint: str, project: Path, environment: dict[str, str]
) -> None:
    write_payloads(project / "in.ndjson", 1500, keys=40)
    options = ("--from", "in.ndjson", "--key-field", "k", "--ordered", "--rate", "500/s")
    command = [*KCLI, "put", *options, "--output", "ndjson"]
    with subprocess.Popen(
        command, cwd=project, env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        client(endpoint).split_shard(
            StreamName="orders", ShardToSplit="shardId-000000000000", NewStartingHashKey=str(2**125)
        )
        rest = process.stdout.read()
    assert process.returncode == 0
    found = records(endpoint)
    children = {"shardId-000000000002", "shardId-000000000003"}
    assert children <= {record["ShardId"] for record in found}
    assert len(rest.splitlines()) == 1499
    assert_in_order(found, 1500)  # parents are listed before their children


def test_a_hot_shard_is_put_at_its_pace_and_hardly_throttles(kcli: Kcli, project: Path) -> None:
    succeeded(kcli("local", "start", "--detach", "--in-memory", "--limits", "aws"))
    keys = ["user-1" if i % 10 == 0 else "a" for i in range(3000)]  # shards 1 and 0
    (project / "in.ndjson").write_text("".join(f'{{"k": "{key}"}}\n' for key in keys))
    shown = succeeded(
        kcli("put", "--from", "in.ndjson", "--key-field", "k", "--output", "json"),
    )
    document = json.loads(shown)
    assert document["acknowledged"] == 3000
    assert document["throttled"] < 300
    assert document["elapsedSeconds"] > 2.4  # 2,700 records at 1,000 a second


def test_what_could_not_be_put_can_be_put_later(kcli: Kcli, endpoint: str, project: Path) -> None:
    write_payloads(project / "in.ndjson", 800, keys=20)
    succeeded(kcli("local", "faults", "throttle", "orders/shardId-000000000000"))
    run = kcli(
        *("put", "--from", "in.ndjson", "--key-field", "k", "--ordered"),
        *("--give-up-after", "300ms", "--output", "json"),
    )
    succeeded(kcli("local", "faults", "off"))
    assert run.returncode == 3
    document = json.loads(run.stdout)
    assert document["failed"] > 0
    assert document["throttled"] > 0
    assert document["acknowledged"] + document["failed"] == 800
    assert len(records(endpoint)) == document["acknowledged"]
    assert f"{document['failed']} records were not put; `kcli put --from" in run.stderr
    assert "ProvisionedThroughputExceededException" in run.stderr
    succeeded(kcli("put", "--from", document["failedFile"], "--ordered"))
    assert_in_order(records(endpoint), 800)
    assert len(records(endpoint)) == 800


def test_the_failed_file_has_the_name_that_was_given(
    kcli: Kcli, endpoint: str, project: Path
) -> None:
    succeeded(kcli("local", "faults", "throttle", "orders"))
    options = ("--count", "30", "--sensors", "1", "--aggregate", "--give-up-after", "200ms")
    run = kcli("put", *options, "--failed", "left.ndjson.gz")
    succeeded(kcli("local", "faults", "off"))
    assert run.returncode == 3
    assert sorted(path.name for path in project.glob("*left*")) == ["left.ndjson.gz"]
    shown = succeeded(kcli("put", "--from", "left.ndjson.gz", "--output", "ndjson"))
    assert len(lines(shown)) == 30


def test_records_up_to_the_streams_own_maximum_are_put(
    kcli: Kcli, endpoint: str, project: Path
) -> None:
    (project / "large").write_bytes(b"x" * 2_000_000)
    refused = kcli("put", "--data", "@large")
    assert refused.returncode == 3
    assert "its 2,000,008 bytes are more than the stream's 1,048,576" in refused.stderr
    arn = client(endpoint).describe_stream_summary(StreamName="orders")
    client(endpoint).update_max_record_size(
        StreamARN=arn["StreamDescriptionSummary"]["StreamARN"], MaxRecordSizeInKiB=10240
    )
    succeeded(kcli("put", "--data", "@large", "--count", "8"))
    assert [len(record["Data"]) for record in records(endpoint)] == [2_000_000] * 8


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (("--stream", "order"), "There is orders."),
        (("--endpoint-url", "http://127.0.0.1:1"), "could not be reached"),
    ],
)
def test_what_cannot_work_is_said_at_once(
    kcli: Kcli, endpoint: str, project: Path, options: tuple[str, ...], problem: str
) -> None:
    where = () if "--endpoint-url" in options else ("--endpoint-url", endpoint)
    run = kcli("put", "--sensors", "1", "--count", "3", *where, *options, **KEYS)
    assert run.returncode == 3
    assert problem in run.stderr
    assert run.stdout == ""
    assert list(project.glob("put-failed*")) == []


@pytest.mark.parametrize(
    "options",
    [
        ("--rate", "fast"),
        ("--rate", "0/s"),
        ("--give-up-after", "soon"),
        ("--slice", "3/3"),
        ("--map", "nowhere"),
        ("--from", "missing.ndjson"),
        ("--data", "a", "--from", "b"),
    ],
    ids=" ".join,
)
def test_what_makes_no_sense_is_refused_with_its_option(
    kcli: Kcli, options: tuple[str, ...], project: Path
) -> None:
    run = kcli("put", "--sensors", "1", "--dry-run", *options)
    assert run.returncode == 2
    assert options[-2] in run.stderr or options[1] in run.stderr


def test_much_for_a_target_elsewhere_is_asked_first(
    kcli: Kcli,
    start: Callable[[str], int],
    project: Path,
    terminal: Callable[..., Terminal],
) -> None:
    port = start("kinesalite")
    elsewhere = f"http://0.0.0.0:{port}"  # not known to be this machine
    make_stream(port, "much")
    options = ("--endpoint-url", elsewhere, "--stream", "much", "--output", "json")
    readings = ("--count", "10001", "--sensors", "50")
    run = kcli("put", *readings, *options, **KEYS)
    assert run.returncode == 2
    assert f"would put more than 10,000 records on much at {elsewhere}" in run.stderr
    write_payloads(project / "in.ndjson", 10_001)
    assert kcli("put", "--from", "in.ndjson", *options, **KEYS).returncode == 2
    keys = [f"{name}={value}" for name, value in KEYS.items()]
    command = ("env", *keys, *KCLI, "put", *readings, *options)
    session = terminal(*command, cwd=project)
    session.read_until("Put more than 10,000 records on much at ")
    session.type(b"n\n")
    session.read_all()
    assert session.process.wait() == 1
    session = terminal(*command, cwd=project)
    session.read_until("[y/N]")
    session.type(b"y\n")
    assert '"acknowledged": 10001' in session.read_all()
    shown = succeeded(kcli("put", "--from", "in.ndjson", "--yes", *options, **KEYS))
    assert json.loads(shown)["acknowledged"] == 10_001


def test_the_size_of_made_up_payloads_is_estimated_before_anything_is_put(
    kcli: Kcli, project: Path
) -> None:
    (project / "large.txt").write_text("{{ 'x' * 1000000 }}")
    elsewhere = ("--endpoint-url", "http://0.0.0.0:1", "--stream", "orders")  # nobody is there
    run = kcli("put", "--template", "large.txt", "--count", "101", *elsewhere, **KEYS)
    assert run.returncode == 2
    assert "would put more than 100 MB on orders at http://0.0.0.0:1" in run.stderr
    run = kcli("put", "--template", "large.txt", "--count", "3", *elsewhere, **KEYS)
    assert run.returncode == 3
    assert "could not be reached" in run.stderr


def test_a_refusal_on_the_way_ends_the_put_and_keeps_what_is_left(
    kcli: Kcli, endpoint: str, project: Path, environment: dict[str, str]
) -> None:
    options = ("--count", "100000", "--sensors", "1", "--rate", "500/s", "--failed", "left.ndjson")
    with subprocess.Popen(
        [*KCLI, "put", *options, "--output", "ndjson"],
        cwd=project,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        client(endpoint).delete_stream(StreamName="orders")
        _, errors = process.communicate()
    assert process.returncode == 3
    assert "ResourceNotFoundException" in errors.splitlines()[-2]
    assert len((project / "left.ndjson").read_text().splitlines()) > 0


def test_a_file_for_what_fails_that_cannot_be_written_is_refused_before_the_put(
    kcli: Kcli, endpoint: str
) -> None:
    run = kcli("put", "--sensors", "1", "--failed", "missing/left.ndjson")
    assert run.returncode == 2
    assert "missing/left.ndjson: cannot be written: there is no folder missing." in run.stderr
    assert records(endpoint) == []


# --- ends


def test_ctrl_c_ends_with_exactly_what_was_acknowledged(
    kcli: Kcli, endpoint: str, project: Path, environment: dict[str, str]
) -> None:
    command = [
        *KCLI,
        "put",
        "--sensors",
        "1",
        "--count",
        "1000000",
        "--rate",
        "2000/s",
        "--output",
        "ndjson",
    ]
    with subprocess.Popen(
        command,
        cwd=project,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        first = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        # not `communicate`, which forgets what `readline` has taken off the pipe already
        shown, errors = first + process.stdout.read(), process.stderr.read()
    assert process.returncode == 130
    assert acknowledged(shown) == places(records(endpoint))
    assert f"interrupted: {len(lines(shown))} record" in errors
    assert "Traceback" not in errors


@ENDINGS
def test_a_second_ctrl_c_ends_at_once_and_keeps_what_was_in_flight(
    ended_by: signal.Signals, project: Path, environment: dict[str, str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(PATIENCE)
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        options = (
            "--endpoint-url",
            url,
            "--count",
            "7",
            "--sensors",
            "1",
            "--failed",
            "left.ndjson",
        )
        with subprocess.Popen(
            [*KCLI, "put", *options],
            cwd=project,
            env=environment | KEYS,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stderr is not None
            connection, _ = silent.accept()  # the call is under way, and never answered
            process.send_signal(ended_by)
            assert "stopping once the calls in flight are answered" in process.stderr.readline()
            process.send_signal(signal.SIGINT)
            errors = process.stderr.read()
        connection.close()
    assert process.returncode == 130
    assert "interrupted: 0 records acknowledged" in errors
    assert "may be in the stream" in errors
    assert len((project / "left.ndjson").read_text().splitlines()) == 7


def test_a_reader_that_leaves_ends_it_quietly(
    kcli: Kcli, endpoint: str, project: Path, environment: dict[str, str]
) -> None:
    options = "--count 100000 --sensors 1 --output ndjson"
    command = f"{shlex.join(KCLI)} put {options} | head -1; echo ${{PIPESTATUS[0]}}"
    run = subprocess.run(
        ["bash", "-c", command], cwd=project, env=environment, capture_output=True, text=True
    )
    assert run.stderr == ""
    line, code = run.stdout.splitlines()
    assert json.loads(line)["attempts"] == 1
    assert code == "141"


def test_progress_is_seen_on_a_terminal(
    endpoint: str, project: Path, terminal: Callable[..., Terminal]
) -> None:
    session = terminal(
        *(
            "env",
            "TERM=xterm",
            *KCLI,
            "put",
            "--sensors",
            "1",
            "--count",
            "100000",
            "--rate",
            "500/s",
        ),
        cwd=project,
    )
    session.read_until("acknowledged, ")
    assert re.search(
        r"[\d,]+ acknowledged, [\d,]+/s, 0 retried, 0 throttled, 1 shard", session.written
    )
    session.type(b"\x03")
    screen = session.read_all()
    assert "interrupted: " in screen
    assert session.process.wait() == 130


# --- another server, and a network that fails


PROXY_FAULTS = {
    "throttled records": Faults(throttled=0.3),
    "500": Faults(error=0.3),
    "cut before": Faults(cut_before=0.3),
    "cut after": Faults(cut_after=0.3),
    "malformed": Faults(malformed=0.3),
    "empty": Faults(empty=0.3),
    "slow": Faults(slow=0.2),
    "all of it": Faults(throttled=0.1, error=0.1, cut_before=0.1, cut_after=0.1, malformed=0.1),
}


@pytest.mark.parametrize("server", ["moto", "kinesalite"])
@pytest.mark.parametrize("name", PROXY_FAULTS)
def test_another_server_behind_a_bad_network_gets_every_record(
    kcli: Kcli, start: Callable[[str], int], project: Path, server: str, name: str
) -> None:
    port, stream = start(server), re.sub("[^a-z0-9]", "-", name)
    make_stream(port, stream)
    write_payloads(project / "in.ndjson", 600, keys=60)
    with fault_proxy(port, PROXY_FAULTS[name]) as url:
        options = ("--endpoint-url", url, "--stream", stream, "--ordered", "--output", "ndjson")
        run = kcli("put", "--from", "in.ndjson", "--key-field", "k", *options, **KEYS)
    shown = succeeded(run)
    found = records(f"http://127.0.0.1:{port}", stream)
    assert sorted(line["index"] for line in lines(shown)) == list(range(600))
    assert acknowledged(shown) <= places(found)
    assert_in_order(found, 600)


@pytest.mark.parametrize("server", ["moto", "kinesalite"])
def test_what_is_given_up_behind_a_bad_network_is_told(
    kcli: Kcli, start: Callable[[str], int], project: Path, server: str
) -> None:
    port = start(server)
    make_stream(port, "given-up")
    write_payloads(project / "in.ndjson", 3000, keys=3000)
    faults = Faults(throttled=0.3, error=0.2, cut_before=0.2, cut_after=0.2, malformed=0.2)
    with fault_proxy(port, faults) as url:
        options = ("--endpoint-url", url, "--stream", "given-up", "--give-up-after", "50ms")
        files = ("--from", "in.ndjson", "--failed", "left.ndjson", "--output", "ndjson")
        run = kcli("put", *files, *options, **KEYS)
    assert run.returncode == 3
    put = {line["index"] for line in lines(run.stdout)}
    left = (project / "left.ndjson").read_text()
    failed = {json.loads(b64decode(line["kinesis"]["data"]))["n"] for line in lines(left)}
    there = {json.loads(r["Data"])["n"] for r in records(f"http://127.0.0.1:{port}", "given-up")}
    assert put
    assert failed
    assert put | failed == set(range(3000))
    assert not put & failed
    assert put <= there
    assert set(range(3000)) - there <= failed


def test_another_server_is_resharded_under_load_behind_a_bad_network(
    start: Callable[[str], int], project: Path, environment: dict[str, str]
) -> None:
    port = start("kinesalite")
    make_stream(port, "resharded")
    write_payloads(project / "in.ndjson", 1500, keys=40)
    files = ("--from", "in.ndjson", "--key-field", "k", "--ordered", "--rate", "500/s")
    with fault_proxy(port, PROXY_FAULTS["all of it"]) as url:
        options = ("--endpoint-url", url, "--stream", "resharded", "--output", "ndjson")
        command = ["put", *files, *options]
        with conversation(command, project, environment | KEYS) as process:
            assert process.stdout is not None
            first = process.stdout.readline()
            client(f"http://127.0.0.1:{port}").split_shard(
                StreamName="resharded",
                ShardToSplit="shardId-000000000000",
                NewStartingHashKey=str(2**125),
            )
            shown = first + process.stdout.read()
    assert process.returncode == 0
    found = records(f"http://127.0.0.1:{port}", "resharded")
    assert sorted(line["index"] for line in lines(shown)) == list(range(1500))
    assert acknowledged(shown) <= places(found)
    children = {"shardId-000000000002", "shardId-000000000003"}
    assert children <= {record["ShardId"] for record in found}
    assert_in_order(found, 1500)


def make_stream(port: int, name: str) -> None:
    kinesis = client(f"http://127.0.0.1:{port}")
    kinesis.create_stream(StreamName=name, ShardCount=2)
    exists = kinesis.get_waiter("stream_exists")
    exists.wait(StreamName=name, WaiterConfig={"Delay": 0, "MaxAttempts": 1000})
