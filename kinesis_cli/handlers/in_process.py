"""Running a handler in this process: the fastest place, and the one where a debugger works.

What cannot be contained here: `os._exit` and a crash end kcli too, and what a subprocess writes
goes to kcli's own standard output.
"""

import json
import math
import sys
import threading
from bdb import BdbQuit
from collections.abc import Callable
from time import perf_counter  # before `virtual_time` puts its own in: this one is real
from typing import TextIO

import msgspec

from kinesis_cli.event_source_mapping.invocation import (
    FunctionError,
    InvocationRequest,
    InvocationResult,
)
from kinesis_cli.handlers import virtual_time
from kinesis_cli.handlers.context import LambdaContext
from kinesis_cli.handlers.environment import Environment, lambda_variables
from kinesis_cli.handlers.failure import error_of_exception, exit_error, timed_out
from kinesis_cli.handlers.interruption import Alarm, CtrlC
from kinesis_cli.handlers.loading import Code, LambdaFunction
from kinesis_cli.handlers.output import LogHandler, Output, install_logging
from kinesis_cli.handlers.response import MarshalError, as_json_value
from kinesis_cli.handlers.virtual_time import TimedOut, VirtualTime
from kinesis_cli.project.function import DEFAULT_MEMORY_SIZE, MAXIMUM_TIMEOUT, Function
from kinesis_cli.project.template import ACCOUNT_ID, region

# What AWS answers when a request's time is far from its own; virtual time is.
# Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/signature-v4-troubleshooting.html
_CLOCK_ERRORS = (
    "InvalidSignatureException",
    "RequestExpired",
    "RequestTimeTooSkewed",
    "Signature expired",
    "Signature not yet current",
)

# Clocks, standard output and the environment belong to the whole process.
_one_call_at_a_time = threading.RLock()


class CallableHandler:
    """A Python function as a Lambda handler, behind the `Handler` protocol.

    Args:
        function: called with the event (parsed JSON) and a `LambdaContext`.
        name: how it is called in texts.
        timeout: seconds, of virtual or real time.
        memory_size: MB, for the context only.
        wall_clock: whether it sees the real time in a simulation.
        debug: nothing is captured and no time-out applies, so that `breakpoint()` works.
        debug_at: the same for the delivery attempt of this number only.
    """

    runtime = "in-process"

    def __init__(
        self,
        function: LambdaFunction,
        *,
        name: str | None = None,
        timeout: float = MAXIMUM_TIMEOUT,
        memory_size: int = DEFAULT_MEMORY_SIZE,
        wall_clock: bool = False,
        debug: bool = False,
        debug_at: int | None = None,
    ) -> None:
        name = name or str(getattr(function, "__qualname__", type(function).__name__))
        self._set_up(name, timeout, memory_size, wall_clock, debug, debug_at)
        self._function = function

    def _set_up(
        self,
        name: str,
        timeout: float,
        memory_size: int,
        wall_clock: bool,
        debug: bool,
        debug_at: int | None,
        variables: dict[str, str] | None = None,
    ) -> None:
        variables = variables or {}
        self.name, self.timeout = name, timeout
        self._wall_clock, self._debug, self._debug_at = wall_clock, debug, debug_at
        self._virtual: VirtualTime | None = None
        self._environment: Environment | None = None
        self._output = Output()
        as_json = variables.get("AWS_LAMBDA_LOG_FORMAT", "").upper() == "JSON"
        self._log_handler = LogHandler(self._output, as_json=as_json)
        self._logging = install_logging(self._log_handler, variables.get("AWS_LAMBDA_LOG_LEVEL"))
        self._alarm, self._ctrl_c = Alarm(), CtrlC()
        self._context_type = _context_type(name, memory_size, variables)
        self._closed = False
        if not wall_clock:
            virtual_time.install()

    def invoke(self, request: InvocationRequest) -> InvocationResult:
        """Call the function once. A failing function is a result.

        Raises:
            KeyboardInterrupt: the user pressed Ctrl-C, or left the debugger.
        """
        with _one_call_at_a_time:
            return self._invoke(request)

    def close(self) -> None:
        """Give back clocks, signals, logging and the environment."""
        if self._closed:
            return
        self._closed = True
        if not self._wall_clock:
            virtual_time.uninstall()
        self._ctrl_c.close()
        self._logging.restore()
        if self._environment is not None:
            self._environment.close()

    def _invoke(self, request: InvocationRequest) -> InvocationResult:
        try:
            event = _parsed(request.payload)
        except ValueError as error:
            text = f"Unable to unmarshal input: {error}"
            return InvocationResult(error=FunctionError("Runtime.UnmarshalError", text))
        debugging = self._debug or request.number == self._debug_at
        clock = self._clock(request)
        started = perf_counter()
        context = self._context_type(
            request.request_id, self._remaining(clock, started, debugging=debugging)
        )
        limit = math.inf if debugging else self.timeout
        streams = self._enter(request.request_id, debugging=debugging)
        if clock is not None and request.at is not None:
            clock.start(request.at, limit - request.invocation_duration)
        returned: object = None
        raised: BaseException | None = None
        try:
            try:
                if not debugging:
                    self._alarm.start(limit)
                returned = self._function(event, context)
                self._alarm.silence()
            except BaseException as error:  # noqa: BLE001 - whatever a handler raises is its result
                self._alarm.silence()
                raised = error
        except TimedOut as error:  # it rang just before it was silenced
            raised = error
        elapsed = perf_counter() - started
        self._leave(clock, elapsed, streams, debugging=debugging)
        self._pass_on_ctrl_c(raised, debugging=debugging)
        slept = 0.0 if clock is None else clock.slept
        if elapsed > limit or slept + request.invocation_duration > limit or self._rang(clock):
            late = timed_out(self.timeout, request.request_id)
            return self._result(error=late, slept=slept, elapsed=elapsed)
        return self._outcome(returned, raised, request, slept, elapsed)

    def _clock(self, request: InvocationRequest) -> VirtualTime | None:
        if request.at is None or self._wall_clock:
            return None
        if self._virtual is None:
            self._virtual = VirtualTime()
        return self._virtual

    def _remaining(
        self, clock: VirtualTime | None, started: float, *, debugging: bool
    ) -> Callable[[], float]:
        timeout = self.timeout
        if clock is not None:
            return lambda: timeout - clock.slept
        if debugging:
            return lambda: timeout
        return lambda: timeout - (perf_counter() - started)

    def _rang(self, clock: VirtualTime | None) -> bool:
        """Whether time was up, also where the handler swallowed the interruption."""
        return self._alarm.rang or (clock is not None and clock.timed_out)

    def _enter(self, request_id: str, *, debugging: bool) -> tuple[TextIO, TextIO]:
        streams = sys.stdout, sys.stderr
        self._log_handler.request_id = request_id
        if debugging:
            self._output.passes_to = sys.stderr
        else:
            sys.stdout = sys.stderr = self._output
        if self._environment is not None:
            self._environment.enter()
        return streams

    def _leave(
        self,
        clock: VirtualTime | None,
        elapsed: float,
        streams: tuple[TextIO, TextIO],
        *,
        debugging: bool,
    ) -> None:
        if not debugging:
            self._alarm.stop(elapsed)
        if clock is not None:
            clock.stop()
        if self._environment is not None:
            self._environment.leave()
        sys.stdout, sys.stderr = streams
        self._output.passes_to = None
        self._log_handler.request_id = None

    def _pass_on_ctrl_c(self, raised: BaseException | None, *, debugging: bool) -> None:
        mistakable = isinstance(raised, KeyboardInterrupt) and not self._ctrl_c.is_known()
        if self._ctrl_c.pressed or mistakable or (debugging and isinstance(raised, BdbQuit)):
            self._ctrl_c.pressed = False
            raise KeyboardInterrupt

    def _outcome(
        self,
        returned: object,
        raised: BaseException | None,
        request: InvocationRequest,
        slept: float,
        elapsed: float,
    ) -> InvocationResult:
        if raised is None:
            try:
                response = as_json_value(returned)
            except MarshalError as error:
                failure = FunctionError(
                    error.error_type, error.message, request_id=request.request_id
                )
                _close_coroutine(returned)
                return self._result(error=failure, slept=slept, elapsed=elapsed)
            return self._result(response=response, slept=slept, elapsed=elapsed)
        if isinstance(raised, Exception):
            failed = error_of_exception(raised, request.request_id)
            written = self._advice(failed, request)
        else:
            failed, written = exit_error(raised, request.request_id)
        return self._result(error=failed, slept=slept, elapsed=elapsed, written=written)

    def _result(
        self,
        *,
        response: object = None,
        error: FunctionError | None = None,
        slept: float,
        elapsed: float,
        written: list[str] | None = None,
    ) -> InvocationResult:
        logs = self._output.take() + tuple(written or ())
        return InvocationResult(response, error, slept, elapsed, logs)

    def _advice(self, error: FunctionError, request: InvocationRequest) -> list[str]:
        virtual = request.at is not None and not self._wall_clock
        told = f"{error.error_type} {error.error_message}"
        if virtual and any(mark in told for mark in _CLOCK_ERRORS):
            return [
                "kcli: AWS refuses the handler's virtual time; --wall-clock gives it the real one"
            ]
        return []


class InProcessHandler(CallableHandler):
    """The project's function: imported as Lambda does, with its environment and in its folder.

    Args:
        function: what to run, see `find_function`.
        wall_clock: whether it sees the real time in a simulation.
        debug: nothing is captured and no time-out applies, so that `breakpoint()` works.
        debug_at: the same for the delivery attempt of this number only.
        at: epoch seconds of virtual time at which the code is imported; None: the real time.

    Raises:
        InputError: the module or the function is not there, or importing it fails.
    """

    def __init__(
        self,
        function: Function,
        *,
        wall_clock: bool = False,
        debug: bool = False,
        debug_at: int | None = None,
        at: float | None = None,
    ) -> None:
        variables = lambda_variables(function)
        self._set_up(
            function.handler,
            function.timeout,
            function.memory_size,
            wall_clock,
            debug,
            debug_at,
            variables,
        )
        self.function = function
        self._code: Code | None = None
        self._environment = Environment(variables, function.code_uri)
        request = InvocationRequest("", b"", None if wall_clock else at)
        try:
            self._code = self._loaded(request)
        except BaseException:
            self.close()
            raise
        self._function = self._code.function

    def _loaded(self, request: InvocationRequest) -> Code:
        """Import the code. What it writes belongs to the log of the first call, as in Lambda."""
        clock = self._clock(request)
        streams = self._enter("", debugging=self._debug)
        if clock is not None and request.at is not None:
            clock.start(request.at, math.inf)
        try:
            return Code(self.function)
        finally:
            self._leave(clock, 0.0, streams, debugging=self._debug)

    def close(self) -> None:
        """Give back what `CallableHandler.close` does, and the imported modules."""
        if not self._closed and self._code is not None:
            self._code.close()
        super().close()


def _parsed(payload: bytes) -> object:
    """The event, anew for each call, so that a handler that changes it changes nothing.

    msgspec takes half of the time of `json.loads` and gives the same; what it refuses and the
    standard library takes (NaN, 1e400, half a surrogate pair) is left to that, as in Lambda.
    """
    try:
        return msgspec.json.decode(payload)
    except msgspec.DecodeError:
        return json.loads(payload)


def _context_type(name: str, memory_size: int, variables: dict[str, str]) -> type[LambdaContext]:
    function_name = variables.get("AWS_LAMBDA_FUNCTION_NAME", name)
    shared = {
        "function_name": function_name,
        "memory_limit_in_mb": str(memory_size),
        "invoked_function_arn": f"arn:aws:lambda:{region()}:{ACCOUNT_ID}:function:{function_name}",
        "log_group_name": variables.get("AWS_LAMBDA_LOG_GROUP_NAME", f"/aws/lambda/{name}"),
        "log_stream_name": variables.get("AWS_LAMBDA_LOG_STREAM_NAME", "$LATEST"),
    }
    return type("LambdaContext", (LambdaContext,), shared)


def _close_coroutine(returned: object) -> None:
    """An `async def` handler returns a coroutine, which Python would complain about later."""
    close = getattr(returned, "close", None)
    if hasattr(returned, "cr_frame") and callable(close):
        close()
