"""`kcli invoke`, as a person or a script runs it."""

import gzip
import json
import sys
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import forks
from tests.e2e.programs import KCLI, Kcli, Terminal
from tests.patience import PATIENCE

READING = ("--temperature", "20")  # in a project whose function is not kcli's own
NUMBERS = [f"4959033827149025660855969253836157109592157598913658889{n}" for n in range(3)]


def record(number: str, data: bytes, key: str = "sensor-1") -> dict[str, object]:
    return {
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": key,
            "sequenceNumber": number,
            "data": b64encode(data).decode(),
            "approximateArrivalTimestamp": 1545084650.987,
        },
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": f"shardId-000000000006:{number}",
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": "arn:aws:iam::123456789012:role/r",
        "awsRegion": "us-east-1",
        "eventSourceARN": "arn:aws:kinesis:us-east-1:123456789012:stream/s",
    }


# that of the Python which runs the tests, so that nothing is said of another one
RUNTIME = f"python{sys.version_info.major}.{sys.version_info.minor}"


@pytest.fixture
def event(tmp_path: Path) -> str:
    """Three readings: good, not JSON at all, too hot."""
    payloads = [
        b'{"temperature": 20.5, "readingTimestamp": 1545084650}',
        b"\x00\xff\x1b[31m",
        b'{"temperature": 120.5, "readingTimestamp": 1545084650}',
    ]
    document = {"Records": list(map(record, NUMBERS, payloads))}
    (tmp_path / "event.json").write_text(json.dumps(document, indent=1))
    return "event.json"


def test_without_arguments_the_bundled_function_handles_one_reading(kcli: Kcli) -> None:
    done = kcli("invoke", "--output", "json")
    assert (done.returncode, done.stderr) == (0, "")
    document = json.loads(done.stdout)
    assert set(document) == {
        "version", "function", "requestId", "response", "batchItemFailures", "error", "durationMs",
        "logs", "report",
    }  # fmt: skip
    assert document["version"] == 1
    assert document["function"] == {
        "handler": "new_message_processor.handler.function_handler",
        "runtime": "in-process",
    }
    assert document["response"] == {"batchItemFailures": []}
    assert (document["error"], document["report"], document["batchItemFailures"]) == (
        None,
        None,
        [],
    )
    assert document["durationMs"] > 0
    log = json.loads(document["logs"][0])
    assert log["message"].startswith("New message is for temperature 21.5 at time ")
    assert log["requestId"] == document["requestId"]


def test_the_reading_is_made_of_the_options(kcli: Kcli) -> None:
    done = kcli("invoke", "--temperature", "100.5", "--timestamp", "7", "--output", "ndjson")
    (line,) = done.stdout.splitlines()
    assert len(json.loads(line)["batchItemFailures"]) == 1
    assert "temperature 100.5 at time 7" in line


def test_the_table_shows_what_failed_and_fits_80_columns(kcli: Kcli, event: str) -> None:
    done = kcli("invoke", event, "--fail-on", "error")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[:2] == [
        "handler  new_message_processor.handler.function_handler (in-process)",
        "         from kcli's own template, NewMessageFunction: there is no template here",
    ]
    assert lines[2].startswith("call     3 records: 2 failed, in ")
    start = lines.index("Records that failed (batchItemFailures)")
    assert lines[start + 1 : lines.index("Response") - 1] == [
        "  sequence number shard  partition key             arrived",
        "  …989136588891       6  sensor-1                  2018-12-17T22:10:50.987Z",
        "    payload 0x00ff1b5b33316d",
        "    why     DeserializationError: Invalid JSON: expected value at line 1 column",
        "            1",
        "  …989136588892       6  sensor-1                  2018-12-17T22:10:50.987Z",
        '    payload {"temperature": 120.5, "readingTimestamp": 1545084650}',
        "    why     TemperatureTooHighError: the temperature is above 100.00",
    ]


def test_payloads_are_opened_and_cut_and_of_many_failures_some_are_shown(
    kcli: Kcli, tmp_path: Path
) -> None:
    packed = gzip.compress(b'{"temperature": "' + b"warm " * 100 + b'"}')
    records = [record(str(int(NUMBERS[0]) + n), packed) for n in range(20)]
    (tmp_path / "event.json").write_text(json.dumps({"Records": records}))
    (tmp_path / "app.py").write_text(
        "def fail(event, context):\n"
        "    return {'batchItemFailures': [{'itemIdentifier': r['kinesis']['sequenceNumber']}\n"
        "            for r in event['Records']]}\n"
    )
    lines = kcli("invoke", "event.json", "--handler", "app.fail").stdout.splitlines()
    start = lines.index("Records that failed (batchItemFailures)")
    assert lines[start + 3 : start + 7] == [
        '    payload [gzip] {"temperature": "warm warm warm warm warm warm warm warm warm',
        "             warm warm warm warm warm warm warm warm warm warm warm warm warm wa",
        "            rm warm warm warm warm warm warm warm warm warm warm warm warm warm…",
        "    why     no line of the log names the record",
    ]
    assert "  … 4 more records (--output json names all)" in lines
    assert (
        "  Payloads with a mark in [] are shown unpacked: Lambda passes them as they are." in lines
    )
    assert sum(line.startswith("    payload") for line in lines) == 16


def test_a_wide_table_shows_whole_numbers(kcli: Kcli, event: str) -> None:
    done = kcli("invoke", event, COLUMNS="200")
    assert NUMBERS[1] in done.stdout
    assert "2018-12-17T22:10:50.987Z" in done.stdout


@pytest.mark.parametrize(
    ("fail_on", "code"), [((), 0), (("error",), 0), (("failures",), 1), (("error", "failures"), 1)]
)
def test_the_exit_code_follows_the_rule_that_was_asked_for(
    kcli: Kcli, event: str, fail_on: tuple[str, ...], code: int
) -> None:
    options = [part for rule in fail_on for part in ("--fail-on", rule)]
    assert kcli("invoke", event, *options).returncode == code


def test_standard_input_and_recordings_are_read_too(kcli: Kcli, tmp_path: Path, event: str) -> None:
    piped = kcli("invoke", "-", "--output", "json", given=(tmp_path / event).read_text())
    assert json.loads(piped.stdout)["batchItemFailures"] == NUMBERS[1:]
    lines = [json.dumps(record(number, b"x")) for number in NUMBERS]
    (tmp_path / "recording.ndjson").write_text("\n".join(lines))
    done = kcli("invoke", "recording.ndjson", "--output", "json")
    assert json.loads(done.stdout)["batchItemFailures"] == NUMBERS


def test_plain_payload_lines_are_read_as_raw(kcli: Kcli, tmp_path: Path) -> None:
    (tmp_path / "lines").write_text('{"temperature": 1, "readingTimestamp": 2}\nnothing\n')
    document = json.loads(kcli("invoke", "lines", "--raw", "--output", "json").stdout)
    assert len(document["batchItemFailures"]) == 1


def test_a_windows_members_reach_the_handler(kcli: Kcli, tmp_path: Path) -> None:
    window = {
        "Records": [record(NUMBERS[0], b"x")],
        "state": {"count": 3},
        "isFinalInvokeForWindow": False,
    }
    (tmp_path / "window.json").write_text(json.dumps(window))
    (tmp_path / "app.py").write_text("def echo(event, context): return event\n")
    done = kcli("invoke", "window.json", "--handler", "app.echo", "--output", "json")
    assert json.loads(done.stdout)["response"] == window


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A SAM project of a user's own."""
    (tmp_path / "template.yaml").write_text(
        """
Resources:
  Mine:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: src
      Handler: app.handler
      Runtime: {RUNTIME}
      Timeout: 1
      VpcConfig: {SubnetIds: [a]}
      Environment: {Variables: {COLOUR: red}}
      Events:
        S: {Type: Kinesis, Properties: {Stream: !GetAtt Stream.Arn, StartingPosition: LATEST}}
  Stream: {Type: AWS::Kinesis::Stream}
""".replace("{RUNTIME}", RUNTIME)
    )
    (tmp_path / "src").mkdir()
    return tmp_path


def write_handler(project: Path, body: str) -> None:
    code = f"import os, sys, time\ndef handler(event, context):\n    {body}\n"
    (project / "src" / "app.py").write_text(code)


def test_the_projects_own_function_runs_with_its_settings(kcli: Kcli, project: Path) -> None:
    write_handler(project, "return os.environ['COLOUR']")
    done = kcli("invoke", *READING)
    assert '"red"' in done.stdout
    assert "from template.yaml, Mine" in done.stdout
    assert done.stderr == (
        "template.yaml, Mine: VpcConfig is not acted on: "
        "the handler has the network of this machine.\n"
    )
    (project / "env.json").write_text('{"Mine": {"COLOUR": "blue"}}')
    assert '"blue"' in kcli("invoke", *READING, "--env-vars", "env.json").stdout


@pytest.mark.skipif(sys.platform != "linux", reason="AWS's runtime client runs there")
@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("print('hi'); sys.exit(3)", "Runtime exited with error: exit status 3"),
        ("print('hi'); time.sleep(9)", "Task timed out after 1.00 seconds"),
    ],
)
def test_the_end_of_a_process_is_told_once(
    kcli: Kcli, project: Path, body: str, error: str
) -> None:
    write_handler(project, body)
    shown = kcli("invoke", *READING, "--isolated").stdout
    assert shown.count(error) == 1
    assert shown.endswith("START Version: $LATEST\nhi\n")


@pytest.mark.skipif(sys.platform != "linux", reason="AWS's runtime client runs there")
def test_too_little_memory_is_called_by_its_name(kcli: Kcli, project: Path) -> None:
    write_handler(project, "x = bytearray(1) * 200_000_000; time.sleep(0.5)")
    assert (
        "! 128 MB of memory (MemorySize) were not enough"
        in kcli("invoke", *READING, "--isolated").stdout
    )


def test_an_error_is_shown_as_lambda_shows_it(kcli: Kcli, project: Path) -> None:
    write_handler(project, "import json; json.loads('no')")
    done = kcli("invoke", *READING, "--fail-on", "error")
    assert done.returncode == 1
    start = done.stdout.index("[ERROR]")
    assert done.stdout[start:].splitlines() == [
        "[ERROR] JSONDecodeError: Expecting value: line 1 column 1 (char 0)",
        "Traceback (most recent call last):",
        f'  File "{project}/src/app.py", line 3, in handler',
        "    import json; json.loads('no')",
    ]


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("sys.exit(1)", "Runtime.ExitError"),
        ("raise KeyboardInterrupt", "Runtime.ExitError"),
        ("return {1}", "Runtime.MarshalError"),
        ("time.sleep(60)", "Sandbox.Timedout"),
        ("return 'x' * 7_000_000", "Function.ResponseSizeTooLarge"),
    ],
)
def test_a_hostile_handler_is_a_result(kcli: Kcli, project: Path, body: str, error: str) -> None:
    write_handler(project, body)
    done = kcli("invoke", *READING, "--output", "json")
    assert done.returncode == 0
    assert json.loads(done.stdout)["error"]["errorType"] == error


def test_nan_in_a_response_is_null_in_the_document(kcli: Kcli, project: Path) -> None:
    write_handler(project, "return [float('nan'), 1.5]")
    done = kcli("invoke", *READING, "--output", "json")
    assert json.loads(done.stdout)["response"] == [None, 1.5]


def test_what_a_handler_writes_cannot_act_on_the_terminal(kcli: Kcli, project: Path) -> None:
    write_handler(
        project, r"print('\x1b[31m\x9b\u202e[red]'); raise ValueError('\x1b]0;title\x07')"
    )
    for output in ("table", "json"):
        text = kcli("invoke", *READING, "--output", output).stdout
        assert not set(text) & set("\x1b\x9b\u202e\x07")
        assert "[red]" in text


def test_long_responses_are_shortened_in_the_table_only(kcli: Kcli, project: Path) -> None:
    write_handler(project, "return 'x' * 100_000")
    assert "(98,002 more characters, --output json shows all)" in kcli("invoke", *READING).stdout
    assert (
        len(json.loads(kcli("invoke", *READING, "--output", "json").stdout)["response"]) == 100_000
    )


def test_an_answer_that_lambda_misreads_is_remarked(kcli: Kcli, project: Path) -> None:
    write_handler(project, "return {'batchItemFailure': []}")
    assert "key 'batchItemFailure' ignored" in kcli("invoke", *READING).stdout
    write_handler(project, "return {'batchItemFailures': [{'itemIdentifier': 'x'}]}")
    assert "the whole batch counts as failed" in kcli("invoke", *READING).stdout


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["none.json"], "kcli: none.json: no such file"),
        (["event.json", "--temperature", "1"], "--temperature is about an event that is made"),
        (["--handler", "none.handler"], "there is no module none in"),
        (["--handler", "none.py:handler"], "--handler: there is no file none.py"),
        (["--template", "none.yaml"], "none.yaml: cannot read the template"),
        (["--function", "Nobody"], "has no function Nobody"),
        (["--env-vars", "none.json"], "none.json: no such file"),
        (["empty.json"], "empty.json: no records"),
        (["huge.ndjson", "--raw"], "huge.ndjson: more than the 6,291,456 bytes"),
    ],
)
def test_bad_input_is_one_sentence(
    kcli: Kcli, tmp_path: Path, event: str, arguments: list[str], problem: str
) -> None:
    (tmp_path / "empty.json").write_text('{"Records": []}')
    if "huge.ndjson" in arguments:
        (tmp_path / "huge.ndjson").write_text(("x" * 600_000 + "\n") * 10)
    done = kcli("invoke", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert problem in done.stderr
    assert "Traceback" not in done.stderr


def test_ctrl_c_ends_a_call(terminal: Callable[..., Terminal], project: Path) -> None:
    write_handler(
        project,
        "open('started', 'w').close(); print('started', file=open('/dev/tty', 'w'), flush=True); "
        "time.sleep(60)",
    )
    template = project / "template.yaml"
    template.write_text(template.read_text().replace("Timeout: 1", "Timeout: 100"))
    run = terminal(*KCLI, "invoke", *READING, cwd=project)
    run.read_until("started")
    run.type(b"\x03")
    assert "kcli: interrupted." in run.read_all()
    assert run.process.wait(PATIENCE) == 130


def test_a_breakpoint_works_with_debug(terminal: Callable[..., Terminal], project: Path) -> None:
    write_handler(project, "answer = 6\n    breakpoint()\n    return answer * 7")
    run = terminal(*KCLI, "invoke", *READING, "--debug", cwd=project)
    run.read_until("(Pdb)")
    run.type(b"answer = 5\n")
    run.read_until("(Pdb)", seconds=10)
    run.type(b"c\n")
    run.read_until("35")
    run.read_all()
    assert run.process.wait(PATIENCE) == 0


def test_boto3_and_time_machine_are_not_imported(kcli: Kcli, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(
        "import sys\n"
        "def handler(event, context):\n"
        "    heavy = ('boto3', 'botocore', 'time_machine')\n"
        "    return [name for name in heavy if name in sys.modules]\n"
    )
    invoke = ("invoke", "--handler", "app.handler", "--output", "json")
    done = kcli(*invoke, **{forks.SWITCH: "0"})  # a fork has imported them before
    assert json.loads(done.stdout)["response"] == []


def test_an_event_of_kinesis_for_a_function_that_a_queue_feeds_is_said(
    kcli: Kcli, tmp_path: Path
) -> None:
    (tmp_path / "template.yaml").write_text(
        "Transform: AWS::Serverless-2016-10-31\n"
        "Resources:\n"
        "  Waiting: {Type: AWS::SQS::Queue}\n"
        "  Worker:\n"
        "    Type: AWS::Serverless::Function\n"
        "    Properties:\n"
        "      Handler: app.handler\n"
        "      Events: {In: {Type: SQS, Properties: {Queue: !GetAtt Waiting.Arn}}}\n"
    )
    (tmp_path / "app.py").write_text("def handler(event, context): return len(event['Records'])")
    made = kcli("invoke", "--data", "x")
    assert made.returncode == 0
    said = "SQS (In) feeds this function, and it is called with an event of Kinesis"
    assert made.stderr.count(said) == 1
