"""Lambda's Invoke and what describes functions, by boto3."""

import base64
import http.client
import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from kinesis_cli.local.state import HOST

from .conftest import Local

pytestmark = pytest.mark.slow

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
    assert lines[0] == f"START RequestId: {request_id} Version: $LATEST"
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


def test_the_log_tail_of_a_cold_start_begins_with_start_and_tells_how_long_it_took(
    fresh: Callable[[], Local],
) -> None:
    answer = invoke(fresh(), {}, LogType="Tail")
    lines = base64.b64decode(answer["LogResult"]).decode().splitlines()
    assert lines[0].startswith("START RequestId: ")
    assert "Init Duration: " in lines[-1]


def test_an_answer_that_is_too_large_is_told_in_two_members(local: Local) -> None:
    document = json.loads(invoke(local, {"do": "large"})["Payload"].read())
    assert sorted(document) == ["errorMessage", "errorType"]


def test_a_response_stream_is_one_chunk_and_its_end(local: Local) -> None:
    client = local.client("lambda")
    answer = client.invoke_with_response_stream(
        FunctionName="Any", Payload=b'{"a": 1}', LogType="Tail"
    )
    chunk, end = list(answer["EventStream"])
    assert json.loads(chunk["PayloadChunk"]["Payload"])["echo"] == {"a": 1}
    assert base64.b64decode(end["InvokeComplete"]["LogResult"]).startswith(b"START RequestId: ")
    assert answer["ExecutedVersion"] == "$LATEST"


def test_a_response_stream_ends_with_the_functions_error(local: Local) -> None:
    answer = local.client("lambda").invoke_with_response_stream(
        FunctionName="Any", Payload=b'{"do": "raise"}'
    )
    (end,) = list(answer["EventStream"])
    assert end["InvokeComplete"]["ErrorCode"] == "Unhandled"
    assert json.loads(end["InvokeComplete"]["ErrorDetails"])["errorType"] == "ValueError"


def test_the_old_asynchronous_call_accepts_an_event(local: Local) -> None:
    answer = local.client("lambda").invoke_async(FunctionName="Any", InvokeArgs=b'{"later": 2}')
    assert answer["Status"] == 202


def test_an_errors_sentence_stands_where_the_model_has_it(local: Local) -> None:
    def answer(path: str, body: bytes) -> tuple[str | None, dict[str, str]]:
        connection = http.client.HTTPConnection(HOST, local.server.port)
        connection.request("POST", f"/2015-03-31/functions/{path}/invocations", body)
        response = connection.getresponse()
        return response.getheader("x-amzn-errortype"), json.loads(response.read())

    code, document = answer("nobody", b"{}")
    assert code == "ResourceNotFoundException"
    assert sorted(document) == ["Message", "Type"]
    code, document = answer("Any", b"{")
    assert code == "InvalidRequestContentException"
    assert sorted(document) == ["Type", "message"]


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


@pytest.mark.parametrize(("name", "shown"), [("nobody", "nobody:$LATEST"), ("Any:3", "Any:3")])
def test_an_unknown_function_or_version_is_not_found(local: Local, name: str, shown: str) -> None:
    with pytest.raises(ClientError) as error:
        local.client("lambda").invoke(FunctionName=name)
    arn = f"arn:aws:lambda:us-east-1:000000000000:function:{shown}"
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
    with pytest.raises(ClientError, match="does not know CreateFunctionUrlConfig") as refused:
        local.client("lambda").create_function_url_config(FunctionName="Any", AuthType="NONE")
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501


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
