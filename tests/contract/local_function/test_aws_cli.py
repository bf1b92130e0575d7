"""What a user of the AWS CLI does with the local function: its own requests, its own parsing."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kinesis_cli.local.environment import client_variables
from tests.patience import PATIENCE

from .conftest import Local

pytestmark = [pytest.mark.slow, pytest.mark.builds]

pytest.importorskip("awslambdaric")

Completed = subprocess.CompletedProcess[str]
Aws = Callable[..., Completed]


@pytest.fixture(scope="module")
def aws(aws_cli: Path, local: Local) -> Aws:
    """Runs the AWS CLI as `eval "$(kcli local env)"` points it at the endpoint."""
    strangers = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}

    def run(*arguments: str) -> Completed:
        return subprocess.run(
            [aws_cli, *arguments, "--output", "json"],
            env={**strangers, **client_variables(local.server)},
            cwd=local.project,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )

    return run


def answer(run: Completed) -> Any:  # noqa: ANN401 - a JSON document
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def test_invoke_writes_the_functions_answer_into_a_file(aws: Aws, local: Local) -> None:
    metadata = answer(
        aws("lambda", "invoke", "--function-name", "Any", "--payload", '{"a": "ü"}', "answer.json")
    )
    assert metadata == {"StatusCode": 200, "ExecutedVersion": "$LATEST"}
    assert json.loads((local.project / "answer.json").read_text())["echo"] == {"a": "ü"}


def test_invoke_says_that_the_function_failed_and_shows_its_log(aws: Aws, local: Local) -> None:
    options = ("--payload", '{"do": "raise"}', "--log-type", "Tail")
    metadata = answer(aws("lambda", "invoke", "--function-name", "Any", *options, "failed.json"))
    assert metadata["FunctionError"] == "Unhandled"
    assert metadata["LogResult"]
    assert json.loads((local.project / "failed.json").read_text())["errorType"] == "ValueError"


def test_an_unknown_function_is_an_error_in_awss_words(aws: Aws) -> None:
    run = aws("lambda", "invoke", "--function-name", "nobody", "answer.json")
    assert run.returncode != 0
    assert "(ResourceNotFoundException) when calling the Invoke operation: " in run.stderr
    assert "Function not found: arn:aws:lambda:us-east-1:000000000000:function:nobody" in run.stderr


def test_what_is_put_comes_out_in_the_functions_log(aws: Aws, local: Local) -> None:
    stream = ("--stream-name", "orders", "--partition-key", "k")
    put = answer(aws("kinesis", "put-record", *stream, "--data", "hello"))
    assert put["ShardId"].startswith("shardId-")
    local.wait()
    group = ("--log-group-name", "/aws/lambda/orders-function")
    found = answer(aws("logs", "filter-log-events", *group, "--filter-pattern", "got"))
    assert [each["message"].strip() for each in found["events"]] == ["got hello"]
    streams = answer(aws("logs", "describe-log-streams", *group))["logStreams"]
    assert found["events"][0]["logStreamName"] in {each["logStreamName"] for each in streams}


def test_a_failed_batch_is_found_in_the_queue(aws: Aws, local: Local) -> None:
    stream = ("--stream-name", "orders", "--partition-key", "k")
    answer(aws("kinesis", "put-record", *stream, "--data", "boom"))
    local.wait()
    # version 1 ignores AWS_ENDPOINT_URL for SQS
    url = f"{local.server.endpoint}/000000000000/Failures"
    queue = ("--endpoint-url", local.server.endpoint, "--queue-url", url)
    (message,) = answer(aws("sqs", "receive-message", *queue))["Messages"]
    document = json.loads(message["Body"])
    assert document["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert document["KinesisBatchInfo"]["batchSize"] == 1


def test_functions_and_mappings_are_listed(aws: Aws) -> None:
    function = answer(aws("lambda", "get-function", "--function-name", "orders-function"))
    assert function["Configuration"]["Handler"] == "app.handler"
    listed = answer(aws("lambda", "list-functions"))["Functions"]
    assert "orders-function" in {each["FunctionName"] for each in listed}
    mine = ("--function-name", "orders-function")
    (mapping,) = answer(aws("lambda", "list-event-source-mappings", *mine))["EventSourceMappings"]
    assert mapping["EventSourceArn"] == "arn:aws:kinesis:us-east-1:000000000000:stream/orders"
    assert (mapping["State"], mapping["BatchSize"]) == ("Enabled", 10)


def test_a_mapping_is_made_changed_and_deleted(aws: Aws) -> None:
    stream = "arn:aws:kinesis:us-east-1:000000000000:stream/bulk"
    new = ("--function-name", "Second", "--event-source-arn", stream)
    made = answer(
        aws("lambda", "create-event-source-mapping", *new, "--starting-position", "LATEST")
    )
    uuid = ("--uuid", made["UUID"])
    changed = answer(
        aws("lambda", "update-event-source-mapping", *uuid, "--batch-size", "7", "--no-enabled")
    )
    assert (changed["BatchSize"], changed["State"]) == (7, "Disabling")
    got = answer(aws("lambda", "get-event-source-mapping", *uuid))
    assert (got["BatchSize"], got["State"]) == (7, "Disabled")
    assert answer(aws("lambda", "delete-event-source-mapping", *uuid))["State"] == "Deleting"
    assert aws("lambda", "get-event-source-mapping", *uuid).returncode != 0
