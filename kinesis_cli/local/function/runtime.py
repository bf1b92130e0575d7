"""One function of the template: its processes, its code, its log."""

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from kinesis_cli.errors import InputError
from kinesis_cli.event_source_mapping.invocation import InvocationRequest, InvocationResult
from kinesis_cli.handlers.environment import lambda_variables
from kinesis_cli.handlers.isolated import IsolatedHandler
from kinesis_cli.local.function.code import CodeWatch
from kinesis_cli.project.calling import Calling
from kinesis_cli.project.function import Function

Measure = Callable[[str, float, str], None]


class NotRunnableError(Exception):
    """The function cannot be called at all. The text says why, and what to do."""


class ThrottledError(Exception):
    """As many calls are running as the function has reserved."""


class LocalFunction:
    """A function that can be called, in AWS's own runtime client: a process for each call at once.

    In the server's own process it would not be safe: a function may end it, fill its memory, or
    never return. So without the runtime client there is no function.

    Args:
        function: as the template has it.
        calling: how it may be called.
        arn: its ARN.
        executor: whose threads wait for it.
        variables: that make AWS's SDKs in the function talk to the local endpoint; the function's
            own overrule them.
        reload: whether changed code is used from the next call on.
        measure: told CloudWatch's name of a metric, a value and its unit.
        write_log: told the log group and the lines of each call.
    """

    def __init__(
        self,
        function: Function,
        calling: Calling,
        arn: str,
        executor: ThreadPoolExecutor,
        variables: Mapping[str, str],
        *,
        reload: bool,
        measure: Measure,
        write_log: Callable[[str, tuple[str, ...]], None],
    ) -> None:
        self.function, self.calling, self.arn = function, calling, arn
        called = f"{arn}:{function.qualifier}" if function.qualifier else arn
        self.called_arn = called  # with the version or alias that the template's mapping calls
        self.log_group = lambda_variables(function)["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.problem = ""  # why it cannot be called; empty: it can
        self.calls = 0  # that are running
        self._executor, self._write_log, self._measure = executor, write_log, measure
        self._handler: IsolatedHandler | None = None
        self._watch = CodeWatch(function.code_uri) if reload else None
        try:
            environment = {**variables, **function.environment}
            self._handler = IsolatedHandler(
                replace(function, environment=environment, aws={}),
                arn=called,
                keep_failing_init=True,
            )
        except InputError as error:
            self.problem = ". ".join(filter(None, (error.problem, error.advice)))

    async def call(self, request: InvocationRequest) -> InvocationResult:
        """Call it once. A failing function is a result.

        Raises:
            ThrottledError: it has too many calls already.
            NotRunnableError: it cannot be called.
        """
        reserved = self.calling.reserved_concurrency
        if reserved is not None and self.calls >= reserved:
            self._measure("Throttles", 1, "Count")
            raise ThrottledError
        self.calls += 1
        try:
            loop = asyncio.get_running_loop()
            result = await loop.run_in_executor(self._executor, self._invoke, request)
        finally:
            self.calls -= 1
        self._write_log(self.log_group, result.logs)
        for name, value in (("Invocations", 1), ("Errors", bool(result.error)), ("Throttles", 0)):
            self._measure(name, value, "Count")
        self._measure("Duration", result.elapsed * 1000, "Milliseconds")
        return result

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
