"""A project with functions, and a `kcli local` of its own, as a process."""

import json
import os
import select
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from kinesis_cli.local.client.process import ensure_running, stop_server
from kinesis_cli.local.client.waiting import wait_until_idle
from kinesis_cli.local.options import LocalOptions
from kinesis_cli.local.state import Server
from tests.e2e.local_endpoint import write_project
from tests.patience import PATIENCE

TEMPLATE = """\
Transform: AWS::Serverless-2016-10-31
Globals:
  Function: {Runtime: python3.12, CodeUri: src, Timeout: 3}
Resources:
  Orders: {Type: AWS::Kinesis::Stream, Properties: {Name: orders, ShardCount: 2}}
  Bulk: {Type: AWS::Kinesis::Stream, Properties: {Name: bulk, ShardCount: 1}}
  Own: {Type: AWS::Kinesis::Stream, Properties: {Name: own, ShardCount: 1}}
  Failures: {Type: AWS::SQS::Queue}
  FailureTopic: {Type: AWS::SNS::Topic}
  FailureBucket: {Type: AWS::S3::Bucket, Properties: {BucketName: failures-of-orders}}
  Fn:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: orders-function
      Handler: app.handler
      Environment: {Variables: {CALLS: "%(calls)s", QUEUE: !Ref Failures, ARN: !GetAtt Orders.Arn}}
      Events:
        In:
          Type: Kinesis
          Properties:
            Stream: !GetAtt Orders.Arn
            StartingPosition: TRIM_HORIZON
            BatchSize: 10
            MaximumRetryAttempts: 0
            BisectBatchOnFunctionError: true
            FunctionResponseTypes: [ReportBatchItemFailures]
            DestinationConfig: {OnFailure: {Destination: !GetAtt Failures.Arn}}
  Second:
    Type: AWS::Serverless::Function
    Properties:
      Handler: app.second
      Environment: {Variables: {CALLS: "%(calls)s"}}
      Events:
        In:
          Type: Kinesis
          Properties: {Stream: !GetAtt Orders.Arn, StartingPosition: TRIM_HORIZON}
  Loop:
    Type: AWS::Serverless::Function
    Properties:
      Handler: app.loop
      Events:
        In: {Type: Kinesis, Properties: {Stream: !GetAtt Own.Arn, StartingPosition: TRIM_HORIZON}}
  Windowed:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: windowed
      Handler: app.windowed
      Environment: {Variables: {CALLS: "%(calls)s"}}
      Events:
        In: {Type: Kinesis, Properties: {Stream: !GetAtt Own.Arn, StartingPosition: LATEST}}
  Any:
    Type: AWS::Serverless::Function
    Properties:
      Handler: app.anything
      LoggingConfig: {LogGroup: of-any}
      Events:
        In: {Type: Kinesis, Properties: {Stream: !GetAtt Bulk.Arn, StartingPosition: LATEST}}
Outputs:
  FunctionName: {Value: !Ref Fn}
  StreamArn: {Value: !GetAtt Orders.Arn}
  FailureQueueUrl: {Value: !Ref Failures}
"""

APP = """\
import base64, json, os, time


def told(event, name):
    data = [base64.b64decode(each["kinesis"]["data"]).decode() for each in event["Records"]]
    shard = event["Records"][0]["eventID"].split(":")[0] if data else None
    with open(os.environ["CALLS"], "a") as calls:  # one write of a line: processes may mix
        calls.write(json.dumps({"function": name, "shard": shard, "data": data}) + "\\n")
    return data


def handler(event, context):
    data = told(event, "orders-function")
    for each in data:
        print("got", each)
    if any(each.startswith("boom") for each in data):
        raise ValueError("boom")
    numbers = [each["kinesis"]["sequenceNumber"] for each in event["Records"]]
    failed = [n for n, each in zip(numbers, data) if each.startswith("bad")]
    return {"batchItemFailures": [{"itemIdentifier": each} for each in failed]}


def second(event, context):
    told(event, "Second")


def windowed(event, context):
    told(event, "windowed")
    return {"state": {}}


def loop(event, context):
    # Puts a record on its own stream, once; by hand, since an SDK may not be installed.
    import ssl, urllib.request
    if event["Records"][0]["kinesis"]["partitionKey"] != "first":
        return
    key = os.environ["AWS_ACCESS_KEY_ID"]
    body = json.dumps({"StreamName": "own", "PartitionKey": "later", "Data": ""})
    request = urllib.request.Request(
        os.environ["AWS_ENDPOINT_URL"],
        body.encode(),
        {
            "X-Amz-Target": "Kinesis_20131202.PutRecord",
            "Content-Type": "application/x-amz-json-1.1",
            "X-Amz-Date": "20260101T000000Z",
            "Authorization": f"AWS4-HMAC-SHA256 Credential={key}/20260101/us-east-1/kinesis/"
            "aws4_request, SignedHeaders=host, Signature=0",
        },
    )
    context = ssl.create_default_context(cafile=os.environ.get("AWS_CA_BUNDLE"))
    urllib.request.urlopen(request, context=context).read()


def anything(event, context):
    match event.get("do"):
        case "raise":
            raise ValueError("wrong")
        case "sleep":
            time.sleep(60)
        case "exit":
            os._exit(7)
        case "environment":
            return dict(os.environ)
        case "large":
            return "x" * 7_000_000
    return {"echo": event, "arn": context.invoked_function_arn}
"""


@dataclass(frozen=True, slots=True)
class Local:
    """The project's endpoint."""

    project: Path
    server: Server

    def client(self, service: str, **settings: Any) -> Any:  # noqa: ANN401 - boto3 makes classes as it runs
        """A client of it."""
        return boto3.client(  # type: ignore[call-overload]
            service,
            endpoint_url=self.server.endpoint,
            region_name=settings.pop("region", "us-east-1"),
            aws_access_key_id=settings.pop("key", "local"),
            aws_secret_access_key="secret",
            verify=str(self.server.certificate) if self.server.certificate else None,
            config=Config(retries={"max_attempts": 0}, **settings),
        )

    def wait(self) -> None:
        """Until everything put has been handled or discarded."""
        assert wait_until_idle(self.server, PATIENCE)

    def calls(self, function: str) -> list[list[str]]:
        """The payloads of each call of a function."""
        lines = (self.project / "calls.ndjson").read_text().splitlines()
        told = [json.loads(line) for line in lines]
        return [each["data"] for each in told if each["function"] == function]

    def handled(self, function: str) -> list[str]:
        """All payloads that a function was given."""
        return [data for call in self.calls(function) for data in call]

    @property
    def log(self) -> str:
        """What the server wrote."""
        return (self.project / ".kcli" / "server.log").read_text()


def make_project(folder: Path) -> Path:
    calls = folder / "calls.ndjson"
    write_project(folder, APP, TEMPLATE % {"calls": calls})
    calls.touch()
    return folder


def start(project: Path, **options: bool) -> Local:
    of_project = LocalOptions.of_project(project, region="us-east-1")
    running = ensure_running(replace(of_project, **options), directory=project)  # type: ignore[arg-type]
    return Local(project, running.server)


def kill(pid: int) -> None:
    """End a process and wait until it is gone."""
    with process(pid) as handle:
        os.kill(pid, signal.SIGKILL)
        assert select.select([handle], [], [], PATIENCE)[0]


@contextmanager
def process(pid: int) -> Iterator[int]:
    """A descriptor that becomes readable when the process ends."""
    handle = os.pidfd_open(pid)
    try:
        yield handle
    finally:
        os.close(handle)


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Local]:
    """One that all tests of a file share."""
    project = make_project(tmp_path_factory.mktemp("shared") / "project")
    yield start(project)
    stop_server(project / ".kcli")


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Callable[[], Local]]:
    """`fresh()`: the endpoint of this test alone, started where it does not run."""
    project = make_project(tmp_path / "project")
    yield lambda: start(project)
    stop_server(project / ".kcli")
    shutil.rmtree(project)
