"""One function as it can be called: its processes, its code, its log."""

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from kinesis_cli.errors import InputError
from kinesis_cli.event_source_mapping.invocation import (
    FunctionError,
    InvocationRequest,
    InvocationResult,
)
from kinesis_cli.handlers.environment import lambda_variables
from kinesis_cli.handlers.isolated import IsolatedHandler
from kinesis_cli.handlers.load_errors import init_error
from kinesis_cli.handlers.missing_imports import Imports
from kinesis_cli.handlers.options import HandlerOptions
from kinesis_cli.local.function.code import CodeWatch
from kinesis_cli.project.function import Function

_NAMING_A_PYTHON = "`kcli local start --python PATH`"
Measure = Callable[[str, float, str], None]

# The function was not even begun: until its code changes, all calls fail alike.
_HOPELESS = (
    *("Runtime.ImportModuleError", "Runtime.HandlerNotFound", "Runtime.UserCodeSyntaxError"),
    *("Runtime.MalformedHandlerName", "Runtime.InvalidEntrypoint"),
)


class NotRunnableError(Exception):
    """The function cannot be called at all. The text says why, and what to do."""


class ThrottledError(Exception):
    """As many calls are running as the function has reserved."""


@dataclass(slots=True)
class Gate:
    """The calls of a function at the same time, all of its versions together."""

    reserved: int | None = None  # None: as many as come
    running: int = 0

    @property
    def is_full(self) -> bool:
        """Whether one more call is refused."""
        return self.reserved is not None and self.running >= self.reserved


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all functions have in common."""

    executor: ThreadPoolExecutor  # whose threads wait for the processes
    write_log: Callable[[str, tuple[str, ...]], None]  # told the log group and a call's lines
    reload: bool  # whether changed code is used from the next call on


class LocalFunction:
    """A function that can be called: a process for each call at once.

    In the server's own process it would not be safe: a function may end it, fill its memory, or
    never return. So without what runs it isolated there is no function.

    Args:
        function: as the template or a call has it.
        arn: its ARN.
        surroundings: what all functions have in common.
        variables: that make AWS's SDKs in the function talk to the local endpoint; the function's
            own overrule them.
        gate: its calls at the same time.
        measure: told CloudWatch's name of a metric, a value and its unit.
        is_fixed: whether its code never changes, as of a version.
    """

    def __init__(
        self,
        function: Function,
        arn: str,
        surroundings: Surroundings,
        variables: Mapping[str, str],
        gate: Gate,
        measure: Measure,
        *,
        is_fixed: bool = False,
    ) -> None:
        self.function, self.arn, self.gate = function, arn, gate
        environment = {**variables, **function.environment}
        self.version = function.version
        self.log_group = lambda_variables(function)["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.problem = ""  # why it cannot be called; empty: it can
        self._hopeless = ""  # why its last call failed, and all that follow will
        # Until it is called, what is known of it without running its code.
        self._imports: Imports | None = Imports(function)
        self._surroundings, self._measure = surroundings, measure
        self._handler: IsolatedHandler | None = None
        watches = surroundings.reload and not is_fixed
        self._watch = CodeWatch(function.code_uri) if watches else None
        try:
            self._handler = IsolatedHandler(
                replace(function, environment=environment, aws={}),
                HandlerOptions(keep_failing_init=True),
                arn=arn,
            )
        except InputError as error:
            self.problem = ". ".join(filter(None, (error.problem, error.advice)))

    @property
    def notes(self) -> tuple[str, ...]:
        """What of its process is not as on Lambda."""
        return self._handler.notes if self._handler else ()

    @property
    def hopeless(self) -> str:
        """Why all calls fail, as its code and its Python are now; empty: they need not."""
        if self._imports is not None:
            error = self._imports.error()
            return self._in_words(error) if error else ""
        return self._hopeless

    def look_again(self) -> None:
        """Look whether what its code imports is there by now."""
        if self._imports is not None:
            self._imports.look_again()

    def is_worth_another_try(self) -> bool:
        """Whether its code has changed, as by a build, since it could not be called."""
        return self._watch is not None and self._watch.has_changed()

    async def call(self, request: InvocationRequest) -> InvocationResult:
        """Call it once. A failing function is a result.

        Raises:
            ThrottledError: it has too many calls already.
            NotRunnableError: it cannot be called.
        """
        if self.gate.is_full:
            self._measure("Throttles", 1, "Count")
            raise ThrottledError
        self.gate.running += 1
        try:
            loop = asyncio.get_running_loop()
            executor = self._surroundings.executor
            result = await loop.run_in_executor(executor, self._invoke, request)
        finally:
            self.gate.running -= 1
        self._note(result)
        return result

    def _note(self, result: InvocationResult) -> None:
        error = result.error
        self._imports = None
        is_hopeless = error and error.error_type in _HOPELESS
        self._hopeless = self._in_words(error) if error and is_hopeless else ""
        self._surroundings.write_log(self.log_group, result.logs)
        for name, value in (("Invocations", 1), ("Errors", bool(error)), ("Throttles", 0)):
            self._measure(name, value, "Count")
        self._measure("Duration", result.elapsed * 1000, "Milliseconds")

    def _in_words(self, error: FunctionError) -> str:
        told = init_error(
            error, self.function, is_called_all_the_same=True, naming=_NAMING_A_PYTHON
        )
        return ". ".join(filter(None, (told.problem, told.advice.rstrip("."))))

    def _invoke(self, request: InvocationRequest) -> InvocationResult:
        """In a thread."""
        if self._handler is None:
            raise NotRunnableError(self.problem)
        if self._watch and self._watch.has_changed():
            self._handler.renew()  # one that does not even import is a failed call, and is shown
        try:
            return self._handler.invoke(request)
        except InputError as error:  # no process could be started
            raise NotRunnableError(str(error)) from error

    def retire(self) -> None:
        """Let its processes end when their calls have."""
        if self._handler is not None:
            self._handler.renew()

    def close(self) -> None:
        """End its processes; calls that are running end with them."""
        if self._handler is not None:
            self._handler.close()
