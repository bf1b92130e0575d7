"""A project with a table, its stream and a function, by the command line and boto3 alone."""

import json
import os
import select
import signal
import subprocess
from pathlib import Path
from typing import Any

import boto3
import pytest

from kinesis_cli.local.client.process import stop_server
from kinesis_cli.local.state import running_server
from tests.e2e.local_endpoint import document, write_project
from tests.e2e.programs import KCLI, Completed, Kcli, without_aws
from tests.patience import PATIENCE

pytestmark = pytest.mark.slow

pytest.importorskip("awslambdaric")

TEMPLATE = """\
Transform: AWS::Serverless-2016-10-31
Resources:
  Failures: {Type: AWS::SQS::Queue, Properties: {QueueName: failures}}
  Orders:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: orders
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions:
        - {AttributeName: pk, AttributeType: S}
        - {AttributeName: sk, AttributeType: N}
      KeySchema: [{AttributeName: pk, KeyType: HASH}, {AttributeName: sk, KeyType: RANGE}]
      StreamSpecification: {StreamViewType: NEW_AND_OLD_IMAGES}
  Fn:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: orders-function
      CodeUri: src
      Handler: app.handler
      Runtime: python3.12
      Timeout: 30
      Environment: {Variables: {STREAM: !GetAtt Orders.StreamArn, FIXED: "%(fixed)s"}}
      Events:
        Changes:
          Type: DynamoDB
          Properties:
            Stream: !GetAtt Orders.StreamArn
            StartingPosition: TRIM_HORIZON
            BatchSize: 10
            MaximumRetryAttempts: 1
            BisectBatchOnFunctionError: true
            DestinationConfig: {OnFailure: {Type: SQS, Destination: !GetAtt Failures.Arn}}
"""
APP = """\
import os


def handler(event, context):
    for record in event["Records"]:
        key = record["dynamodb"]["Keys"]["pk"]["S"]
        if key == "poison" and not os.path.exists(os.environ["FIXED"]):
            raise ValueError("cannot take poison")
        print("got", record["eventName"], key)
        if record["eventSourceARN"] == os.environ["STREAM"]:
            print("from the stream that the template names")
"""
ALL = ("--since", "trim-horizon", "--no-follow")


@pytest.fixture
def fixed(tmp_path: Path) -> Path:
    """The function takes poison when this file is there."""
    return tmp_path / "fixed"


@pytest.fixture
def working_directory(tmp_path: Path, fixed: Path) -> Path:
    return write_project(tmp_path / "project", APP, TEMPLATE % {"fixed": fixed})


@pytest.fixture
def environment() -> dict[str, str]:
    return without_aws()


def client(kcli: Kcli, service: str) -> Any:  # noqa: ANN401 - boto3 makes classes as it runs
    server = running_server(kcli.folder / ".kcli")
    assert server is not None
    return boto3.client(
        service,  # type: ignore[call-overload]
        endpoint_url=server.endpoint,
        region_name=server.region,
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )


def put(kcli: Kcli, *keys: str, **attributes: dict[str, Any]) -> None:
    dynamodb = client(kcli, "dynamodb")
    for key in keys:
        item = {"pk": {"S": key}, "sk": {"N": "1"}, **attributes}
        dynamodb.put_item(TableName="orders", Item=item)


def succeeded(run: Completed) -> str:
    assert run.returncode == 0, run.stderr
    return run.stdout


def wait(kcli: Kcli) -> None:
    succeeded(kcli("local", "wait", "--idle", "--timeout", str(PATIENCE)))


def kill(kcli: Kcli) -> None:
    server = running_server(kcli.folder / ".kcli")
    assert server is not None
    process = os.pidfd_open(server.pid)
    try:
        os.kill(server.pid, signal.SIGKILL)
        assert select.select([process], [], [], PATIENCE)[0]
    finally:
        os.close(process)


def got(kcli: Kcli) -> list[str]:
    """What the function has told in its log."""
    lines = succeeded(kcli("tail-logs", "--since", "1h", "--no-follow", "--output", "ndjson"))
    told = [str(json.loads(line).get("message", "")) for line in lines.splitlines()]
    return [line.strip() for line in told if line.startswith("got ")]


def test_a_poison_change_is_given_up_saved_and_redriven_through_kill_9(
    kcli: Kcli, fixed: Path
) -> None:
    started = succeeded(kcli("local", "start", "--detach"))
    assert "stream of table orders" in started
    put(kcli, "a", "poison", "b")
    wait(kcli)
    assert set(got(kcli)) == {"got INSERT a", "got INSERT b"}  # a comes again beside poison
    log = succeeded(kcli("tail-logs", "--since", "1h", "--no-follow"))
    assert "from the stream that the template names" in log
    kill(kcli)
    succeeded(kcli("local", "start", "--detach"))
    put(kcli, "c")
    wait(kcli)
    assert got(kcli)[-1] == "got INSERT c"  # what had ended does not come again
    assert got(kcli).count("got INSERT c") == 1
    status = document(kcli("local", "status", "--output", "json"))
    (table,) = status["tables"]
    assert (table["name"], table["shards"], table["records"]) == ("orders", 1, 4)
    (mapping,) = status["mappings"]
    assert (mapping["function"], mapping["stream"]) == ("orders-function", "orders")
    assert (mapping["state"], mapping["backlog"]) == ("Enabled", 0)
    assert mapping["iteratorAgeSeconds"] >= 0
    assert "Iterator age" in succeeded(kcli("local", "status"))
    deployed = document(kcli("status", "--table", "orders", "--output", "json"))
    assert deployed["stream"]["arn"] == table["arn"]
    assert deployed["stream"]["view"] == "NEW_AND_OLD_IMAGES"
    (found,) = deployed["mappings"]
    assert found["functionArn"].endswith(":orders-function")
    ages = [each for each in deployed["metrics"] if each["name"] == "iterator age"]
    assert any(value is not None for each in ages for value in each["perMinute"])
    shown = succeeded(kcli("status", "--table", "orders"))
    assert "Stream of table orders at " in shown
    assert "ENABLED, NEW_AND_OLD_IMAGES, 1 open shard, keeps records 24 h" in shown

    shown = succeeded(kcli("redrive"))
    assert "RetryAttemptsExhausted" in shown
    assert "poison" in shown
    fixed.touch()
    succeeded(kcli("redrive", "--invoke", "--delete"))
    assert "No on-failure document" in succeeded(kcli("redrive"))


def test_changes_are_followed_and_recorded_by_the_tables_name(kcli: Kcli) -> None:
    succeeded(kcli("local", "start", "--detach"))
    put(kcli, "a")
    put(kcli, "a", text={"S": "\x1b[31m red"})
    client(kcli, "dynamodb").delete_item(
        TableName="orders", Key={"pk": {"S": "a"}, "sk": {"N": "1"}}
    )
    shown = kcli("tail", "--table", "orders", *ALL)
    assert "Item key" in succeeded(shown)
    assert "reading table orders at " in shown.stderr
    lines = shown.stdout.splitlines()[1:]
    assert [event for line in lines for event in ("INSERT", "MODIFY", "REMOVE") if event in line]
    assert len(lines) == 3
    assert "\x1b" not in shown.stdout
    event = document(kcli("tail", "--table", "orders", *ALL, "--output", "json"))
    assert [each["eventName"] for each in event["Records"]] == ["INSERT", "MODIFY", "REMOVE"]
    assert "shardId" not in event["Records"][0]
    removed = '{"eventName": ["REMOVE"]}'
    chosen = kcli("tail", "--table", "orders", *ALL, "--filter", removed, "--output", "ndjson")
    (line,) = succeeded(chosen).splitlines()
    assert json.loads(line)["shardId"].startswith("shardId-")
    assert succeeded(kcli("tail", "--table", "orders", *ALL, "--grep", "no such")) == ""

    arn = event["Records"][0]["eventSourceARN"]
    for number, name in enumerate(("orders", arn, arn.partition("/stream/")[0])):
        recorded = kcli("record", "-o", f"{number}.ndjson", "--table", name, *ALL)
        succeeded(recorded)
        text = (kcli.folder / f"{number}.ndjson").read_text()
        assert text == (kcli.folder / "0.ndjson").read_text()
        assert len(text.splitlines()) == 3
    put(kcli, "b")
    resume = ("record", "-o", "0.ndjson", "--table", "orders", "--resume", "--no-follow")
    succeeded(kcli(*resume))
    lines = (kcli.folder / "0.ndjson").read_text().splitlines()
    keys = [json.loads(each)["dynamodb"]["Keys"]["pk"]["S"] for each in lines]
    assert keys == ["a", "a", "a", "b"]
    simulated = document(kcli("simulate", "0.ndjson", "--output", "json"))
    assert simulated["summary"]["records"] == 4
    assert simulated["summary"]["succeeded"] == 4


def test_ctrl_c_ends_a_recording_that_follows(kcli: Kcli) -> None:
    succeeded(kcli("local", "start", "--detach"))
    put(kcli, "a")
    arguments = ("record", "-o", "-", "--table", "orders", "--since", "trim-horizon")
    process = subprocess.Popen(
        [*KCLI, *arguments],
        cwd=kcli.folder,
        env=kcli.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    first = process.stdout.readline()
    put(kcli, "b")
    second = process.stdout.readline()
    process.send_signal(signal.SIGINT)
    rest, told = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert b"Traceback" not in told
    keys = [json.loads(each)["dynamodb"]["Keys"]["pk"]["S"] for each in (first, second)]
    assert keys == ["a", "b"]
    assert rest == b""


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("tail", "--table", "nothing", "--no-follow"), "there is no table nothing whose stream"),
        (
            ("tail", "--table", "orders", "--stream", "orders"),
            "--table and --stream cannot be used together",
        ),
        (("tail", "--table", "orders", "--efo", "me"), "no consumers of enhanced fan-out"),
        (
            ("record", "-o", "x", "--table", "orders", "--map", "app:handler"),
            "no payload that a function could make anew",
        ),
        (
            ("tail", "--table", "orders", "--no-follow", "--shard", "0"),
            "the stream has no shard shardId-000000000000",
        ),
        (
            ("tail", "--table", "arn:aws:dynamodb:eu-west-1:123456789012:table/t", "--region", "x"),
            "x is not the region of",
        ),
    ],
)
def test_what_a_table_does_not_have_is_refused_in_a_sentence(
    kcli: Kcli, arguments: tuple[str, ...], sentence: str
) -> None:
    path = kcli.folder / "app.py"
    path.write_text("def handler(data):\n    return data\n")
    run = kcli(*arguments)
    assert run.returncode in (2, 3)
    assert sentence in " ".join(run.stderr.split())
    assert "Traceback" not in run.stderr
    assert not (kcli.folder / "x").exists()


def test_in_memory_tables_begin_anew_and_the_mapping_with_them(kcli: Kcli) -> None:
    start = ("local", "start", "--detach", "--neighbours-in-memory")
    succeeded(kcli(*start))
    put(kcli, "a")
    wait(kcli)
    before = document(kcli("local", "status", "--output", "json"))["tables"][0]["arn"]
    stop_server(kcli.folder / ".kcli")
    succeeded(kcli(*start))
    put(kcli, "a")
    wait(kcli)
    status = document(kcli("local", "status", "--output", "json"))
    (table,) = status["tables"]
    assert table["arn"] != before
    assert table["records"] == 1
    assert [each["state"] for each in status["mappings"]] == ["Enabled"]
    assert got(kcli)[-1] == "got INSERT a"
