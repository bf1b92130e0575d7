"""Taking up what Lambda gave up: from a queue, a bucket, a file."""

import gzip
import json
import re
import sys
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.answering_proxy import answering
from tests.e2e.local_endpoint import Clients, clients_of, document, empty, put_poison
from tests.e2e.programs import KCLI, Kcli, Terminal

pytestmark = pytest.mark.slow


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
    handled = (
        "redrive",
        "--invoke",
        "--handler",
        "code/of/tests/good.py:handler",
        "--output",
        "json",
    )
    assert outcomes(document(run(*handled))) == [("handled", False)]
    assert outcomes(document(run(*handled, "--delete"))) == [("handled", True)]
    assert outcomes(document(run(*handled, "--delete"))) == []


def test_the_deployed_function_and_an_isolated_one_can_handle_them(run: Kcli, queue: str) -> None:
    put_poison(run)
    for place in ("--remote", "--isolated"):
        result = document(run("redrive", "--invoke", place, "--output", "json"))
        assert outcomes(result) == [("failed", False)]
        assert result["documents"][0]["remark"] == "1 of 1 reported as failed"


@pytest.mark.parametrize("action", ["--invoke", "--simulate"])
def test_the_table_says_why_a_record_failed(run: Kcli, queue: str, action: str) -> None:
    put_poison(run)
    shown = run("redrive", action).stdout
    assert re.search(r"^    why +\S.*above", shown, re.MULTILINE), shown


def test_records_are_saved_to_a_file_only(run: Kcli, queue: str, home: Path) -> None:
    refused = run("redrive", "--save", "-")
    assert refused.returncode == 2
    assert "--save: needs a file: what is saved is read back" in refused.stderr
    assert not (home / "-").exists()


def failed_batch(
    client: Clients,
    queue: str,
    records: int,
    size: int,
    stream: str = "quiet",
    region: str = "us-east-1",
) -> list[str]:
    """A document about a batch that was put, whose size may be larger; the sequence numbers."""
    put = client("kinesis").put_records(
        StreamName=stream,
        Records=[{"Data": b"%d" % n, "PartitionKey": "one"} for n in range(records)],
    )["Records"]
    text = failure(put[0], put[-1], size, f"{region}:000000000000:stream/{stream}")
    client("sqs").send_message(QueueUrl=queue, MessageBody=text)
    return [each["SequenceNumber"] for each in put]


def failure(first: Any, last: Any, size: int, stream: str) -> str:  # noqa: ANN401
    """The document about a batch between two records that PutRecords has answered."""
    info = {
        "shardId": first["ShardId"],
        "startSequenceNumber": first["SequenceNumber"],
        "endSequenceNumber": last["SequenceNumber"],
        "batchSize": size,
        "streamArn": f"arn:aws:kinesis:{stream}",
    }
    context = {"requestId": "r-1", "condition": "RetryAttemptsExhausted"}
    return json.dumps({"requestContext": context, "KinesisBatchInfo": info})


def waiting(client: Clients, queue: str) -> int:
    """How many messages of a queue nobody holds."""
    depth = "ApproximateNumberOfMessages"
    answer = client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=[depth])
    return int(answer["Attributes"][depth])


@pytest.fixture(scope="module")
def quiet_stream(endpoint: str) -> None:
    """A stream that feeds no function."""
    clients_of(endpoint)("kinesis").create_stream(StreamName="quiet", ShardCount=1)


@pytest.fixture
def quiet_queue(client: Clients, quiet_stream: None, tmp_path: Path) -> str:
    """A queue of the test's own, that no function's failures reach."""
    return str(client("sqs").create_queue(QueueName=tmp_path.name[:80])["QueueUrl"])


def test_all_records_of_a_batch_come_back_and_partial_success_deletes_nothing(
    run: Kcli,
    client: Clients,
    quiet_queue: str,
) -> None:
    numbers = failed_batch(client, quiet_queue, 30, 30)
    partly = run(
        *(
            "redrive",
            quiet_queue,
            "--invoke",
            "--handler",
            "code/of/tests/partly.py:handler",
            "--delete",
        ),
        *("--output", "json"),
    )
    [found] = document(partly)["documents"]
    assert [each["kinesis"]["sequenceNumber"] for each in found["records"]] == numbers
    assert (found["remark"], found["deleted"]) == ("1 of 30 reported as failed", False)
    assert found["batchItemFailures"] == [numbers[-1]]
    table = run(
        "redrive", quiet_queue, "--invoke", "--handler", "code/of/tests/partly.py:handler"
    ).stdout
    assert [number for number in numbers if number in table] == [numbers[-1]]
    assert outcomes(document(run("redrive", quiet_queue, "--output", "json"))) == [("shown", False)]
    selected = ("redrive", quiet_queue, "--output", "json", "--select")
    assert len(document(run(*selected, numbers[7]))["documents"]) == 1
    assert document(run(*selected, "1"))["documents"] == []


def test_a_document_goes_when_all_of_its_records_were_selected(
    run: Kcli, client: Clients, quiet_queue: str
) -> None:
    numbers = failed_batch(client, quiet_queue, 3, 3)
    good = (
        "redrive",
        quiet_queue,
        "--invoke",
        "--handler",
        "code/of/tests/good.py:handler",
        "--delete",
    )
    [found] = document(run(*good, "--output", "json", "--select", numbers[1]))["documents"]
    assert [each["kinesis"]["sequenceNumber"] for each in found["records"]] == [numbers[1]]
    assert (found["outcome"], found["remark"]) == ("handled", "2 not selected")
    assert waiting(client, quiet_queue) == 1
    every = [argument for number in numbers for argument in ("--select", number)]
    assert outcomes(document(run(*good, "--output", "json", *every))) == [("handled", True)]
    assert waiting(client, quiet_queue) == 0


def test_the_documents_of_a_call_are_selected_whole(
    run: Kcli, client: Clients, quiet_queue: str
) -> None:
    numbers = failed_batch(client, quiet_queue, 3, 3)
    shown = document(run("redrive", quiet_queue, "--select", "r-1", "--output", "json"))
    assert len(shown["documents"][0]["records"]) == len(numbers)
    other = run("redrive", quiet_queue, "--select", "r-2").stdout
    assert other.startswith("No on-failure document that --select names in")


def test_the_document_has_the_members_that_scripts_build_on(
    run: Kcli, client: Clients, quiet_queue: str
) -> None:
    numbers = failed_batch(client, quiet_queue, 2, 2)
    result = document(run("redrive", quiet_queue, "--output", "json"))
    assert (result["version"], result["source"]) == (1, quiet_queue)
    assert result["summary"] == {
        **{"documents": 1, "records": 2, "missing": 0, "deleted": 0, "left": 1},
        **{"shown": 1, "handled": 0, "failed": 0, "replayed": 0, "saved": 0, "expired": 0},
    }
    [found] = result["documents"]
    assert found.pop("id")
    assert [each["kinesis"]["sequenceNumber"] for each in found.pop("records")] == numbers
    assert found == {
        "condition": "RetryAttemptsExhausted",
        "requestId": "r-1",
        "shardId": "shardId-000000000000",
        "startSequenceNumber": numbers[0],
        "endSequenceNumber": numbers[1],
        "missing": 0,
        "batchItemFailures": [],
        "outcome": "shown",
        "remark": None,
        "deleted": False,
    }


def test_a_long_queue_is_taken_up_to_its_end(run: Kcli, client: Clients, quiet_queue: str) -> None:
    for _ in range(105):
        failed_batch(client, quiet_queue, 1, 1)
    good = ("redrive", quiet_queue, "--invoke", "--handler", "code/of/tests/good.py:handler")
    few = document(run(*good, "-n", "12", "--delete", "--output", "json"))
    assert few["summary"]["deleted"] == 12
    assert waiting(client, quiet_queue) == 93
    rest = document(run(*good, "--delete", "--output", "json"))
    assert (rest["summary"]["handled"], rest["summary"]["deleted"]) == (93, 93)
    assert waiting(client, quiet_queue) == 0


def test_a_notification_is_read_and_two_documents_in_one_message_are_not(
    run: Kcli, client: Clients, quiet_queue: str
) -> None:
    [number] = failed_batch(client, quiet_queue, 1, 1)
    message = client("sqs").receive_message(QueueUrl=quiet_queue)["Messages"][0]
    empty(client("sqs"), quiet_queue)
    notification = json.dumps({"Type": "Notification", "Message": message["Body"]})
    client("sqs").send_message(QueueUrl=quiet_queue, MessageBody=notification)
    client("sqs").send_message(QueueUrl=quiet_queue, MessageBody=message["Body"] * 2)
    good = (
        "redrive",
        quiet_queue,
        "--invoke",
        "--handler",
        "code/of/tests/good.py:handler",
        "--delete",
    )
    completed = run(*good, "--output", "json")
    [found] = document(completed)["documents"]
    assert (found["startSequenceNumber"], found["deleted"]) == (number, True)
    assert "2 on-failure documents instead of one; it is left where it is" in completed.stderr
    assert waiting(client, quiet_queue) == 1


def test_a_document_of_a_stream_elsewhere_does_not_stop_the_others(
    run: Kcli, client: Clients, quiet_queue: str
) -> None:
    failed_batch(client, quiet_queue, 1, 1, region="eu-west-1")
    [number] = failed_batch(client, quiet_queue, 1, 1)
    record = {"ShardId": "shardId-000000000000", "SequenceNumber": number}
    nowhere = failure(record, record, 1, "us-east-1:000000000000:stream/nix")
    client("sqs").send_message(QueueUrl=quiet_queue, MessageBody=nowhere)
    good = (
        "redrive",
        quiet_queue,
        "--invoke",
        "--handler",
        "code/of/tests/good.py:handler",
        "--delete",
    )
    result = run(*good, "--output", "json", "--fail-on", "failures")
    assert result.returncode == 1
    found = json.loads(result.stdout)
    assert sorted(outcomes(found)) == [("failed", False), ("failed", False), ("handled", True)]
    remarks = " ".join(each["remark"] or "" for each in found["documents"])
    assert "its stream is in region eu-west-1" in remarks
    assert "its records cannot be read: ResourceNotFoundException: Stream nix" in remarks
    local = ("--endpoint-url", "local", "--stream", "quiet")
    named = run(*good, *local, "--output", "json")
    assert outcomes(document(named)) == [("handled", True)] * 2


def test_a_fifo_queue_is_refused(run: Kcli, client: Clients, quiet_stream: None) -> None:
    attributes = {"FifoQueue": "true"}
    url = client("sqs").create_queue(QueueName="quiet.fifo", Attributes=attributes)["QueueUrl"]
    completed = run("redrive", url)
    assert (completed.returncode, completed.stdout) == (2, "")
    assert "a FIFO queue is no on-failure destination of a stream" in completed.stderr


def test_a_document_is_not_whole_when_others_fill_up_the_number_of_its_records(
    run: Kcli, client: Clients, quiet_queue: str
) -> None:
    """The first of a batch is gone; another record between first and last was never of it."""
    gone = client("kinesis").put_record(StreamName="quiet", Data=b"0", PartitionKey="one")
    numbers = failed_batch(client, quiet_queue, 2, 2)
    empty(client("sqs"), quiet_queue)
    never = str(int(gone["SequenceNumber"]) + 1)
    first, last = ({**gone, "SequenceNumber": number} for number in (never, numbers[-1]))
    body = failure(first, last, 2, "us-east-1:000000000000:stream/quiet")
    client("sqs").send_message(QueueUrl=quiet_queue, MessageBody=body)
    good = (
        "redrive",
        quiet_queue,
        "--invoke",
        "--handler",
        "code/of/tests/good.py:handler",
        "--delete",
    )
    [found] = document(run(*good, "--output", "json"))["documents"]
    assert (len(found["records"]), found["missing"], found["deleted"]) == (2, 1, False)


def test_records_that_left_the_stream_are_reported_and_their_document_stays(
    run: Kcli,
    client: Clients,
    quiet_queue: str,
) -> None:
    failed_batch(client, quiet_queue, 2, 5)
    good = (
        "redrive",
        quiet_queue,
        "--invoke",
        "--handler",
        "code/of/tests/good.py:handler",
        "--delete",
    )
    result = document(run(*good, "--output", "json"))
    assert outcomes(result) == [("handled", False)]
    assert result["documents"][0]["missing"] == 3
    assert "3 records left the stream" in run(*good).stdout


def test_a_record_that_left_the_stream_is_gone_and_its_document_stays(
    run: Kcli, client: Clients, quiet_queue: str
) -> None:
    put = client("kinesis").put_record(StreamName="quiet", Data=b"0", PartitionKey="one")
    gone = {**put, "SequenceNumber": str(int(put["SequenceNumber"]) - 1)}  # no record's
    body = failure(gone, gone, 1, "us-east-1:000000000000:stream/quiet")
    client("sqs").send_message(QueueUrl=quiet_queue, MessageBody=body)
    good = (
        "redrive",
        quiet_queue,
        "--invoke",
        "--handler",
        "code/of/tests/good.py:handler",
        "--delete",
    )
    completed = run(*good, "--output", "json", "--fail-on", "expired")
    assert completed.returncode == 1
    result = json.loads(completed.stdout)
    assert outcomes(result) == [("expired", False)]
    assert (result["documents"][0]["records"], result["summary"]["missing"]) == ([], 1)
    assert waiting(client, quiet_queue) == 1


def test_a_message_that_is_something_else_stays_and_is_named(
    run: Kcli,
    client: Clients,
    quiet_queue: str,
) -> None:
    client("sqs").send_message(QueueUrl=quiet_queue, MessageBody="hello")
    completed = run("redrive", quiet_queue, "--replay", "--delete")
    assert "not JSON" in completed.stderr
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


def test_several_documents_are_put_again_each_on_its_own_stream(
    run: Kcli, client: Clients, quiet_queue: str
) -> None:
    client("kinesis").create_stream(StreamName="second", ShardCount=1)
    for stream in ("quiet", "second", "quiet"):
        failed_batch(client, quiet_queue, 2, 2, stream=stream)
    replayed = run("redrive", quiet_queue, "--replay", "--delete", "--output", "json")
    assert outcomes(document(replayed)) == [("replayed", True)] * 3
    tail = run(
        *("tail", "--stream", "second", "--endpoint-url", "local", "--since", "trim-horizon"),
        *("--no-follow", "--output", "json"),
    )
    data = [b64decode(each["kinesis"]["data"]) for each in document(tail)["Records"]]
    assert data == [b"0", b"1"] * 2


def test_records_can_be_saved_and_their_documents_deleted(
    run: Kcli,
    client: Clients,
    quiet_queue: str,
    home: Path,
) -> None:
    numbers = failed_batch(client, quiet_queue, 3, 3)
    saved = run("redrive", quiet_queue, "--save", "saved.ndjson", "--delete", "--output", "json")
    assert outcomes(document(saved)) == [("saved", True)]
    text = (home / "saved.ndjson").read_text()
    lines = [json.loads(line) for line in text.splitlines()]
    assert [each["kinesis"]["sequenceNumber"] for each in lines] == numbers
    failed_batch(client, quiet_queue, 1, 1)
    again = run("redrive", quiet_queue, "--save", "saved.ndjson", "--delete")
    assert (again.returncode, again.stdout) == (2, "")
    assert "saved.ndjson: it exists" in again.stderr
    assert (home / "saved.ndjson").read_text() == text
    assert waiting(client, quiet_queue) == 1


def test_records_can_be_saved_at_a_url_before_their_documents_go(
    run: Kcli, client: Clients, quiet_queue: str, home: Path
) -> None:
    client("s3").create_bucket(Bucket="saved")
    numbers = failed_batch(client, quiet_queue, 3, 3)
    nowhere = run("redrive", quiet_queue, "--save", "s3://no-such-bucket/a.ndjson", "--delete")
    assert nowhere.returncode == 2
    assert "there is no bucket no-such-bucket" in nowhere.stderr
    assert waiting(client, quiet_queue) == 1
    url = "s3://saved/day/failed.ndjson.gz"
    saved = run("redrive", quiet_queue, "--save", url, "--delete", "--output", "json")
    assert outcomes(document(saved)) == [("saved", True)]
    body = client("s3").get_object(Bucket="saved", Key="day/failed.ndjson.gz")["Body"].read()
    lines = [json.loads(line) for line in gzip.decompress(body).splitlines()]
    assert [each["kinesis"]["sequenceNumber"] for each in lines] == numbers
    failed_batch(client, quiet_queue, 1, 1)
    again = run("redrive", quiet_queue, "--save", url, "--delete")
    assert (again.returncode, again.stdout) == (2, "")
    assert f"{url}: it exists" in again.stderr
    assert waiting(client, quiet_queue) == 1
    assert not (home / "s3:").exists()


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
    source = (
        "redrive",
        "s3://failures/aws/",
        "--invoke",
        "--handler",
        "code/of/tests/good.py:handler",
    )
    result = document(run(*source, "--delete", "--output", "json"))
    assert outcomes(result) == [("handled", True)]
    assert result["documents"][0]["records"] == records
    left = s3.list_objects_v2(Bucket="failures")["Contents"]
    assert [each["Key"] for each in left] == ["else/two"]


def mappings(*destinations: str) -> dict[str, tuple[int, object]]:
    """What ListEventSourceMappings answers where each mapping has one of these destinations."""
    found = [
        {
            "UUID": f"mapping-{number}",
            "EventSourceArn": "arn:aws:kinesis:us-east-1:000000000000:stream/quiet",
            "FunctionArn": "arn:aws:lambda:us-east-1:000000000000:function:app",
            "DestinationConfig": {"OnFailure": {"Destination": arn}},
        }
        for number, arn in enumerate(destinations)
    ]
    return {"/2015-03-31/event-source-mappings": (200, {"EventSourceMappings": found})}


def test_the_destination_is_that_of_the_stream_where_no_function_is_named(
    run: Kcli, client: Clients, quiet_queue: str, endpoint: str
) -> None:
    [number] = failed_batch(client, quiet_queue, 1, 1)
    body = client("sqs").receive_message(QueueUrl=quiet_queue)["Messages"][0]["Body"]
    s3 = client("s3")
    s3.create_bucket(Bucket="several")
    payload = run("event", "--count", "1").stdout
    text = json.dumps({**json.loads(body), "payload": payload})
    s3.put_object(Bucket="several", Key="aws/lambda/mapping-0/shard/one", Body=text.encode())
    s3.put_object(Bucket="several", Key="aws/lambda/mapping-1/shard/one", Body=b"not looked at")
    there = ("--stream", "quiet", "--region", "us-east-1", "--endpoint-url")
    keys = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"}
    with answering(endpoint, mappings("arn:aws:s3:::several")) as place:
        completed = run("redrive", *there, place, "--output", "json", **keys)
    assert "warning" not in completed.stderr
    [found] = document(completed)["documents"]
    assert found["startSequenceNumber"] == number
    assert found["records"] == json.loads(payload)["Records"]
    arns = ("arn:aws:sqs:us-east-1:000000000000:one", "arn:aws:sqs:us-east-1:000000000000:two")
    with answering(endpoint, mappings(*arns)) as place:
        refused = run("redrive", *there, place, **keys)
    assert refused.returncode == 2
    assert "stream quiet have 2 on-failure destinations" in refused.stderr
    assert f"Name one: {', '.join(arns)}." in refused.stderr
    with answering(endpoint, mappings()) as place:
        refused = run("redrive", *there, place, **keys)
    assert refused.returncode == 2
    assert "no event source mapping of stream quiet has an on-failure destination" in refused.stderr


def test_what_a_simulation_gave_up_can_be_taken_up_from_a_file(
    run: Kcli, queue: str, home: Path
) -> None:
    put_poison(run)
    run("redrive", "--save", "poison.ndjson")
    (home / "result.json").write_text(run("simulate", "poison.ndjson", "--output", "json").stdout)
    result = document(run("redrive", "result.json", "--simulate", "--output", "json"))
    assert outcomes(result) == [("failed", False)]
    good = ("--handler", "code/of/tests/good.py:handler")
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
        ("s3://",),
    ],
)
def test_redrive_refuses_what_makes_no_sense(run: Kcli, arguments: tuple[str, ...]) -> None:
    completed = run("redrive", *arguments)
    assert (completed.returncode, completed.stdout) == (2, "")


WAITS = (
    "import os, threading\n"
    "def handler(event, context):\n"
    # past kcli, which captures what is written to its descriptors
    "    os.write(os.open('/dev/tty', os.O_WRONLY), b'the handler waits')\n"
    "    threading.Event().wait(60)\n"
)


def test_ctrl_c_gives_the_messages_back(
    run: Kcli, client: Clients, quiet_queue: str, home: Path, terminal: Callable[..., Terminal]
) -> None:
    (home / "waits.py").write_text(WAITS)
    for _ in range(3):
        failed_batch(client, quiet_queue, 1, 1)
    redrive = ("redrive", quiet_queue, "--invoke", "--handler", "waits.py:handler", "--delete")
    screen = terminal("env", f"XDG_STATE_HOME={home}", *KCLI, *redrive, cwd=home)
    screen.read_until("the handler waits")
    screen.type(b"\x03")
    screen.read_all()
    assert screen.process.wait() == 130
    assert waiting(client, quiet_queue) == 3


def test_what_a_killed_kcli_held_comes_back(
    run: Kcli, client: Clients, quiet_queue: str, home: Path, terminal: Callable[..., Terminal]
) -> None:
    (home / "one.py").write_text(
        "import os, threading\n"
        "def handler(event, context):\n"
        "    if os.path.exists('first'):\n"
        "        os.write(os.open('/dev/tty', os.O_WRONLY), b'the second one waits')\n"
        "        threading.Event().wait(60)\n"
        "    open('first', 'w').close()\n"
    )
    numbers = [failed_batch(client, quiet_queue, 1, 1)[0] for _ in range(3)]
    # As kcli does it, with a time that a test can wait for.
    shortly = (
        "import kinesis_cli.aws.failure_sources as d; d.HOLD = 12\n"
        "from kinesis_cli.cli.main import main; raise SystemExit(main())"
    )
    redrive = ("redrive", quiet_queue, "--invoke", "--handler", "one.py:handler", "--delete")
    command = (sys.executable, "-c", shortly, *redrive)
    screen = terminal("env", f"XDG_STATE_HOME={home}", *command, cwd=home)
    screen.read_until("the second one waits")
    # The handler takes longer than messages are held, and nobody gets them.
    sqs = client("sqs")
    assert "Messages" not in sqs.receive_message(QueueUrl=quiet_queue, WaitTimeSeconds=20)
    screen.process.kill()
    screen.read_all()
    early = run("redrive", quiet_queue)
    assert "2 more in" in early.stderr
    assert "held by another reader" in early.stderr
    comes_back = sqs.receive_message(QueueUrl=quiet_queue, WaitTimeSeconds=20, VisibilityTimeout=0)
    assert comes_back["Messages"]
    good = (
        "redrive",
        quiet_queue,
        "--invoke",
        "--handler",
        "code/of/tests/good.py:handler",
        "--delete",
    )
    result = document(run(*good, "--output", "json"))
    assert outcomes(result) == [("handled", True)] * 2
    assert {each["startSequenceNumber"] for each in result["documents"]} < set(numbers)
    assert waiting(client, quiet_queue) == 0


def test_much_is_put_again_only_when_asked(run: Kcli, home: Path) -> None:
    event = json.loads(run("event", "--count", "1").stdout)
    [record] = event["Records"]
    number = record["kinesis"]["sequenceNumber"]
    place = {"ShardId": "shardId-000000000000", "SequenceNumber": number}
    one = json.loads(failure(place, place, 10_001, "us-east-1:000000000000:stream/quiet"))
    many = {**one, "payload": json.dumps({"Records": [record] * 10_001})}
    (home / "many.json").write_text(json.dumps(many))
    # What is asked before anything is put needs nobody there.
    elsewhere = ("--endpoint-url", "http://192.0.2.1", "--region", "us-east-1")
    completed = run("redrive", "many.json", "--replay", "--to-stream", "much", *elsewhere)
    assert (completed.returncode, completed.stdout) == (2, "")
    assert "would put more than 10,000 records on much at http://192.0.2.1" in completed.stderr
