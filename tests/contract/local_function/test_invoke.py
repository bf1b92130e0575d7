"""Lambda's Invoke and what describes functions, by boto3."""

import base64
import http.client
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from kinesis_cli.local.state import HOST

from .conftest import Local

pytest.importorskip("awslambdaric")


def invoke(local: Local, event: object, **arguments: Any) -> Any:  # noqa: ANN401 - boto3's
    client = local.client("lambda")
    return client.invoke(FunctionName="Any", Payload=json.dumps(event).encode(), **arguments)


def refused(error: ClientError) -> tuple[int, str, str]:
    answer = error.response
    status = answer["ResponseMetadata"]["HTTPStatusCode"]
    return status, answer["Error"]["Code"], answer["Error"]["Message"]


def test_a_function_answers_with_its_response(local: Local) -> None:
    answer = invoke(local, {"a": "ü"})
    assert answer["StatusCode"] == 200
    assert answer["ExecutedVersion"] == "$LATEST"
    assert "FunctionError" not in answer
    assert json.loads(answer["Payload"].read()) == {
        "echo": {"a": "ü"},
        "arn": "arn:aws:lambda:us-east-1:000000000000:function:Any",
    }


def test_the_log_tail_has_the_last_four_kilobytes_from_start_to_report(local: Local) -> None:
    answer = invoke(local, {}, LogType="Tail")
    lines = base64.b64decode(answer["LogResult"]).decode().splitlines()
    request_id = answer["ResponseMetadata"]["RequestId"]
    assert f"START RequestId: {request_id} Version: $LATEST" in lines
    assert lines[-1].startswith(f"REPORT RequestId: {request_id}\tDuration: ")
    assert "LogResult" not in invoke(local, {})


@pytest.mark.parametrize(
    ("event", "error_type", "message"),
    [
        ({"do": "raise"}, "ValueError", "wrong"),
        ({"do": "exit"}, "Runtime.ExitError", "exit status 7"),
        ({"do": "sleep"}, "Sandbox.Timedout", "Task timed out after 3.00 seconds"),
        ({"do": "large"}, "Function.ResponseSizeTooLarge", "6291556 bytes"),
    ],
)
def test_a_function_that_fails_is_an_answer_with_lambdas_error(
    local: Local, event: object, error_type: str, message: str
) -> None:
    answer = invoke(local, event)
    assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
    document = json.loads(answer["Payload"].read())
    assert document["errorType"] == error_type
    assert message in document["errorMessage"]


def test_a_dry_run_calls_nothing(local: Local) -> None:
    answer = invoke(local, {"do": "exit"}, InvocationType="DryRun")
    assert (answer["StatusCode"], answer["Payload"].read()) == (204, b"")


def test_an_event_is_accepted_and_handled_later(local: Local) -> None:
    answer = invoke(local, {"later": 1}, InvocationType="Event")
    assert (answer["StatusCode"], answer["Payload"].read()) == (202, b"")


@pytest.mark.parametrize(
    "name",
    [
        "Any",
        "Any:$LATEST",
        "000000000000:function:Any",
        "arn:aws:lambda:us-east-1:000000000000:function:Any",
        "arn:aws:lambda:us-east-1:000000000000:function:Any:$LATEST",
    ],
)
def test_a_function_goes_by_its_name_or_arn(local: Local, name: str) -> None:
    assert local.client("lambda").invoke(FunctionName=name)["StatusCode"] == 200


@pytest.mark.parametrize("name", ["nobody", "Any:3"])
def test_an_unknown_function_or_version_is_not_found(local: Local, name: str) -> None:
    with pytest.raises(ClientError) as error:
        local.client("lambda").invoke(FunctionName=name)
    arn = f"arn:aws:lambda:us-east-1:000000000000:function:{name}"
    expected = (404, "ResourceNotFoundException", f"Function not found: {arn}")
    assert refused(error.value) == expected


def test_another_account_or_region_has_no_functions(local: Local) -> None:
    for client in (
        local.client("lambda", key="123456789012"),
        local.client("lambda", region="eu-west-1"),
    ):
        assert client.list_functions()["Functions"] == []
        with pytest.raises(ClientError, match="ResourceNotFoundException"):
            client.invoke(FunctionName="Any")


@pytest.mark.parametrize(
    ("invocation_type", "size", "limit"),
    [("RequestResponse", 6_291_457, 6_291_456), ("Event", 1_048_577, 1_048_576)],
)
def test_a_payload_beyond_the_limit_is_refused(
    local: Local, invocation_type: str, size: int, limit: int
) -> None:
    with pytest.raises(ClientError) as error:
        local.client("lambda").invoke(
            FunctionName="Any",
            Payload=b'"' + b"x" * (size - 2) + b'"',
            InvocationType=invocation_type,
        )
    assert refused(error.value) == (
        413,
        "RequestTooLargeException",
        f"Request must be smaller than {limit} bytes for the InvokeFunction operation",
    )


def test_a_body_that_is_no_json_is_refused(local: Local) -> None:
    with pytest.raises(ClientError) as error:
        local.client("lambda").invoke(FunctionName="Any", Payload=b"{")
    status, code, message = refused(error.value)
    assert (status, code) == (400, "InvalidRequestContentException")
    assert message.startswith("Could not parse request body into json: Could not parse payload")


def test_no_payload_is_an_empty_object(local: Local) -> None:
    answer = local.client("lambda").invoke(FunctionName="Any")
    assert json.loads(answer["Payload"].read())["echo"] == {}


def test_the_functions_environment_leads_to_this_endpoint_and_nowhere_else(local: Local) -> None:
    variables = json.loads(invoke(local, {"do": "environment"})["Payload"].read())
    assert variables["AWS_ENDPOINT_URL"] == local.server.endpoint
    assert variables["AWS_REGION"] == "us-east-1"
    assert "AWS_PROFILE" not in variables


def test_what_describes_a_function_says_what_the_template_says(local: Local) -> None:
    client = local.client("lambda")
    described = client.get_function_configuration(FunctionName="orders-function")
    assert described["Handler"] == "app.handler"
    assert described["Timeout"] == 3
    assert described["State"] == "Active"
    variables = described["Environment"]["Variables"]
    # of this endpoint's account, not of the one that stands in for AWS's
    assert variables["ARN"] == "arn:aws:kinesis:us-east-1:000000000000:stream/orders"
    assert variables["QUEUE"] == f"{local.server.endpoint}/000000000000/Failures"
    assert "AWS_ENDPOINT_URL" not in variables
    whole = client.get_function(FunctionName="orders-function")
    assert whole["Configuration"]["FunctionArn"] == described["FunctionArn"]
    names = {each["FunctionName"] for each in client.list_functions()["Functions"]}
    assert names == {"orders-function", "Second", "Loop", "Any", "windowed"}


def test_what_kcli_does_not_have_is_refused_in_a_sentence(local: Local) -> None:
    with pytest.raises(ClientError, match="does not know GET /2015-03-31/functions/Any/policy"):
        local.client("lambda").get_policy(FunctionName="Any")


def test_a_name_that_is_none_is_refused(local: Local) -> None:
    connection = http.client.HTTPConnection(HOST, local.server.port)
    connection.request("POST", "/2015-03-31/functions/a%0Ab%1B%5B/invocations", b"{}")
    answer = connection.getresponse()
    assert answer.status == 400
    assert answer.getheader("x-amzn-errortype") == "ValidationException"
    connection.close()


def test_cloudformation_shows_the_template_as_a_stack(local: Local) -> None:
    client = local.client("cloudformation")
    stack = client.describe_stacks(StackName="kcli")["Stacks"][0]
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    assert {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]} == {
        "FunctionName": "orders-function",
        "StreamArn": "arn:aws:kinesis:us-east-1:000000000000:stream/orders",
        "FailureQueueUrl": f"{local.server.endpoint}/000000000000/Failures",
    }
    resources = client.describe_stack_resources(StackName="kcli")["StackResources"]
    found = {each["LogicalResourceId"]: each for each in resources}
    assert found["Fn"]["PhysicalResourceId"] == "orders-function"
    assert found["Fn"]["ResourceType"] == "AWS::Lambda::Function"
    assert found["Orders"]["PhysicalResourceId"] == "orders"
    listed = client.list_stack_resources(StackName="kcli")["StackResourceSummaries"]
    assert len(listed) == len(resources)
    with pytest.raises(ClientError, match="does not exist"):
        client.describe_stacks(StackName="another")
