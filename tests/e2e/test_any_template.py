"""A stranger's project by the command line: any template, any form of code, other tools."""

import json
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from textwrap import dedent

import pytest

from tests.e2e.programs import Kcli
from tests.patience import PATIENCE

pytestmark = pytest.mark.slow

APP = """\
def handler(event, context):
    print("got", len(event["Records"]), context.invoked_function_arn, context.function_version)
    raise ValueError("x")
"""
FINE = 'def handler(event, context):\n    print("got", len(event["Records"]))\n'
INLINE = """
    Resources:
      Orders: {Type: AWS::Kinesis::Stream, Properties: {ShardCount: 1}}
      Worker:
        Type: AWS::Lambda::Function
        Properties:
          Runtime: python3.11
          Handler: index.handler
          Role: arn:aws:iam::123456789012:role/r
          Code:
            ZipFile: |
              def handler(event, context):
                  print("got", len(event["Records"]))
      Mapping:
        Type: AWS::Lambda::EventSourceMapping
        Properties:
          EventSourceArn: !GetAtt Orders.Arn
          FunctionName: !Ref Worker
          StartingPosition: TRIM_HORIZON
          BatchSize: 7
"""
SAM = """
    Transform: AWS::Serverless-2016-10-31
    Parameters:
      Retries: {Type: Number, Default: -1}
      StreamArn: {Type: String, Default: ""}
    Resources:
      Orders: {Type: AWS::Kinesis::Stream, Properties: {ShardCount: 2, RetentionPeriodHours: 48}}
      Worker:
        Type: AWS::Serverless::Function
        Properties:
          Runtime: python3.11
          Handler: app.handler
          CodeUri: CODE
          Events:
            In:
              Type: Kinesis
              Properties:
                Stream: !GetAtt Orders.Arn
                StartingPosition: TRIM_HORIZON
                MaximumRetryAttempts: !Ref Retries
"""
ALIAS = """
      Live:
        Type: AWS::Lambda::Alias
        Properties: {Name: live, FunctionName: !Ref Worker, FunctionVersion: "1"}
"""
Project = Callable[..., Kcli]


@pytest.fixture
def project(tmp_path: Path, environment: Mapping[str, str]) -> Iterator[Project]:
    """Writes a project, and runs kcli in it; its local stream is ended after the test."""
    folder = tmp_path / "project"
    run = Kcli(folder, {**environment, "XDG_CACHE_HOME": str(tmp_path / "cache")})

    def write(**files: str) -> Kcli:
        folder.mkdir(exist_ok=True)
        (folder / "lines.txt").write_text('{"a":1}\n{"a":2}\n{"a":3}\n')
        for name, text in files.items():
            path = folder / name.replace("__", "/").replace("_", ".")
            path.parent.mkdir(exist_ok=True)
            path.write_text(dedent(text))

        return run

    yield write
    run.stop_local_streams()


def simulated(run: Kcli, *options: str) -> dict[str, dict[str, object]]:
    """The document of a simulation of three records."""
    completed = run("simulate", "--raw", "lines.txt", "--output", "json", *options)
    assert completed.returncode == 0, completed.stderr
    document: dict[str, dict[str, object]] = json.loads(completed.stdout)
    return document


def test_a_mapping_of_an_alias_counts_and_its_arns_are_qualified(project: Project) -> None:
    text = INLINE.replace("!Ref Worker", "!Ref Live") + ALIAS
    text = text.replace('print("got"', 'raise ValueError(context.invoked_function_arn, "got"')
    run = project(template_yaml=text.replace("BatchSize: 7", "MaximumRetryAttempts: 1"))
    document = simulated(run)
    assert document["summary"]["discarded"] == 3
    (sent,) = document["destination"]
    arn = "arn:aws:lambda:us-east-1:123456789012:function:Worker:live"
    assert sent["requestContext"]["functionArn"] == arn  # type: ignore[index]
    assert sent["responseContext"]["executedVersion"] == "1"  # type: ignore[index]
    assert arn in str(document["invocations"])


def test_parameters_are_given_as_sam_takes_them(project: Project) -> None:
    run = project(
        template_yaml=SAM.replace("CODE", "src"),
        src__app_py=APP,
        samconfig_toml="""
            version = 0.1
            [default.deploy.parameters]
            parameter_overrides = 'Retries="2"'
        """,
    )
    assert simulated(run)["mapping"]["MaximumRetryAttempts"] == 2
    # one option and several values, as `sam deploy` has it
    options = ("--parameter-overrides", "Retries=1", "StreamArn=x")
    assert simulated(run, *options)["mapping"]["MaximumRetryAttempts"] == 1


@pytest.mark.parametrize("mode", ["in-process", "--isolated", "kcli local"])
@pytest.mark.parametrize("form", ["inline", "zip"])
def test_inline_code_and_a_zip_run_in_every_mode(
    project: Project, tmp_path: Path, form: str, mode: str
) -> None:
    if mode != "in-process":
        pytest.importorskip("awslambdaric")
    run = project(template_yaml=INLINE if form == "inline" else SAM.replace("CODE", "code.zip"))
    with zipfile.ZipFile(tmp_path / "project" / "code.zip", "w") as archive:
        archive.writestr("app.py", FINE)
    if mode == "kcli local":
        assert run("local", "start", "--detach").returncode == 0
        assert run("put", "--data", "{}").returncode == 0
        assert run("local", "wait", "--idle", "--timeout", str(PATIENCE)).returncode == 0
        assert "got 1" in run("tail-logs", "--no-follow", "--since", "1h").stdout
    else:
        options = [mode] if mode == "--isolated" else []
        assert simulated(run, *options)["summary"]["succeeded"] == 3


def test_payloads_are_in_the_shards_that_the_template_gives_the_stream(project: Project) -> None:
    run = project(template_yaml=SAM.replace("CODE", "src"), src__app_py=FINE)
    document = simulated(run)
    shards = {each["shardId"] for each in document["invocations"]}  # type: ignore[index]
    assert shards == {"shardId-000000000000", "shardId-000000000001"}
    assert document["summary"]["succeeded"] == 3


def test_a_payload_that_the_templates_stream_would_not_take_is_named(
    project: Project, tmp_path: Path
) -> None:
    text = SAM.replace("CODE", "src")
    run = project(template_yaml=text, src__app_py=FINE)
    (tmp_path / "project" / "large.txt").write_text("x" * (1 << 20) + "\n")
    said = " ".join(run("simulate", "--raw", "large.txt").stderr.split())
    assert "are 1,048,582 bytes, and Orders takes records of at most 1,024 KiB" in said
    wider = text.replace("{ShardCount: 2,", "{ShardCount: 2, MaxRecordSizeInKiB: 2048,")
    run = project(template_yaml=wider, src__app_py=FINE)
    assert "KiB" not in run("simulate", "--raw", "large.txt").stderr


def test_the_local_stream_is_made_as_the_template_says(project: Project) -> None:
    run = project(infra__sam_yaml=SAM.replace("CODE", "../src"), src__app_py=FINE)
    options = ("--template", "infra/sam.yaml", "--parameter-overrides", "Retries=0")
    started = run("local", "start", "--detach", *options)
    assert started.returncode == 0, started.stderr
    assert "Orders: 2 shards" in started.stdout
    status = run("status", "--stream", "Orders", "--endpoint-url", "local")
    assert "48 h" in status.stdout, status.stdout + status.stderr


def test_a_stream_outside_the_template_is_made_by_its_name(project: Project) -> None:
    arn = "arn:aws:kinesis:us-east-1:111122223333:stream/orders-of-others"
    text = SAM.replace("CODE", "src").replace("!GetAtt Orders.Arn", arn)
    run = project(template_yaml=text, src__app_py=FINE)
    started = run("local", "start", "--detach")
    assert "orders-of-others: 1 shard" in started.stdout, started.stderr


def test_a_stream_that_nobody_knows_is_given_by_the_name_of_what_is_missing(
    project: Project,
) -> None:
    text = SAM.replace("CODE", "src").replace("!GetAtt Orders.Arn", "!ImportValue shared-stream")
    run = project(template_yaml=text, src__app_py=FINE)
    completed = run("simulate", "--raw", "lines.txt")
    assert completed.returncode == 0
    said = " ".join(completed.stderr.split())
    assert "(give it with --parameter-overrides shared-stream=VALUE)" in said
    arn = "arn:aws:kinesis:us-east-1:111122223333:stream/orders"
    options = ("--parameter-overrides", f"shared-stream={arn}")
    assert simulated(run, *options)["mapping"]["EventSourceArn"] == arn


@pytest.mark.parametrize(
    "command",
    [
        ("simulate", "--raw", "lines.txt"),
        ("put", "--data", "x"),
        ("local", "start", "--detach"),
    ],
)
def test_a_project_of_another_tool_is_told_what_makes_its_template(
    project: Project, command: tuple[str, ...]
) -> None:
    run = project(cdk_json="{}", src__app_py=FINE)
    completed = run(*command)
    assert completed.returncode == 2
    assert "`cdk synth` makes it" in completed.stderr
    assert completed.stdout == ""


def test_what_is_set_is_told_without_a_template_too(project: Project) -> None:
    run = project(cdk_json="{}")
    completed = run("config")
    assert completed.returncode == 2
    assert "region" in completed.stdout
    assert "`cdk synth` makes it" in completed.stderr


def test_streams_that_are_named_need_no_template(project: Project) -> None:
    run = project(cdk_json="{}")
    started = run("local", "start", "--detach", "--stream", "orders")
    assert started.returncode == 0, started.stderr
    assert "no function runs" in started.stderr
    put = run("put", "--data", "x", "--stream", "orders", "--endpoint-url", "local")
    assert put.returncode == 0, put.stderr


def test_where_there_is_no_template_it_is_said_whose_function_is_used(
    kcli: Kcli, tmp_path: Path
) -> None:
    (tmp_path / "lines.txt").write_text("{}\n")
    state = {"XDG_STATE_HOME": str(tmp_path)}
    said = "there is no template here"
    assert said in kcli("simulate", "--raw", "lines.txt").stdout
    put = kcli("put", "--data", "{}", **state)
    kcli("local", "stop", **state)
    assert said in put.stderr


def test_a_function_that_only_sqs_feeds_is_no_consumer(project: Project) -> None:
    text = SAM.replace("CODE", "src").replace("Type: Kinesis", "Type: SQS")
    text = text.replace("Stream: !GetAtt Orders.Arn", "Queue: arn:aws:sqs:us-east-1:1:jobs")
    run = project(template_yaml=text, src__app_py=FINE)
    completed = run("simulate", "--raw", "lines.txt")
    assert completed.returncode == 2
    assert "Worker: is fed by SQS (In), not by Kinesis" in " ".join(completed.stderr.split())
    assert simulated(run, "--as-kinesis")["summary"]["succeeded"] == 3


def test_a_function_of_a_table_is_told_how_changes_are_made(project: Project) -> None:
    text = SAM.replace("CODE", "src").replace("Type: Kinesis", "Type: DynamoDB")
    text = text.replace("Stream: !GetAtt Orders.Arn", "Stream: !ImportValue Changes")
    run = project(template_yaml=text, src__app_py=FINE, items_json='[{"id": "a"}, {"id": "b"}]')
    refused = run("simulate", "--raw", "lines.txt")
    said = " ".join(refused.stderr.split())
    made = re.search("`kcli (event --dynamodb .*?)` makes changes of a table", said)
    assert made, said
    command = made[1].replace("FILE", "items.json").replace("PK", "id")
    run(*command.split(), "-o", "changes.ndjson")
    done = run("simulate", "changes.ndjson", "--output", "json")
    assert json.loads(done.stdout)["summary"]["succeeded"] == 2, done.stderr


def test_a_stub_template_does_not_block_what_needs_no_resource(project: Project) -> None:
    run = project(template_yaml="Transform: AWS::Serverless-2016-10-31\n")
    assert run("local", "start", "--detach", "--stream", "orders").returncode == 0
    put = run("put", "--data", "x", "--stream", "orders", "--endpoint-url", "local")
    assert put.returncode == 0, put.stderr
