"""Invoke, InvokeAsync and InvokeWithResponseStream.

Source: https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html and, for errors, LocalStack's
snapshots recorded on AWS.
"""

import base64
import json
import uuid
from dataclasses import replace
from typing import Any

from kinesis_cli.event_source_mapping.invocation import (
    FunctionError,
    InvocationRequest,
    InvocationResult,
)
from kinesis_cli.handlers.invoke_once import MAX_EVENT_BYTES, MAX_QUEUED_EVENT_BYTES
from kinesis_cli.local.function.hosted import LATEST
from kinesis_cli.local.function.registry import Target
from kinesis_cli.local.function.runtime import NotRunnableError, ThrottledError
from kinesis_cli.local.http.messages import Request, Response
from kinesis_cli.local.kinesis_protocol import event_stream
from kinesis_cli.local.lambda_api.context import Context
from kinesis_cli.local.lambda_api.errors import (
    LambdaError,
    function_not_found,
    too_many_requests,
)

Parameters = dict[str, Any]

LOG_TAIL_BYTES = 4096


async def invoke(context: Context, parameters: Parameters) -> Response:
    """Call a function: now, later, or not at all."""
    request = context.request
    kind = parameters.get("InvocationType", "RequestResponse")
    target = _target(context, parameters)
    payload = _payload(request.body, MAX_QUEUED_EVENT_BYTES if kind == "Event" else None)
    if kind == "DryRun":
        return Response(204, "", headers=headers())
    if kind == "Event":
        return Response(202, "", headers=headers(_accepted(context, target, payload)))
    result, request_id = await _called(context, target, payload)
    with_log = parameters.get("LogType") == "Tail"
    return _result(result, request_id, target, with_log=with_log)


async def invoke_async(context: Context, parameters: Parameters) -> Response:
    """The call of before Invoke: an event."""
    target = _target(context, parameters)
    payload = _payload(context.request.body, MAX_QUEUED_EVENT_BYTES)
    return Response(202, "application/json", b"{}", headers(_accepted(context, target, payload)))


async def invoke_with_response_stream(context: Context, parameters: Parameters) -> Response:
    """Call a function; what it answers comes in one chunk.

    Source: https://docs.aws.amazon.com/lambda/latest/api/API_InvokeWithResponseStream.html
    """
    target = _target(context, parameters)
    payload = _payload(context.request.body, None)
    if parameters.get("InvocationType") == "DryRun":
        return Response(204, "", headers=headers())
    result, request_id = await _called(context, target, payload)
    complete: dict[str, str] = {}
    if result.error is not None:
        complete = {"ErrorCode": "Unhandled", "ErrorDetails": _body(result).decode()}
    if parameters.get("LogType") == "Tail":
        complete["LogResult"] = _log_tail(result)
    pieces = []
    if result.error is None:
        chunk = event_stream.event("PayloadChunk", "application/octet-stream", _body(result))
        pieces.append(chunk)
    end = json.dumps(complete).encode()
    pieces.append(event_stream.event("InvokeComplete", "application/json", end))
    answered = {**headers(request_id), "x-amz-executed-version": target.function.version}
    return Response(200, event_stream.CONTENT_TYPE, b"".join(pieces), answered, note=_note(result))


def _target(context: Context, parameters: Parameters) -> Target:
    """What is called.

    Raises:
        LambdaError: there is none, or it cannot run.
    """
    registry = context.registry
    name = context.name(parameters)
    target = registry.find(name.reference)
    if target is None:
        if registry.has(name.name) and name.qualifier in ("", LATEST):
            raise _unable(registry.problem(name.name))
        raise function_not_found(registry.arn(name.name), name.qualifier or LATEST)
    if target.function.problem:
        raise _unable(target.function.problem)
    return target


def _accepted(context: Context, target: Target, payload: bytes) -> str:
    trace_id = context.request.headers.get("x-amzn-trace-id")
    return context.service.events.accept(target.arn, payload, trace_id)


async def _called(context: Context, target: Target, payload: bytes) -> tuple[InvocationResult, str]:
    request_id = str(uuid.uuid4())
    trace_id = context.request.headers.get("x-amzn-trace-id")
    call = InvocationRequest(
        request_id, payload, client_context=_client_context(context.request), trace_id=trace_id
    )
    try:
        result = await context.service.direct.call(target, call, "request")
    except NotRunnableError as error:
        raise _unable(str(error)) from error
    except ThrottledError as error:
        raise too_many_requests() from error
    return _as_answered(result), request_id


def _as_answered(result: InvocationResult) -> InvocationResult:
    """An answer that is too large is told without the request's id.

    Source: recorded on AWS: exactly errorMessage and errorType.
    """
    error = result.error
    if error is None or error.error_type != "Function.ResponseSizeTooLarge":
        return result
    return replace(result, error=FunctionError(error.error_type, error.error_message))


def _client_context(request: Request) -> str | None:
    """The caller's context as JSON on one line.

    Raises:
        LambdaError: it is not an object in base64.
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
        LambdaError: it is too large, or not JSON.
    """
    if len(body) > (limit or MAX_EVENT_BYTES):
        raise LambdaError(
            413,
            "RequestTooLargeException",
            f"Request must be smaller than {limit or MAX_EVENT_BYTES} bytes for the"
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


def _result(
    result: InvocationResult, request_id: str, target: Target, *, with_log: bool
) -> Response:
    answered = {**headers(request_id), "x-amz-executed-version": target.function.version}
    if result.error is not None:
        answered["x-amz-function-error"] = "Unhandled"
    if with_log:
        answered["x-amz-log-result"] = _log_tail(result)
    return Response(200, "application/json", _body(result), answered, note=_note(result))


def _body(result: InvocationResult) -> bytes:
    """As the runtime writes it; what came back from JSON can become JSON again."""
    document = result.response if result.error is None else result.error.document()
    return json.dumps(document, ensure_ascii=False).encode("utf-8", "surrogatepass")


def _log_tail(result: InvocationResult) -> str:
    """The end of the call's log; what a cold start wrote before START is not in it."""
    lines = list(result.logs)
    begin = next((at for at, line in enumerate(lines) if _is_start(line)), 0)
    log = "".join(f"{line}\n" for line in lines[begin:]).encode("utf-8", "replace")
    return base64.b64encode(log[-LOG_TAIL_BYTES:]).decode()


def _is_start(line: str) -> bool:
    return line.startswith("START RequestId: ") or '"type": "platform.start"' in line


def _note(result: InvocationResult) -> str:
    return "Invoke" if result.error is None else f"Invoke {result.error.error_type}"


def _unable(problem: str) -> LambdaError:
    # 502, not the model's 500, which SDKs would try again
    return LambdaError(502, "ServiceException", f"The function cannot be run here: {problem}")


def headers(request_id: str | None = None) -> dict[str, str]:
    """What every answer has."""
    return {"x-amzn-requestid": request_id or str(uuid.uuid4())}
