"""Lambda's calls as botocore's model has them."""

import re

import pytest

from kinesis_cli.local.http.messages import Request
from kinesis_cli.local.kinesis_protocol.model import Shape
from kinesis_cli.local.kinesis_protocol.shape_types import whole
from kinesis_cli.local.lambda_api.api import _answering
from kinesis_cli.local.lambda_api.errors import LambdaError
from kinesis_cli.local.lambda_api.model import lambda_model


def request(method: str, path: str, query: str = "", body: bytes = b"") -> Request:
    return Request(method, path, path.encode(), query, {}, body)


def shapes_below(shape: Shape) -> list[Shape]:
    inner = [*shape.members.values(), *filter(None, (shape.element, shape.key))]
    return [shape, *(each for one in inner for each in shapes_below(one))]


def test_every_pattern_of_the_model_is_one_that_python_knows() -> None:
    for operation in lambda_model()._operations:
        for shape in shapes_below(operation.shape):
            if shape.pattern:
                re.compile(whole(shape.pattern))


@pytest.mark.parametrize(
    ("method", "path", "query", "name"),
    [
        ("GET", "/2015-03-31/functions", "", "ListFunctions"),
        ("GET", "/2015-03-31/functions/", "", "ListFunctions"),
        ("GET", "/2015-03-31/functions/a", "Qualifier=1", "GetFunction"),
        ("GET", "/2018-10-31/layers", "", "ListLayers"),
        ("GET", "/2019-09-30/functions/a/provisioned-concurrency", "List=ALL", "ListProvisioned"),
        ("GET", "/2019-09-30/functions/a/provisioned-concurrency", "Qualifier=1", "GetProvisioned"),
        ("POST", "/2015-03-31/functions/arn%3Aaws%3Alambda/invocations", "", None),
    ],
)
def test_a_request_is_the_call_whose_path_and_query_it_has(
    method: str, path: str, query: str, name: str | None
) -> None:
    if name is None:  # the path is right, the name is not
        with pytest.raises(LambdaError, match="at 'functionName' failed to satisfy constraint"):
            lambda_model().call(request(method, path, query))
        return
    call = lambda_model().call(request(method, path, query))
    assert call
    assert call.name.startswith(name)


def test_what_is_no_call_of_lambda_is_none() -> None:
    assert lambda_model().call(request("GET", "/2015-03-31/nothing")) is None


@pytest.mark.parametrize(
    ("code", "status", "member"),
    [
        ("InvalidParameterValueException", 400, "message"),
        ("ResourceConflictException", 409, "message"),
        ("TooManyRequestsException", 429, "message"),
        ("InvalidRequestContentException", 400, "message"),
        ("RequestTooLargeException", 413, "message"),
        ("ResourceNotFoundException", 404, "Message"),
        ("ServiceException", 500, "Message"),
        ("ValidationException", 400, "message"),  # of every service, in no model
    ],
)
def test_an_errors_status_and_member_are_the_models(code: str, status: int, member: str) -> None:
    assert lambda_model().error(code) == (status, member)


def test_the_calls_that_fixtures_and_terraform_make_are_answered() -> None:
    for name in (
        *("CreateFunction", "GetFunction", "ListVersionsByFunction", "ListTags", "GetPolicy"),
        *("GetFunctionCodeSigningConfig", "GetFunctionConcurrency", "PublishVersion"),
        *("CreateAlias", "PutFunctionEventInvokeConfig", "AddPermission", "GetAccountSettings"),
        *("ListLayers", "DeleteFunction", "UpdateFunctionCode", "UpdateFunctionConfiguration"),
        *("GetRuntimeManagementConfig", "GetFunctionRecursionConfig", "InvokeAsync"),
    ):
        assert _answering(name), name
