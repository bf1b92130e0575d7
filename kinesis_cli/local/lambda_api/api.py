"""Which call a request is, and its answer."""

import inspect
import json
from collections.abc import Callable
from typing import Any

from kinesis_cli.local.http.messages import Request, Response
from kinesis_cli.local.http.signature import Signer
from kinesis_cli.local.lambda_api import (
    concurrency,
    event_invoke,
    functions,
    invoke,
    mappings,
    permissions,
    settings,
    tags,
    versions,
)
from kinesis_cli.local.lambda_api.context import Context
from kinesis_cli.local.lambda_api.errors import LambdaError
from kinesis_cli.local.lambda_api.model import lambda_model
from kinesis_cli.local.service.function_service import FunctionService

PREFIX = "/2015-03-31/"

# AWS's status is another one than the model's. Source: LocalStack's snapshots.
_STATUS = {"DeleteFunction": 204}
_NO_BODY = 204

# The calls of the model that kcli answers; each is a function of its name.
_MODULES = (
    *(concurrency, event_invoke, functions, invoke, mappings),
    *(permissions, settings, tags, versions),
)
_Answering = Callable[[Context, dict[str, Any]], Any]


def _snake(name: str) -> str:
    """`GetFunction` as `get_function`."""
    return "".join(f"_{each.lower()}" if each.isupper() else each for each in name).lstrip("_")


def _answering(call: str) -> _Answering | None:
    name = _snake(call)
    for module in _MODULES:
        if inspect.isfunction(found := vars(module).get(name)):
            return found
    return None


class LambdaApi:
    """Answers Lambda's calls.

    Args:
        service: the functions.
    """

    def __init__(self, service: FunctionService) -> None:
        self._service = service

    def is_meant(self, request: Request, signer: Signer) -> bool:
        """Whether a request is for Lambda."""
        return signer.service == "lambda" or request.path.startswith(PREFIX)

    async def handle(self, request: Request, signer: Signer) -> Response:
        """Answer a request."""
        try:
            return await self._answer(request, signer)
        except LambdaError as error:
            return _refusal(error)

    async def _answer(self, request: Request, signer: Signer) -> Response:
        if request.method == "GET" and request.path.startswith(functions.CODE_PATH):
            return self._archive(request.path.removeprefix(functions.CODE_PATH))
        registry = self._service.registry(signer.account, signer.region)
        call = lambda_model().call(request)
        answering = _answering(call.name) if call else None
        if call is None or answering is None:
            what = call.name if call else f"{request.method} {request.path}"
            raise LambdaError(501, "NotImplemented", f"kcli's local Lambda does not know {what}")
        answer = answering(Context(self._service, registry, request), call.parameters)
        if inspect.isawaitable(answer):
            answer = await answer
        if isinstance(answer, Response):
            return answer
        status = _STATUS.get(call.name, call.status)
        body = b"" if status == _NO_BODY else json.dumps(answer).encode()
        return Response(status, "application/json", body, invoke.headers(), note=call.name)

    def _archive(self, key: str) -> Response:
        """The code of a function, as GetFunction names it."""
        file = self._service.packages.archive(key) if key.isalnum() else None
        if file is None or not file.is_file():
            return Response(404, "")
        return Response(200, "application/zip", file.read_bytes(), note="code")


def _refusal(error: LambdaError) -> Response:
    """As the model has it: the status, and whether the sentence stands in `message`."""
    status, member = lambda_model().error(error.code)
    if error.status >= status:
        status = error.status
    document = {member: error.message, **error.members}
    if error.code not in ("ValidationException", "SerializationException"):
        document["Type"] = "User" if status < 500 else "Service"
    headers = {**invoke.headers(), "x-amzn-errortype": error.code}
    body = json.dumps(document).encode()
    return Response(status, "application/json", body, headers, note=error.code)
