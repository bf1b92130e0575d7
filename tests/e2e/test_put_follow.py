"""`kcli put --follow`: what became of each record, on this machine."""

import json
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.session import Session

from tests.e2e.local_endpoint import write_project
from tests.e2e.programs import KCLI, Completed, Kcli, without_aws
from tests.patience import PATIENCE

pytestmark = pytest.mark.slow

pytest.importorskip("awslambdaric")

TEMPLATE = """\
Transform: AWS::Serverless-2016-10-31
Globals: {Function: {Runtime: python3.12, CodeUri: src, Timeout: 60}}
Resources:
  Orders: {Type: AWS::Kinesis::Stream, Properties: {Name: orders, ShardCount: 2}}
  Lonely: {Type: AWS::Kinesis::Stream, Properties: {Name: lonely, ShardCount: 1}}
  Failures: {Type: AWS::SQS::Queue, Properties: {QueueName: failures}}
  Fn:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: careful
      Handler: app.handler
      Environment: {Variables: {SEEN: "%(seen)s"}}
      Events:
        In:
          Type: Kinesis
          Properties:
            Stream: !GetAtt Orders.Arn
            StartingPosition: TRIM_HORIZON
            BatchSize: 10
            MaximumRetryAttempts: 1
            FunctionResponseTypes: [ReportBatchItemFailures]
            DestinationConfig: {OnFailure: {Destination: !GetAtt Failures.Arn}}
  Choosy:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: choosy
      Handler: app.choosy
      Events:
        In:
          Type: Kinesis
          Properties:
            Stream: !GetAtt Orders.Arn
            StartingPosition: TRIM_HORIZON
            FilterCriteria: {Filters: [{Pattern: '{"data": {"kind": ["fine"]}}'}]}
"""

APP = """\
import base64, json, os, time


def handler(event, context):
    failed = []
    for each in event["Records"]:
        kind = json.loads(base64.b64decode(each["kinesis"]["data"]))["kind"]
        number = each["kinesis"]["sequenceNumber"]
        print("got", number)
        if kind == "hangs":
            time.sleep(600)
        seen = os.path.join(os.environ["SEEN"], number)
        if kind == "bad" or (kind == "once" and not os.path.exists(seen)):
            open(seen, "w").close()
            failed.append({"itemIdentifier": number})
    return {"batchItemFailures": failed}


def choosy(event, context):
    pass
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    home = {"HOME": str(tmp_path / "home"), "XDG_STATE_HOME": str(tmp_path / "home" / "state")}
    return {**without_aws(), **home, "AWS_EC2_METADATA_DISABLED": "true"}


@pytest.fixture
def working_directory(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    (tmp_path / "seen").mkdir()
    write_project(folder, APP, TEMPLATE % {"seen": tmp_path / "seen"})
    return folder


@pytest.fixture
def endpoint(kcli: Kcli) -> Iterator[str]:
    """The address of the local stream, which runs."""
    started = kcli("local", "start", "--detach", "--in-memory")
    assert started.returncode == 0, started.stderr
    yield str(json.loads(kcli("local", "status", "--output", "json").stdout)["endpoint"])
    kcli("local", "stop")


def kinds(*names: str) -> str:
    return "".join(f'{{"kind": "{name}"}}\n' for name in names)


def followed(result: Completed) -> dict[tuple[int, str], dict[str, Any]]:
    """The rows of NDJSON, by index and function."""
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    rows = [line for line in lines if line.get("type") == "followed"]
    return {(row["index"], row["function"]): row for row in rows}


@pytest.mark.usefixtures("endpoint")
def test_each_record_tells_its_call_its_deliveries_and_its_end_for_each_function(
    kcli: Kcli,
) -> None:
    given = kinds("fine", "once", "bad")
    result = kcli("put", "--from", "-", "--follow", "--output", "ndjson", given=given)
    assert result.returncode == 1, result.stderr  # one was given up
    rows = followed(result)
    ended = {key: (row["ended"], row["reported"]) for key, row in rows.items()}
    assert ended == {
        (0, "careful"): ("handled", 0),
        (1, "careful"): ("handled", 1),
        (2, "careful"): ("discarded", rows[2, "careful"]["reported"]),
        (0, "choosy"): ("handled", 0),
        (1, "choosy"): ("filtered", 0),
        (2, "choosy"): ("filtered", 0),
    }
    bad, fine = rows[2, "careful"], rows[0, "careful"]
    assert (bad["reason"], bad["destination"].rpartition(":")[2]) == (
        "RetryAttemptsExhausted",
        "failures",
    )
    assert bad["reported"] >= 2
    assert rows[1, "careful"]["deliveries"] >= 2
    assert re.fullmatch(r"[0-9a-f-]{36}", fine["calls"][0])
    assert all(row["latencySeconds"] >= 0 for row in rows.values())
    summary = json.loads(result.stdout.splitlines()[-1])
    figures = {each["function"]: each for each in summary["functions"]}
    assert summary["type"] == "followedSummary"
    assert (figures["careful"]["handled"], figures["careful"]["discarded"]) == (2, 1)
    assert (figures["choosy"]["handled"], figures["choosy"]["filtered"]) == (1, 2)


@pytest.mark.usefixtures("endpoint")
def test_the_table_fits_80_columns_and_the_exit_code_is_0_where_all_went_well(kcli: Kcli) -> None:
    result = kcli("put", "--data", '{"kind": "fine"}', "--follow")
    assert result.returncode == 0, result.stderr
    assert max(map(len, result.stdout.splitlines()[1:])) <= 80
    assert re.search(r"^ 0 +\d +…\d{12} +careful +1 +[0-9a-f]{8} +handled +", result.stdout, re.M)
    assert re.search(r"^careful: 1 record: 1 handled; latency \d", result.stdout, re.M)
    assert result.stdout.endswith("Latency by this machine's clock, from the answer to the put.\n")


@pytest.mark.usefixtures("endpoint")
def test_of_many_only_those_that_went_wrong_have_a_row_and_json_has_all(kcli: Kcli) -> None:
    given = kinds(*["fine"] * 60, "bad")
    table = kcli("put", "--from", "-", "--follow", given=given)
    assert table.returncode == 1, table.stderr
    assert len(re.findall(r"^ +\d+ +\d +…\d{12} ", table.stdout, re.M)) == 1
    assert re.search(r"^60 of careful: discarded after \d+ deliveries", table.stdout, re.M)
    result = kcli("put", "--from", "-", "--follow", "--output", "json", given=kinds(*["fine"] * 61))
    document = json.loads(result.stdout)
    assert (result.returncode, document["acknowledged"]) == (0, 61)
    assert len(document["followed"]["records"]) == 122
    assert not document["followed"]["timedOut"]


@pytest.mark.usefixtures("endpoint")
def test_nothing_is_put_where_nobody_delivers_the_stream(kcli: Kcli) -> None:
    result = kcli("put", "--stream", "lonely", "--endpoint-url", "local", "--data", "x", "--follow")
    assert (result.returncode, result.stdout) == (2, "")
    assert "no event source mapping reads lonely" in result.stderr
    status = json.loads(kcli("local", "status", "--output", "json").stdout)
    assert {each["name"]: each["records"] for each in status["streams"]}["lonely"] == 0


def test_a_disabled_mapping_is_not_followed(kcli: Kcli, endpoint: str) -> None:
    session = Session()
    session.set_credentials("any", "key")
    client: Any = session.create_client("lambda", region_name="us-east-1", endpoint_url=endpoint)
    (mapping,) = client.list_event_source_mappings(FunctionName="choosy")["EventSourceMappings"]
    client.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    result = kcli(
        *("put", "--data", '{"kind": "fine"}', "--follow", "--output", "ndjson"),
    )
    assert result.returncode == 0, result.stderr
    assert [function for _, function in followed(result)] == ["careful"]
    assert "not followed: choosy: the mapping is disabled" in result.stderr
    (other,) = client.list_event_source_mappings(FunctionName="careful")["EventSourceMappings"]
    client.update_event_source_mapping(UUID=other["UUID"], Enabled=False)
    refused = kcli("put", "--data", '{"kind": "fine"}', "--follow")
    assert refused.returncode == 2
    assert "nothing delivers orders" in refused.stderr


@pytest.mark.usefixtures("endpoint")
def test_what_hangs_is_told_when_time_is_up(kcli: Kcli) -> None:
    result = kcli(
        *("put", "--data", '{"kind": "hangs"}', "--follow", "--timeout", "5s"),
        *("--output", "ndjson"),
    )
    assert result.returncode == 1
    row = followed(result)[0, "careful"]
    assert row["ended"] == "waiting"
    assert row["latencySeconds"] is None
    assert "time is up after 5 s" in result.stderr


@pytest.mark.usefixtures("endpoint")
def test_ctrl_c_shows_what_is_known_so_far(kcli: Kcli) -> None:
    process = subprocess.Popen(
        [*KCLI, "put", "--data", '{"kind": "hangs"}', "--follow", "--output", "ndjson"],
        cwd=kcli.folder,
        env=kcli.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    acknowledged, filtered = process.stdout.readline(), process.stdout.readline()
    assert json.loads(acknowledged)["attempts"] == 1
    assert json.loads(filtered)["ended"] == "filtered"  # by the other function; one is still open
    process.send_signal(signal.SIGINT)
    rest, _ = process.communicate(timeout=PATIENCE)
    row, summary = map(json.loads, rest.splitlines())
    assert (row["function"], row["ended"], summary["timedOut"]) == ("careful", "waiting", False)
    assert process.returncode == 130


def test_a_server_that_ends_meanwhile_leaves_what_is_known(kcli: Kcli, endpoint: str) -> None:
    process = subprocess.Popen(
        [*KCLI, "put", "--data", '{"kind": "hangs"}', "--follow"],
        cwd=kcli.folder,
        env=kcli.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline().startswith("Put 1 record on orders")
    kcli("local", "stop")
    shown, problem = process.communicate(timeout=PATIENCE)
    assert re.search(r"^0 of careful: waiting", shown, re.M)
    assert f"the local stream on {endpoint} does not answer" in problem
    assert process.returncode == 3


@pytest.mark.usefixtures("endpoint")
def test_the_records_of_an_aggregate_are_followed_as_one(kcli: Kcli) -> None:
    result = kcli(
        *("put", "--data", '{"kind": "fine"}', "--count", "40", "--aggregate", "--follow"),
        *("--output", "ndjson"),
    )
    rows = followed(result)
    of_choosy = [row for (_, function), row in rows.items() if function == "choosy"]
    assert sum(row["records"] for row in of_choosy) == 40
    assert {row["ended"] for row in of_choosy} == {"filtered"}  # an aggregate is no JSON


def test_elsewhere_the_log_the_failure_queue_and_the_filter_tell(
    kcli: Kcli, endpoint: str, tmp_path: Path, environment: dict[str, str]
) -> None:
    aws = Kcli(tmp_path, environment)  # no project there: the endpoint is as good as AWS's
    result = aws(
        *("put", "--from", "-", "--stream", "orders", "--endpoint-url", endpoint, "--follow"),
        *("--timeout", "10m", "--output", "ndjson"),
        given=kinds("plain", "bad"),
        AWS_ACCESS_KEY_ID="local",
        AWS_SECRET_ACCESS_KEY="local",
        AWS_REGION="us-east-1",
    )
    assert result.returncode == 1, result.stderr
    rows = followed(result)
    plain, bad = rows[0, "careful"], rows[1, "careful"]
    assert (plain["ended"], plain["deliveries"], len(plain["calls"])) == ("called", 1, 1)
    assert (bad["ended"], bad["reason"]) == ("discarded", "RetryAttemptsExhausted")
    assert bad["destination"].endswith(":failures")
    assert not any(row["isWhole"] for row in rows.values())
    # by kcli's reading of the pattern
    assert {row["ended"] for (_, function), row in rows.items() if function == "choosy"} == {
        "filtered"
    }
    waiting = json.loads(kcli("redrive", "--output", "json").stdout)
    assert len(waiting["documents"]) == 1  # it is still there, for whoever works on the queue


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--timeout", "3s"], "--timeout needs --follow"),
        (["--follow", "--dry-run"], "--follow and --dry-run cannot be used together"),
        (["--follow", "--base64"], "--follow and --base64 cannot be used together"),
        (["--follow", "--timeout", "soon"], "'soon' is not a duration"),
    ],
)
def test_options_that_do_not_fit_are_refused(
    kcli: Kcli, arguments: list[str], problem: str
) -> None:
    result = kcli("put", "--data", "x", *arguments)
    assert (result.returncode, result.stdout) == (2, "")
    assert problem in result.stderr
