"""The life of a poison record, as a person follows it: put, invoke, logs, status, redrive."""

import json
import os
import subprocess
from base64 import b64decode
from collections.abc import Callable, Iterator
from pathlib import Path
from time import time
from typing import Any

import pytest
from botocore.session import Session

from tests.e2e.programs import KCLI, Completed, Kcli, Terminal

GOOD = "def handler(event, context):\n    return {'batchItemFailures': []}\n"
PARTLY = (
    "def handler(event, context):\n"
    "    last = event['Records'][-1]['kinesis']['sequenceNumber']\n"
    "    return {'batchItemFailures': [{'itemIdentifier': last}]}\n"
)
Clients = Callable[[str], Any]  # botocore makes classes as it runs

FUNCTION, QUEUE = "NewMessageFunction", "FailureQueue"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("alive")


@pytest.fixture(scope="module")
def run(home: Path) -> Iterator[Kcli]:
    """Runs kcli outside a project, with a local endpoint of the tests' own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment = {**kept, "XDG_STATE_HOME": str(home), "COLUMNS": "80"}

    def run(*arguments: str, **more: str) -> Completed:
        return subprocess.run(
            [*KCLI, *arguments],
            cwd=home,
            env={**environment, **more},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
        )

    (home / "good.py").write_text(GOOD)
    (home / "partly.py").write_text(PARTLY)
    yield run
    run("local", "stop")


@pytest.fixture(scope="module")
def endpoint(run: Kcli) -> str:
    started = run("local", "start", "--detach")
    assert started.returncode == 0, started.stderr
    return str(document(run("local", "status", "--output", "json"))["endpoint"])


@pytest.fixture
def client(endpoint: str) -> Clients:
    return clients_of(endpoint)


def clients_of(endpoint: str) -> Clients:
    session = Session()
    session.set_credentials("local", "local")
    return lambda service: session.create_client(
        service, region_name="us-east-1", endpoint_url=endpoint
    )


@pytest.fixture
def queue(client: Clients) -> Iterator[str]:
    """The failure queue, empty before and after."""
    sqs = client("sqs")
    url = sqs.get_queue_url(QueueName=QUEUE)["QueueUrl"]
    empty(sqs, url)
    yield url
    empty(sqs, url)


def empty(sqs: Any, url: str) -> None:  # noqa: ANN401
    """PurgeQueue is for once a minute only."""
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        for each in messages:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=each["ReceiptHandle"])


def document(completed: Completed) -> Any:  # noqa: ANN401 - a JSON document
    assert completed.returncode == 0, completed.stderr
    return json.loads(completed.stdout)


def put_poison(run: Kcli) -> str:
    """Put a record that fails and wait until Lambda has given it up; its sequence number."""
    put = run("put", "--temperature", "120", "--output", "ndjson")
    number = document(put)["sequenceNumber"]
    assert run("local", "wait", "--idle", "--timeout", "60").returncode == 0
    return str(number)


def outcomes(result: Any) -> list[tuple[str, bool]]:  # noqa: ANN401
    return [(each["outcome"], each["deleted"]) for each in result["documents"]]


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
        *("invoke", "--compare", "--handler", "good.py:handler", "--temperature", "120"),
        *("--fail-on", "difference", "--output", "json"),
    )
    assert differs.returncode == 1
    [difference] = json.loads(differs.stdout)["differences"]
    assert difference["path"] == "response.batchItemFailures[0]"
    assert "inProcess" not in difference


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
        ("--remote", "--handler", "good.py:handler"),
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
    assert [line.split()[2] for line in shown] == ["START", "INFO", "REPORT"]
    lines = run(*arguments, "--no-follow", "--output", "ndjson").stdout.splitlines()
    events = [json.loads(line) for line in lines]
    assert {each["requestId"] for each in events} == {request_id}
    assert [each["level"] for each in events] == [None, "INFO", None]
    assert set(events[0]) == {
        *("timestamp", "ingestionTime", "logGroup", "logStream", "eventId"),
        *("requestId", "level", "message"),
    }


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


def test_the_status_shows_settings_and_what_waits(run: Kcli, queue: str) -> None:
    put_poison(run)
    result = document(run("status", "--output", "json"))
    assert result["stream"]["mode"] == "ON_DEMAND"
    [mapping] = result["mappings"]
    assert (mapping["state"], mapping["settings"]["BatchSize"]) == ("Enabled", 100)
    assert result["failureQueue"] == {"url": queue, "waiting": 1, "inFlight": 0}
    shown = run("status").stdout
    assert "a failed batch is halved until the bad record is alone" in " ".join(shown.split())
    assert "FailureQueue: 1 document waiting" in shown
    assert max(map(len, shown.splitlines())) <= 80


def test_iterator_age_is_plotted_where_it_is_measured(
    run: Kcli,
    client: Clients,
) -> None:
    assert "not available here" in run("status").stdout
    client("cloudwatch").put_metric_data(
        Namespace="AWS/Lambda",
        MetricData=[
            {
                "MetricName": "IteratorAge",
                "Dimensions": [{"Name": "FunctionName", "Value": FUNCTION}],
                "Value": 2500,
                "Timestamp": time() - 300,
            }
        ],
    )
    assert "█ up to 2.5 s" in " ".join(run("status").stdout.split())


def test_looking_changes_nothing(run: Kcli, queue: str) -> None:
    number = put_poison(run)
    for _ in range(2):
        result = document(run("redrive", "--output", "json"))
        assert outcomes(result) == [("shown", False)]
        [record] = result["documents"][0]["records"]
        assert record["kinesis"]["sequenceNumber"] == number
    assert number[-12:] in run("redrive").stdout


def test_a_document_goes_only_when_its_record_was_handled(run: Kcli, queue: str) -> None:
    put_poison(run)
    again = run("redrive", "--invoke", "--delete", "--fail-on", "failures", "--output", "json")
    assert again.returncode == 1
    assert outcomes(json.loads(again.stdout)) == [("failed", False)]
    handled = ("redrive", "--invoke", "--handler", "good.py:handler", "--output", "json")
    assert outcomes(document(run(*handled))) == [("handled", False)]
    assert outcomes(document(run(*handled, "--delete"))) == [("handled", True)]
    assert outcomes(document(run(*handled, "--delete"))) == []


def test_the_deployed_function_and_an_isolated_one_can_handle_them(run: Kcli, queue: str) -> None:
    put_poison(run)
    for place in ("--remote", "--isolated"):
        result = document(run("redrive", "--invoke", place, "--output", "json"))
        assert outcomes(result) == [("failed", False)]
        assert result["documents"][0]["remark"] == "1 of 1 reported as failed"


def failed_batch(client: Clients, queue: str, records: int, size: int) -> list[str]:
    """A document about a batch that was put, whose size may be larger; the sequence numbers."""
    put = client("kinesis").put_records(
        StreamName="quiet",
        Records=[{"Data": b"%d" % n, "PartitionKey": "one"} for n in range(records)],
    )["Records"]
    info = {
        "shardId": put[0]["ShardId"],
        "startSequenceNumber": put[0]["SequenceNumber"],
        "endSequenceNumber": put[-1]["SequenceNumber"],
        "batchSize": size,
        "streamArn": "arn:aws:kinesis:us-east-1:000000000000:stream/quiet",
    }
    context = {"requestId": "r-1", "condition": "RetryAttemptsExhausted"}
    body = json.dumps({"requestContext": context, "KinesisBatchInfo": info})
    client("sqs").send_message(QueueUrl=queue, MessageBody=body)
    return [each["SequenceNumber"] for each in put]


@pytest.fixture(scope="module")
def quiet_stream(endpoint: str) -> None:
    """A stream that feeds no function."""
    clients_of(endpoint)("kinesis").create_stream(StreamName="quiet", ShardCount=1)


@pytest.fixture
def quiet_queue(client: Clients, quiet_stream: None) -> str:
    """A queue that no function's failures reach, empty."""
    url = str(client("sqs").create_queue(QueueName="quiet")["QueueUrl"])
    empty(client("sqs"), url)
    return url


def test_all_records_of_a_batch_come_back_and_partial_success_deletes_nothing(
    run: Kcli,
    client: Clients,
    quiet_queue: str,
) -> None:
    numbers = failed_batch(client, quiet_queue, 30, 30)
    partly = run(
        *("redrive", quiet_queue, "--invoke", "--handler", "partly.py:handler", "--delete"),
        *("--output", "json"),
    )
    [found] = document(partly)["documents"]
    assert [each["kinesis"]["sequenceNumber"] for each in found["records"]] == numbers
    assert (found["remark"], found["deleted"]) == ("1 of 30 reported as failed", False)
    assert outcomes(document(run("redrive", quiet_queue, "--output", "json"))) == [("shown", False)]
    selected = ("redrive", quiet_queue, "--output", "json", "--select")
    assert len(document(run(*selected, numbers[7]))["documents"]) == 1
    assert document(run(*selected, "1"))["documents"] == []


def test_records_that_left_the_stream_are_reported_and_their_document_stays(
    run: Kcli,
    client: Clients,
    quiet_queue: str,
) -> None:
    failed_batch(client, quiet_queue, 2, 5)
    good = ("redrive", quiet_queue, "--invoke", "--handler", "good.py:handler", "--delete")
    result = document(run(*good, "--output", "json"))
    assert outcomes(result) == [("handled", False)]
    assert result["documents"][0]["missing"] == 3
    assert "3 records left the stream" in run(*good).stdout


def test_a_message_that_is_something_else_stays_and_is_named(
    run: Kcli,
    client: Clients,
    quiet_queue: str,
) -> None:
    client("sqs").send_message(QueueUrl=quiet_queue, MessageBody="hello")
    completed = run("redrive", quiet_queue, "--replay", "--delete")
    assert "no JSON" in completed.stderr
    assert "left where it is" in completed.stderr
    assert "No on-failure document" in completed.stdout
    waiting = client("sqs").receive_message(QueueUrl=quiet_queue)["Messages"]
    assert [each["Body"] for each in waiting] == ["hello"]


def test_records_are_put_again_in_their_order_also_on_another_stream(
    run: Kcli,
    client: Clients,
    quiet_queue: str,
) -> None:
    client("kinesis").create_stream(StreamName="other", ShardCount=1)
    failed_batch(client, quiet_queue, 20, 20)
    replayed = run(
        *("redrive", quiet_queue, "--replay", "--to-stream", "other", "--delete"),
        *("--output", "json"),
    )
    assert outcomes(document(replayed)) == [("replayed", True)]
    tail = run(
        *("tail", "--stream", "other", "--endpoint-url", "local", "--since", "trim-horizon"),
        *("--no-follow", "--output", "json"),
    )
    found = [b64decode(each["kinesis"]["data"]) for each in document(tail)["Records"]]
    assert found == [b"%d" % n for n in range(20)]


def test_records_can_be_saved_and_their_documents_deleted(
    run: Kcli,
    client: Clients,
    quiet_queue: str,
    home: Path,
) -> None:
    numbers = failed_batch(client, quiet_queue, 3, 3)
    saved = run("redrive", quiet_queue, "--save", "saved.ndjson", "--delete", "--output", "json")
    assert outcomes(document(saved)) == [("saved", True)]
    lines = (home / "saved.ndjson").read_text().splitlines()
    assert [json.loads(line)["kinesis"]["sequenceNumber"] for line in lines] == numbers


def test_documents_of_a_bucket_carry_their_records(
    run: Kcli,
    client: Clients,
    home: Path,
) -> None:
    (home / "event.json").write_text(run("event", "--count", "2").stdout)
    event = (home / "event.json").read_text()
    records = json.loads(event)["Records"]
    info = {
        "shardId": "shardId-000000000000",
        "startSequenceNumber": records[0]["kinesis"]["sequenceNumber"],
        "endSequenceNumber": records[-1]["kinesis"]["sequenceNumber"],
        "batchSize": len(records),
        "streamArn": "arn:aws:kinesis:us-east-1:000000000000:stream/gone",
    }
    s3 = client("s3")
    s3.create_bucket(Bucket="failures")
    body = json.dumps({"KinesisBatchInfo": info, "payload": event})
    s3.put_object(Bucket="failures", Key="aws/lambda/one", Body=body.encode())
    s3.put_object(Bucket="failures", Key="else/two", Body=b"not mine")
    source = ("redrive", "s3://failures/aws/", "--invoke", "--handler", "good.py:handler")
    result = document(run(*source, "--delete", "--output", "json"))
    assert outcomes(result) == [("handled", True)]
    assert result["documents"][0]["records"] == records
    left = s3.list_objects_v2(Bucket="failures")["Contents"]
    assert [each["Key"] for each in left] == ["else/two"]


def test_what_a_simulation_gave_up_can_be_taken_up_from_a_file(
    run: Kcli, queue: str, home: Path
) -> None:
    put_poison(run)
    run("redrive", "--save", "poison.ndjson")
    (home / "result.json").write_text(run("simulate", "poison.ndjson", "--output", "json").stdout)
    result = document(run("redrive", "result.json", "--simulate", "--output", "json"))
    assert outcomes(result) == [("failed", False)]
    good = ("--handler", "good.py:handler")
    result = document(run("redrive", "result.json", "--simulate", *good, "--output", "json"))
    assert outcomes(result) == [("handled", False)]


@pytest.mark.parametrize(
    "arguments",
    [
        ("--show", "--invoke"),
        ("--delete",),
        ("--simulate", "--delete"),
        ("--remote",),
        ("--invoke", "--remote", "--isolated"),
        ("--to-stream", "x"),
        ("missing.json",),
    ],
)
def test_redrive_refuses_what_makes_no_sense(run: Kcli, arguments: tuple[str, ...]) -> None:
    completed = run("redrive", *arguments)
    assert (completed.returncode, completed.stdout) == (2, "")


def test_ctrl_c_gives_the_messages_back(
    run: Kcli, client: Clients, quiet_queue: str, home: Path, terminal: Callable[..., Terminal]
) -> None:
    (home / "waits.py").write_text(
        "import os, threading\n"
        "def handler(event, context):\n"
        "    os.write(2, b'the handler waits')\n"
        "    threading.Event().wait(60)\n"
    )
    failed_batch(client, quiet_queue, 1, 1)
    redrive = ("redrive", quiet_queue, "--invoke", "--handler", "waits.py:handler", "--delete")
    screen = terminal("env", f"XDG_STATE_HOME={home}", *KCLI, *redrive, cwd=home)
    screen.read_until("the handler waits")
    screen.type(b"\x03")
    screen.read_all()
    assert screen.process.wait() == 130
    assert outcomes(document(run("redrive", quiet_queue, "--output", "json"))) == [("shown", False)]
