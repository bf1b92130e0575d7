"""boto3 clients whose requests moto answers in this process: no socket, no thread, no wait."""

from collections.abc import Callable, Iterator
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.config import Config

from kinesis_cli.local.http.messages import Request

# The status line, headers and body of an answer.
Answer = tuple[str, list[tuple[str, str]], bytes]
_NOWHERE = "http://127.0.0.1:1"  # never called


class Clients:
    """One client for each service, made when it is first wanted.

    Args:
        answer: takes a request and the service that it is for.
        region: where the resources are.
    """

    def __init__(self, answer: Callable[[Request, str], Answer], region: str) -> None:
        self._answer, self._region = answer, region
        self._session = boto3.session.Session()
        self._made: dict[str, Any] = {}

    def __call__(self, service: str) -> Any:  # noqa: ANN401 - boto3 makes classes as it runs
        """The client of a service, such as "sqs"."""
        if service not in self._made:
            client = self._session.client(
                service,  # type: ignore[call-overload]
                endpoint_url=_NOWHERE,
                region_name=self._region,
                aws_access_key_id="local",
                aws_secret_access_key="local",
                config=Config(retries={"total_max_attempts": 1}),
            )
            client.meta.events.register("before-send", self._hook(service))
            self._made[service] = client
        return self._made[service]

    def call(self, service: str, operation: str, parameters: object) -> Any:  # noqa: ANN401
        """Call an operation with what of `parameters` it knows, texts made numbers where it must.

        Args:
            service: "sqs".
            operation: "CreateQueue".
            parameters: under the API's names, as a template may write them.
        """
        client = self(service)
        shape = client.meta.service_model.operation_model(operation).input_shape
        method = {api: name for name, api in client.meta.method_to_api_mapping.items()}[operation]
        return getattr(client, method)(**fitted(parameters, shape))

    def _hook(self, service: str) -> Callable[..., AWSResponse]:
        def answered(request: AWSPreparedRequest, **_: object) -> AWSResponse:
            parts = urlsplit(request.url)
            body = request.body or b""
            if hasattr(body, "read"):
                body = body.read()
            headers = {
                name.lower(): value.decode() if isinstance(value, bytes) else str(value)
                for name, value in request.headers.items()
            }
            asked = Request(
                request.method,
                parts.path or "/",
                (parts.path or "/").encode(),
                parts.query,
                {**headers, "host": parts.netloc},
                body.encode() if isinstance(body, str) else bytes(body),
            )
            status, answer_headers, answer = self._answer(asked, service)
            code = int(status.split()[0])
            return AWSResponse(
                request.url, code, HTTPHeaders.from_pairs(answer_headers), _Raw(answer)
            )

        return answered


class _Raw(BytesIO):
    """A body as botocore reads it."""

    def stream(self, **_: object) -> Iterator[bytes]:
        yield self.read()


def fitted(value: Any, shape: Any) -> Any:  # noqa: ANN401 - any JSON value; botocore's shape
    """`value` as a parameter of this shape: members that it does not have are left out."""
    match shape.type_name:
        case "structure" if isinstance(value, dict):
            return {
                name: fitted(member, shape.members[name])
                for name, member in value.items()
                if name in shape.members
            }
        case "list" if isinstance(value, list):
            return [fitted(each, shape.member) for each in value]
        case "map" if isinstance(value, dict):
            return {str(name): fitted(member, shape.value) for name, member in value.items()}
        case "integer" | "long" if isinstance(value, str | float):
            return int(value)
        case "float" | "double" if isinstance(value, str | int):
            return float(value)
        case "boolean" if isinstance(value, str):
            return value.lower() == "true"
        case "string" if not isinstance(value, str):
            return text(value)
    return value


def text(value: object) -> str:
    """A value as CloudFormation hands it to a service that knows texts only."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict | list):
        import json

        return json.dumps(value)
    return str(value)
