"""The life of a poison record, as a person follows it: put, invoke, logs, status."""

import json
from pathlib import Path
from time import time

import pytest

from tests.e2e.local_endpoint import Clients, document
from tests.e2e.programs import Kcli

pytestmark = pytest.mark.slow

FUNCTION = "NewMessageFunction"


def test_a_remote_call_shows_what_the_function_answered(run: Kcli, endpoint: str) -> None:
    result = document(run("invoke", "--remote", "--temperature", "120", "--output", "json"))
    assert result["function"] == {"handler": FUNCTION, "runtime": "remote"}
    assert len(result["batchItemFailures"]) == 1
    assert result["report"]["requestId"] == result["requestId"]
    assert result["report"]["memorySizeMB"] == 256
    assert any("120.0" in line for line in result["logs"])


def test_a_remote_table_has_the_failed_record_decoded(run: Kcli, endpoint: str) -> None:
    shown = run("invoke", "--remote", "--temperature", "120", COLUMNS="160").stdout
    assert "1 record: 1 failed" in shown
    assert '{"temperature": 120.0' in shown
    assert "of 256 MB" in shown


def test_an_event_is_only_queued_and_a_dry_run_only_checked(run: Kcli, endpoint: str) -> None:
    for kind, words in (("Event", "queued"), ("DryRun", "not called")):
        completed = run("invoke", "--remote", "--invocation-type", kind)
        assert completed.returncode == 0
        assert words in completed.stdout
        assert "Response" not in completed.stdout


def test_without_the_log_there_is_no_report(run: Kcli, endpoint: str) -> None:
    result = document(run("invoke", "--remote", "--log-type", "None", "--output", "json"))
    assert (result["logs"], result["report"]) == ([], None)


def test_an_unknown_function_is_lambdas_refusal(run: Kcli, endpoint: str) -> None:
    completed = run("invoke", "--remote", "--function-name", "nix")
    assert completed.returncode == 3
    assert "ResourceNotFoundException: Function not found" in completed.stderr


def test_an_event_that_lambda_would_not_take_is_not_sent(
    run: Kcli, endpoint: str, home: Path
) -> None:
    (home / "large").write_text("x" * 1_000_000)
    completed = run("invoke", "--remote", "--raw", "large", "--invocation-type", "Event")
    assert completed.returncode == 2
    assert "Lambda takes 1,048,576 of one that is not waited for" in completed.stderr


def test_comparing_finds_no_difference_and_then_one(run: Kcli, endpoint: str) -> None:
    same = run("invoke", "--compare", "--temperature", "120", "--fail-on", "difference")
    assert (same.returncode, same.stdout.splitlines()[-1]) == (0, "Both answer the same.")
    differs = run(
        *(
            "invoke",
            "--compare",
            "--handler",
            "code/of/tests/good.py:handler",
            "--temperature",
            "120",
        ),
        *("--fail-on", "difference", "--output", "json"),
    )
    assert differs.returncode == 1
    [difference] = json.loads(differs.stdout)["differences"]
    assert difference["path"] == "response.batchItemFailures[0]"
    assert "here" not in difference


def test_the_local_handler_gets_the_deployed_environment(
    run: Kcli, endpoint: str, home: Path
) -> None:
    (home / "show.py").write_text(
        "import os\n"
        "def handler(event, context):\n"
        "    return os.environ.get('AWS_LAMBDA_LOG_FORMAT')\n"
    )
    call = ("invoke", "--handler", "show.py:handler", "--output", "json")
    assert document(run(*call))["response"] is None
    assert document(run(*call, "--env-from-stack"))["response"] == "JSON"


@pytest.mark.parametrize(
    "arguments",
    [
        ("--qualifier", "live"),
        ("--remote", "--isolated"),
        ("--remote", "--compare"),
        ("--remote", "--handler", "code/of/tests/good.py:handler"),
        ("--compare", "--invocation-type", "Event"),
    ],
)
def test_options_that_contradict_each_other_are_refused(
    run: Kcli, arguments: tuple[str, ...]
) -> None:
    completed = run("invoke", *arguments)
    assert (completed.returncode, completed.stdout) == (2, "")


def test_a_call_can_be_found_in_the_log(run: Kcli, endpoint: str) -> None:
    request_id = document(run("invoke", "--remote", "--output", "json"))["requestId"]
    arguments = ("tail-logs", "--since", "10m", "--request-id", request_id)
    shown = run(*arguments, "-n", "3").stdout.splitlines()
    assert shown.pop(0).endswith(", UTC")
    assert [line.split()[2] for line in shown] == ["START", "INFO", "REPORT"]
    lines = run(*arguments, "--no-follow", "--output", "ndjson").stdout.splitlines()
    events = [json.loads(line) for line in lines]
    assert {each["requestId"] for each in events} == {request_id}
    assert [each["level"] for each in events] == [None, "INFO", None]
    assert set(events[0]) == {
        *("timestamp", "ingestionTime", "logGroup", "logStream", "eventId"),
        *("requestId", "level", "message"),
    }


def test_an_empty_screen_says_why(run: Kcli, endpoint: str) -> None:
    assert run("invoke", "--remote").returncode == 0
    found = run("tail-logs", "--since", "10m", "-n", "1")  # the log group is there
    assert (found.returncode, len(found.stdout.splitlines())) == (0, 2)
    empty = run("tail-logs", "--no-follow")
    assert (empty.returncode, empty.stdout) == (0, "")
    assert "--since latest begins now; --since 10m has what was written" in empty.stderr
    nothing = run("tail-logs", "--no-follow", "--since", "10m", "--grep", "no such text")
    assert (nothing.returncode, nothing.stdout) == (0, "")
    assert "nothing shown: no event in that time, or none that matches" in nothing.stderr


def test_what_a_log_query_cannot_mean_is_said(run: Kcli, endpoint: str) -> None:
    assert run("invoke", "--remote").returncode == 0
    past = run("tail-logs", "--until", "10m")
    assert (past.returncode, past.stdout) == (2, "")
    assert "--until: 10m is not after the beginning" in past.stderr
    unknown = ("--since", "10m", "-n", "1", "--filter", "{ $.level = 1 }")
    assert "knows only words of CloudWatch's patterns" in run("tail-logs", *unknown).stderr


def test_what_a_log_line_holds_cannot_act_on_a_terminal(
    run: Kcli,
    client: Clients,
) -> None:
    logs = client("logs")
    logs.create_log_group(logGroupName="hostile")
    logs.create_log_stream(logGroupName="hostile", logStreamName="a")
    evil = "\x1b[31m \x9b1m [red]x[/] \u202e"
    event = {"timestamp": int(time() * 1000), "message": f"{evil}\nTraceback"}
    logs.put_log_events(logGroupName="hostile", logStreamName="a", logEvents=[event])
    read = ("tail-logs", "--log-group", "hostile", "--since", "trim-horizon", "--no-follow")
    for more in ((), ("--raw",), ("--output", "ndjson")):
        shown = run(*read, *more).stdout
        assert "red" in shown
        assert shown.replace("\n", "").isprintable(), more


def test_a_missing_log_group_says_what_to_do(run: Kcli, endpoint: str) -> None:
    completed = run("tail-logs", "--log-group", "/aws/lambda/kcli-new-messag", "--no-follow")
    assert completed.returncode == 3
    assert "There is /aws/lambda/kcli-new-message" in completed.stderr
