"""The local stream delivered to the functions: as the simulator would, and nothing left out."""

import base64
import json
import os
import select
import signal
import sqlite3
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from kinesis_cli.local.client.process import change_faults, stop_server
from kinesis_cli.local.client.waiting import wait_until_idle
from kinesis_cli.local.state import running_server
from kinesis_cli.stream.aggregate import aggregated
from kinesis_cli.stream.event import lambda_record
from kinesis_cli.stream.payload import Payload
from tests import forks
from tests.named_pipes import told_in
from tests.patience import PATIENCE

from .conftest import APP, Local, kill, make_project, process, start

pytestmark = pytest.mark.slow

pytest.importorskip("awslambdaric")

ORDERS = "arn:aws:kinesis:us-east-1:000000000000:stream/orders"
BULK = ORDERS.replace("orders", "bulk")
# `KCLI_KILLS=50` before a release
KILLS = int(os.environ.get("KCLI_KILLS", "3"))

Fresh = Callable[[], Local]


def put(local: Local, stream: str, *data: str) -> None:
    records = [{"Data": each.encode(), "PartitionKey": each} for each in data]
    answer = local.client("kinesis").put_records(StreamName=stream, Records=records)
    assert answer["FailedRecordCount"] == 0


def messages(local: Local) -> list[dict[str, Any]]:
    """The documents in the failure queue."""
    client = local.client("sqs")
    url = client.get_queue_url(QueueName="Failures")["QueueUrl"]
    found = []
    while batch := client.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        found += [json.loads(each["Body"]) for each in batch]
    return found


def log_messages(local: Local, group: str) -> list[str]:
    pages = local.client("logs").get_paginator("filter_log_events").paginate(logGroupName=group)
    return [each["message"] for page in pages for each in page["events"]]


def test_each_function_of_a_stream_gets_every_record(fresh: Fresh) -> None:
    local = fresh()
    data = [f"r{number}" for number in range(120)]
    put(local, "orders", *data)
    local.wait()
    assert sorted(local.handled("orders-function")) == sorted(data)
    assert sorted(local.handled("Second")) == sorted(data)
    assert max(map(len, local.calls("orders-function"))) == 10  # its BatchSize


def test_a_poison_record_goes_to_the_queue_and_its_batch_is_handled(fresh: Fresh) -> None:
    local = fresh()
    put(local, "orders", *[f"r{number}" for number in range(30)], "bad")
    local.wait()
    (document,) = messages(local)
    assert document["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert document["KinesisBatchInfo"]["streamArn"] == ORDERS
    assert document["KinesisBatchInfo"]["batchSize"] == 1
    assert set(local.handled("orders-function")) == {"bad", *(f"r{n}" for n in range(30))}
    stop_server(local.project / ".kcli")
    assert "discarded, RetryAttemptsExhausted, document sent to Failures" in local.log


def test_cloudwatch_has_the_event_counts_of_a_mapping(fresh: Fresh) -> None:
    local = fresh()
    put(local, "orders", *[f"r{number}" for number in range(30)], "bad")
    local.wait()
    (mapping,) = local.client("lambda").list_event_source_mappings(FunctionName="orders-function")[
        "EventSourceMappings"
    ]

    def total(metric: str) -> int:
        end = datetime.now(UTC) + timedelta(minutes=1)
        answer = local.client("cloudwatch").get_metric_statistics(
            Namespace="AWS/Lambda",
            MetricName=metric,
            Dimensions=[{"Name": "EventSourceMappingUUID", "Value": mapping["UUID"]}],
            StartTime=end - timedelta(hours=1),
            EndTime=end,
            Period=3600,
            Statistics=["Sum"],
        )
        return int(sum(each["Sum"] for each in answer["Datapoints"]))

    given = sum(len(call) for call in local.calls("orders-function"))
    assert total("PolledEventCount") == 31
    assert total("FilteredOutEventCount") == 0
    assert total("InvokedEventCount") == given > 31
    assert 0 < total("FailedInvokeEventCount") <= given
    assert total("OnFailureDestinationDeliveredEventCount") == 1
    assert total("DroppedEventCount") == 0


def test_the_log_lines_are_in_the_functions_log_group(fresh: Fresh) -> None:
    local = fresh()
    put(local, "orders", "hello")
    local.client("lambda").invoke(FunctionName="Any")
    local.wait()
    lines = log_messages(local, "/aws/lambda/orders-function")
    assert "got hello" in lines
    assert any(line.startswith("REPORT RequestId: ") for line in lines)
    assert any(line.startswith("REPORT RequestId: ") for line in log_messages(local, "of-any"))


@pytest.mark.parametrize("kind", ["sns", "s3"])
def test_documents_go_to_a_topic_or_a_bucket_too(fresh: Fresh, kind: str) -> None:
    local = fresh()
    arn = {
        "sns": "arn:aws:sns:us-east-1:000000000000:FailureTopic",
        "s3": "arn:aws:s3:::failures-of-orders",
    }[kind]
    client = local.client("lambda")
    sns = local.client("sns")
    queue = "arn:aws:sqs:us-east-1:000000000000:Failures"
    sns.subscribe(
        TopicArn="arn:aws:sns:us-east-1:000000000000:FailureTopic",
        Protocol="sqs",
        Endpoint=queue,
        Attributes={"RawMessageDelivery": "true"},
    )
    (mapping,) = client.list_event_source_mappings(FunctionName="orders-function")[
        "EventSourceMappings"
    ]
    client.update_event_source_mapping(
        UUID=mapping["UUID"], DestinationConfig={"OnFailure": {"Destination": arn}}
    )
    put(local, "orders", "bad")
    local.wait()
    if kind == "sns":
        (document,) = messages(local)
    else:
        s3 = local.client("s3", s3={"addressing_style": "path"})
        (entry,) = s3.list_objects_v2(Bucket="failures-of-orders")["Contents"]
        assert entry["Key"].startswith(f"aws/lambda/{mapping['UUID']}/shardId-")
        answer = s3.get_object(Bucket="failures-of-orders", Key=entry["Key"])
        assert answer["ContentType"] == "application/octet-stream"
        body = answer["Body"].read()
        document = json.loads(body)
        (record,) = json.loads(document["payload"])["Records"]
        assert base64.b64decode(record["kinesis"]["data"]) == b"bad"
    assert document["KinesisBatchInfo"]["batchSize"] == 1


def test_a_destination_that_is_not_there_is_said_and_delivery_goes_on(fresh: Fresh) -> None:
    local = fresh()
    client = local.client("lambda")
    (mapping,) = client.list_event_source_mappings(FunctionName="orders-function")[
        "EventSourceMappings"
    ]
    nowhere = "arn:aws:sqs:us-east-1:000000000000:nowhere"
    client.update_event_source_mapping(
        UUID=mapping["UUID"], DestinationConfig={"OnFailure": {"Destination": nowhere}}
    )
    put(local, "orders", "bad")
    local.wait()
    put(local, "orders", "good")
    local.wait()
    assert "good" in local.handled("orders-function")
    stop_server(local.project / ".kcli")
    assert f"{nowhere} did not take the document" in local.log


def test_children_are_read_after_their_parents(fresh: Fresh) -> None:
    local = fresh()
    kinesis = local.client("kinesis")
    for number in range(5):
        put(local, "own", f"parent{number}")
    middle = str(2**127)
    kinesis.split_shard(
        StreamName="own", ShardToSplit="shardId-000000000000", NewStartingHashKey=middle
    )
    put(local, "own", *[f"child{number}" for number in range(20)])
    kinesis.merge_shards(
        StreamName="own",
        ShardToMerge="shardId-000000000001",
        AdjacentShardToMerge="shardId-000000000002",
    )
    put(local, "own", "grandchild")
    client = local.client("lambda")
    arn = ORDERS.replace("orders", "own")
    client.create_event_source_mapping(
        EventSourceArn=arn, FunctionName="Second", StartingPosition="TRIM_HORIZON", BatchSize=3
    )
    local.wait()
    kinds = [data.rstrip("0123456789") for data in local.handled("Second")]
    assert kinds == ["parent"] * 5 + ["child"] * 20 + ["grandchild"]


def test_a_disabled_mapping_delivers_nothing_and_goes_on_where_it_was(fresh: Fresh) -> None:
    local = fresh()
    client = local.client("lambda")
    (mapping,) = client.list_event_source_mappings(FunctionName="Second")["EventSourceMappings"]
    put(local, "orders", "one")
    local.wait()
    client.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    put(local, "orders", "two")
    local.wait()
    assert local.handled("Second") == ["one"]
    client.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)
    local.wait()
    assert local.handled("Second") == ["one", "two"]


def test_changed_code_is_used_by_the_next_call_and_broken_code_is_shown(fresh: Fresh) -> None:
    local = fresh()
    client, app = local.client("lambda"), local.project / "src" / "app.py"

    def answer() -> Any:  # noqa: ANN401 - JSON
        return json.loads(client.invoke(FunctionName="Any")["Payload"].read())

    assert "echo" in answer()
    app.write_text(APP + "\n\ndef anything(event, context):\n    return 'new'\n")
    assert answer() == "new"
    app.write_text(APP + "\n\ndef broken(:\n")
    assert answer()["errorType"] == "Runtime.UserCodeSyntaxError"
    app.write_text(APP)
    assert "echo" in answer()


def test_a_function_that_feeds_its_own_stream_is_warned_about(fresh: Fresh) -> None:
    local = fresh()
    local.client("kinesis").put_record(StreamName="own", PartitionKey="first", Data=b"x")
    local.wait()
    stop_server(local.project / ".kcli")
    assert "Loop puts records on own, the stream that feeds it" in local.log


def test_a_deleted_stream_is_a_problem_until_it_is_made_again(fresh: Fresh) -> None:
    local = fresh()
    kinesis = local.client("kinesis")
    put(local, "orders", "old")
    local.wait()
    kinesis.delete_stream(StreamName="orders")
    local.wait()
    kinesis.create_stream(StreamName="orders", ShardCount=1)
    put(local, "orders", "new")
    assert_eventually_handled(local, "new")


def test_aggregates_are_opened_for_a_mapping_of_a_consumer(fresh: Fresh) -> None:
    local = fresh()
    kinesis, client = local.client("kinesis"), local.client("lambda")
    stream = kinesis.describe_stream_summary(StreamName="bulk")["StreamDescriptionSummary"]
    consumer = kinesis.register_stream_consumer(StreamARN=stream["StreamARN"], ConsumerName="app")
    client.create_event_source_mapping(
        EventSourceArn=consumer["Consumer"]["ConsumerARN"],
        FunctionName="Second",
        StartingPosition="TRIM_HORIZON",
        BatchSize=4,
    )
    users = [Payload(f"k{number}", None, f"reading {number}".encode()) for number in range(10)]
    packed = aggregated(users)
    for data in (packed, b"plain"):
        kinesis.put_record(StreamName="bulk", PartitionKey="outer", Data=data)
    local.wait()
    assert local.handled("Second") == [*(each.data.decode() for each in users), "plain"]
    assert [len(call) for call in local.calls("Second")] == [4, 4, 3]
    stop_server(local.project / ".kcli")
    local = fresh()
    put(local, "bulk", "later")
    local.wait()
    assert local.handled("Second")[11:] == ["later"]  # the checkpoint was behind all of them


def test_a_stream_made_anew_at_once_is_read_from_its_beginning_in_all_its_shards(
    fresh: Fresh,
) -> None:
    local = fresh()
    kinesis = local.client("kinesis")
    mapping = {"FunctionName": "Second", "StartingPosition": "TRIM_HORIZON"}
    arn = kinesis.describe_stream_summary(StreamName="bulk")["StreamDescriptionSummary"]
    local.client("lambda").create_event_source_mapping(EventSourceArn=arn["StreamARN"], **mapping)
    for shards in (1, 4, 2):  # within one second, and between two looks of the mapping
        put(local, "bulk", *(f"before {shards}, {number}" for number in range(20)))
        local.wait()
        kinesis.delete_stream(StreamName="bulk")
        kinesis.create_stream(StreamName="bulk", ShardCount=shards)
        new = {f"{shards}, {number}" for number in range(20)}
        put(local, "bulk", *new)
        assert_eventually_handled(local, *new)


def assert_eventually_handled(local: Local, *data: str) -> None:
    """A stream that comes back is looked for once per second: a wait may be over before."""
    for _ in range(100_000):
        local.wait()
        if not (missing := set(data) - set(local.handled("Second"))):
            return
    raise AssertionError(f"{missing} was not handled")


@pytest.mark.parametrize(
    "settings",
    [
        {"BatchSize": 10, "MaximumRetryAttempts": 1},
        {"BatchSize": 7, "MaximumRetryAttempts": 0, "BisectBatchOnFunctionError": True},
        {
            "BatchSize": 25,
            "MaximumRetryAttempts": 1,
            "BisectBatchOnFunctionError": True,
            "FunctionResponseTypes": ["ReportBatchItemFailures"],
        },
        {
            "BatchSize": 10,
            "MaximumRetryAttempts": 1,
            "FilterCriteria": {"Filters": [{"Pattern": '{"partitionKey": [{"prefix": "b"}]}'}]},
        },
    ],
    ids=["plain", "bisect", "report", "filter"],
)
def test_the_local_function_does_what_the_simulator_says(
    fresh: Fresh, tmp_path: Path, settings: dict[str, Any]
) -> None:
    local = fresh()
    client = local.client("lambda")
    made = client.create_event_source_mapping(
        EventSourceArn=BULK,
        FunctionName="orders-function",
        StartingPosition="TRIM_HORIZON",
        Enabled=False,
        **settings,
    )
    data = [f"r{number}" for number in range(60)]
    data[11], data[23], data[24] = "bad-a", "boom", "bad-b"
    put(local, "bulk", *data)  # all of it is there when the mapping goes live
    client.update_event_source_mapping(UUID=made["UUID"], Enabled=True)
    local.wait()
    calls = [call for call in local.calls("orders-function") if call]
    assert calls == simulated(local, tmp_path, settings)


def simulated(local: Local, folder: Path, settings: dict[str, Any]) -> list[list[str]]:
    """The payloads of each call in `kcli simulate` of the records on the stream."""
    recording, mapping = folder / "bulk.ndjson", folder / "mapping.json"
    recording.write_bytes(recorded(local, "bulk"))
    mapping.write_text(json.dumps({**settings, "StartingPosition": "TRIM_HORIZON"}))
    (local.project / "calls.ndjson").write_text("")
    command = [sys.executable, "-m", "kinesis_cli", "simulate", str(recording)]
    command += ["--function", "Fn", "--mapping", str(mapping), "--output", "json"]
    environment = {**os.environ, "CALLS": str(local.project / "calls.ndjson")}
    forks.run(command, local.project, environment).check_returncode()
    return local.calls("orders-function")


def recorded(local: Local, stream: str) -> bytes:
    kinesis = local.client("kinesis")
    iterator = kinesis.get_shard_iterator(
        StreamName=stream, ShardId="shardId-000000000000", ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    records = [
        lambda_record(
            shard_id="shardId-000000000000",
            sequence_number=each["SequenceNumber"],
            partition_key=each["PartitionKey"],
            arrival=each["ApproximateArrivalTimestamp"].timestamp(),
            data=each["Data"],
            event_source_arn=BULK,
        ).raw
        for each in kinesis.get_records(ShardIterator=iterator)["Records"]
    ]
    return b"\n".join(records)


# Ends of processes


def function_processes(server_pid: int) -> list[int]:
    """The function's processes that a server has started."""
    children = Path(f"/proc/{server_pid}/task").glob("*/children")
    pids = [int(pid) for each in children for pid in each.read_text().split()]
    return [pid for pid in pids if b"awslambdaric" in Path(f"/proc/{pid}/cmdline").read_bytes()]


class Producer:
    """Puts records in a thread, through ends of the server; knows which were acknowledged."""

    def __init__(self, local: Local) -> None:
        self.acknowledged: list[str] = []
        self._client = local.client("kinesis", connect_timeout=5, read_timeout=5)
        self._enough, self._some = threading.Event(), threading.Semaphore(0)
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        number = 0
        while not self._enough.is_set():
            names = [f"k{number + each}" for each in range(20)]
            number += 20
            records = [{"Data": name.encode(), "PartitionKey": name} for name in names]
            try:
                self._client.put_records(StreamName="orders", Records=records)
            except Exception:  # noqa: BLE001 - the server is being killed: not acknowledged
                continue
            self.acknowledged += names
            self._some.release()

    def wait_for_more(self) -> None:
        assert self._some.acquire(timeout=PATIENCE)
        while self._some.acquire(blocking=False):
            pass
        assert self._some.acquire(timeout=PATIENCE)

    def stop(self) -> None:
        self._enough.set()
        self._thread.join()


def test_kill_9_of_the_function_or_of_the_server_loses_no_acknowledged_record(
    fresh: Fresh,
) -> None:
    local = fresh()
    producer = Producer(local)
    try:
        for round_ in range(KILLS):
            producer.wait_for_more()
            server = running_server(local.project / ".kcli")
            assert server is not None
            if round_ % 2:
                for pid in function_processes(server.pid):
                    os.kill(pid, signal.SIGKILL)
            else:
                kill(server.pid)
                fresh()  # on the same port
    finally:
        producer.stop()
    local = fresh()
    local.wait()
    assert len(producer.acknowledged) >= 20 * KILLS
    # The function's process is killed in the middle of a call, which then counts as failed: with
    # no retries its records are in a document instead.
    discarded = sum(each["KinesisBatchInfo"]["batchSize"] for each in messages(local))
    missing = set(producer.acknowledged) - set(local.handled("orders-function"))
    assert len(missing) <= discarded
    assert not set(producer.acknowledged) - set(local.handled("Second"))


def test_the_function_ends_with_the_server_however_that_ends(fresh: Fresh) -> None:
    local = fresh()
    local.client("lambda").invoke(FunctionName="Any")
    (pid,) = function_processes(local.server.pid)
    with process(pid) as handle:
        os.kill(local.server.pid, signal.SIGKILL)
        assert select.select([handle], [], [], PATIENCE)[0], "it outlives the server"


def test_latest_begins_when_the_mapping_is_made_and_goes_on_after_a_restart(fresh: Fresh) -> None:
    local = fresh()
    put(local, "bulk", "before")
    local.client("lambda").create_event_source_mapping(
        EventSourceArn=BULK, FunctionName="Second", StartingPosition="LATEST"
    )
    kill(local.server.pid)  # nothing was delivered yet, so there is no checkpoint
    local = fresh()
    put(local, "bulk", "after")
    local.wait()
    assert local.handled("Second") == ["after"]


def test_lanes_deliver_each_record_and_keep_the_order_of_each_key(fresh: Fresh) -> None:
    local = fresh()
    local.client("lambda").create_event_source_mapping(
        EventSourceArn=BULK,
        FunctionName="Second",
        StartingPosition="TRIM_HORIZON",
        ParallelizationFactor=4,
        BatchSize=5,
    )
    keys = [f"key{number % 8}" for number in range(200)]
    records = [
        {"Data": f"{key}/{number:03}".encode(), "PartitionKey": key}
        for number, key in enumerate(keys)
    ]
    local.client("kinesis").put_records(StreamName="bulk", Records=records)
    local.wait()
    handled = local.handled("Second")
    assert len(handled) == 200
    for key in set(keys):
        of_key = [data for data in handled if data.startswith(f"{key}/")]
        assert of_key == sorted(of_key)
        assert len(of_key) == 25


def test_a_throttled_stream_is_read_when_it_can_be(fresh: Fresh) -> None:
    local = fresh()
    put(local, "orders", "one")
    change_faults(local.server, {"set": {"throttle": ["orders"]}})
    put(local, "own", "else")
    change_faults(local.server, {"clear": True})
    local.wait()
    assert local.handled("Second") == ["one"]


def test_the_records_of_an_open_window_come_again_after_a_restart(fresh: Fresh) -> None:
    local = fresh()
    local.client("lambda").create_event_source_mapping(
        EventSourceArn=BULK,
        FunctionName="windowed",
        StartingPosition="TRIM_HORIZON",
        TumblingWindowInSeconds=60,
    )
    put(local, "bulk", "a", "b")
    local.wait()
    kill(local.server.pid)
    local = fresh()
    local.wait()
    assert local.calls("windowed") == [["a", "b"], ["a", "b"]]
    change_faults(local.server, {"clock": 600.0})  # the window and the wait for late records
    put(local, "bulk", "c")
    local.wait()
    assert local.calls("windowed") == [["a", "b"], ["a", "b"], [], ["c"]]
    kill(local.server.pid)
    local = fresh()
    local.wait()
    assert local.calls("windowed") == [["a", "b"], ["a", "b"], [], ["c"], ["c"]]


def test_delivery_goes_on_after_its_iterators_have_expired(fresh: Fresh) -> None:
    local = fresh()
    put(local, "orders", "one")
    local.wait()
    change_faults(local.server, {"expire_iterators": True})
    put(local, "orders", "two")
    local.wait()
    assert local.handled("Second") == ["one", "two"]


def test_a_call_that_lasts_does_not_hold_up_the_end(
    fresh: Fresh, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "kinesis_cli.local.client.process.PATIENCE_STOP", PATIENCE
    )  # nobody kills it
    project, began = tmp_path / "project", tmp_path / "began"
    app, template = project / "src" / "app.py", project / "template.yaml"
    lasting = f"open({str(began)!r}, 'w').write('called\\n'); time.sleep(3600)"
    app.write_text(app.read_text().replace("time.sleep(60)", lasting))
    template.write_text(template.read_text().replace("Timeout: 3", "Timeout: 900"))
    local = fresh()
    client = local.client("lambda")
    with told_in(began) as told:
        client.invoke(FunctionName="Any", Payload=b'{"do": "sleep"}', InvocationType="Event")
        told.line()
    stop_server(project / ".kcli")  # before the call ends by itself, or this test for its time


@pytest.mark.parametrize("options", [{"in_memory": True}, {"tls": True}], ids=str)
def test_it_works_in_memory_and_with_tls(tmp_path: Path, options: dict[str, bool]) -> None:
    project = make_project(tmp_path / "project")
    local = start(project, **options)
    try:
        put(local, "orders", "bad")
        put(local, "own", "first")  # a partition key too: its function puts once more
        local.wait()
        assert local.handled("Second") == ["bad"]
        assert len(messages(local)) == 1
    finally:
        stop_server(project / ".kcli")
    assert (project / ".kcli" / "function.sqlite3").exists() is not options.get("in_memory", False)


# In place of its answer, the function's process says something that is no request of HTTP.
MALFORMED = """
def handler(event, context):
    import socket
    data = told(event, "orders-function")
    if not any(each.startswith("bad") for each in data):
        return
    host, port = os.environ["AWS_LAMBDA_RUNTIME_API"].split(":")
    path = f"/2018-06-01/runtime/invocation/{context.aws_request_id}/response"
    with socket.create_connection((host, int(port))) as there:
        there.sendall(f"POST {path} HTTP/1.1\\r\\n".encode() + %r + b"\\r\\n\\r\\n1")
        there.recv(1024)
    time.sleep(60)
"""


@pytest.mark.parametrize(
    "header", [b"Content-Length: \xb2", b"Content-Length: 1\r\nContent-Length: 2", b"no header"]
)
def test_a_malformed_answer_fails_its_call_and_the_shard_goes_on(
    header: bytes, tmp_path: Path
) -> None:
    project = make_project(tmp_path / "project")
    (project / "src" / "app.py").write_text(APP + MALFORMED % header)
    local = start(project)
    try:
        put(local, "orders", "bad")
        local.wait()
        put(local, "orders", *[f"r{number}" for number in range(30)])  # on both shards
        local.wait()
        handled = set(local.handled("orders-function"))
        assert handled == {"bad", *(f"r{number}" for number in range(30))}
        (document,) = messages(local)
        assert document["requestContext"]["condition"] == "RetryAttemptsExhausted"
        assert document["responseContext"]["functionError"] == "Unhandled"
        (mapping,) = local.client("lambda").list_event_source_mappings(
            FunctionName="orders-function"
        )["EventSourceMappings"]
        assert mapping["State"] == "Enabled"
    finally:
        stop_server(project / ".kcli")


def test_a_checkpoint_that_cannot_be_kept_stops_delivery_until_it_can(fresh: Fresh) -> None:
    local = fresh()
    put(local, "orders", "one")
    local.wait()
    blocker = sqlite3.connect(local.project / ".kcli" / "function.sqlite3", isolation_level=None)
    blocker.execute("BEGIN EXCLUSIVE")  # as a disk that takes nothing
    put(local, "orders", "two")
    while "two" not in local.handled("Second"):
        pass
    assert not wait_until_idle(local.server, 3)
    blocker.execute("ROLLBACK")
    blocker.close()
    local.wait()
    assert set(local.handled("Second")) == {"one", "two"}


def template_of(local: Local) -> Path:
    return local.project / "template.yaml"


def change_template(local: Local, old: str, new: str, *, until: str) -> None:
    """Change the template and wait until the server has said `until`."""
    text = template_of(local).read_text()
    assert old in text
    template_of(local).write_text(text.replace(old, new))
    deadline = time.monotonic() + PATIENCE
    while until not in local.log:
        assert time.monotonic() < deadline, local.log
        time.sleep(0.05)


def test_a_changed_template_is_followed_while_it_runs(fresh: Fresh) -> None:
    local = fresh()
    put(local, "orders", "one")
    local.wait()
    client = local.client("lambda")
    listed = client.list_event_source_mappings(FunctionName="orders-function")
    (before,) = listed["EventSourceMappings"]
    change_template(local, "BatchSize: 10", "BatchSize: 1", until="orders-function as it says now")
    after = client.get_event_source_mapping(UUID=before["UUID"])
    assert after["BatchSize"] == 1
    put(local, "orders", "two", "three")
    local.wait()
    # nothing comes again, and nothing is left out
    assert sorted(local.calls("orders-function")) == [["one"], ["three"], ["two"]]
    change_template(local, "Handler: app.second", "Handler: app.handler", until="Second as it says")
    put(local, "orders", "four")
    local.wait()
    assert sorted(local.handled("Second")) == ["one", "three", "two"]
    assert client.get_function_configuration(FunctionName="Second")["Handler"] == "app.handler"


def test_a_function_comes_and_goes_with_the_template(fresh: Fresh) -> None:
    local = fresh()
    change_template(local, "  Second:", "  Third:", until="Second, Third as it says now")
    put(local, "orders", "one")
    local.wait()
    names = {each["FunctionName"] for each in local.client("lambda").list_functions()["Functions"]}
    assert "Third" in names
    assert "Second" not in names
    assert local.handled("Second") == ["one"]  # what Third says of itself


def test_a_broken_template_changes_nothing_and_is_named(fresh: Fresh) -> None:
    local = fresh()
    whole = template_of(local).read_text()
    change_template(local, "Resources:", "Resources: [", until="goes on as the template was")
    put(local, "orders", "one")
    local.wait()
    assert local.handled("Second") == ["one"]
    template_of(local).write_text(whole)


def test_a_mapping_is_disabled_and_enabled_by_the_template(fresh: Fresh) -> None:
    local = fresh()
    position = "{Stream: !GetAtt Orders.Arn, StartingPosition: TRIM_HORIZON"
    change_template(
        local, f"{position}}}", f"{position}, Enabled: false}}", until="Second as it says"
    )
    put(local, "orders", "one")
    local.wait()
    assert local.handled("Second") == []
    template = template_of(local)
    template.write_text(template.read_text().replace(", Enabled: false", ""))
    deadline = time.monotonic() + PATIENCE
    while local.handled("Second") != ["one"]:
        assert time.monotonic() < deadline
        time.sleep(0.05)
