"""While a local stream runs, AWS is meant only where the command line itself says so."""

import json
from pathlib import Path

import pytest

from tests.e2e.programs import Kcli

pytestmark = pytest.mark.slow

NO_ACCOUNT = {"AWS_EC2_METADATA_DISABLED": "true", "HOME": "/nonexistent"}
ADVICE = "Say which: --endpoint-url local, or for AWS --profile, --region or --stack."


@pytest.fixture(autouse=True)
def _local_stream_runs(endpoint: str) -> None:
    pass


@pytest.mark.parametrize(
    "command",
    [
        ("put", "--data", "x", "--stream", "orders"),
        ("tail", "--no-follow", "--stream", "orders"),
        ("record", "--no-follow", "--stream", "orders", "-o", "day.ndjson"),
        ("status", "--stream", "orders"),
    ],
)
def test_a_streams_name_alone_does_not_say_which_of_the_two(
    command: tuple[str, ...], run: Kcli, home: Path, endpoint: str
) -> None:
    stopped = run(*command, **NO_ACCOUNT)
    assert stopped.returncode == 2
    said = " ".join(stopped.stderr.split())
    assert f"--stream: this means AWS, and the project's local stream runs on {endpoint}" in said
    assert ADVICE in said
    assert not (home / "day.ndjson").exists()


@pytest.mark.parametrize("command", ["put --data x", "status", "tail-logs --no-follow", "redrive"])
@pytest.mark.parametrize(
    ("file", "text", "source"),
    [
        ("kcli.toml", 'stack = "app"', "kcli.toml"),
        ("kcli.toml", 'endpoint_url = "https://kinesis.eu-west-1.amazonaws.com"', "kcli.toml"),
        ("pyproject.toml", '[tool.kcli]\nstream = "orders"', "pyproject.toml"),
    ],
)
def test_what_a_file_says_does_not_decide(
    command: str, file: str, text: str, source: str, run: Kcli, home: Path
) -> None:
    (home / file).write_text(text)
    try:
        stopped = run(*command.split(), **NO_ACCOUNT)
    finally:
        (home / file).unlink()
    assert stopped.returncode == 2
    assert f"{source}: this means AWS" in stopped.stderr


@pytest.mark.parametrize("name", ["KCLI_STACK", "KCLI_STREAM", "KCLI_PROFILE", "KCLI_REGION"])
def test_what_a_variable_says_does_not_decide(name: str, run: Kcli) -> None:
    stopped = run("put", "--data", "x", **{name: "us-east-1"}, **NO_ACCOUNT)
    assert stopped.returncode == 2
    assert f"{name}: this means AWS" in stopped.stderr


@pytest.mark.parametrize(
    "flags",
    [
        ("--stream", "orders", "--region", "eu-west-1"),
        ("--stack", "app", "--region", "eu-west-1"),
        ("--stream", "arn:aws:kinesis:eu-west-1:123456789012:stream/orders"),
    ],
)
def test_flags_that_name_aws_decide(flags: tuple[str, ...], run: Kcli) -> None:
    refused = run("put", "--data", "x", *flags, **NO_ACCOUNT)
    assert refused.returncode == 3
    assert "this means AWS" not in refused.stderr
    assert "credentials" in refused.stderr


def test_the_local_one_can_be_named_with_a_stream_or_once_for_all(run: Kcli, home: Path) -> None:
    named = run("put", "--data", "x", "--stream", "Stream", "--endpoint-url", "local")
    assert named.returncode == 0, named.stderr
    (home / "kcli.toml").write_text('endpoint_url = "local"\nstack = "app"')
    try:
        kept = run("put", "--data", "x")
    finally:
        (home / "kcli.toml").unlink()
    assert kept.returncode == 0, kept.stderr


def test_an_arn_of_the_local_account_is_not_one_of_aws(run: Kcli) -> None:
    arn = "arn:aws:kinesis:us-east-1:000000000000:stream/Stream"
    stopped = run("put", "--data", "x", "--stream", arn, **NO_ACCOUNT)
    assert stopped.returncode == 2
    assert ADVICE in " ".join(stopped.stderr.split())


def test_config_tells_that_a_command_would_stop(run: Kcli) -> None:
    told = run("config", "--output", "json", KCLI_STACK="app", **NO_ACCOUNT)
    assert told.returncode == 2
    assert json.loads(told.stdout)["target"]["kind"] == "aws"
    assert "KCLI_STACK: this means AWS" in told.stderr


@pytest.mark.parametrize(
    "command",
    ["status", "tail-logs --since 1h --no-follow", "redrive", "put --data x", "invoke --remote"],
)
def test_the_url_of_the_projects_own_endpoint_is_as_good_as_its_name(
    command: str, run: Kcli, endpoint: str
) -> None:
    """`eval "$(kcli local env)"` sets it, for other programs."""
    words = command.split()
    named = run(*words, "--endpoint-url", "local", **NO_ACCOUNT)
    by_variable = run(*words, AWS_ENDPOINT_URL=f"{endpoint}/", **NO_ACCOUNT)
    assert by_variable.returncode == named.returncode
    assert "is named" not in by_variable.stderr


def test_that_url_is_never_aws_whatever_else_is_named(run: Kcli, endpoint: str) -> None:
    put = run(
        "put", "--data", "x", "--profile", "production", AWS_ENDPOINT_URL=endpoint, **NO_ACCOUNT
    )
    assert put.returncode == 0, put.stderr
    assert endpoint in put.stdout
