"""The function in a process of its own runtime, behind the `Handler` protocol.

The real clock, the real `LambdaContext`, a process apart for each concurrent call, and Lambda's
limits: a time-out, too much memory or a crash ends the process, and the next call starts a fresh
one.
"""

import json
import math
import sys
import threading
import time
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING

from kinesis_cli.errors import InputError
from kinesis_cli.event_source_mapping.invocation import InvocationRequest, InvocationResult
from kinesis_cli.handlers.environment import process_variables
from kinesis_cli.handlers.isolated.platform_log import platform_log
from kinesis_cli.handlers.isolated.runtimes import command_for
from kinesis_cli.handlers.isolated.runtimes.command import RuntimeCommand
from kinesis_cli.handlers.load_errors import init_error
from kinesis_cli.handlers.options import NO_OPTIONS, HandlerOptions
from kinesis_cli.project.function import Function
from kinesis_cli.project.template.values import ACCOUNT_ID, region

# What makes and calls processes is imported by the first one: many a local stream calls nothing.
if TYPE_CHECKING:
    from kinesis_cli.handlers.isolated.call import Call
    from kinesis_cli.handlers.isolated.sandbox import Ended, Sandbox

# https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html#runtimes-lifecycle-ib
INIT_SECONDS = 10.0


class IsolatedHandler:
    """Calls the project's function in processes of its own. Threads may call at the same time.

    Args:
        function: what to run, see `find_function`.
        options: how it is run; debugged, the function has kcli's standard streams, and no limit
            applies.
        command: what starts it; default: what its runtime says.
        arn: the function's; default: one that stands in for it.

    Raises:
        InputError: what starts the function is not there, or its code is not, or cannot be loaded.
    """

    def __init__(
        self,
        function: Function,
        options: HandlerOptions = NO_OPTIONS,
        *,
        command: RuntimeCommand | None = None,
        arn: str | None = None,
    ) -> None:
        _require_linux()
        if not function.code_uri.is_dir():
            raise InputError("there is no such folder", place=str(function.code_uri))
        self.name = function.handler
        self._command = command or command_for(function)
        self.notes = self._command.notes
        is_named = function.needs_own_process
        self.runtime = f"isolated, {self._command.name}" if is_named else "isolated"
        self._function, self._options = function, options
        self._variables = {**process_variables(function), **self._command.variables}
        self._log = platform_log(function, self._variables, self._command)
        self._arn = (
            arn or f"arn:aws:lambda:{region()}:{ACCOUNT_ID}:function:{function.qualified_name}"
        )
        self._timeout = math.inf if options.debug else function.timeout
        self._lock = threading.Lock()
        self._idle: list[Sandbox] = []
        self._running: set[Sandbox] = set()
        self._retired: set[Sandbox] = set()  # running, and not to be used again
        self._closed = False
        self._is_stale = False  # the code has changed since it was built
        self._prepared = None if options.keep_failing_init else self._prepare()

    def invoke(self, request: InvocationRequest) -> InvocationResult:
        """Call the function once, in a warm process if one is idle. A failing function is a result.

        Raises:
            InputError: its process cannot be started.
        """
        from kinesis_cli.handlers.isolated.call import Call
        from kinesis_cli.handlers.isolated.sandbox import Ended, EndKind

        call = Call(request, self._function, request.function_arn or self._arn, self._log)
        sandbox = self._warm() or self._started(call)
        if isinstance(sandbox, Ended):
            call.started()
            result = call.result(sandbox)
            if sandbox.kind is not EndKind.ERROR or result.error is None:
                return result
            told = init_error(result.error, self._function, is_called_all_the_same=True)
            said = (f"kcli: {told.advice}",) if told.advice else ()
            return replace(result, logs=(*result.logs, *said))
        try:
            call.started()
            began, limit = time.monotonic(), self._timeout - call.duration
            ended = sandbox.call(request.payload, self._headers(request, limit), limit)
            return call.ended(sandbox, ended, time.monotonic() - began)
        except BaseException:  # Ctrl-C
            sandbox.kill()
            raise
        finally:
            self._give_back(sandbox)

    def renew(self) -> None:
        """Let the next calls start fresh processes, for changed code; running calls go on."""
        with self._lock:
            idle, self._idle = self._idle, []
            self._retired |= self._running
            self._is_stale = True
        for sandbox in idle:
            sandbox.close()

    def close(self) -> None:
        """End all processes. A call that is running ends as if its process had been killed."""
        with self._lock:
            self._closed = True
            prepared, self._prepared = self._prepared, None
            running = list(self._running)
        self.renew()
        if prepared is not None:
            self._give_back(prepared[0])
            running.remove(prepared[0])
        for sandbox in running:
            sandbox.kill()  # the call's own thread gives the rest back

    def _warm(self) -> "Sandbox | None":
        """A process that waits for a call."""
        while True:
            with self._lock:
                if not self._idle:
                    return None
                sandbox = self._idle.pop()
                self._running.add(sandbox)
            if sandbox.is_ready():
                sandbox.thaw()
                return sandbox
            self._give_back(sandbox)  # it ended between two calls

    def _started(self, call: "Call") -> "Sandbox | Ended":
        """A fresh process that has imported the function, or why there is none.

        Lambda tries twice: first for itself, then as a part of the call and in its time.

        Source: https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
        """
        from kinesis_cli.handlers.isolated.sandbox import Ended, EndKind

        call.initialising()
        with self._lock:
            prepared, self._prepared = self._prepared, None
        if prepared is not None:
            sandbox, ended, seconds = prepared
            call.initialised(sandbox, ended, seconds, "init")
            sandbox.thaw()
            return sandbox
        ended = Ended(EndKind.EXITED)
        for phase, limit in (("init", INIT_SECONDS), ("invoke", self._timeout)):
            sandbox = self._new_sandbox()
            try:
                ended, seconds = sandbox.initialise(math.inf if self._options.debug else limit)
                call.initialised(sandbox, ended, seconds, phase)
            except BaseException:  # Ctrl-C
                sandbox.kill()
                self._give_back(sandbox)
                raise
            if ended.kind is EndKind.READY:
                return sandbox
            self._give_back(sandbox)
        return ended

    def _prepare(self) -> "tuple[Sandbox, Ended, float] | None":
        """A process for the first call, that has imported the function.

        What cannot be imported now will not be later: it is said at once.

        Raises:
            InputError: it cannot be imported.
        """
        from kinesis_cli.handlers.isolated.call import init_failure
        from kinesis_cli.handlers.isolated.sandbox import EndKind

        sandbox = self._new_sandbox()
        try:
            ended, seconds = sandbox.initialise(math.inf if self._options.debug else INIT_SECONDS)
        except BaseException:  # Ctrl-C
            sandbox.kill()
            self._give_back(sandbox)
            raise
        if ended.kind is EndKind.READY:
            sandbox.freeze()
            return sandbox, ended, seconds
        written = sandbox.take_output()
        self._give_back(sandbox)
        if ended.kind not in (EndKind.ERROR, EndKind.EXITED):
            return None  # more time, as the next try has, may help
        raise init_error(init_failure(ended, written), self._function)

    def _new_sandbox(self) -> "Sandbox":
        from kinesis_cli.handlers.isolated.sandbox import Sandbox

        self._build_anew()
        day, version = time.strftime("%Y/%m/%d", time.gmtime()), self._function.version
        stream = f"{day}/[{version}]{uuid.uuid4().hex}"
        sandbox = Sandbox(
            self._command.arguments,
            self._command.directory,
            {**self._variables, "AWS_LAMBDA_LOG_STREAM_NAME": stream},
            self._function.memory_size * 1024 * 1024,
            debug=self._options.debug,
        )
        with self._lock:
            self._running.add(sandbox)
            if self._closed:
                sandbox.kill()  # `close` may have looked already
        return sandbox

    def _build_anew(self) -> None:
        if self._command.rebuild is not None and self._is_stale:
            self._command.rebuild()
        self._is_stale = False

    def _give_back(self, sandbox: "Sandbox") -> None:
        is_ready = sandbox.is_ready()
        with self._lock:
            self._running.discard(sandbox)
            is_retired = self._options.cold or self._closed or sandbox in self._retired
            self._retired.discard(sandbox)
            if is_ready and not is_retired:
                sandbox.freeze()
                self._idle.append(sandbox)
                return
        sandbox.close()

    def _headers(self, request: InvocationRequest, limit: float) -> dict[str, str]:
        deadline = time.time() + (self._function.timeout if self._options.debug else limit)
        headers = {
            "Content-Type": "application/json",
            "Lambda-Runtime-Aws-Request-Id": request.request_id,
            "Lambda-Runtime-Deadline-Ms": str(int(deadline * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": request.function_arn or self._arn,
            "Lambda-Runtime-Trace-Id": request.trace_id or self._variables["_X_AMZN_TRACE_ID"],
        }
        if request.client_context is not None:
            headers["Lambda-Runtime-Client-Context"] = _header_text(request.client_context)
        return headers


def _header_text(json_text: str) -> str:
    """JSON in one line of ASCII; what is not JSON is left for the runtime to refuse."""
    try:
        return json.dumps(json.loads(json_text))
    except ValueError:
        return ascii(json_text)


def _require_linux() -> None:
    if sys.platform != "linux":
        raise InputError(
            "a function can be isolated on Linux only, as AWS's runtime client runs there",
            advice="Without --isolated it runs in kcli's own process.",
        )
