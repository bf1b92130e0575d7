"""The function in the project's interpreter, behind the `Handler` protocol."""

import msgspec

from kinesis_cli.errors import InputError
from kinesis_cli.event_source_mapping.invocation import (
    FunctionError,
    InvocationRequest,
    InvocationResult,
    timed_out,
)
from kinesis_cli.handlers.environment import layer_path, process_variables
from kinesis_cli.handlers.failure import exited
from kinesis_cli.handlers.lent_packages import lending_folder
from kinesis_cli.handlers.options import NO_OPTIONS, HandlerOptions
from kinesis_cli.handlers.response import from_json
from kinesis_cli.handlers.runner import ENDED, INTERRUPTED
from kinesis_cli.handlers.runner.loading import LoadError
from kinesis_cli.handlers.worker.process import Worker, WorkerEndedError
from kinesis_cli.project.function import Function
from kinesis_cli.project.interpreter import own_interpreter
from kinesis_cli.project.template.values import ACCOUNT_ID, region

# A call that lasts too long is interrupted in its own process; where that does not help, as in C
# code that never returns, kcli ends the process so many seconds later.
_GRACE_SECONDS = 5.0
_ASKED_SECONDS = 60.0  # for an answer of the process itself


class WorkerHandler:
    """Calls the function in a process of the project's interpreter, one call at a time.

    A call in which the process ends has failed as on Lambda, and the next one starts a fresh one.

    Args:
        function: what to run, see `find_function`.
        options: how it is run.
        watches: whether results tell of the event and of AWS calls, see `runner/watching.py`.
        answers_aws: whether AWS calls are then answered there, and not sent.

    Raises:
        InputError: the interpreter cannot be started, or the code cannot be imported.
    """

    runtime = "worker"

    def __init__(
        self,
        function: Function,
        options: HandlerOptions = NO_OPTIONS,
        *,
        watches: bool = False,
        answers_aws: bool = False,
    ) -> None:
        self._starts = self.environments_ended = 0  # the latter: by a call in one of `ask`
        self._watching = {"watches": watches, "answers_aws": answers_aws}
        self.name, self.timeout, self.function = function.handler, function.timeout, function
        self._interpreter = function.interpreter or own_interpreter()
        self._options = options
        self.notes: tuple[str, ...] = ()  # what is not as the function may expect
        self._worker: Worker | None = self._started()

    def invoke(self, request: InvocationRequest) -> InvocationResult:
        """Call the function once. A failing function is a result.

        Raises:
            InputError: its process cannot be started.
            KeyboardInterrupt: the user pressed Ctrl-C, or left the debugger.
        """
        worker = self._worker = self._worker or self._started()
        debugging = self._options.debugs(request.number)
        is_shared = worker.share(request.payload)
        call = (
            request.request_id,
            request.at,
            request.invocation_duration,
            request.trace_id,
            request.client_context,
            debugging,
            len(request.payload) if is_shared else 0,
            request.real_seconds,
        )
        seconds = self.timeout if request.real_seconds is None else request.real_seconds
        limit = None if debugging else min(self.timeout, seconds) + _GRACE_SECONDS
        try:
            head, body = worker.exchange(call, b"" if is_shared else request.payload, limit)
        except WorkerEndedError as ended:
            return self._ended(worker, exited(ended.exit_code, request.request_id), 0.0)
        except TimeoutError:
            error = timed_out(request.request_id, self.timeout)
            return self._ended(worker, error, self.timeout)
        except BaseException:  # Ctrl-C
            self.close()
            raise
        if head == INTERRUPTED:
            self.close()
            raise KeyboardInterrupt
        if isinstance(head, dict):
            self.environments_ended += 1
            error = exited(head[ENDED], request.request_id)
            return InvocationResult(error=error, logs=worker.output())
        failure, slept, elapsed, logs, *more = head
        lines, watched = (*logs, *worker.output()), more[0] if more else None
        if failure is not None:
            error = FunctionError(failure[0], failure[1], tuple(failure[2]), failure[3])
            return InvocationResult(None, error, slept, elapsed, lines, watched=watched)
        return InvocationResult(_response(body), None, slept, elapsed, lines, watched=watched)

    @property
    def started(self) -> int:
        """How many processes were started; a call that ends one lets the next call start another.

        0: there is none now.
        """
        return 0 if self._worker is None else self._starts

    def ask(self, what: str) -> int:
        """Ask the process for something else than a call, see `runner/__init__.py`.

        Raises:
            WorkerEndedError: it has ended.
        """
        worker = self._worker = self._worker or self._started()
        answer, _ = worker.exchange(what, b"", _ASKED_SECONDS)
        return int(answer)

    def close(self) -> None:
        """End the process."""
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.close()

    def _ended(self, worker: Worker, error: FunctionError, elapsed: float) -> InvocationResult:
        self._worker = None
        worker.kill()
        lines = worker.output()
        worker.close()
        return InvocationResult(error=error, elapsed=elapsed, logs=lines)

    def _started(self) -> Worker:
        function = self.function
        if not function.code_uri.is_dir():
            raise InputError("there is no such folder", place=str(function.code_uri))
        debug = self._options.debug or self._options.debug_at is not None
        worker = Worker(
            self._interpreter.path, function.code_uri, process_variables(function), debug=debug
        )
        try:
            answer, _ = worker.exchange(self._settings())
        except WorkerEndedError as ended:
            lines = worker.output()
            worker.close()
            raise InputError(
                f"the function's process ended while it imported {function.handler}: "
                f"{_last(lines) or exited(ended.exit_code, '').error_message}",
                place=str(self._interpreter.path),
            ) from None
        except BaseException:  # Ctrl-C
            worker.close()
            raise
        if "error" in answer:
            worker.close()
            told = answer["error"]
            error = LoadError(**told)
            from kinesis_cli.handlers.load_errors import input_error

            is_virtual = self._options.loads_in_virtual_time
            raise input_error(error, function, is_virtual=is_virtual) from error
        self.notes = tuple(answer["notes"])
        self._starts += 1
        return worker

    def _settings(self) -> dict[str, object]:
        """What the process must know of the function, see `runner/serve.py`."""
        function = self.function
        return {
            "handler": function.handler,
            "folder": str(function.code_uri),
            "layers": layer_path(function, self._interpreter.version),
            "lent_from": lending_folder(self._interpreter),
            "python": str(self._interpreter),
            "timeout": function.timeout,
            "memory_size": function.memory_size,
            "arn": f"arn:aws:lambda:{region()}:{ACCOUNT_ID}:function:",
            "qualifier": function.qualifier,
            "wall_clock": self._options.wall_clock,
            "debug": self._options.debug,
            "at": self._options.at,
            **self._watching,
        }


def _response(body: memoryview) -> object:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return from_json(bytes(body).decode("utf-8", "surrogatepass"))


def _last(lines: tuple[str, ...]) -> str:
    return next((line.strip() for line in reversed(lines) if line.strip()), "")
