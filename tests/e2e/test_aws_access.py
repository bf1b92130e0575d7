"""A handler that calls AWS: whose account it reaches, and what is said of it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import forks
from tests.e2e.programs import KCLI, Kcli

pytestmark = pytest.mark.slow

KEY = "ASIAQNZGKIQY56JQ7WML"
SHELL = {
    "AWS_ACCESS_KEY_ID": KEY,
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_SESSION_TOKEN": "token",
    "AWS_REGION": "eu-west-1",
}
HANDLER = """
import os
def handler(event, context):
    names = ("AWS_ACCESS_KEY_ID", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_ENDPOINT_URL")
    raise ValueError([os.environ.get(name) for name in names])
def calls(event, context):
    import boto3
    return boto3.client("sqs").list_queues()
def catches(event, context):
    try: calls(event, context)
    except Exception as error: print("caught", error)
def lists(event, context):
    import boto3
    raise ValueError(boto3.client("kinesis").list_streams()["StreamNames"])
"""
TEMPLATE = """
Resources:
  S: {Type: AWS::Kinesis::Stream, Properties: {Name: mine, ShardCount: 1}}
  F:
    Type: AWS::Serverless::Function
    Properties:
      Handler: app.handler
      CodeUri: src
      Events: {In: {Type: Kinesis, Properties: {Stream: !GetAtt S.Arn, StartingPosition: LATEST}}}
"""
EXPLAINED = "The handler called AWS, and has no credentials here: --aws shell"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "app.py").write_text(HANDLER)
    (tmp_path / "template.yaml").write_text(TEMPLATE)
    (tmp_path / "one.txt").write_text("{}\n")
    return tmp_path


def seen(kcli: Kcli, *arguments: str) -> tuple[object, str]:
    """What the handler saw, and what was said on standard error."""
    options = ["--raw", "one.txt", "--output", "json", "--maximum-retry-attempts", "0"]
    options = options if arguments[0] == "simulate" else options[:4]
    done = kcli(*arguments, *options, **SHELL)
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    error = document["error"] if "error" in document else document["invocations"][0]["error"]
    return error["errorMessage"], done.stderr


@pytest.mark.parametrize("options", [[], ["--isolated"], ["--python", "PYTHON"]])
def test_a_simulation_has_no_credentials_unless_the_shells_are_wanted(
    kcli: Kcli, project: Path, options: list[str]
) -> None:
    from tests.pythons import new_environment

    python = str(new_environment(project / "env"))
    options = [python if each == "PYTHON" else each for each in options]
    nothing = str([None, None, "eu-west-1", None])
    assert seen(kcli, "simulate", *options)[0] == nothing
    assert seen(kcli, "invoke", "--aws", "none", *options)[0] == nothing
    shells = str([KEY, "token", "eu-west-1", None])
    told, said = seen(kcli, "simulate", "--aws", "shell", *options)
    assert told == shells
    assert "AWS clients in the handler use AWS_ACCESS_KEY_ID, account 029608264753" in said
    assert seen(kcli, "invoke", *options)[0] == shells


@pytest.mark.parametrize("handler", ["calls", "catches"])
def test_the_first_refused_call_is_explained_once(kcli: Kcli, project: Path, handler: str) -> None:
    (project / "one.txt").write_text("{}\n" * 5)
    done = kcli(
        *("simulate", "--raw", "one.txt", "--handler", f"src/app.py:{handler}"),
        *("--batch-size", "1", "--maximum-retry-attempts", "1"),
        **SHELL,
    )
    assert done.returncode == 0
    assert done.stderr.count(EXPLAINED) == 1


@pytest.fixture
def local(project: Path, kcli: Kcli) -> Iterator[str]:
    """The project's local endpoint."""
    started = kcli("local", "start", "--detach")
    assert started.returncode == 0, started.stderr
    yield json.loads(kcli("local", "status", "--output", "json").stdout)["endpoint"]
    forks.run([*KCLI, "local", "stop"], project)


def test_a_simulation_calls_the_local_endpoint_where_it_runs(
    kcli: Kcli, project: Path, local: str
) -> None:
    template = project / "template.yaml"
    told, said = seen(kcli, "simulate")
    assert local in str(told)
    assert f"AWS clients in the handler call the local endpoint on {local}" in said
    template.write_text(TEMPLATE.replace("app.handler", "app.lists"))
    assert seen(kcli, "simulate")[0] == "['mine']"
    assert seen(kcli, "invoke", "--aws", "local")[0] == "['mine']"


def test_the_local_endpoint_must_run_where_it_is_asked_for(kcli: Kcli, project: Path) -> None:
    done = kcli("simulate", "--raw", "one.txt", "--aws", "local")
    assert done.returncode == 2
    assert "the local endpoint does not run" in done.stderr
    assert "kcli local start --detach" in done.stderr
