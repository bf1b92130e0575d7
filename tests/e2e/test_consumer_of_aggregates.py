"""Records of KPL aggregates under enhanced fan-out: found, redriven and saved, each for itself."""

import json
import os
from base64 import b64decode
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.programs import Completed, Kcli
from tests.patience import PATIENCE

pytestmark = pytest.mark.slow

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Stream: {Type: AWS::Kinesis::Stream, Properties: {ShardCount: 1, Name: orders}}
  Consumer:
    Type: AWS::Kinesis::StreamConsumer
    Properties: {ConsumerName: app, StreamARN: !GetAtt Stream.Arn}
  Failed: {Type: AWS::SQS::Queue, Properties: {QueueName: failed}}
  Function:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: reads-a-consumer
      CodeUri: src/
      Handler: app.handler
      Runtime: python3.12
      Events:
        Orders:
          Type: Kinesis
          Properties:
            Stream: !GetAtt Consumer.ConsumerARN
            StartingPosition: TRIM_HORIZON
            MaximumRetryAttempts: 0
            FunctionResponseTypes: [ReportBatchItemFailures]
            DestinationConfig: {OnFailure: {Type: SQS, Destination: !GetAtt Failed.Arn}}
"""
REPORTS_TWO = """
import base64, json

def handler(event, context):
    failed = [
        {"itemIdentifier": record["kinesis"]["sequenceNumber"]}
        for record in event["Records"]
        if json.loads(base64.b64decode(record["kinesis"]["data"]))["n"] == 2
    ]
    return {"batchItemFailures": failed}
"""
Run = Callable[..., Completed]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A function that reads an enhanced fan-out consumer, and five records for it."""
    home = tmp_path_factory.mktemp("consumer")
    (home / "src").mkdir()
    (home / "template.yaml").write_text(TEMPLATE)
    (home / "src" / "app.py").write_text(REPORTS_TWO)
    (home / "five.ndjson").write_text("".join(f'{{"n":{n}}}\n' for n in range(5)))
    return home


@pytest.fixture(scope="module")
def run(project: Path) -> Iterator[Run]:
    run = Kcli(project, os.environ)
    assert run("local", "start", "--detach", "--in-memory").returncode == 0
    assert run("put", "--from", "five.ndjson", "--aggregate").returncode == 0
    assert run("local", "wait", "--idle", "--timeout", str(PATIENCE)).returncode == 0
    yield run
    run("local", "stop")


def payloads(document: dict[str, Any]) -> list[bytes]:
    return [b64decode(record["kinesis"]["data"]) for record in document["records"]]


def test_the_mapping_of_a_consumer_is_found_without_naming_its_function(run: Run) -> None:
    assert "Event source mapping to reads-a-consumer" in run("status").stdout


def test_the_aggregate_of_a_queues_document_is_opened_as_the_mapping_did(run: Run) -> None:
    [document] = json.loads(run("redrive", "--output", "json").stdout)["documents"]
    assert payloads(document) == [b'{"n":%d}' % n for n in range(5)]
    assert (document["missing"], document["remark"]) == (0, None)
    arns = {record["eventSourceARN"] for record in document["records"]}
    assert len(arns) == 1
    assert "/consumer/app:" in arns.pop()


def test_a_report_of_their_number_is_shown_with_all_of_them(run: Run) -> None:
    shown = run("redrive", "--invoke").stdout
    assert all(f'{{"n":{n}}}' in shown for n in range(5))
    assert "Lambda cannot tell them apart" in " ".join(shown.split())
    [document] = json.loads(run("redrive", "--invoke", "--output", "json").stdout)["documents"]
    assert document["batchItemFailures"] == [document["startSequenceNumber"]]


def test_all_of_them_are_saved_and_can_be_read_again(run: Run, project: Path) -> None:
    assert run("redrive", "--save", "saved.ndjson").returncode == 0
    assert len((project / "saved.ndjson").read_text().splitlines()) == 5
    again = run("event", "--from", "saved.ndjson", "--output", "ndjson").stdout.splitlines()
    assert [json.loads(line)["kinesis"]["partitionKey"] for line in again] == [
        f"record-{n}" for n in range(1, 6)
    ]
