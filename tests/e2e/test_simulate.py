"""`kcli simulate`, as a person or a script runs it."""

import gzip
import json
import os
import re
import signal
import subprocess
import sys
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

from tests import forks
from tests.e2e.programs import KCLI, Completed, Kcli, Terminal
from tests.named_pipes import told_in
from tests.patience import PATIENCE

FIRST = 49590338271490256608559692538361571095921575989136588898
START = 1_700_000_040.0


def record(index: int, data: bytes = b"{}", at: float = 0.0) -> dict[str, object]:
    number = str(FIRST + index)
    return {
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": f"sensor-{index}",
            "sequenceNumber": number,
            "data": b64encode(data).decode(),
            "approximateArrivalTimestamp": START + at,
        },
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": f"shardId-000000000000:{number}",
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": "arn:aws:iam::123456789012:role/r",
        "awsRegion": "us-east-1",
        "eventSourceARN": "arn:aws:kinesis:us-east-1:123456789012:stream/s",
    }


def reading(temperature: float) -> bytes:
    return json.dumps({"temperature": temperature, "readingTimestamp": 1}).encode()


def recording(*records: dict[str, object]) -> str:
    return "".join(json.dumps(each) + "\n" for each in records)


@pytest.fixture
def readings(tmp_path: Path) -> Path:
    """Six readings, the third one too hot."""
    records = [
        record(index, reading(20.0 if index != 2 else 120.0), at=index) for index in range(6)
    ]
    file = tmp_path / "readings.ndjson"
    file.write_text(recording(*records))
    return file


@pytest.fixture
def app(tmp_path: Path) -> Callable[[str], None]:
    """Writes the body of `app.handler`."""

    def write(body: str) -> None:
        head = "import json, os, sys, time\nfrom datetime import datetime, timezone\n"
        code = dedent(body).strip().replace("\n", "\n    ")
        (tmp_path / "app.py").write_text(f"{head}def handler(event, context):\n    {code}\n")

    return write


HANDLER = ("--handler", "app.handler")


def piped(folder: Path, text: str | bytes, *arguments: str) -> Completed:
    environment = {**os.environ, "COLUMNS": "80"}
    return forks.run([*KCLI, "simulate", *arguments], folder, environment, text)


def document(run: Completed) -> dict[str, object]:
    assert run.returncode == 0, run.stderr
    parsed: dict[str, object] = json.loads(run.stdout)
    return parsed


def summary(run: Completed) -> dict[str, object]:
    inner = document(run)["summary"]
    assert isinstance(inner, dict)
    return inner


def invocations(run: Completed) -> list[dict[str, object]]:
    inner = document(run)["invocations"]
    assert isinstance(inner, list)
    return inner


# Inputs


def test_the_demo_is_what_the_bundled_function_makes_of_the_fixture(kcli: Kcli, root: Path) -> None:
    run = kcli("simulate", "fixtures/batch.json", cwd=root)
    assert (run.returncode, run.stderr) == (0, "")
    assert "20 records: 18 succeeded, 2 discarded" in run.stdout
    assert "\x1b" not in run.stdout
    assert max(map(len, run.stdout.splitlines())) <= 80


def test_standard_input_is_read(tmp_path: Path, readings: Path) -> None:
    text = readings.read_text()
    run = piped(tmp_path, text, "-", "--output", "json")
    assert summary(run)["records"] == 6
    table = piped(tmp_path, text, "-").stdout
    assert "from standard input" in table
    event = json.dumps({"Records": [json.loads(line) for line in text.splitlines()]}, indent=2)
    same = piped(tmp_path, event, "-", "--output", "json")
    assert document(same) == document(run)
    packed = piped(tmp_path, gzip.compress(text.encode()), "-", "--output", "json")
    assert document(packed) == document(run)


def test_several_inputs_are_one_stream(kcli: Kcli, tmp_path: Path, readings: Path) -> None:
    lines = readings.read_text().splitlines(keepends=True)
    (tmp_path / "a.ndjson").write_text("".join(lines[:2]))
    event = {"Records": [json.loads(line) for line in lines[2:4]]}
    (tmp_path / "b.json").write_text(json.dumps(event))
    run = piped(tmp_path, "".join(lines[4:]), "a.ndjson", "b.json", "-", "--output", "json")
    assert document(run) == document(kcli("simulate", "readings.ndjson", "--output", "json"))


def test_since_skips_what_arrived_before(kcli: Kcli, readings: Path) -> None:
    run = kcli("simulate", readings.name, "--since", "+2", "--output", "json")
    counts = summary(run)
    assert (counts["records"], counts["skipped"]) == (6, 2)  # those of seconds 0 and 1
    assert '"StartingPosition":"AT_TIMESTAMP"' in run.stdout


def test_plain_payload_lines_are_read_as_raw(kcli: Kcli, tmp_path: Path) -> None:
    (tmp_path / "lines").write_bytes(reading(1) + b"\n" + reading(200) + b"\n")
    run = kcli("simulate", "lines", "--raw", "--output", "json")
    assert (summary(run)["succeeded"], summary(run)["discarded"]) == (1, 1)


def test_what_kcli_event_makes_is_delivered(tmp_path: Path) -> None:
    shell = (
        f"{' '.join(KCLI)} event --count 50 --seed 1 | {' '.join(KCLI)} simulate - --output json"
    )
    run = subprocess.run(["bash", "-c", shell], cwd=tmp_path, capture_output=True, text=True)
    assert summary(run)["records"] == 50


# Outputs


def test_json_is_readable_by_other_tools_and_the_same_each_time(tmp_path: Path, root: Path) -> None:
    command = (*KCLI, "simulate", str(root / "fixtures/batch.json"), "--output", "json")
    shell = " ".join(command) + f" | {sys.executable} -m json.tool"
    run = subprocess.run(["bash", "-c", shell], cwd=tmp_path, capture_output=True, text=True)
    again = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode == 0
    assert run.stderr == again.stderr
    assert run.stderr.startswith("There is no template here or above")
    assert document(run) == document(again)
    once_more = subprocess.run(command, cwd=tmp_path, capture_output=True)
    assert once_more.stdout == again.stdout.encode()


def test_ndjson_has_a_line_for_each_thing_and_the_summary_last(kcli: Kcli, tmp_path: Path) -> None:
    records = [record(0, b'{"a": 1}', at=-90_000), *[record(i, b'{"a": 1}') for i in (1, 2)]]
    (tmp_path / "in.ndjson").write_text(recording(*records, record(3, b'{"a": 2}')))
    (tmp_path / "app.py").write_text("def handler(event, context): raise ValueError\n")
    run = kcli(
        "simulate", "in.ndjson", *HANDLER, "--filter", '{"data": {"a": [1]}}', "--start-at",
        "1700000050", "--maximum-retry-attempts", "1", "--output", "ndjson",
    )  # fmt: skip
    assert [json.loads(line)["type"] for line in run.stdout.splitlines()] == [
        "run", "expired", "filtered", "invocation", "invocation", "destination", "unsure",
        "summary",
    ]  # fmt: skip


def test_a_closed_pipe_ends_quietly(tmp_path: Path) -> None:
    (tmp_path / "in").write_text("x\n" * 5000)
    shell = (
        f"{{ {' '.join(KCLI)} simulate in --raw --batch-size 1 --output ndjson; echo $? >code; }}"
        " | head -1 >first"
    )
    run = subprocess.run(["bash", "-c", shell], cwd=tmp_path, capture_output=True, text=True)
    assert len(run.stderr.splitlines()) == 1  # that there is no template here
    assert json.loads((tmp_path / "first").read_text())["type"] == "run"
    assert (tmp_path / "code").read_text() == "141\n"


def test_colours_are_for_terminals(terminal: Callable[..., Terminal], readings: Path) -> None:
    command = (*KCLI, "simulate", "readings.ndjson")
    coloured = terminal("env", "-u", "NO_COLOR", "TERM=xterm", *command).read_all()
    assert "\x1b[" in coloured
    plain = terminal("env", "NO_COLOR=1", "TERM=xterm", *command).read_all()
    assert "\x1b[3" not in plain


# Comparing and explaining


def test_mappings_are_compared(kcli: Kcli, tmp_path: Path, readings: Path) -> None:
    (tmp_path / "small.yaml").write_text("BatchSize: 1\nMaximumRetryAttempts: 0\n")
    (tmp_path / "plain.json").write_text('{"BatchSize": 2}')
    compare = ("simulate", "readings.ndjson", "--compare", "small.yaml", "--compare", "plain.json")
    runs = document(kcli(*compare, "--output", "json"))["comparison"]
    assert isinstance(runs, list)
    assert [run["name"] for run in runs][1:] == ["small.yaml", "plain.json"]
    # Without ReportBatchItemFailures the handler's report is lost, with the template's it is not.
    assert [run["summary"]["discarded"] for run in runs] == [1, 0, 0]
    assert [run["mapping"]["BatchSize"] for run in runs] == [100, 1, 2]
    alone = kcli("simulate", "readings.ndjson", "--mapping", "plain.json", "--output", "json")
    assert runs[2]["summary"] == summary(alone)
    table = kcli(*compare).stdout
    assert "records discarded" in table
    assert max(map(len, table.splitlines())) <= 80


def test_what_a_handler_remembers_does_not_reach_the_next_mapping(
    kcli: Kcli, tmp_path: Path, readings: Path
) -> None:
    (tmp_path / "app.py").write_text(
        "calls = []\n"
        "def handler(event, context):\n"
        "    calls.append(event)\n"
        "    if len(calls) == 1: raise ValueError\n"
    )
    (tmp_path / "same.json").write_text("{}")
    run = kcli(
        "simulate", "readings.ndjson", *HANDLER, "--compare", "same.json", "--output", "json"
    )
    compared = document(run)["comparison"]
    assert isinstance(compared, list)
    assert compared[0]["summary"] == compared[1]["summary"]
    assert compared[0]["summary"]["redelivered"] == 0
    assert compared[0]["summary"]["invocations"] == 7


def test_the_life_of_a_record_is_explained(kcli: Kcli, readings: Path) -> None:
    number = str(FIRST + 2)
    run = kcli("simulate", "readings.ndjson", "--explain", number[-6:])
    assert run.returncode == 0
    assert f"Record {number}" in run.stdout
    assert "It ended: discarded" in run.stdout
    life = document(kcli("simulate", "readings.ndjson", "--explain", number, "--output", "json"))
    assert (life["sequenceNumber"], life["ended"]) == (number, "discarded")
    skipped = kcli(
        "simulate", "readings.ndjson", "--explain", str(FIRST), "--output", "ndjson",
        "--starting-position", "LATEST", "--start-at", "+3",
    )  # fmt: skip
    assert json.loads(skipped.stdout)["ended"] == "skipped"


@pytest.mark.parametrize(
    ("ending", "problem"),
    [
        ("0000", "no record has a sequence number that ends with '0000'"),
        ("", "several records have"),
    ],
)
def test_a_record_to_explain_must_be_one(
    kcli: Kcli, readings: Path, ending: str, problem: str
) -> None:
    run = kcli("simulate", "readings.ndjson", "--explain", ending)
    assert (run.returncode, run.stdout) == (2, "")
    assert problem in run.stderr


def test_a_comparison_explains_no_record(kcli: Kcli, readings: Path) -> None:
    (readings.parent / "mapping.json").write_text("{}")
    run = kcli("simulate", "readings.ndjson", "--compare", "mapping.json", "--explain", "1")
    assert (run.returncode, run.stdout) == (2, "")
    assert "--compare and --explain cannot be used together" in run.stderr


# Exit codes


@pytest.mark.parametrize(
    ("rules", "options", "code"),
    [
        ([], [], 0),
        (["failures"], [], 1),
        (["discarded"], [], 1),
        (["error"], [], 0),
        (["error"], ["--inject", "error@1"], 1),
        (["expired"], [], 0),
        (["expired"], ["--start-at", "+86402", "--retention-hours", "24"], 1),
        (["undelivered"], [], 0),
        (["undelivered"], ["--until", "+2"], 1),
        (["expired", "discarded"], [], 1),
    ],
)
def test_the_exit_code_follows_the_rules_that_were_asked_for(
    kcli: Kcli, readings: Path, rules: list[str], options: list[str], code: int
) -> None:
    asked = [part for rule in rules for part in ("--fail-on", rule)]
    run = kcli("simulate", "readings.ndjson", *options, *asked)
    assert (run.returncode, run.stderr) == (code, "")
    assert "Summary" in run.stdout


def test_no_failure_is_no_failure_by_any_rule(kcli: Kcli, tmp_path: Path) -> None:
    (tmp_path / "good").write_bytes(reading(1) + b"\n")
    rules = [
        part
        for rule in ("failures", "discarded", "expired", "undelivered", "error")
        for part in ("--fail-on", rule)
    ]
    assert kcli("simulate", "good", "--raw", *rules).returncode == 0


# Times


def test_start_and_end_may_be_given_in_any_form(kcli: Kcli, readings: Path) -> None:
    forms = [
        ("+1", "+3.5"),
        ("1700000041", "1700000043.5"),
        ("2023-11-14T22:14:01Z", "2023-11-14T23:14:03.5+01:00"),
        ("2023-11-14 22:14:01", "2023-11-14T22:14:03.500"),
    ]
    options = ("simulate", "readings.ndjson", "--output", "json", "--invocation-duration", "0")
    runs = [kcli(*options, "--start-at", start, "--until", end) for start, end in forms]
    assert len({run.stdout for run in runs}) == 1
    assert 0 < int(str(summary(runs[0])["undelivered"])) < 6
    assert summary(runs[0])["elapsedSeconds"] == 2.5
    assert all(START + 1 <= float(str(c["at"])) <= START + 3.5 for c in invocations(runs[0]))


# Bad input


BROKEN = {
    "truncated.json": json.dumps({"Records": [record(0)]}, indent=1)[:200],
    "truncated.ndjson": recording(record(0), record(1))[:-40],
    "numberless.json": json.dumps({"Records": [record(0)]}).replace('"sequenceNumber"', '"x"'),
    "no-base64.json": json.dumps({"Records": [record(0)]}).replace('"e30="', '"{}"'),
    "sqs.json": json.dumps(
        {"Records": [{"eventSource": "aws:sqs", "body": "x", "messageId": "1"}]}
    ),
    "empty.json": "",
    "beyond.json": '{"BatchSize": 10001}',
    "typo.json": '{"BatchSzie": 1}',
    "broken.py": "def handler(event, context)\n    pass\n",
    "importing.py": "import no_such_module\ndef handler(event, context): pass\n",
    "raising.py": "raise RuntimeError('at import')\n",
    "other.py": "def other(event, context): pass\nhandler = 3\n",
}


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["none.json"], "none.json: no such file"),
        (["folder"], "folder: there is no file in it"),
        (["truncated.json"], "truncated.json, line "),
        (["truncated.ndjson"], "truncated.ndjson, line 2"),
        (["numberless.json"], "sequenceNumber"),
        (["no-base64.json"], "no-base64.json, record 1, kinesis.data: not base64"),
        (["sqs.json"], "sqs"),
        (["empty.json"], "empty.json: "),
        (["readings.ndjson", "--mapping", "beyond.json"], "beyond.json: BatchSize is 10001, AWS"),
        (["readings.ndjson", "--mapping", "typo.json"], "typo.json: 'BatchSzie' is not a setting"),
        (["readings.ndjson", "--mapping", "none.yaml"], "none.yaml: no such file"),
        (["readings.ndjson", "--compare", "beyond.json"], "beyond.json: BatchSize is 10001, AWS"),
        (["readings.ndjson", "--batch-size", "0"], "BatchSize is 0, AWS accepts 1 to 10000"),
        (["readings.ndjson", "--filter", "{}"], "Invalid filter pattern definition."),
        (["readings.ndjson", "--filter", "x"], "Invalid filter pattern definition."),
        (["readings.ndjson", "--inject", "crash@1"], "--inject crash@1: 'crash' is not a fault"),
        (["readings.ndjson", "--until", "noon"], "--until: 'noon' is not a time"),
        (["readings.ndjson", "--invocation-duration", "x"], "--invocation-duration: 'x' is no"),
        (["readings.ndjson", "--starting-position", "AT_TIMESTAMP"], "StartingPositionTimestamp"),
        (["readings.ndjson", "--fail-on", "all"], "invalid value for '--fail-on': 'all'"),
        (["readings.ndjson", "--retention-hours", "0"], "--retention-hours"),
        (["readings.ndjson", "--handler", "none.handler"], "there is no module none"),
        (["readings.ndjson", "--handler", "none.py:handler"], "there is no file none.py"),
        (["readings.ndjson", "--handler", "other.none"], "none"),
        (["readings.ndjson", "--handler", "other.handler"], "handler"),
        (["readings.ndjson", "--handler", "broken.handler"], "broken.py"),
        (["readings.ndjson", "--handler", "importing.handler"], "no_such_module"),
        (["readings.ndjson", "--handler", "raising.handler"], "at import"),
        (["readings.ndjson", "--template", "none.yaml"], "none.yaml"),
        (["readings.ndjson", "--env-vars", "none.json"], "none.json"),
    ],
    ids=" ".join,
)
def test_bad_input_is_one_sentence_and_exit_code_2(
    kcli: Kcli, tmp_path: Path, readings: Path, arguments: list[str], problem: str
) -> None:
    for name in BROKEN.keys() & {part.replace(".handler", ".py") for part in arguments} | (
        BROKEN.keys() & {part.split(".")[0] + ".py" for part in arguments}
    ):
        (tmp_path / name).write_text(BROKEN[name])
    (tmp_path / "folder").mkdir()
    run = kcli("simulate", *arguments)
    assert (run.returncode, run.stdout) == (2, "")
    sentence, *advice = run.stderr.splitlines()
    assert sentence.startswith("kcli: ")
    assert problem in sentence
    assert sentence.endswith((".", "!", "?"))
    assert all(line.startswith("      ") for line in advice)
    assert "Traceback" not in run.stderr


def test_without_an_input_the_usage_is_said(kcli: Kcli) -> None:
    run = kcli("simulate")
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr.startswith("kcli: simulate: missing argument 'INPUT'.\n")


# Handlers


def test_the_handler_lives_in_virtual_time(
    kcli: Kcli, readings: Path, app: Callable[[str], None]
) -> None:
    app(
        """
        before = time.time()
        left = context.get_remaining_time_in_millis()
        arrival = event["Records"][0]["kinesis"]["approximateArrivalTimestamp"]
        time.sleep(100)
        now = datetime.now(timezone.utc).timestamp()
        raise ValueError(json.dumps([before - arrival, left, now - before,
                                     left - context.get_remaining_time_in_millis()]))
        """
    )
    run = kcli(
        "simulate", "readings.ndjson", *HANDLER, "--maximum-retry-attempts", "0", "--output", "json"
    )
    call = invocations(run)[0]
    error = call["error"]
    assert isinstance(error, dict)
    age, left, slept, used = json.loads(error["errorMessage"])
    assert 0 <= age < 1
    assert (left, slept, used) == (900_000, 100.0, 100_000)
    assert call["durationMs"] == 100_100.0


def test_what_a_handler_keeps_at_import_is_in_virtual_time_too(
    kcli: Kcli, tmp_path: Path, readings: Path
) -> None:
    (tmp_path / "app.py").write_text(
        "import time\nLOADED = time.time()\n"
        "def handler(event, context): raise ValueError(time.time() - LOADED)\n"
    )
    run = kcli("simulate", "readings.ndjson", *HANDLER, "--until", "+3", "--output", "json")
    error = invocations(run)[0]["error"]
    assert isinstance(error, dict)
    assert 0 <= float(error["errorMessage"]) < 3


def test_code_that_calls_aws_when_it_is_imported_is_told_of_the_wall_clock(
    kcli: Kcli, tmp_path: Path, readings: Path
) -> None:
    (tmp_path / "app.py").write_text(
        "from botocore.exceptions import ClientError\n"
        "error = {'Code': 'InvalidSignatureException', 'Message': 'Signature expired'}\n"
        "raise ClientError({'Error': error}, 'GetItem')\n"
    )
    run = kcli("simulate", "readings.ndjson", *HANDLER)
    assert run.returncode == 2
    assert "AWS refuses the virtual time; --wall-clock gives the real one." in run.stderr
    assert (
        "--wall-clock" not in kcli("simulate", "readings.ndjson", *HANDLER, "--wall-clock").stderr
    )


def test_with_wall_clock_the_handler_sees_the_real_time(
    kcli: Kcli, readings: Path, app: Callable[[str], None]
) -> None:
    app("raise ValueError(time.time())")
    run = kcli(
        "simulate", "readings.ndjson", *HANDLER, "--wall-clock", "--until", "+3", "--output", "json"
    )
    error = invocations(run)[0]["error"]
    assert isinstance(error, dict)
    assert float(error["errorMessage"]) > START + 365 * 86_400


@pytest.mark.parametrize(
    ("body", "error_type"),
    [
        ("sys.exit(3)", "Runtime.ExitError"),
        ("raise SystemExit", "Runtime.ExitError"),
        ("raise KeyboardInterrupt", "Runtime.ExitError"),
        ("raise GeneratorExit('x')", "Runtime.ExitError"),
        ("return {1, 2}", "Runtime.MarshalError"),
        ("return object()", "Runtime.MarshalError"),
        ("time.sleep(901)", "Sandbox.Timedout"),
        ("return 'x' * 7_000_000", "Function.ResponseSizeTooLarge"),
        ("def deeper(n): return deeper(n + 1)\nreturn deeper(0)", "RecursionError"),
    ],
)
def test_a_hostile_handler_is_a_result_and_kcli_goes_on(
    kcli: Kcli, readings: Path, app: Callable[[str], None], body: str, error_type: str
) -> None:
    app(body)
    run = kcli(
        "simulate", "readings.ndjson", *HANDLER, "--maximum-retry-attempts", "0",
        "--batch-size", "4", "--output", "json",
    )  # fmt: skip
    calls = invocations(run)
    assert len(calls) >= 2
    for call in calls:
        error = call["error"]
        assert isinstance(error, dict)
        assert error["errorType"] == error_type
    assert summary(run)["discarded"] == 6


def test_a_handler_that_changes_the_event_changes_nothing(
    kcli: Kcli, readings: Path, app: Callable[[str], None]
) -> None:
    app(
        """
        numbers = [r["kinesis"]["sequenceNumber"] for r in event["Records"]]
        for r in event["Records"]:
            r["kinesis"].clear()
        event["Records"].clear()
        raise ValueError(",".join(numbers))
        """
    )
    run = kcli(
        "simulate", "readings.ndjson", *HANDLER, "--maximum-retry-attempts", "2",
        "--batch-size", "2", "--output", "json",
    )  # fmt: skip
    for call in invocations(run):
        numbers, error = call["sequenceNumbers"], call["error"]
        assert isinstance(numbers, list)
        assert isinstance(error, dict)
        assert error["errorMessage"] == ",".join(numbers)


def test_megabytes_of_logs_and_hostile_text_do_no_harm(
    kcli: Kcli, readings: Path, app: Callable[[str], None]
) -> None:
    app(
        r"""
        print("\x1b[31m\x9b2J\u202e[red]" + "x" * 5_000_000)
        sys.stderr.write("\x1b]0;title\x07" * 1000)
        os.write(2, b"")
        raise ValueError("\x1b[2J\x9b2J[red]\u202e" * 1000)
        """
    )
    options = ("simulate", "readings.ndjson", *HANDLER, "--maximum-retry-attempts", "1")
    for output in ("table", "json", "ndjson"):
        run = kcli(*options, "--output", output)
        assert (run.returncode, run.stderr) == (0, "")
        assert not set(run.stdout) & set("\x1b\x9b\x07\u202e")
        assert "[red]" in run.stdout
        assert len(run.stdout) < 1_000_000


def test_the_log_level_of_the_environment_is_the_functions(
    kcli: Kcli, tmp_path: Path, readings: Path
) -> None:
    warned = kcli("simulate", "readings.ndjson", AWS_LAMBDA_LOG_LEVEL="WARNING")
    told = kcli("simulate", "readings.ndjson")
    assert warned.returncode == 0
    assert "the temperature is above 100.00" in warned.stdout
    assert warned.stdout == told.stdout


def test_variables_of_a_file_reach_the_handler(
    kcli: Kcli, tmp_path: Path, readings: Path, app: Callable[[str], None]
) -> None:
    app("raise ValueError(os.environ.get('COLOUR', 'none'))")
    (tmp_path / "env.json").write_text('{"Parameters": {"COLOUR": "blue"}}')
    options = ("simulate", "readings.ndjson", *HANDLER, "--maximum-retry-attempts", "0")
    assert "ValueError: none" in kcli(*options).stdout
    assert "ValueError: blue" in kcli(*options, "--env-vars", "env.json").stdout


def test_a_breakpoint_reads_commands_from_standard_input(
    tmp_path: Path, app: Callable[[str], None], readings: Path
) -> None:
    app("answer = 42\nbreakpoint()\nreturn None")
    # one "c" and "p" for each call; the input itself comes from the file
    commands = "p answer * 2\nc\n" * 6
    run = piped(tmp_path, commands, "readings.ndjson", *HANDLER, "--debug")
    assert run.returncode == 0, run.stderr
    assert "84" in run.stdout + run.stderr
    assert "6 records: 6 succeeded" in run.stdout


def test_one_attempt_can_be_debugged_alone(
    tmp_path: Path, app: Callable[[str], None], readings: Path
) -> None:
    app("sys.stdout.write(f'{sys.stdout is sys.__stdout__}\\n')\nraise ValueError")
    options = ("--debug-at", "2", "--maximum-retry-attempts", "2", "--batch-size", "6")
    run = piped(tmp_path, "", "readings.ndjson", *HANDLER, *options)
    assert run.stdout.count("True\n") == 1


def test_ctrl_c_shows_what_was_finished(
    terminal: Callable[..., Terminal], readings: Path, app: Callable[[str], None]
) -> None:
    app(
        f"""
        if event["Records"][0]["kinesis"]["sequenceNumber"] != "{FIRST}":
            with open("/dev/tty", "w") as screen:
                screen.write("second call")
            time.sleep(60)
        """
    )
    run = terminal(
        *KCLI, "simulate", "readings.ndjson", *HANDLER, "--batch-size", "1", "--wall-clock"
    )
    run.read_until("second call")
    run.type(b"\x03")
    screen = re.sub(r"\x1b\[\d*m", "", run.read_all())
    assert run.process.wait(PATIENCE) == 130
    assert "6 records: 1 succeeded, 5 undelivered" in screen
    assert "kcli: interrupted." in screen
    assert "Traceback" not in screen


@pytest.mark.parametrize("output", ["json", "ndjson"])
def test_an_interrupted_document_is_complete_json(
    tmp_path: Path, readings: Path, app: Callable[[str], None], output: str
) -> None:
    app(
        f"""
        if event["Records"][0]["kinesis"]["sequenceNumber"] != "{FIRST}":
            print(file=open("reached", "w"), flush=True)
            time.sleep(60)
        """
    )
    with told_in(tmp_path / "reached") as told:
        process = subprocess.Popen(
            [*KCLI, "simulate", "readings.ndjson", *HANDLER, "--batch-size", "1", "--wall-clock",
             "--output", output],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )  # fmt: skip
        told.line(process)  # the second call is reached
    process.send_signal(signal.SIGINT)
    text, errors = process.communicate(timeout=PATIENCE)
    assert (process.returncode, errors) == (130, "kcli: interrupted.\n")
    last = json.loads(text)["summary"] if output == "json" else json.loads(text.splitlines()[-1])
    assert (last["succeeded"], last["undelivered"]) == (1, 5)


# What is said on standard error


def test_what_kcli_does_not_act_on_is_named_once(
    kcli: Kcli, tmp_path: Path, readings: Path
) -> None:
    (tmp_path / "saved.json").write_text('{"Enabled": false, "KMSKeyArn": "arn:aws:kms:x"}')
    run = kcli("simulate", "readings.ndjson", "--mapping", "saved.json", "--compare", "saved.json")
    assert run.returncode == 0
    assert run.stderr == ("Enabled: kcli does not act on it\nKMSKeyArn: kcli does not act on it\n")


def test_filters_that_aws_may_see_otherwise_are_warned_of(kcli: Kcli, readings: Path) -> None:
    run = kcli("simulate", "readings.ndjson", "--filter", '{"partitionKey": ["sensor-1"]}')
    assert "5 filtered" in run.stdout
    assert run.stderr.startswith("warning: ")


def test_each_mapping_flag_changes_its_setting(kcli: Kcli, readings: Path) -> None:
    run = kcli(
        "simulate", "readings.ndjson", "--output", "json",
        "--batch-size", "7",
        "--maximum-batching-window-in-seconds", "2",
        "--maximum-retry-attempts", "4",
        "--maximum-record-age-in-seconds", "70",
        "--no-bisect-batch-on-function-error",
        "--parallelization-factor", "3",
        "--no-report-batch-item-failures",
        "--filter", '{"data": {"temperature": [120]}}',
        "--filter", '{"data": {"temperature": [20]}}',
        "--starting-position", "AT_TIMESTAMP",
        "--starting-position-timestamp", "2023-11-14T22:14:01Z",
    )  # fmt: skip
    mapping = document(run)["mapping"]
    assert isinstance(mapping, dict)
    assert {
        name: mapping[name]
        for name in mapping
        if name not in ("DestinationConfig", "EventSourceArn", "FunctionName")
    } == {
        "StartingPosition": "AT_TIMESTAMP",
        "BatchSize": 7,
        "MaximumBatchingWindowInSeconds": 2,
        "ParallelizationFactor": 3,
        "MaximumRetryAttempts": 4,
        "MaximumRecordAgeInSeconds": 70,
        "BisectBatchOnFunctionError": False,
        "TumblingWindowInSeconds": 0,
        "FunctionResponseTypes": [],
        "StartingPositionTimestamp": 1_700_000_041.0,
        "FilterCriteria": {
            "Filters": [
                {"Pattern": '{"data": {"temperature": [120]}}'},
                {"Pattern": '{"data": {"temperature": [20]}}'},
            ]
        },
    }
    assert summary(run)["skipped"] == 1
