"""Asynchronous calls and reserved concurrency: what becomes of events, and of calls too many."""

import base64
import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from kinesis_cli.local.client.process import change_faults, stop_server
from kinesis_cli.local.client.waiting import wait_until_idle
from tests.e2e.local_endpoint import write_project
from tests.patience import PATIENCE

from .conftest import Local, kill, start

pytestmark = pytest.mark.slow

pytest.importorskip("awslambdaric")

TEMPLATE = """\
Transform: AWS::Serverless-2016-10-31
Globals:
  Function: {Runtime: python3.12, CodeUri: src, Handler: app.handler, Timeout: 60}
Resources:
  Orders: {Type: AWS::Kinesis::Stream, Properties: {Name: orders, ShardCount: 1}}
  Idle: {Type: AWS::Kinesis::Stream, Properties: {Name: idle, ShardCount: 1}}
  Failed: {Type: AWS::SQS::Queue}
  Dead: {Type: AWS::SQS::Queue}
  Done: {Type: AWS::SQS::Queue}
  Fn:
    Type: AWS::Serverless::Function
    Properties:
      DeadLetterQueue: {Type: SQS, TargetArn: !GetAtt Dead.Arn}
      EventInvokeConfig:
        DestinationConfig:
          OnFailure: {Type: SQS, Destination: !GetAtt Failed.Arn}
          OnSuccess: {Type: SQS, Destination: !GetAtt Done.Arn}
      Events:
        In: {Type: Kinesis, Properties: {Stream: !GetAtt Idle.Arn, StartingPosition: LATEST}}
  One:
    Type: AWS::Serverless::Function
    Properties:
      ReservedConcurrentExecutions: 1
      Events:
        In: {Type: Kinesis, Properties: {Stream: !GetAtt Idle.Arn, StartingPosition: LATEST}}
  Never:
    Type: AWS::Serverless::Function
    Properties:
      ReservedConcurrentExecutions: 0
      DeadLetterQueue: {Type: SQS, TargetArn: !GetAtt Dead.Arn}
      Events:
        In: {Type: Kinesis, Properties: {Stream: !GetAtt Orders.Arn, StartingPosition: LATEST}}
"""
APP = """\
import os, time
from pathlib import Path


def handler(event, context):
    if "calls" in event:
        with open(event["calls"], "a") as calls:
            calls.write(context.aws_request_id + "\\n")
    if "until" in event:
        while not Path(event["until"]).exists():
            time.sleep(0.01)
    if "say" in event:
        print(event["say"])
    if event.get("fail"):
        raise ValueError("not today")
    custom = context.client_context.custom if context.client_context else None
    return {"custom": custom, "trace": os.environ.get("_X_AMZN_TRACE_ID")}
"""


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Path]:
    folder = write_project(tmp_path / "project", APP, TEMPLATE)
    yield folder
    stop_server(folder / ".kcli")


def send(local: Local, event: object, function: str = "Fn") -> str:
    """The request id of an event."""
    answer = local.client("lambda").invoke(
        FunctionName=function,
        InvocationType="Event",
        Payload=json.dumps(event).encode(),
    )
    assert answer["StatusCode"] == 202
    return str(answer["ResponseMetadata"]["RequestId"])


def soon(look: Callable[[], Any]) -> Any:  # noqa: ANN401 - whatever `look` finds
    """What `look` finds, as soon as there is something."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if found := look():
            return found
        time.sleep(0.02)
    raise AssertionError("it did not come")


def message(local: Local, queue: str) -> Any:  # noqa: ANN401 - boto3's
    """The next message of a queue."""
    client = local.client("sqs")
    url = client.get_queue_url(QueueName=queue)["QueueUrl"]
    arguments = {"QueueUrl": url, "MessageAttributeNames": ["All"]}
    return soon(lambda: client.receive_message(**arguments).get("Messages"))[0]


def is_logged(local: Local, text: str) -> bool:
    return text in local.log


def calls(file: Path) -> list[str]:
    return file.read_text().splitlines() if file.exists() else []


def move_clock(local: Local, seconds: float) -> None:
    change_faults(local.server, {"clock": seconds})


def test_a_failing_event_is_tried_again_twice_and_then_told_of(
    project: Path, tmp_path: Path
) -> None:
    local, file = start(project), tmp_path / "calls"
    event = {"fail": True, "calls": str(file)}
    request_id = send(local, event)
    soon(lambda: "not today; retry 1 of 2 in 60 s" in local.log)
    move_clock(local, 61)
    soon(lambda: "not today; retry 2 of 2 in 120 s" in local.log)
    move_clock(local, 121)
    document = json.loads(message(local, "Failed")["Body"])
    assert set(calls(file)) == {request_id}
    assert document["requestContext"] == {
        "requestId": request_id,
        "functionArn": "arn:aws:lambda:us-east-1:000000000000:function:Fn:$LATEST",
        "condition": "RetriesExhausted",
        "approximateInvokeCount": 3,
    }
    assert document["requestPayload"] == event
    assert document["responseContext"]["functionError"] == "Unhandled"
    assert document["responsePayload"]["errorMessage"] == "not today"
    dead = message(local, "Dead")
    assert json.loads(dead["Body"]) == event
    attributes = {name: each["StringValue"] for name, each in dead["MessageAttributes"].items()}
    assert attributes == {
        "RequestID": request_id,
        "ErrorCode": "200",
        "ErrorMessage": "not today",
    }
    soon(lambda: "given up, RetriesExhausted, sent to Failed and Dead" in local.log)


def test_waiting_until_idle_waits_for_events(project: Path, tmp_path: Path) -> None:
    local, file, gate = start(project), tmp_path / "calls", tmp_path / "gate"
    send(local, {"calls": str(file), "until": str(gate)})
    assert not wait_until_idle(local.server, 0.5)
    gate.touch()
    assert wait_until_idle(local.server, PATIENCE)
    assert len(calls(file)) == 1
    send(local, {"calls": str(file), "fail": True})
    for retry, seconds in ("1 of 2", 61), ("2 of 2", 121):
        soon(partial(is_logged, local, f"retry {retry}"))
        assert not wait_until_idle(local.server, 0.5)
        move_clock(local, seconds)
    assert wait_until_idle(local.server, PATIENCE)
    assert len(calls(file)) == 4


def test_an_event_that_goes_well_is_told_of_where_that_is_wanted(project: Path) -> None:
    local = start(project)
    send(local, {"a": 1})
    document = json.loads(message(local, "Done")["Body"])
    assert document["requestContext"]["condition"] == "Success"
    assert document["requestPayload"] == {"a": 1}


@pytest.mark.parametrize("ending", ["stop", "kill -9"])
def test_an_event_survives_the_end_of_the_server(
    project: Path, tmp_path: Path, ending: str
) -> None:
    local, file, gate = start(project), tmp_path / "calls", tmp_path / "gate"
    waiting = send(local, {"fail": True, "calls": str(file)})
    soon(lambda: "retry 1 of 2" in local.log)
    running = send(local, {"calls": str(file), "until": str(gate)})
    soon(lambda: len(calls(file)) == 2)
    if ending == "stop":
        stop_server(project / ".kcli")
    else:
        kill(local.server.pid)
    gate.touch()
    local = start(project)
    soon(lambda: calls(file).count(running) == 2)
    assert calls(file).count(waiting) == 1
    move_clock(local, 61)
    soon(lambda: calls(file).count(waiting) == 2)


def test_an_event_that_grew_too_old_is_not_called_again(project: Path, tmp_path: Path) -> None:
    local, file = start(project), tmp_path / "calls"
    send(local, {"fail": True, "calls": str(file)})
    soon(lambda: "retry 1 of 2" in local.log)
    move_clock(local, 6 * 3600 + 60)
    document = json.loads(message(local, "Failed")["Body"])
    assert document["requestContext"]["condition"] == "EventAgeExceeded"
    assert document["requestContext"]["approximateInvokeCount"] == 1
    assert len(calls(file)) == 1


def test_more_calls_than_reserved_are_throttled_and_events_wait(
    project: Path, tmp_path: Path
) -> None:
    local, file, gate = start(project), tmp_path / "calls", tmp_path / "gate"
    client = local.client("lambda")
    first = send(local, {"calls": str(file), "until": str(gate)}, "One")
    soon(lambda: calls(file) == [first])
    with pytest.raises(client.exceptions.TooManyRequestsException, match="Rate Exceeded") as error:
        client.invoke(FunctionName="One", Payload=b"{}")
    response: Any = error.value.response
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 429
    assert response["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"
    second = send(local, {"calls": str(file)}, "One")
    gate.touch()
    soon(lambda: calls(file) == [first, second])


def test_a_function_that_reserves_nothing_never_runs(project: Path) -> None:
    local = start(project)
    local.client("kinesis").put_record(StreamName="orders", PartitionKey="k", Data=b"x")
    request_id = send(local, {"a": 1}, "Never")
    dead = message(local, "Dead")
    assert json.loads(dead["Body"]) == {"a": 1}
    assert dead["MessageAttributes"]["RequestID"]["StringValue"] == request_id
    soon(lambda: "Never shardId-000000000000 1 record: throttled" in local.log)
    client = local.client("lambda")
    reserved = client.get_function_concurrency(FunctionName="Never")
    assert reserved["ReservedConcurrentExecutions"] == 0
    whole = client.get_function(FunctionName="Never")
    assert whole["Concurrency"] == {"ReservedConcurrentExecutions": 0}
    assert "Concurrency" not in client.get_function(FunctionName="Fn")


def test_a_client_context_and_a_trace_id_reach_the_function(project: Path) -> None:
    client = start(project).client("lambda")
    trace = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"

    def add_trace(request: Any, **_: object) -> None:  # noqa: ANN401 - botocore's
        request.headers["X-Amzn-Trace-Id"] = trace

    client.meta.events.register("before-sign.lambda.Invoke", add_trace)
    context = base64.b64encode('{"custom": {"who": "ü\\n"}}'.encode()).decode()
    answer = client.invoke(FunctionName="Fn", ClientContext=context, Payload=b"{}")
    assert json.loads(answer["Payload"].read()) == {"custom": {"who": "ü\n"}, "trace": trace}


@pytest.mark.parametrize("context", ["no base64!", base64.b64encode(b"[1]").decode()])
def test_a_client_context_that_is_none_is_refused(project: Path, context: str) -> None:
    client = start(project).client("lambda")
    with pytest.raises(ClientError, match="Client context must be a valid Base64-encoded JSON"):
        client.invoke(FunctionName="Fn", ClientContext=context, Payload=b"{}")


def test_cloudwatch_has_what_streams_and_functions_measure(project: Path) -> None:
    local = start(project)
    lambda_, kinesis = local.client("lambda"), local.client("kinesis")
    lambda_.invoke(FunctionName="Fn", Payload=b"{}")
    lambda_.invoke(FunctionName="Fn", Payload=b'{"fail": true}')
    with pytest.raises(lambda_.exceptions.TooManyRequestsException):
        lambda_.invoke(FunctionName="Never", Payload=b"{}")
    records = [{"Data": b"x", "PartitionKey": "k"}] * 3
    kinesis.put_records(StreamName="idle", Records=records)
    local.wait()
    change_faults(local.server, {"set": {"throttle": ["idle"]}})
    assert kinesis.put_records(StreamName="idle", Records=records)["FailedRecordCount"] == 3

    def of(resource: str, metric: str, statistic: str) -> float:
        dimension = "StreamName" if resource == "idle" else "FunctionName"
        end = datetime.now(UTC) + timedelta(minutes=1)
        answer = local.client("cloudwatch").get_metric_statistics(
            Namespace="AWS/Kinesis" if resource == "idle" else "AWS/Lambda",
            MetricName=metric,
            Dimensions=[{"Name": dimension, "Value": resource}],
            StartTime=end - timedelta(hours=1),
            EndTime=end,
            Period=3600,
            Statistics=[statistic],
        )
        return float(sum(each[statistic] for each in answer["Datapoints"]))

    # two by us, and a batch of the stream; one more where it came in two
    assert of("Fn", "Invocations", "Sum") >= 3
    assert of("Fn", "Errors", "Sum") == 1
    assert of("Fn", "Duration", "Maximum") > 0
    assert of("Fn", "IteratorAge", "Maximum") > 0
    assert of("Never", "Throttles", "Sum") == 1
    assert of("idle", "IncomingRecords", "Sum") == 3
    assert of("idle", "WriteProvisionedThroughputExceeded", "Sum") == 3


def test_metrics_that_a_function_writes_into_its_log_are_in_cloudwatch(project: Path) -> None:
    local = start(project)
    directive = {
        "Namespace": "Shop",
        "Dimensions": [["service"]],
        "Metrics": [{"Name": "orders", "Unit": "Count"}],
    }
    metadata = {"Timestamp": time.time_ns() // 1_000_000, "CloudWatchMetrics": [directive]}
    said = json.dumps({"_aws": metadata, "service": "checkout", "orders": [1, 2]})
    payload = json.dumps({"say": said}).encode()
    local.client("lambda").invoke(FunctionName="Fn", Payload=payload)
    local.wait()
    end = datetime.now(UTC) + timedelta(minutes=1)
    answer = local.client("cloudwatch").get_metric_statistics(
        Namespace="Shop",
        MetricName="orders",
        Dimensions=[{"Name": "service", "Value": "checkout"}],
        StartTime=end - timedelta(hours=1),
        EndTime=end,
        Period=3600,
        Statistics=["Sum", "Average"],
    )
    (point,) = answer["Datapoints"]
    assert point["Sum"] == 3
