"""A deployed function behind the `Handler` protocol: in AWS, or behind the local endpoint.

Source: https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
"""

import base64
import json
from time import perf_counter
from typing import TYPE_CHECKING, Any

from kinesis_cli.aws.answers import ADVICE, ForeignAnswerError
from kinesis_cli.aws.session import Connection
from kinesis_cli.errors import InputError
from kinesis_cli.event_source_mapping.invocation import (
    FunctionError,
    InvocationRequest,
    InvocationResult,
)
from kinesis_cli.function_log.lines import last_report, whole_messages
from kinesis_cli.handlers.invocation_type import InvocationType, LogType
from kinesis_cli.handlers.invoke_once import MAX_EVENT_BYTES, MAX_QUEUED_EVENT_BYTES

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient


class RemoteHandler:
    """Calls a function through Lambda's API.

    Args:
        connection: to what.
        function_name: name or ARN.
        qualifier: a version or an alias.
        invocation_type: how it is called.
        log_type: whether the log's end comes along; only for calls that are waited for.
    """

    runtime = "remote"

    def __init__(
        self,
        connection: Connection,
        function_name: str,
        *,
        qualifier: str | None = None,
        invocation_type: InvocationType = InvocationType.REQUEST_RESPONSE,
        log_type: LogType = LogType.TAIL,
    ) -> None:
        self.name = f"{function_name}:{qualifier}" if qualifier else function_name
        self._connection, self._type = connection, invocation_type
        self._client: LambdaClient = connection.client("lambda")
        self._parameters: dict[str, Any] = {"FunctionName": function_name}
        if qualifier:
            self._parameters["Qualifier"] = qualifier
        self._parameters["InvocationType"] = invocation_type.value
        if invocation_type is InvocationType.REQUEST_RESPONSE:
            self._parameters["LogType"] = log_type.value

    def invoke(self, request: InvocationRequest) -> InvocationResult:
        """Call the function once. A failing function is a result; it gets a request id of its own.

        Raises:
            InputError: the event is larger than Lambda takes.
            EndpointError: the function was not called.
        """
        self._check_size(request.payload)
        parameters = self._parameters
        if request.client_context is not None:
            encoded = base64.b64encode(request.client_context.encode()).decode()
            parameters = {**parameters, "ClientContext": encoded}
        began = perf_counter()
        with self._connection.explained("lambda"):
            answer = self._client.invoke(**parameters, Payload=request.payload)
            body = answer["Payload"].read()
        elapsed = perf_counter() - began
        metadata = answer["ResponseMetadata"]
        if "RequestId" not in metadata and not _is_json(body):  # `sam local start-lambda` has no id
            raise ForeignAnswerError(
                f"{self._client.meta.endpoint_url} does not answer like Lambda", advice=ADVICE
            )
        logs = _lines(answer.get("LogResult", ""))
        response, error = _outcome(body, is_error=bool(answer.get("FunctionError")))
        return InvocationResult(
            response=response,
            error=error,
            elapsed=elapsed,
            logs=logs,
            report=_report(logs, metadata["HTTPHeaders"]),
            request_id=metadata.get("RequestId"),
        )

    def close(self) -> None:
        """Nothing is held."""

    def _check_size(self, payload: bytes) -> None:
        is_event = self._type is InvocationType.EVENT
        limit = MAX_QUEUED_EVENT_BYTES if is_event else MAX_EVENT_BYTES
        if len(payload) > limit:
            raise InputError(
                f"the event has {len(payload):,} bytes, and Lambda takes {limit:,}"
                f"{' of one that is not waited for' if is_event else ''}"
            )


def _lines(log_result: str) -> tuple[str, ...]:
    """The end of the log; its first line may be the end of one."""
    try:
        text = base64.b64decode(log_result).decode("utf-8", "replace")
    except ValueError:  # not what Lambda answers
        return ()
    return tuple(whole_messages(line for line in text.split("\n") if line))


def _is_json(body: bytes) -> bool:
    try:
        json.loads(body)
    except (ValueError, RecursionError):
        return False
    return True


def _outcome(body: bytes, *, is_error: bool) -> tuple[object, FunctionError | None]:
    try:
        document: object = json.loads(body) if body else None
    except (ValueError, RecursionError):  # an error that Lambda did not make
        document = body.decode("utf-8", "replace")
    if not is_error:
        return document, None
    if not isinstance(document, dict):
        return None, FunctionError("Unhandled", str(document))
    stack, request_id = document.get("stackTrace"), document.get("requestId")
    return None, FunctionError(
        # an old time-out has only a message
        error_type=str(document.get("errorType", "Unhandled")),
        error_message=str(document.get("errorMessage", "")),
        stack_trace=tuple(map(_frame, stack)) if isinstance(stack, list) else (),
        request_id=request_id if isinstance(request_id, str) else None,
    )


def _frame(frame: object) -> str:
    return frame if isinstance(frame, str) else json.dumps(frame)


def _report(logs: tuple[str, ...], headers: dict[str, str]) -> dict[str, object] | None:
    """The REPORT line's figures, with the X-Ray id that came with the answer."""
    report = last_report(logs)
    trace = headers.get("x-amzn-trace-id", "")  # "Root=1-5e34…;Parent=…;Sampled=1"
    if report is not None and "xrayTraceId" not in report and trace.startswith("Root="):
        report["xrayTraceId"] = trace.removeprefix("Root=").partition(";")[0]
    return report
