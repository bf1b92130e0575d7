"""What records carry, in kcli's own project and in others."""

import json
import shutil
from base64 import b64decode
from pathlib import Path

import pytest

from tests.e2e.local_endpoint import write_project
from tests.e2e.programs import Completed, Kcli

pytestmark = pytest.mark.slow

APP = (
    "import base64\n"
    "def handler(event, context):\n"
    "    return [base64.b64decode(r['kinesis']['data']).decode() for r in event['Records']]\n"
)
TEMPLATE = """\
Transform: AWS::Serverless-2016-10-31
Resources:
  Orders: {Type: AWS::Kinesis::Stream, Properties: {Name: orders, ShardCount: 1}}
  Fn:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: src
      Handler: app.handler
      Events:
        S: {Type: Kinesis, Properties: {Stream: !GetAtt Orders.Arn, StartingPosition: LATEST}}
"""
REFUSED = "nothing says what the records carry"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return write_project(tmp_path / "theirs", APP, TEMPLATE)


def called_with(done: Completed) -> list[str]:
    """The payloads that the handler saw."""
    assert done.returncode == 0, done.stderr
    payloads: list[str] = json.loads(done.stdout)["response"]
    return payloads


def sample(kcli: Kcli, file: Path, *options: str) -> None:
    file.parent.mkdir(exist_ok=True)
    made = kcli("event", *options, "-o", str(file))
    assert made.returncode == 0, made.stderr


@pytest.mark.parametrize("command", ["put", "put --count 3", "event", "event --count 3", "invoke"])
def test_another_project_gets_no_sensor_readings_by_itself(
    command: str, kcli: Kcli, project: Path
) -> None:
    refused = kcli(*command.split(), cwd=project)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert REFUSED in refused.stderr
    assert "the project of template.yaml" in refused.stderr
    assert "--data TEXT|@FILE" in refused.stderr
    assert not (project / ".kcli").exists()


@pytest.mark.parametrize(
    "mark", ["cdk.json", "serverless.yml", "main.tf", "samconfig.toml", "kcli.toml"]
)
def test_a_project_without_a_template_is_one_too(mark: str, kcli: Kcli, tmp_path: Path) -> None:
    (tmp_path / mark).write_text("")
    (tmp_path / "deeper").mkdir()
    refused = kcli("event", cwd=tmp_path / "deeper")
    assert refused.returncode == 2
    assert f"the project of ../{mark}" in refused.stderr


def test_readings_that_are_asked_for_are_made_anywhere(kcli: Kcli, project: Path) -> None:
    done = kcli("invoke", "--temperature", "20", "--output", "json", cwd=project)
    assert json.loads(called_with(done)[0])["temperature"] == 20
    assert kcli("event", "--sensors", "2", cwd=project).returncode == 0


@pytest.mark.parametrize("folder", ["empty", "copy", "copy/lambda_function"])
def test_a_copy_of_kclis_own_project_keeps_its_readings(
    folder: str, kcli: Kcli, root: Path, tmp_path: Path
) -> None:
    """And an empty folder, where the bundled function is the function."""
    shutil.copytree(root / "lambda_function", tmp_path / "copy" / "lambda_function")
    shutil.copy(root / "template.yaml", tmp_path / "copy")
    (tmp_path / "empty").mkdir()
    for command in (["event", "--count", "2"], ["invoke"], ["put", "--base64"]):
        done = kcli(*command, cwd=tmp_path / folder)
        assert done.returncode == 0, done.stderr


def test_invoke_takes_a_text_a_file_a_template_and_a_model(kcli: Kcli, project: Path) -> None:
    (project / "order.json").write_text('{"order": 7}\n')
    (project / "order.json.j2").write_text('{"order": {{ index }}}')
    (project / "lines.txt").write_text("a\nb\n")
    (project / "models.py").write_text(
        "from typing import Literal\n"
        "from pydantic import BaseModel\n"
        "class Order(BaseModel):\n"
        "    order: Literal[7]\n"
    )

    def payloads(*options: str) -> list[str]:
        return called_with(kcli("invoke", *options, "--output", "json", cwd=project))

    assert payloads("--data", "text") == ["text"]
    assert payloads("--data", "@order.json", "--count", "2") == ['{"order": 7}\n'] * 2
    templated = ['{"order": 0}', '{"order": 1}']
    assert payloads("--payload-template", "order.json.j2", "--count", "2") == templated
    assert payloads("--template", "order.json.j2", "--count", "2") == templated
    both = ("--template", "template.yaml", "--payload-template", "order.json.j2")
    assert payloads(*both, "--count", "2") == templated
    assert payloads("--model", "models:Order") == ['{"order":7}']
    assert payloads("--from", "lines.txt") == ["a", "b"]


def test_invoke_refuses_what_contradicts_itself(kcli: Kcli, project: Path) -> None:
    (project / "a.j2").write_text("")
    for options, problem in (
        (("event.json", "--data", "x"), "--data is about an event that is made"),
        (("event.json", "--count", "2"), "--count is about an event that is made"),
        (("--data", "x", "--temperature", "3"), "--temperature is about readings"),
        (("--template", "a.j2", "--payload-template", "a.j2"), "both name a template of payloads"),
        (("--data", "x" * 1000, "--count", "10000"), "more than the 6,291,456 bytes"),
    ):
        refused = kcli("invoke", *options, cwd=project)
        assert refused.returncode == 2
        assert problem in refused.stderr


def test_invoke_takes_the_one_sample_of_a_project_and_says_so(kcli: Kcli, project: Path) -> None:
    sample(kcli, project / "events" / "kinesis.json", "--data", "theirs", "--count", "2")
    (project / "events" / "api.json").write_text('{"httpMethod": "GET"}')
    (project / "events" / "broken.json").write_text("{")
    done = kcli("invoke", "--output", "json", cwd=project)
    assert called_with(done) == ["theirs", "theirs"]
    assert done.stderr == "called with events/kinesis.json, the one sample event of this project\n"
    below = kcli("invoke", "--output", "json", cwd=project / "src")
    assert called_with(below) == ["theirs", "theirs"]


@pytest.mark.parametrize("command", ["invoke", "put"])
def test_of_several_samples_one_is_to_be_named(command: str, kcli: Kcli, project: Path) -> None:
    sample(kcli, project / "events" / "a.json", "--data", "x")
    sample(kcli, project / "fixtures" / "b.ndjson", "--data", "x", "--count", "2")
    refused = kcli(command, cwd=project)
    assert refused.returncode == 2
    assert "events/a.json holds 1 record: " in refused.stderr
    assert "fixtures/b.ndjson holds 2 records: " in refused.stderr


def test_a_sample_is_named_but_never_sent_to_a_stream_or_a_deployed_function(
    kcli: Kcli, project: Path
) -> None:
    sample(kcli, project / "events" / "a.json", "--data", "x")
    for command in (("put",), ("invoke", "--remote"), ("invoke", "--compare")):
        refused = kcli(*command, cwd=project)
        assert refused.returncode == 2
        assert REFUSED in refused.stderr
        assert "events/a.json holds 1 record" in refused.stderr
    taken = kcli("event", "--from", "events/a.json", cwd=project)  # as it is advised
    (record,) = json.loads(taken.stdout)["Records"]
    assert b64decode(record["kinesis"]["data"]) == b"x"


def test_a_handler_without_a_project_gets_a_reading_and_it_is_said(
    kcli: Kcli, tmp_path: Path
) -> None:
    (tmp_path / "app.py").write_text(APP)
    said = "called with a made-up sensor reading; --data, or EVENT, gives your own"
    done = kcli("invoke", "--handler", "app.py:handler", "--output", "json")
    assert json.loads(called_with(done)[0])["temperature"] == 21.5
    assert said in done.stderr
    done = kcli("invoke", "--handler", "app.py:handler", "--data", "x", "--output", "json")
    assert called_with(done) == ["x"]
    assert said not in done.stderr
