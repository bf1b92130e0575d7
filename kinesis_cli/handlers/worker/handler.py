"""The function in the project's interpreter, behind the `Handler` protocol."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

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
from kinesis_cli.handlers.runner.frames import SLOT_BYTES, SLOTS
from kinesis_cli.handlers.runner.loading import LoadError
from kinesis_cli.handlers.worker.process import Worker, WorkerEndedError
from kinesis_cli.project.function import Function
from kinesis_cli.project.interpreter import own_interpreter
from kinesis_cli.project.template.values import ACCOUNT_ID, region

# A call that lasts too long is interrupted in its own process; where that does not help, as in C
# code that never returns, kcli ends the process so many seconds later.
_GRACE_SECONDS = 5.0
_ASKED_SECONDS = 60.0  # for an answer of the process itself


@dataclass(slots=True)
class _Call:
    """A call that has begun."""

    request: InvocationRequest
    is_debugged: bool
    result: InvocationResult | None = None  # as soon as it is known

    def asked(self, shared_at: int, in_shared: int) -> tuple[object, ...]:
        """What the process is asked for, see `runner/serve.py`."""
        request = self.request
        return (
            request.request_id,
            request.at,
            request.invocation_duration,
            request.trace_id,
            request.client_context,
            self.is_debugged,
            shared_at,
            in_shared,
            request.real_seconds,
        )


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
        # Calls that have begun: those that the process has, and those behind them.
        self._sent: deque[_Call] = deque()
        self._waiting: deque[_Call] = deque()
        self._count = 0  # of calls that were sent
        self._worker: Worker | None = self._started()

    def invoke(self, request: InvocationRequest) -> InvocationResult:
        """Call the function once. A failing function is a result.

        Raises:
            InputError: its process cannot be started.
            KeyboardInterrupt: the user pressed Ctrl-C, or left the debugger.
        """
        return self.begin(request)()

    def begin(self, request: InvocationRequest) -> Callable[[], InvocationResult]:
        """Call the function once, behind the calls that have begun before.

        The process works on a few calls while kcli does something else. What begins behind a call
        in which the process ends was not made yet, and is made in the next one.

        Returns:
            What waits for the result; it raises what `invoke` does.
        """
        call = _Call(request, is_debugged=self._options.debugs(request.number))
        self._waiting.append(call)
        try:
            self._send_on()
        except BaseException:  # Ctrl-C
            self.close()
            raise
        return partial(self._result_of, call)

    def _result_of(self, call: _Call) -> InvocationResult:
        try:
            while call.result is None:
                self._end_first()
        except BaseException:  # Ctrl-C
            self.close()
            raise
        return call.result

    def _send_on(self) -> None:
        """Send the process what it can have by now."""
        while self._worker is not None and self._waiting and self._has_room(self._waiting[0]):
            call = self._waiting.popleft()
            self._sent.append(call)
            self._count += 1
            body, begin = call.request.payload, 0
            if is_shared := 0 < len(body) <= SLOT_BYTES:
                begin = self._worker.share(body, self._count)
            asked = call.asked(begin, len(body) if is_shared else 0)
            self._worker.send(asked, b"" if is_shared else body)

    def _has_room(self, call: _Call) -> bool:
        """Whether the process can have a call already."""
        if not self._sent:
            return True
        is_alone = call.is_debugged or self._sent[-1].is_debugged
        # both sides would wait for each other, if the process had a long answer to send
        is_long = len(call.request.payload) > SLOT_BYTES
        is_full = len(self._sent) == SLOTS or (self._worker and self._worker.is_written_full)
        return not (is_alone or is_long or is_full)

    def _end_first(self) -> None:
        """Wait for the end of the first call that has begun."""
        worker = self._worker = self._worker or self._started()
        self._send_on()
        call = self._sent.popleft()
        call.result = self._received(worker, call)
        if self._worker is None:
            self._waiting.extendleft(reversed(self._sent))
            self._sent.clear()
        self._send_on()

    def _received(self, worker: Worker, call: _Call) -> InvocationResult:
        """What came of a call, or of the process in it."""
        request = call.request
        seconds = self.timeout if request.real_seconds is None else request.real_seconds
        limit = None if call.is_debugged else min(self.timeout, seconds) + _GRACE_SECONDS
        try:
            head, body = worker.receive(limit)
        except WorkerEndedError as ended:
            return self._ended(worker, exited(ended.exit_code, request.request_id), 0.0)
        except TimeoutError:
            error = timed_out(request.request_id, self.timeout)
            return self._ended(worker, error, self.timeout)
        if head == INTERRUPTED:
            raise KeyboardInterrupt
        if isinstance(head, dict):
            self.environments_ended += 1
            error = exited(head[ENDED], request.request_id)
            return InvocationResult(error=error, logs=worker.output())
        failure, slept, elapsed, logs, written, *more = head
        lines = (*logs, *worker.output(written, is_idle=not self._sent))
        watched = more[0] if more else None
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
        """End the process. What has begun is not waited for."""
        worker, self._worker = self._worker, None
        self._waiting.clear()
        self._sent.clear()
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
