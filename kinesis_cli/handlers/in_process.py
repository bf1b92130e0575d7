"""Running a handler in this process: the fastest place, and the one where a debugger works.

What cannot be contained here: `os._exit` and a crash end kcli too, and what a subprocess writes
goes to kcli's own standard output.
"""

import json
import math
import os
import sys
import threading
from bdb import BdbQuit
from collections.abc import Callable, Mapping
from pathlib import Path
from time import perf_counter  # before `virtual_time` puts its own in: this one is real
from typing import NamedTuple, TextIO

import msgspec

from kinesis_cli.errors import InputError, aws_code
from kinesis_cli.event_source_mapping.invocation import (
    FunctionError,
    InvocationRequest,
    InvocationResult,
)
from kinesis_cli.handlers import virtual_time
from kinesis_cli.handlers.context import ClientContext, LambdaContext
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
_CLOCK_ERRORS = frozenset(
    {
        "InvalidSignatureException",
        "RequestExpired",
        "RequestTimeTooSkewed",
        "SignatureDoesNotMatch",
    }
)

# Clocks, standard output and the environment belong to the whole process.
_one_call_at_a_time = threading.RLock()


class CallableHandler:
    """A Python function as a Lambda handler, behind the `Handler` protocol.

    Construct it before importing code that says `from time import sleep`: what was taken out of
    `time` earlier waits for real.

    Args:
        function: called with the event (parsed JSON) and a `LambdaContext`.
        name: how it is called in texts.
        timeout: seconds, of virtual or real time.
        memory_size: MB, for the context only.
        environment: variables in force during calls; by default nothing is changed.
        directory: the working directory during calls, if there are variables.
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
        environment: Mapping[str, str] | None = None,
        directory: Path | None = None,
        wall_clock: bool = False,
        debug: bool = False,
        debug_at: int | None = None,
    ) -> None:
        variables = environment or {}
        self.name = name or str(getattr(function, "__qualname__", type(function).__name__))
        self.timeout = timeout
        self._function = function
        self._wall_clock, self._debug, self._debug_at = wall_clock, debug, debug_at
        self._virtual: VirtualTime | None = None
        self._output = Output()
        as_json = variables.get("AWS_LAMBDA_LOG_FORMAT", "").upper() == "JSON"
        self._log_handler = LogHandler(self._output, as_json=as_json)
        self._logging = install_logging(self._log_handler, variables.get("AWS_LAMBDA_LOG_LEVEL"))
        self._environment = Environment(variables, directory) if variables else None
        self._alarm, self._ctrl_c = Alarm(), CtrlC()
        self._context_type = _context_type(self.name, memory_size, variables)
        self._closed = False
        if not wall_clock:
            virtual_time.install()

    def invoke(self, request: InvocationRequest) -> InvocationResult:
        """Call the function once. A failing function is a result.

        Raises:
            KeyboardInterrupt: the user pressed Ctrl-C, or left the debugger.
        """
        with _one_call_at_a_time:
            try:
                event, client_context = _event(request), _client_context(request)
            except MarshalError as error:
                return InvocationResult(error=error.as_function_error(request.request_id))
            ended = self._call(event, client_context, request)
            response, failure, written = self._judged(ended, request)
            logs = self._output.take() + written
            return InvocationResult(response, failure, ended.slept, ended.elapsed, logs)

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

    def _call(
        self, event: object, client_context: ClientContext | None, request: InvocationRequest
    ) -> "_Ended":
        debugging = self._debug or request.number == self._debug_at
        limit = math.inf if debugging else self.timeout
        clock = self._clock(request.at)
        started = perf_counter()
        context = self._context_type(
            request.request_id, self._remaining(clock, started, debugging=debugging)
        )
        context.client_context = client_context
        returned: object = None
        raised: BaseException | None = None
        self._ctrl_c.pressed = False  # an earlier one has ended what it was meant for
        self._ctrl_c.hold()
        streams = self._enter(request.request_id, debugging=debugging)
        if request.trace_id is not None:
            os.environ["_X_AMZN_TRACE_ID"] = request.trace_id
        if clock is not None and request.at is not None:
            clock.start(request.at, limit - request.invocation_duration)
        try:
            try:
                if not debugging:
                    self._alarm.start(limit)
                self._ctrl_c.release()
                returned = self._function(event, context)
                self._ctrl_c.hold()
                self._alarm.silence()
            except BaseException as error:  # noqa: BLE001 - whatever a handler raises is its result
                self._ctrl_c.hold()
                self._alarm.silence()
                raised = error
        except (TimedOut, KeyboardInterrupt) as error:  # just before they were silenced
            self._ctrl_c.hold()
            raised = error
        elapsed = perf_counter() - started
        if not debugging:
            self._alarm.stop(elapsed)
        self._leave(clock, streams)
        self._pass_on_ctrl_c(raised, debugging=debugging)
        slept = 0.0 if clock is None else clock.slept
        is_late = (
            elapsed > limit
            or slept + request.invocation_duration > limit
            # also where the handler swallowed the interruption
            or self._alarm.rang
            or (clock is not None and clock.timed_out)
        )
        return _Ended(returned, raised, is_late, slept, elapsed)

    def _clock(self, at: float | None) -> VirtualTime | None:
        if at is None or self._wall_clock:
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

    def _enter(self, request_id: str, *, debugging: bool) -> tuple[TextIO, TextIO]:
        """The process is the function's. Returns its own standard output and error."""
        streams = sys.stdout, sys.stderr
        self._log_handler.request_id = request_id
        if debugging:
            self._output.passes_to = sys.stderr
        else:
            sys.stdout = sys.stderr = self._output
        if self._environment is not None:
            self._environment.enter()
        return streams

    def _leave(self, clock: VirtualTime | None, streams: tuple[TextIO, TextIO]) -> None:
        """The process is kcli's again."""
        if clock is not None:
            clock.stop()
        if self._environment is not None:
            self._environment.leave()
        sys.stdout, sys.stderr = streams
        self._output.passes_to = None
        self._log_handler.request_id = None

    def _pass_on_ctrl_c(self, raised: BaseException | None, *, debugging: bool) -> None:
        self._ctrl_c.release()
        mistakable = isinstance(raised, KeyboardInterrupt) and not self._ctrl_c.is_known()
        if mistakable or (debugging and isinstance(raised, BdbQuit)):
            raise KeyboardInterrupt

    def _judged(
        self, ended: "_Ended", request: InvocationRequest
    ) -> tuple[object, FunctionError | None, tuple[str, ...]]:
        """The response or the error, and lines that end the log."""
        raised = ended.raised
        if ended.is_late:
            return None, timed_out(self.timeout, request.request_id), ()
        if raised is None:
            try:
                return as_json_value(ended.returned), None, ()
            except MarshalError as error:
                _close_coroutine(ended.returned)
                return None, error.as_function_error(request.request_id), ()
        if isinstance(raised, Exception):
            failure = error_of_exception(raised, request.request_id)
            return None, failure, self._advice(raised, request)
        failure, written = exit_error(raised, request.request_id)
        return None, failure, written

    def _advice(self, error: Exception, request: InvocationRequest) -> tuple[str, ...]:
        virtual = request.at is not None and not self._wall_clock
        if virtual and _refused_for_its_clock(error):
            return (
                "kcli: AWS refuses the handler's virtual time; --wall-clock gives it the real one",
            )
        return ()


class _Ended(NamedTuple):
    """A call that is over."""

    returned: object
    raised: BaseException | None
    is_late: bool
    slept: float  # virtual seconds
    elapsed: float  # real seconds


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
        super().__init__(
            _not_loaded,
            name=function.handler,
            timeout=function.timeout,
            memory_size=function.memory_size,
            environment=lambda_variables(function),
            directory=function.code_uri,
            wall_clock=wall_clock,
            debug=debug,
            debug_at=debug_at,
        )
        self.function = function
        self._code: Code | None = None
        try:
            self._code = self._loaded(at)
        except BaseException:
            self.close()
            raise
        self._function = self._code.function

    def _loaded(self, at: float | None) -> Code:
        """Import the code. What it writes belongs to the log of the first call, as in Lambda."""
        clock = self._clock(at)
        streams = self._enter("", debugging=self._debug)
        if clock is not None and at is not None:
            clock.start(at, math.inf)
        try:
            return Code(self.function)
        except InputError as error:
            if clock is not None and _refused_for_its_clock(error):
                error.advice = "AWS refuses the virtual time; --wall-clock gives the real one."
            raise
        finally:
            self._leave(clock, streams)

    def close(self) -> None:
        """Give back what `CallableHandler.close` does, and the imported modules."""
        if not self._closed and self._code is not None:
            self._code.close()
        super().close()


def _refused_for_its_clock(error: BaseException) -> bool:
    """Return whether botocore raised AWS's refusal, or what led to `error` was one."""
    seen: set[int] = set()  # a chain of exceptions may be a ring
    one: BaseException | None = error
    while one is not None and id(one) not in seen:
        if aws_code(one) in _CLOCK_ERRORS:
            return True
        seen.add(id(one))
        one = one.__cause__ or one.__context__
    return False


def _not_loaded(_event: object, _context: object) -> object:
    raise AssertionError("the code is imported before the first call")


def _event(request: InvocationRequest) -> object:
    """The event, anew for each call, so that a handler that changes it changes nothing.

    msgspec takes half of the time of `json.loads` and gives the same; what it refuses and the
    standard library takes (NaN, 1e400, half a surrogate pair) is left to that, as in Lambda.
    """
    try:
        return msgspec.json.decode(request.payload)
    except msgspec.DecodeError:
        try:
            return json.loads(request.payload)
        except ValueError as error:
            text = f"Unable to unmarshal input: {error}"
            raise MarshalError("Runtime.UnmarshalError", text) from error


def _client_context(request: InvocationRequest) -> ClientContext | None:
    if request.client_context is None:
        return None
    try:
        return ClientContext(request.client_context)
    except ValueError as error:
        text = f"Unable to parse Client Context JSON: {error}"
        raise MarshalError("Runtime.LambdaContextUnmarshalError", text) from error


def _context_type(name: str, memory_size: int, variables: Mapping[str, str]) -> type[LambdaContext]:
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
