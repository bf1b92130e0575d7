"""Lambda over HTTP, for the functions of the template.

Source: https://docs.aws.amazon.com/lambda/latest/api/ and, for errors, LocalStack's snapshots
recorded on AWS.
"""

import base64
import json
import re
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cached_property
from typing import Any
from urllib.parse import unquote

from kinesis_cli.event_source_mapping.invocation import InvocationRequest, InvocationResult
from kinesis_cli.handlers.single import MAXIMUM_EVENT_BYTES, MAXIMUM_QUEUED_EVENT_BYTES
from kinesis_cli.local.function.code import fingerprint
from kinesis_cli.local.function.mapping_calls import MappingCalls
from kinesis_cli.local.function.refusals import LambdaError, function_not_found, too_many_requests
from kinesis_cli.local.function.runtime import LocalFunction, NotRunnableError, ThrottledError
from kinesis_cli.local.function.service import FunctionService
from kinesis_cli.local.http.messages import Request, Response
from kinesis_cli.local.http.signature import Signer

PREFIX = "/2015-03-31/"
LOG_TAIL_BYTES = 4096

_VERSION = re.compile(r"^/20\d\d-\d\d-\d\d/")  # of the API, in which a call was added
_NAME = re.compile(
    r"(?:arn:aws[a-z-]*:lambda:)?(?:[a-z0-9-]+:)?(?:\d{12}:)?(?:function:)?"
    r"(?P<name>[A-Za-z0-9_-]+)(?::(?P<qualifier>[A-Za-z0-9_$-]+))?"
)


class LambdaApi:
    """Answers Lambda's calls.

    Args:
        service: the functions.
    """

    def __init__(self, service: FunctionService) -> None:
        self._service = service

    @cached_property
    def _mappings(self) -> MappingCalls:
        return MappingCalls(self._service)

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
        path = _VERSION.sub("", request.path).strip("/").split("/")
        match request.method, [unquote(each) for each in path]:
            case "POST", ["functions", name, "invocations"]:
                return await self._invoke(request, self._function(name, request, signer))
            case "GET", ["functions"]:
                functions = self._service.functions.values() if self._is_home(signer) else ()
                return _json(200, {"Functions": [configuration(each) for each in functions]})
            case "GET", ["functions", name]:
                function = self._function(name, request, signer)
                location = function.function.code_uri.as_uri()
                whole = {"Configuration": configuration(function), "Code": {"Location": location}}
                if reserved := _reserved(function):
                    whole["Concurrency"] = reserved
                return _json(200, whole)
            case "GET", ["functions", name, "configuration"]:
                return _json(200, configuration(self._function(name, request, signer)))
            case "GET", ["functions", name, "concurrency"]:
                return _json(200, _reserved(self._function(name, request, signer)))
            case method, ["event-source-mappings", *rest] if self._is_home(signer):
                return _json(*await self._mappings.answer(method, rest, request))
        raise LambdaError(
            501,
            "NotImplemented",
            f"kcli's local Lambda does not know {request.method} {request.path}",
        )

    def _is_home(self, signer: Signer) -> bool:
        place = self._service.place
        return (signer.account, signer.region) == (place.account, place.region)

    def _function(self, text: str, request: Request, signer: Signer) -> LocalFunction:
        """The function that a name, an ARN or a part of one means.

        Raises:
            LambdaError: there is none.
        """
        match = _NAME.fullmatch(text)
        if match is None:
            raise LambdaError(
                400,
                "ValidationException",
                f"1 validation error detected: Value '{text}' at 'functionName' failed to satisfy"
                " constraint: Member must satisfy regular expression pattern:"
                " (arn:(aws[a-zA-Z-]*)?:lambda:)?([a-z]{2}(-gov)?-[a-z]+-\\d{1}:)?(\\d{12}:)?"
                "(function:)?([a-zA-Z0-9-_]+)(:(\\$LATEST|[a-zA-Z0-9-_]+))?",
            )
        name, qualifier = match["name"], match["qualifier"] or request.query("Qualifier")
        function = self._service.functions.get(name) if self._is_home(signer) else None
        if function is None or qualifier not in ("", "$LATEST"):
            raise function_not_found(self._service.place.function_arn(name), qualifier)
        return function

    # Invoke

    async def _invoke(self, request: Request, function: LocalFunction) -> Response:
        kind = request.headers.get("x-amz-invocation-type", "RequestResponse")
        if kind not in ("RequestResponse", "Event", "DryRun"):
            raise LambdaError(
                400,
                "ValidationException",
                f"1 validation error detected: Value '{kind}' at 'invocationType' failed to satisfy"
                " constraint: Member must satisfy enum value set:"
                " [RequestResponse, Event, DryRun]",
            )
        payload = _payload(request.body, MAXIMUM_QUEUED_EVENT_BYTES if kind == "Event" else None)
        if function.problem:
            raise _unable(function.problem)
        if kind == "DryRun":
            return Response(204, "", headers=_headers())
        trace_id = request.headers.get("x-amzn-trace-id")
        if kind == "Event":
            request_id = self._service.events.accept(function.function.name, payload, trace_id)
            return Response(202, "", headers=_headers(request_id))
        request_id = str(uuid.uuid4())
        call = InvocationRequest(
            request_id, payload, client_context=_client_context(request), trace_id=trace_id
        )
        try:
            result = await function.call(call)
        except NotRunnableError as error:
            raise _unable(str(error)) from error
        except ThrottledError as error:
            raise too_many_requests() from error
        with_log = request.headers.get("x-amz-log-type") == "Tail"
        return _result(result, request_id, with_log=with_log)


def _client_context(request: Request) -> str | None:
    """The caller's context as JSON on one line.

    Raises:
        LambdaError: it is no object in base64.
    """
    encoded = request.headers.get("x-amz-client-context")
    if not encoded:
        return None
    try:
        context = json.loads(base64.b64decode(encoded, validate=True))
    except ValueError:
        context = None
    if not isinstance(context, dict):
        raise LambdaError(
            400,
            "InvalidRequestContentException",
            "Client context must be a valid Base64-encoded JSON object.",
        )
    return json.dumps(context)


def _payload(body: bytes, limit: int | None) -> bytes:
    """The event.

    Raises:
        LambdaError: it is too large, or no JSON.
    """
    if len(body) > (limit or MAXIMUM_EVENT_BYTES):
        raise LambdaError(
            413,
            "RequestTooLargeException",
            f"Request must be smaller than {limit or MAXIMUM_EVENT_BYTES} bytes for the"
            " InvokeFunction operation",
        )
    # UNSURE(empty-payload): no body is an empty object; or is it null?
    payload = body or b"{}"
    try:
        json.loads(payload)
    except (ValueError, RecursionError) as error:
        problem = "Could not parse request body into json: Could not parse payload into json"
        raise LambdaError(400, "InvalidRequestContentException", f"{problem}: {error}") from error
    return payload


def _result(result: InvocationResult, request_id: str, *, with_log: bool) -> Response:
    headers = {**_headers(request_id), "x-amz-executed-version": "$LATEST"}
    document = result.response
    if result.error is not None:
        headers["x-amz-function-error"] = "Unhandled"
        document = result.error.document()
    if with_log:
        log = "".join(f"{line}\n" for line in result.logs).encode("utf-8", "replace")
        headers["x-amz-log-result"] = base64.b64encode(log[-LOG_TAIL_BYTES:]).decode()
    # as the runtime writes it; what came back from JSON can become JSON again
    body = json.dumps(document, ensure_ascii=False).encode("utf-8", "surrogatepass")
    return Response(200, "application/json", body, headers, note=_note(result))


def _note(result: InvocationResult) -> str:
    return "Invoke" if result.error is None else f"Invoke {result.error.error_type}"


def _unable(problem: str) -> LambdaError:
    return LambdaError(502, "ServiceException", f"The function cannot be run here: {problem}")


def _headers(request_id: str | None = None) -> dict[str, str]:
    return {"x-amzn-requestid": request_id or str(uuid.uuid4())}


def _json(status: int, document: object) -> Response:
    body = json.dumps(document).encode()
    return Response(status, "application/json", body, _headers(), note="Lambda")


def _refusal(error: LambdaError) -> Response:
    fault = "User" if error.status < 500 else "Service"
    document = {"Type": fault, "Message": error.message, **error.members}
    headers = {**_headers(), "x-amzn-errortype": error.code}
    body = json.dumps(document).encode()
    return Response(error.status, "application/json", body, headers, note=error.code)


def _reserved(local: LocalFunction) -> dict[str, int]:
    """The calls that a function has reserved, as AWS shows them."""
    reserved = local.calling.reserved_concurrency
    return {} if reserved is None else {"ReservedConcurrentExecutions": reserved}


def configuration(local: LocalFunction) -> dict[str, Any]:
    """A function as GetFunctionConfiguration shows it: what the template says, nothing made up."""
    function = local.function
    environment: Mapping[str, str] = function.environment
    stamp = datetime.fromtimestamp(function.code_uri.stat().st_mtime, UTC)
    return {
        "FunctionName": function.name,
        "FunctionArn": local.arn,
        "Handler": function.handler,
        "CodeSha256": base64.b64encode(bytes.fromhex(fingerprint(function.code_uri))).decode(),
        "LastModified": f"{stamp:%Y-%m-%dT%H:%M:%S}.000+0000",
        "Timeout": int(function.timeout),
        "MemorySize": function.memory_size,
        "Version": "$LATEST",
        "Environment": {"Variables": dict(environment)},
        "PackageType": "Zip",
        "State": "Failed" if local.problem else "Active",
        **({"StateReason": local.problem} if local.problem else {}),
        "LastUpdateStatus": "Successful",
        "LoggingConfig": {
            "LogFormat": environment.get("AWS_LAMBDA_LOG_FORMAT", "Text"),
            "LogGroup": local.log_group,
        },
    }
