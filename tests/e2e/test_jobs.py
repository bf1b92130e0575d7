"""`kcli simulate --jobs`: the same bytes from any number of processes, also when some die."""

import os
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from kinesis_cli.recordings.writing import write_recording
from kinesis_cli.stream.event import lambda_record
from kinesis_cli.stream.record import Record
from kinesis_cli.stream.sequence import SequenceNumbers
from kinesis_cli.stream.shards import shard_id
from tests.e2e.programs import KCLI, Kcli, without_aws
from tests.named_pipes import told_in
from tests.patience import PATIENCE

pytestmark = pytest.mark.slow

SHARDS, RECORDS = 8, 2_000
HANDLER = """
import base64, json, os, signal, sys, time
from pathlib import Path

def handler(event, context):
    payloads = [base64.b64decode(each["kinesis"]["data"]) for each in event["Records"]]
    if any(b"bad" in each for each in payloads):
        raise ValueError("bad")
    time.sleep(len(payloads) / 1000)
    print(len(payloads), "records at", time.time())
    return {"batchItemFailures": []}

def dies_once(event, context):
    if "shardId-000000000003" in event["Records"][-1]["eventID"] and len(event["Records"]) > 5:
        died = Path(os.environ["DIED"])
        if not died.exists():
            died.touch()
            os.kill(os.getpid(), signal.SIGKILL)
    return handler(event, context)

def dies(event, context):
    if "shardId-000000000003" in event["Records"][0]["eventID"]:
        os.kill(os.getpid(), signal.SIGKILL)
    return handler(event, context)

def waits(event, context):
    Path(os.environ["DIED"]).write_text("called\\n")
    while True:
        os.getppid()
"""
SETTINGS = (
    *("--batch-size", "40", "--maximum-retry-attempts", "2", "--bisect-batch-on-function-error"),
    *("--inject", "error@p=0.05", "--seed", "4", "--retention-hours", "24"),
)


def records() -> list[Record]:
    numbers = [SequenceNumbers(shard, 1_700_000_000) for shard in range(SHARDS)]
    return [
        lambda_record(
            shard_id=shard_id(shard),
            sequence_number=numbers[shard].next(1_700_000_000 + index / 100),
            partition_key=f"key-{index % 30}",
            arrival=1_700_000_000 + index / 100,
            data=b'{"bad": 1}' if index % 171 == 0 else b'{"fine": 1}',
        )
        for index in range(RECORDS)
        for shard in [index * 5 % SHARDS]
    ]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("jobs")
    (folder / "app.py").write_text(HANDLER)
    write_recording(records(), folder / "day.ndjson")
    write_recording(records(), folder / "day.ndjson.zst")
    write_recording(records()[:900], folder / "a.ndjson.gz")
    write_recording(records()[900:], folder / "b.ndjson")
    return folder


@pytest.fixture
def working_directory(folder: Path) -> Path:
    return folder


@pytest.fixture
def environment(tmp_path: Path) -> Mapping[str, str]:
    return {**without_aws(), "COLUMNS": "80", "DIED": str(tmp_path / "died")}


def simulated(kcli: Kcli, *arguments: str, handler: str = "handler") -> str:
    run = kcli("simulate", "--handler", f"app.py:{handler}", *SETTINGS, *arguments)
    assert run.returncode == 0, run.stderr
    return str(run.stdout)


@pytest.mark.parametrize(
    ("output", "numbers"), [("table", ["2"]), ("json", ["8"]), ("ndjson", ["1", "2", "8"])]
)
def test_any_number_of_processes_prints_the_same_bytes(
    kcli: Kcli, output: str, numbers: list[str]
) -> None:
    expected = simulated(kcli, "day.ndjson", "--output", output)
    for jobs in numbers:
        assert simulated(kcli, "day.ndjson", "--output", output, "--jobs", jobs) == expected


@pytest.mark.parametrize(
    "settings",
    [
        ("--parallelization-factor", "3"),
        ("--parallelization-factor", "3", "--lanes", "hash"),
        ("--tumbling-window-in-seconds", "5", "--no-bisect-batch-on-function-error"),
        ("--filter", '{"partitionKey": [{"prefix": "key-1"}]}'),
        ("--until", "+10", "--starting-position", "LATEST", "--start-at", "+3"),
        ("--invocation-duration", "0.05+0.002/record", "--show-throttled"),
        ("--isolated",),
    ],
    ids=" ".join,
)
def test_it_does_so_under_any_settings(kcli: Kcli, settings: tuple[str, ...]) -> None:
    # Lines have each row and the summary, of which a table is made: one table is compared, too.
    outputs = ("table", "ndjson") if "--filter" in settings else ("ndjson",)
    for output in outputs:
        arguments = ("day.ndjson", "--output", output, *settings)
        assert simulated(kcli, *arguments, "--jobs", "3") == simulated(kcli, *arguments)


@pytest.mark.parametrize("inputs", [("day.ndjson.zst",), ("a.ndjson.gz", "b.ndjson"), ("-",)])
@pytest.mark.parametrize("is_indexed", [False, True], ids=["", "indexed"])
def test_it_does_so_from_any_files(
    kcli: Kcli, folder: Path, inputs: tuple[str, ...], is_indexed: bool
) -> None:
    for name in inputs if is_indexed and inputs != ("-",) else ():
        assert kcli("index", name).returncode == 0
    given = (folder / "day.ndjson").read_text() if inputs == ("-",) else None
    arguments = ("simulate", "--handler", "app.py:handler", *SETTINGS, *inputs)
    one = kcli(*arguments, "--output", "json", given=given)
    two = kcli(*arguments, "--output", "json", "--jobs", "2", given=given)
    assert one.returncode == two.returncode == 0, two.stderr
    assert one.stdout == two.stdout
    for index in folder.glob("*.kidx"):
        index.unlink()


def test_a_part_whose_process_is_killed_runs_again_and_nothing_else_is_told(kcli: Kcli) -> None:
    arguments = ("simulate", "--handler", "app.py:dies_once", *SETTINGS, "day.ndjson")
    run = kcli(*arguments, "--output", "ndjson", "--jobs", "2")
    assert run.returncode == 0, run.stderr
    assert "ended: that part runs again." in run.stderr
    assert "part " in run.stderr
    expected = simulated(kcli, "day.ndjson", "--output", "ndjson", handler="dies_once")
    assert run.stdout == expected


def test_a_part_that_fails_twice_is_named_and_nothing_is_shown_as_if_it_were_whole(
    kcli: Kcli,
) -> None:
    run = kcli("simulate", "--handler", "app.py:dies", *SETTINGS, "day.ndjson", "--jobs", "4")
    assert run.returncode == 2
    assert run.stdout == ""
    assert "was not done: the process that ran it ended, twice" in run.stderr
    assert "shardId-00000000000" in run.stderr
    assert "Traceback" not in run.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--inject", "error@3"), "--inject by number counts the attempts of all shards together"),
        (("--cold-start", "1"), "--cold-start keeps environments"),
        (("--invocation-duration", "measured"), "measured would measure how busy the cores are"),
        (("--timeline",), "--timeline looks at records and calls as they come"),
        (("--explain", "1"), "--explain looks at records and calls as they come"),
        (("--jobs", "0"), "'0' is no number of processes"),
        (("--jobs", "many"), "'many' is no number of processes"),
    ],
)
def test_what_shards_share_is_refused_and_never_another_result(
    kcli: Kcli, arguments: tuple[str, ...], said: str
) -> None:
    jobs = () if "--jobs" in arguments else ("--jobs", "2")
    run = kcli("simulate", "--handler", "app.py:handler", "day.ndjson", *jobs, *arguments)
    assert run.returncode == 2
    assert said in " ".join(run.stderr.split())
    assert run.stdout == ""


def test_reserved_concurrency_that_shards_compete_for_is_refused(
    kcli: Kcli, folder: Path, tmp_path: Path
) -> None:
    template = """
Resources:
  Worker:
    Type: AWS::Serverless::Function
    Properties: {{Handler: app.handler, Runtime: python3.13, CodeUri: {code},
      ReservedConcurrentExecutions: {reserved},
      Events: {{S: {{Type: Kinesis, Properties: {{
        Stream: "arn:aws:kinesis:eu-west-1:123456789012:stream/s", StartingPosition: LATEST}}}}}}}}
"""
    for reserved, code in ((SHARDS - 1, 2), (SHARDS, 0)):
        path = tmp_path / f"template-{reserved}.yaml"
        path.write_text(template.format(reserved=reserved, code=folder))
        run = kcli("simulate", "day.ndjson", "--template", str(path), "--jobs", "2")
        assert run.returncode == code, run.stderr
        assert ("for which 8 shards of 1 lane compete" in " ".join(run.stderr.split())) == bool(
            code
        )


def test_ctrl_c_ends_all_processes_and_shows_nothing_as_if_it_were_whole(
    folder: Path, environment: Mapping[str, str], tmp_path: Path
) -> None:
    command = [*KCLI, "simulate", "--handler", "app.py:waits", "day.ndjson", "--jobs", "2"]
    with told_in(tmp_path / "died") as told:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        told.line(process)  # a call has begun
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=PATIENCE)  # the end of all that could write there
    assert process.returncode == 130, err
    assert out == ""
    assert err.splitlines()[-1] == "kcli: interrupted."
    assert "Traceback" not in err
