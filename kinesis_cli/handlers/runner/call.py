"""One call of a function: its clock, its time, its output, and how it ended."""

from __future__ import annotations

import math
import os
import sys
from bdb import BdbQuit
from collections.abc import Callable
from time import perf_counter  # before `virtual_time` puts its own in: this one is real
from typing import Any, NamedTuple, Protocol, TextIO

from .clock_errors import is_refused_for_its_clock
from .context import ClientContext, LambdaContext
from .descriptors import Descriptors, LastingDescriptors
from .failure import Failure, error_of_exception, exit_error, timed_out
from .interruption import Alarm, CtrlC
from .loading import LambdaFunction
from .output import LogHandler, Output
from .virtual_time import TimedOut, VirtualTime, WallClocks


class Request(Protocol):
    """What is asked for: the members of an `InvocationRequest` that matter here."""

    @property
    def request_id(self) -> str:
        """Of the call."""

    @property
    def at(self) -> float | None:
        """Epoch seconds of virtual time; None: the real clock."""

    @property
    def invocation_duration(self) -> float:
        """Virtual seconds that the call lasts besides its own sleeps."""

    @property
    def trace_id(self) -> str | None:
        """X-Ray's header."""

    @property
    def real_seconds(self) -> float | None:
        """How long the call may really last at most, whatever the Timeout is; None: as that."""


class Surroundings(Protocol):
    """What is the function's during a call and somebody else's between calls."""

    def enter(self) -> None:
        """The function's are in force."""

    def leave(self) -> None:
        """The others are in force again."""


class Ended(NamedTuple):
    """A call that is over."""

    returned: object
    failure: Failure | None
    slept: float  # virtual seconds
    elapsed: float  # real seconds
    written: tuple[str, ...] = ()  # lines that end the log


class Caller:
    """Calls one function, again and again, in the main thread if it can.

    Args:
        timeout: seconds, of virtual or real time.
        context_type: the class of the `context`.
        output: takes what the function writes.
        log_handler: takes what it logs.
        wall_clocks: makes what moves the wall clocks; None: the function sees the real time.
        surroundings: besides clocks and output.
        takes_ctrl_c: whether the user's Ctrl-C comes to this process.
        takes_descriptors: whether what is written past Python is to be kept here; a process of the
            function's own has them kept outside.
        is_alone: whether between calls only the caller's program writes to the process's
            standard output and error, or sets its alarm: both are taken once, not each time.
        counts_real_time: whether a call that really runs for too long times out. Not in a test,
            which must not depend on how fast the machine is.
    """

    def __init__(
        self,
        *,
        timeout: float,
        context_type: type[LambdaContext],
        output: Output,
        log_handler: LogHandler,
        wall_clocks: Callable[[], WallClocks] | None = None,
        surroundings: Surroundings | None = None,
        takes_ctrl_c: bool = True,
        takes_descriptors: bool = False,
        is_alone: bool = False,
        counts_real_time: bool = True,
    ) -> None:
        self._counts_real_time = counts_real_time
        self._takes_ctrl_c = takes_ctrl_c
        self._timeout, self._context_type = timeout, context_type
        self._output, self._log_handler = output, log_handler
        self._wall_clocks, self._surroundings = wall_clocks, surroundings
        self._virtual: VirtualTime | None = None
        self._alarm, self.ctrl_c = Alarm(lasts=is_alone), CtrlC()
        kind = LastingDescriptors if is_alone else Descriptors
        self._descriptors = kind(output) if takes_descriptors else None

    def load(self, load: Callable[[], Any], at: float | None, *, debugging: bool) -> Any:  # noqa: ANN401
        """Import the code. What it writes belongs to the log of the first call, as in Lambda."""
        clock = self._clock(at)
        streams = self._enter("", debugging=debugging)
        if clock is not None and at is not None:
            clock.start(at, math.inf)
        try:
            return load()
        finally:
            self._leave(clock, streams)

    def call(
        self,
        function: LambdaFunction,
        event: object,
        client_context: ClientContext | None,
        request: Request,
        *,
        debugging: bool = False,
    ) -> Ended:
        """Call the function once. A failing function is a result.

        Raises:
            KeyboardInterrupt: the user pressed Ctrl-C, or left the debugger.
        """
        limit = math.inf if debugging else self._timeout
        rings = self._counts_real_time and not debugging
        real_limit = limit if request.real_seconds is None else min(limit, request.real_seconds)
        clock = self._clock(request.at)
        started = perf_counter()
        context = self._context_type(
            request.request_id, self._remaining(clock, started, debugging=debugging)
        )
        context.client_context = client_context
        returned: object = None
        raised: BaseException | None = None
        self.ctrl_c.pressed = False  # an earlier one has ended what it was meant for
        self.ctrl_c.hold()
        streams = self._enter(request.request_id, debugging=debugging)
        if request.trace_id is not None:
            os.environ["_X_AMZN_TRACE_ID"] = request.trace_id
        if clock is not None and request.at is not None:
            clock.start(request.at, limit - request.invocation_duration)
        try:
            try:
                if rings:
                    self._alarm.start(real_limit)
                self.ctrl_c.release()
                returned = function(event, context)
                self.ctrl_c.hold()
                self._alarm.silence()
            except BaseException as error:  # noqa: BLE001 - whatever a handler raises is its result
                self.ctrl_c.hold()
                self._alarm.silence()
                raised = error
        except (TimedOut, KeyboardInterrupt) as error:  # just before they were silenced
            self.ctrl_c.hold()
            raised = error
        elapsed = perf_counter() - started
        if rings:
            self._alarm.stop(elapsed)
        self._leave(clock, streams)
        self._pass_on_ctrl_c(raised, debugging=debugging)
        slept = 0.0 if clock is None else clock.slept
        is_late = (
            (rings and elapsed > real_limit)
            or slept + request.invocation_duration > limit
            # also where the handler swallowed the interruption
            or self._alarm.rang
            or (clock is not None and clock.timed_out)
        )
        if is_late:
            failure = timed_out(self._timeout, request.request_id)
            return Ended(None, failure, slept, elapsed)
        if raised is None:
            return Ended(returned, None, slept, elapsed)
        return Ended(None, *self._failed(raised, request, slept, elapsed))

    def close(self) -> None:
        """Give the signals back."""
        self._alarm.close()
        self.ctrl_c.close()
        if self._descriptors is not None:
            self._descriptors.close()

    def _clock(self, at: float | None) -> VirtualTime | None:
        if at is None or self._wall_clocks is None:
            return None
        if self._virtual is None:
            self._virtual = VirtualTime(self._wall_clocks())
        return self._virtual

    def _remaining(
        self, clock: VirtualTime | None, started: float, *, debugging: bool
    ) -> Callable[[], float]:
        timeout = self._timeout
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
            if self._descriptors is not None:
                self._descriptors.give_back()
            self._output.passes_to = sys.stderr
        else:
            if self._descriptors is not None:
                self._descriptors.enter()
            sys.stdout = sys.stderr = self._output
        if self._surroundings is not None:
            self._surroundings.enter()
        return streams

    def _leave(self, clock: VirtualTime | None, streams: tuple[TextIO, TextIO]) -> None:
        """The process is whose it was before."""
        if clock is not None:
            clock.stop()
        if self._surroundings is not None:
            self._surroundings.leave()
        if self._descriptors is not None:
            self._descriptors.leave()
        sys.stdout, sys.stderr = streams
        self._output.passes_to = None
        self._log_handler.request_id = None

    def _pass_on_ctrl_c(self, raised: BaseException | None, *, debugging: bool) -> None:
        self.ctrl_c.release()
        mistakable = isinstance(raised, KeyboardInterrupt) and not self.ctrl_c.is_known()
        if (mistakable and self._takes_ctrl_c) or (debugging and isinstance(raised, BdbQuit)):
            raise KeyboardInterrupt

    def _failed(
        self, raised: BaseException, request: Request, slept: float, elapsed: float
    ) -> tuple[Failure, float, float, tuple[str, ...]]:
        """What follows `returned` in an `Ended`."""
        if not isinstance(raised, Exception):
            failure, written = exit_error(raised, request.request_id)
            return failure, slept, elapsed, written
        failure = error_of_exception(raised, request.request_id)
        in_virtual_time = request.at is not None and self._wall_clocks is not None
        advice: tuple[str, ...] = ()
        if in_virtual_time and is_refused_for_its_clock(raised):
            advice = (
                "kcli: AWS refuses the handler's virtual time; --wall-clock gives it the real one",
            )
        return failure, slept, elapsed, advice


def context_type(
    name: str,
    memory_size: int,
    arn: str,
    variables: Any,  # noqa: ANN401
    qualifier: str = "",
) -> type[LambdaContext]:
    """The class of the `context` of a function.

    Args:
        name: of the handler.
        memory_size: MB.
        arn: of the function, up to its name.
        variables: the function's environment.
        qualifier: the version or alias that is called; "": none.
    """
    function_name = variables.get("AWS_LAMBDA_FUNCTION_NAME", name)
    shared = {
        "function_name": function_name,
        "function_version": variables.get("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        "memory_limit_in_mb": str(memory_size),
        "invoked_function_arn": arn + function_name + (f":{qualifier}" if qualifier else ""),
        "log_group_name": variables.get("AWS_LAMBDA_LOG_GROUP_NAME", f"/aws/lambda/{name}"),
        "log_stream_name": variables.get("AWS_LAMBDA_LOG_STREAM_NAME", "$LATEST"),
    }
    return type("LambdaContext", (LambdaContext,), shared)
