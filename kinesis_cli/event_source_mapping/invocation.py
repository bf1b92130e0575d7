"""What passes between the event source mapping and a function: one request, one result.

`handlers` runs functions behind this protocol; the mapping never knows where they run.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable


@dataclass(frozen=True, slots=True)
class FunctionError:
    """How Lambda reports a function that failed.

    Source: https://docs.aws.amazon.com/lambda/latest/dg/python-exceptions.html
    """

    error_type: str  # "ValueError", "Sandbox.Timedout", "Runtime.ExitError", ...
    error_message: str
    stack_trace: tuple[str, ...] = ()  # as traceback.format_list gives it
    request_id: str | None = None
    reported: Mapping[str, object] | None = None  # the object that the runtime sent, if it did

    def document(self) -> dict[str, object]:
        """The error as Lambda's JSON object: members that are not known are left out."""
        if self.reported is not None:
            return dict(self.reported)
        document: dict[str, object] = {
            "errorMessage": self.error_message,
            "errorType": self.error_type,
        }
        if self.request_id is not None:
            document["requestId"] = self.request_id
        if self.stack_trace:
            document["stackTrace"] = list(self.stack_trace)
        return document


TIMED_OUT = "Sandbox.Timedout"
# Errors after which Lambda starts a new process for the next call.
ENDED_PROCESS = frozenset({TIMED_OUT, "Runtime.ExitError", "Runtime.OutOfMemory"})


def timed_out(request_id: str, timeout: float) -> FunctionError:
    """Return the error of a call that ran longer than the function's Timeout (seconds).

    `handlers.runner` has the same words: it imports nothing of kcli's.

    Source: LocalStack's snapshots recorded on AWS.
    """
    message = f"RequestId: {request_id} Error: Task timed out after {timeout:.2f} seconds"
    return FunctionError(TIMED_OUT, message)


@dataclass(frozen=True, slots=True)
class InvocationRequest:
    """One call of the function."""

    request_id: str
    payload: bytes  # the event as JSON
    at: float | None = None  # epoch seconds of virtual time; None: the real clock
    number: int = 1  # 1-based count of delivery attempts in this run
    invocation_duration: float = 0.0  # virtual seconds that the call lasts besides its own sleeps
    client_context: str | None = None  # JSON, for `context.client_context`; mappings give none
    trace_id: str | None = None  # X-Ray's header, "Root=…;Parent=…;Sampled=1"; None: not traced
    function_arn: str | None = None  # as the caller named it, with its alias; None: the function's
    real_seconds: float | None = None  # that it may really last at most, whatever the Timeout is


@dataclass(frozen=True, slots=True)
class InvocationResult:
    """What came of it: a response, or an error."""

    response: object = None  # the JSON value that the function returned
    error: FunctionError | None = None
    slept: float = 0.0  # virtual seconds that the function slept
    elapsed: float = 0.0  # real seconds that the call took
    logs: tuple[str, ...] = ()  # lines of standard output and messages of logging, in order
    report: dict[str, object] | None = (
        None  # the platform's REPORT line, parsed, where there is one
    )
    request_id: str | None = None  # where the platform gave the call one of its own
    unsure: tuple[str, ...] = ()  # points that it depends on, ids of docs/fidelity.md
    log_stream: str | None = None  # of the process that the call ran in, where it has one
    watched: Mapping[str, object] | None = None  # what else was seen, where `kcli check` asks

    def why(self, sequence_number: str) -> str:
        """Return why a record failed: the call's error, or a line of the log; "" if none tells."""
        if self.error is not None:
            return f"{self.error.error_type}: {self.error.error_message}"
        from kinesis_cli.event_source_mapping.why import line_that_names  # only for what failed

        return line_that_names(sequence_number, self.logs)


class Handler(Protocol):
    """A function that can be called: in this process, in one of its own, or remotely."""

    name: str  # "new_message_processor.handler.function_handler"
    runtime: str  # "in-process", "isolated", "isolated, Node.js 22.4.0", "remote"

    def invoke(self, request: InvocationRequest) -> InvocationResult:
        """Call the function once. A failing function is a result; it never raises."""
        ...

    def close(self) -> None:
        """Give back what the handler holds (a process, patched clocks, environment variables)."""
        ...


@runtime_checkable
class GoesAhead(Protocol):
    """A handler that works on a call while its caller does something else.

    It makes the calls one after another, in the order in which they have begun.
    """

    def begin(self, request: InvocationRequest) -> Callable[[], InvocationResult]:
        """Begin a call. Returns what waits for its result."""
        ...
