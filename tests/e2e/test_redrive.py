"""Taking up what Lambda gave up: from a queue, a bucket, a file."""

import json
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.local_endpoint import Clients, clients_of, document, empty, put_poison
from tests.e2e.programs import KCLI, Kcli, Terminal


def outcomes(result: Any) -> list[tuple[str, bool]]:  # noqa: ANN401
    return [(each["outcome"], each["deleted"]) for each in result["documents"]]


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
