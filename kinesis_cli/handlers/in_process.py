"""Running a handler in this process: the fastest place, and the one where a debugger works.

What cannot be contained here: `os._exit` and a crash end kcli too.
"""

import json
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec

from kinesis_cli.event_source_mapping.invocation import InvocationRequest, InvocationResult
from kinesis_cli.handlers.environment import (
    Environment,
    LastingEnvironment,
    hidden_variables,
    lambda_variables,
    layer_path,
)
from kinesis_cli.handlers.failure import function_error
from kinesis_cli.handlers.options import NO_OPTIONS, HandlerOptions
from kinesis_cli.handlers.response import MarshalError, as_json_value, marshal_error
from kinesis_cli.handlers.runner import virtual_time
from kinesis_cli.handlers.runner.call import Caller, Surroundings, context_type
from kinesis_cli.handlers.runner.context import read_client_context
from kinesis_cli.handlers.runner.encoding import close_coroutine, unmarshal_error
from kinesis_cli.handlers.runner.loading import Code, LambdaFunction, LoadError
from kinesis_cli.handlers.runner.output import LogHandler, Output, install_logging
from kinesis_cli.handlers.runner.virtual_time import WallClocks
from kinesis_cli.handlers.time_machine import TimeMachine
from kinesis_cli.project.function import DEFAULT_MEMORY_SIZE, MAX_TIMEOUT, Function
from kinesis_cli.project.template.values import ACCOUNT_ID, region

# Clocks, standard output and the environment belong to the whole process.
_one_call_at_a_time = threading.RLock()


class Described(msgspec.Struct, frozen=True, kw_only=True):
    """What a function is told of itself, and runs with."""

    name: str | None = None  # how it is called in texts
    timeout: float = MAX_TIMEOUT  # seconds, of virtual or real time
    memory_size: int = DEFAULT_MEMORY_SIZE  # MB, for the context only
    qualifier: str = ""
    variables: Mapping[str, str] = {}  # of its environment during calls; none: nothing is changed
    directory: Path | None = None  # the working directory during calls, if there are variables
    hidden: Sequence[str] = ()  # names of variables that are not there during calls


class HostProcess(msgspec.Struct, frozen=True, kw_only=True):
    """What this process allows besides kcli's own: a test's is not to be changed as much."""

    wall_clocks: Callable[[], WallClocks] = TimeMachine  # shows the virtual time
    surroundings: Surroundings | None = None  # in force during calls, if there are no variables
    keeps_descriptors: bool = True  # what is written past Python is part of the log
    counts_real_time: bool = True  # a call that really runs for too long times out


_NOT_DESCRIBED, _OWN_PROCESS = Described(), HostProcess()


class CallableHandler:
    """A Python function as a Lambda handler, behind the `Handler` protocol.

    Construct it before importing code that says `from time import sleep`: what was taken out of
    `time` earlier waits for real.

    Args:
        function: called with the event (parsed JSON) and a `LambdaContext`.
        options: how it is run.
        described: what it is told of itself.
        host: what this process allows.
    """

    runtime = "in-process"
    notes: tuple[str, ...] = ()

    def __init__(
        self,
        function: LambdaFunction,
        options: HandlerOptions = NO_OPTIONS,
        described: Described = _NOT_DESCRIBED,
        host: HostProcess = _OWN_PROCESS,
    ) -> None:
        variables = described.variables
        qualname = getattr(function, "__qualname__", type(function).__name__)
        self.name, self.timeout = described.name or str(qualname), described.timeout
        self._function, self._options = function, options
        self._output = Output()
        as_json = variables.get("AWS_LAMBDA_LOG_FORMAT", "").upper() == "JSON"
        log_handler = LogHandler(self._output, as_json=as_json)
        self._logging = install_logging(log_handler, variables.get("AWS_LAMBDA_LOG_LEVEL"))
        kind = LastingEnvironment if options.is_alone else Environment
        self._environment = (
            kind(variables, described.directory, described.hidden) if variables else None
        )
        arn = f"arn:aws:lambda:{region()}:{ACCOUNT_ID}:function:"
        self._caller = Caller(
            timeout=self.timeout,
            context_type=context_type(
                self.name, described.memory_size, arn, variables, described.qualifier
            ),
            output=self._output,
            log_handler=log_handler,
            wall_clocks=None if options.wall_clock else host.wall_clocks,
            surroundings=self._environment or host.surroundings,
            takes_descriptors=host.keeps_descriptors,
            is_alone=options.is_alone,
            counts_real_time=host.counts_real_time,
        )
        self._closed = False
        if not options.wall_clock:
            virtual_time.install()

    def invoke(self, request: InvocationRequest) -> InvocationResult:
        """Call the function once. A failing function is a result.

        Raises:
            KeyboardInterrupt: the user pressed Ctrl-C, or left the debugger.
        """
        with _one_call_at_a_time:
            try:
                event, client_context = _event(request), read_client_context(request.client_context)
            except MarshalError as error:
                return InvocationResult(error=marshal_error(error, request.request_id))
            ended = self._caller.call(
                self._function,
                event,
                client_context,
                request,
                debugging=self._options.debugs(request.number),
            )
            response: object = None
            failure = None if ended.failure is None else function_error(ended.failure)
            if failure is None:
                try:
                    response = as_json_value(ended.returned)
                except MarshalError as error:
                    close_coroutine(ended.returned)
                    failure = marshal_error(error, request.request_id)
            logs = self._output.take() + ended.written
            is_bytes = failure is None and isinstance(ended.returned, bytes)
            return InvocationResult(
                response,
                failure,
                ended.slept,
                ended.elapsed,
                logs,
                unsure=("bytes-response",) if is_bytes else (),
            )

    def close(self) -> None:
        """Give back clocks, signals, logging and the environment."""
        if self._closed:
            return
        self._closed = True
        if not self._options.wall_clock:
            virtual_time.uninstall()
        self._caller.close()
        self._logging.restore()
        if self._environment is not None:
            self._environment.close()


class InProcessHandler(CallableHandler):
    """The project's function: imported as Lambda does, with its environment and in its folder.

    Args:
        function: what to run, see `find_function`.
        options: how it is run.

    Raises:
        InputError: the module or the function is not there, or importing it fails.
    """

    def __init__(self, function: Function, options: HandlerOptions = NO_OPTIONS) -> None:
        described = Described(
            name=function.handler,
            timeout=function.timeout,
            memory_size=function.memory_size,
            qualifier=function.qualifier,
            variables={**(function.aws or {}), **lambda_variables(function)},
            directory=function.code_uri,
            hidden=hidden_variables(function),
        )
        super().__init__(_not_loaded, options, described)
        self.function = function
        self._code: Code | None = None
        try:
            self._code = self._loaded()
        except BaseException:
            self.close()
            raise
        self._function = self._code.function

    def _loaded(self) -> Code:
        try:
            return self._caller.load(  # type: ignore[no-any-return]
                lambda: Code(
                    self.function.code_uri,
                    self.function.handler,
                    layer_path(self.function, sys.version_info[:3]),
                ),
                self._options.at,
                debugging=self._options.debug,
            )
        except LoadError as error:
            from kinesis_cli.handlers.load_errors import input_error

            is_virtual = self._options.loads_in_virtual_time
            raise input_error(error, self.function, is_virtual=is_virtual) from error

    def close(self) -> None:
        """Give back what `CallableHandler.close` does, and the imported modules."""
        if not self._closed and self._code is not None:
            self._code.close()
        super().close()


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
            raise unmarshal_error(error) from error
