"""One call of the function: its log, its figures, and what came of it in Lambda's words."""

import json
import signal
from collections.abc import Mapping, Sequence
from dataclasses import replace

from kinesis_cli.event_source_mapping.invocation import (
    FunctionError,
    InvocationRequest,
    InvocationResult,
    timed_out,
)
from kinesis_cli.function_log.platform import PlatformLog, Report, Trouble
from kinesis_cli.handlers.failure import exited
from kinesis_cli.handlers.isolated.sandbox import Ended, EndKind, Sandbox
from kinesis_cli.handlers.response import (
    MAX_RESPONSE_BYTES,
    MarshalError,
    as_json_value,
    marshal_error,
)
from kinesis_cli.project.function import Function

_MB = 1024 * 1024

# UNSURE(streamed-response): we fail the call. Or is the response put together, and read?
_STREAMED = FunctionError(
    "Runtime.StreamingNotSupported",
    "the function streams its response, and kcli takes an answer as a whole: let it return one",
)


class Call:
    """What is known of a call, from the start of its process to its report."""

    def __init__(
        self, request: InvocationRequest, function: Function, arn: str, log: PlatformLog
    ) -> None:
        self.duration = 0.0  # seconds of the call's own time
        self._request, self._function, self._arn, self._log = request, function, arn, log
        self._lines: list[str] = []
        self._init_duration: float | None = None  # seconds
        self._max_memory_used = 0  # MB
        self._log_stream: str | None = None

    def initialising(self) -> None:
        """A process is about to start."""
        self._lines += self._log.init_start()

    def initialised(self, sandbox: Sandbox, ended: Ended, seconds: float, phase: str) -> None:
        """It has imported the function, or not.

        Args:
            sandbox: the process.
            ended: what came of it.
            seconds: how long it took.
            phase: "init", or "invoke" if the call's own time was used.
        """
        self._take_from(sandbox)
        if phase == "init":
            self._init_duration = seconds
        else:
            self.duration = seconds
        _, error = self._outcome(ended)
        trouble = None if error is None else _trouble(ended, error)
        self._lines += self._log.init_report(seconds, phase, trouble)

    def started(self) -> None:
        """The function is about to be called."""
        self._lines += self._log.start(self._request.request_id, self._arn)

    def ended(self, sandbox: Sandbox, ended: Ended, seconds: float) -> InvocationResult:
        """The call is over.

        Args:
            sandbox: the process that it ran in.
            ended: what came of it.
            seconds: how long it took, besides an initialisation in the call's own time.
        """
        self.duration += seconds
        self._take_from(sandbox)
        return self.result(ended)

    def result(self, ended: Ended) -> InvocationResult:
        """What came of the call, or of the initialisation that failed before it."""
        request_id, limit = self._request.request_id, self._function.memory_size
        response, error = self._outcome(ended)
        if error is not None and ended.kind is EndKind.TIMED_OUT:
            self._lines += self._log.timed_out(request_id, self._function.timeout)
        elif error is not None and ended.kind in (EndKind.EXITED, EndKind.OUT_OF_MEMORY):
            self._lines += self._log.exited(error.error_message)
        report = Report(
            request_id=request_id,
            duration=self.duration,
            memory_size=limit,
            max_memory_used=min(self._max_memory_used, limit),
            init_duration=self._init_duration,
            trouble=None if error is None else _trouble(ended, error),
        )
        self._lines += self._log.report(report)
        return InvocationResult(
            response=response,
            error=error,
            elapsed=self.duration,
            logs=tuple(self._lines),
            report=report.document(),
            log_stream=self._log_stream,
            unsure=ended.unsure,
        )

    def _take_from(self, sandbox: Sandbox) -> None:
        self._log_stream = sandbox.log_stream
        self._lines += sandbox.take_output()
        self._max_memory_used = -(-sandbox.max_memory_used // _MB)

    def _outcome(self, ended: Ended) -> tuple[object, FunctionError | None]:
        request_id = self._request.request_id
        match ended.kind:
            case EndKind.RESPONSE:
                return _response(ended.body, request_id)
            case EndKind.TOO_LARGE:
                return None, _too_large(request_id)
            case EndKind.STREAMED:
                return None, _STREAMED
            case EndKind.UNANSWERED:
                return None, FunctionError(ended.error_type, ended.message, request_id=request_id)
            case EndKind.ERROR:
                return None, _reported(ended.body, ended.error_type)
            case EndKind.TIMED_OUT:
                return None, timed_out(request_id, self._function.timeout)
            case EndKind.OUT_OF_MEMORY:
                # UNSURE(memory-kill): Runtime.ExitError with this text, as in most logs, or
                # Runtime.OutOfMemory?
                return None, exited(-signal.SIGKILL, request_id)
            case EndKind.EXITED:
                return None, exited(ended.exit_code, request_id)
            case EndKind.READY:
                return None, None


def _response(body: bytes, request_id: str) -> tuple[object, FunctionError | None]:
    try:
        return as_json_value(body), None
    except MarshalError as error:
        return None, marshal_error(error, request_id)


def _too_large(request_id: str) -> FunctionError:
    """As `as_json_value` says it, for a response that is not even read."""
    try:
        as_json_value(bytes(MAX_RESPONSE_BYTES + 1))
    except MarshalError as error:
        return marshal_error(error, request_id)
    raise AssertionError("it is too large")


def _reported(body: bytes, error_type: str) -> FunctionError:
    """The document that the runtime sent. The function's own code may have sent another one.

    Args:
        body: the document.
        error_type: what the runtime says beside it; "": nothing.
    """
    try:
        document = json.loads(body)
    except ValueError:
        document = None
    if not isinstance(document, Mapping):
        # UNSURE(error-not-json): what Lambda makes of an error that is not a JSON object
        return FunctionError(error_type or "Runtime.Unknown", body.decode("utf-8", "replace"))
    stack = document.get("stackTrace", document.get("trace"))  # the second is Node.js's
    request_id = document.get("requestId")
    return FunctionError(
        error_type=str(document.get("errorType", error_type or "Runtime.Unknown")),
        error_message=str(document.get("errorMessage", "")),
        stack_trace=tuple(map(_frame, stack)) if isinstance(stack, list) else (),
        request_id=None if request_id is None else str(request_id),
        reported=document,
    )


def _frame(frame: object) -> str:
    """A line of a stack: Go's runtime writes objects of path, line and label."""
    match frame:
        case {"path": path, "line": line, "label": label}:
            return f"  at {label} ({path}:{line})"
    return str(frame)


def init_failure(ended: Ended, written: Sequence[str]) -> FunctionError:
    """Why a process could not import the function.

    Args:
        ended: how it came to its end.
        written: the lines that it wrote.
    """
    if ended.kind is EndKind.ERROR:
        return _reported(ended.body, ended.error_type)
    error = exited(ended.exit_code, "")
    last = next((line.strip() for line in reversed(written) if line.strip()), "")
    text = error.error_message.partition("Error: ")[2]
    return replace(error, error_message=f"{text}: {last}" if last else text)


def _trouble(ended: Ended, error: FunctionError) -> Trouble:
    if ended.kind is EndKind.TIMED_OUT:
        return Trouble("timeout", "")
    # UNSURE(failure-status): of "error" and "failure", the second when the process ended?
    has_ended = ended.kind in (EndKind.EXITED, EndKind.OUT_OF_MEMORY)
    return Trouble("failure" if has_ended else "error", error.error_type)
