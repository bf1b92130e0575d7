"""What time and concurrency a simulation takes, by the command line."""

import json
import re
from pathlib import Path

import pytest

from tests.e2e.programs import Kcli
from tests.e2e.test_simulate import document, record, recording, summary

pytestmark = pytest.mark.slow

TEMPLATE = """\
Transform: AWS::Serverless-2016-10-31
Resources:
  Fn:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: .
      Handler: app.handler
      Runtime: python3.12
      ReservedConcurrentExecutions: 2
      Events:
        In: {Type: Kinesis, Properties: {Stream: !Ref Orders, StartingPosition: TRIM_HORIZON}}
"""
ID = "00000000-0000-4000-8000-000000000001"
LOG = f"""\
START RequestId: {ID} Version: $LATEST
[INFO]\t2026-03-02T08:00:00.000Z\t{ID}\t100 records
REPORT RequestId: {ID}\tDuration: 250.00 ms\tBilled Duration: 250 ms\tInit Duration: 812.5 ms
START RequestId: {ID[:-1]}2 Version: $LATEST
[INFO]\t2026-03-02T08:00:00.000Z\t{ID[:-1]}2\t10 records
REPORT RequestId: {ID[:-1]}2\tDuration: 70.00 ms\tBilled Duration: 70 ms
"""


@pytest.fixture
def four_keys(tmp_path: Path) -> Path:
    """Forty records, ten for each of four keys, and a handler that answers nothing."""
    (tmp_path / "app.py").write_text("def handler(event, context):\n    return None\n")
    records = []
    for index in range(40):
        each = record(index)
        assert isinstance(each["kinesis"], dict)
        records.append({**each, "kinesis": {**each["kinesis"], "partitionKey": "abcd"[index % 4]}})
    file = tmp_path / "four.ndjson"
    file.write_text(recording(*records))
    return file


@pytest.mark.parametrize(
    ("factor", "lanes", "seconds"),
    [(1, "keys", 40), (4, "keys", 10), (10, "keys", 10), (4, "hash", 20), (10, "hash", 30)],
)
def test_four_keys_take_as_long_as_their_lanes_say(
    kcli: Kcli, four_keys: Path, factor: int, lanes: str, seconds: int
) -> None:
    run = kcli(
        "simulate", "four.ndjson", "--handler", "app.py:handler", "--batch-size", "1",
        "--invocation-duration", "1", "--parallelization-factor", str(factor), "--lanes", lanes,
        "--output", "json",
    )  # fmt: skip
    elapsed = summary(run)["elapsedSeconds"]
    assert isinstance(elapsed, float)
    assert seconds <= elapsed < seconds + 1.01


def test_where_the_readings_of_lanes_differ_the_summary_says_from_what_to_what(
    kcli: Kcli, four_keys: Path
) -> None:
    arguments = (
        "simulate", "four.ndjson", "--handler", "app.py:handler", "--batch-size", "1",
        "--invocation-duration", "1",
    )  # fmt: skip
    table = kcli(*arguments, "--parallelization-factor", "10").stdout
    assert "~ from 10.99 s to 30.99 s, iterator age from 10.99 s to 30.99 s" in table
    lanes = summary(kcli(*arguments, "--parallelization-factor", "4", "--output", "json"))["lanes"]
    assert lanes == {
        "reading": "keys",
        "elapsedSeconds": [10.992008, 20.992008],
        "maxIteratorAgeSeconds": [10.992008, 20.992008],
    }
    (four_keys.parent / "four.yaml").write_text("BatchSize: 1\nParallelizationFactor: 4\n")
    compared = kcli(*arguments, "--compare", "four.yaml").stdout
    assert re.search(r"virtual time +40\.99 s +10\.99 s", compared)
    assert re.search(r"with other lanes +same +20\.99 s", compared)
    alone = summary(kcli(*arguments, "--output", "json"))
    assert "lanes" not in alone


def test_the_templates_reservation_throttles(kcli: Kcli, four_keys: Path) -> None:
    (four_keys.parent / "template.yaml").write_text(TEMPLATE)
    arguments = (
        "simulate", "four.ndjson", "--template", "template.yaml", "--batch-size", "1",
        "--parallelization-factor", "4", "--invocation-duration", "1",
    )  # fmt: skip
    run = kcli(*arguments)
    assert "calls throttled: the function's reserved concurrency was in use" in run.stdout
    assert "ReservedConcurrentExecutions" not in run.stderr
    elapsed = summary(kcli(*arguments, "--output", "json"))["elapsedSeconds"]
    assert isinstance(elapsed, float)
    assert elapsed > 20


def test_a_log_says_how_long_calls_take(kcli: Kcli, four_keys: Path) -> None:
    (four_keys.parent / "log.txt").write_text(LOG)
    run = kcli(
        "simulate", "four.ndjson", "--handler", "app.py:handler", "--duration-from", "log.txt",
        "--output", "json",
    )  # fmt: skip
    assert run.stderr.splitlines()[:2] == [
        "invocation duration 0.05+0.002/record, fitted to 2 REPORT lines of log.txt",
        "Cold starts took 0.812 s: --cold-start 0.812",
    ]
    invocations = document(run)["invocations"]
    assert isinstance(invocations, list)
    assert [each["durationMs"] for each in invocations] == [130.0]


def test_a_cold_start_lengthens_the_first_call(kcli: Kcli, four_keys: Path) -> None:
    run = kcli(
        "simulate", "four.ndjson", "--handler", "app.py:handler", "--batch-size", "20",
        "--cold-start", "0.8", "--output", "ndjson",
    )  # fmt: skip
    lines = [json.loads(line) for line in run.stdout.splitlines()]
    assert [line["durationMs"] for line in lines if line["type"] == "invocation"] == [900.0, 100.0]


def test_comparing_batch_sizes_at_a_constant_is_warned_of(kcli: Kcli, four_keys: Path) -> None:
    (four_keys.parent / "large.yaml").write_text("BatchSize: 1000\n")
    arguments = ("simulate", "four.ndjson", "--handler", "app.py:handler")
    compare = (*arguments, "--compare", "large.yaml")
    assert "Each call takes 0.1 s here, whatever its batch" in kcli(*compare).stderr
    assert kcli(*compare, "--batch-size", "1000").stderr == ""
    assert kcli(*compare, "--invocation-duration", "0.05+0.002/record").stderr == ""


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("--invocation-duration", "1/s"), "'1/s' is not a length of time"),
        (("--duration-from", "nowhere.txt"), "--duration-from nowhere.txt: cannot be read"),
        (("--duration-from", "app.py"), "--duration-from app.py: there is no REPORT line in it"),
        (("--duration-from", "app.py", "--invocation-duration", "1"), "cannot be used together"),
        (("--cold-start", "-1"), "--cold-start"),
        (("--lanes", "two"), "--lanes"),
    ],
)
def test_bad_times_are_refused(
    kcli: Kcli, four_keys: Path, arguments: tuple[str, ...], problem: str
) -> None:
    run = kcli("simulate", "four.ndjson", "--handler", "app.py:handler", *arguments)
    assert run.returncode == 2
    assert problem in run.stderr
    assert run.stdout == ""
