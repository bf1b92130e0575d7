"""A function object of the test, called in the test's own process with all that the test set up.

Nothing of the test's is replaced: its environment variables, monkeypatches, mocks and a clock that
it has stopped stay in force. What the function writes is kept for the call and written on, so that
`capsys` sees it too.
"""

import io
import logging
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any, TextIO, cast

from kinesis_cli.event_source_mapping.invocation import InvocationRequest, InvocationResult
from kinesis_cli.handlers.in_process import CallableHandler, Described, HostProcess
from kinesis_cli.handlers.options import HandlerOptions
from kinesis_cli.handlers.runner.virtual_time import CLOCKS
from kinesis_cli.handlers.time_machine import TimeMachine
from kinesis_cli.project.function import DEFAULT_MEMORY_SIZE, MAX_TIMEOUT, Function

_OURS = __name__.partition(".")[0]
MAX_EXCEPTIONS = 100  # different ones that are kept with their frames

LambdaFunction = Callable[[Any, Any], object]


@dataclass(frozen=True, slots=True)
class Seen:
    """What a call came to, as objects of the test."""

    response: object = None
    exception: BaseException | None = None
    traceback: TracebackType | None = None  # from the function's own frame on


class CalledHere:
    """A function of the test, behind the `Handler` protocol.

    Args:
        function: called with the event (parsed JSON) and a `LambdaContext`.
        described: what the template says of it; None: there is no template.
        test_file: the running test's; an assertion that fails in it ends the delivery.
        root: modules below it that took `time.sleep` apart follow virtual time too.
        wall_clock: whether the function sees the real time.
    """

    runtime = "in-process"

    def __init__(
        self,
        function: LambdaFunction,
        described: Function | None,
        *,
        test_file: Path | None = None,
        root: Path | None = None,
        wall_clock: bool = False,
    ) -> None:
        self.name = name_of(function)
        self._function, self._test_file = function, test_file
        self.seen: dict[str, Seen] = {}  # by request id
        self._exceptions: dict[tuple[type, str], Seen] = {}
        self._passed_on: Seen | None = None
        surroundings = _Surroundings(None if wall_clock else root)
        self._surroundings = surroundings
        self._handler = CallableHandler(
            self._call,
            HandlerOptions(wall_clock=wall_clock),
            Described(
                name=described.name if described else self.name.rpartition(".")[2],
                timeout=described.timeout if described else MAX_TIMEOUT,
                memory_size=described.memory_size if described else DEFAULT_MEMORY_SIZE,
            ),
            HostProcess(
                wall_clocks=_StoppedByTheTest if time_of_the_test() is not None else TimeMachine,
                surroundings=surroundings,
                keeps_descriptors=False,
                counts_real_time=False,
            ),
        )

    def invoke(self, request: InvocationRequest) -> InvocationResult:
        """Call the function once.

        Raises:
            BaseException: the test itself failed, was skipped or is to end, within the function.
        """
        self._surroundings.streams = sys.stdout, sys.stderr
        result = self._handler.invoke(request)
        if (seen := self._passed_on) is not None:
            self._passed_on = None
            assert seen.exception is not None
            raise seen.exception.with_traceback(seen.traceback)
        return result

    def close(self) -> None:
        """Give back clocks, signals and logging."""
        self._handler.close()

    def _call(self, event: object, context: Any) -> object:  # noqa: ANN401 - a LambdaContext
        try:
            response = self._function(event, context)
        except BaseException as error:
            seen = Seen(exception=error, traceback=_own_frames(error.__traceback__))
            if self._is_of_the_test(seen):
                self._passed_on = seen
            self._keep(context.aws_request_id, seen)
            raise
        self.seen[context.aws_request_id] = Seen(response)
        return response

    def _keep(self, request_id: str, seen: Seen) -> None:
        """Keep an exception; one that was seen before stands for those that are like it."""
        try:
            kind = type(seen.exception), str(seen.exception)
        except Exception:  # noqa: BLE001 - the user's own __str__
            kind = type(seen.exception), ""
        if kind in self._exceptions or len(self._exceptions) < MAX_EXCEPTIONS:
            self.seen[request_id] = self._exceptions.setdefault(kind, seen)

    def _is_of_the_test(self, seen: Seen) -> bool:
        """Whether it is the test's own end (fail, skip, exit), not the function's failure.

        So is an assertion that fails in the test's file: a stand-in for the function that checks
        what it is called with.
        """
        error = seen.exception
        if any(each.__module__.startswith("_pytest") for each in type(error).__mro__):
            return True
        if not isinstance(error, AssertionError) or self._test_file is None:
            return False
        files = [file for file in _files(seen.traceback) if not _is_of_assertions(file)]
        return bool(files) and Path(files[-1]).resolve() == self._test_file.resolve()


def name_of(function: Callable[..., object]) -> str:
    """Return how a function is called in texts: "app.lambda_handler"."""
    name = getattr(function, "__qualname__", None)
    module = getattr(function, "__module__", None)
    if not isinstance(name, str):
        return type(function).__name__
    return f"{module}.{name}" if isinstance(module, str) else name


def time_of_the_test() -> float | None:
    """Return the time at which the test has stopped the clock itself, epoch seconds; None: not.

    With freezegun or time-machine, whose clock the function sees then, too.
    """
    from kinesis_cli.handlers.runner import virtual_time

    if virtual_time.is_running():
        return None
    freezegun: Any = sys.modules.get("freezegun.api")
    travelling: Any = sys.modules.get("time_machine")
    if freezegun is not None and freezegun.freeze_factories:
        return time.time()
    if travelling is not None and travelling.escape_hatch.is_travelling():
        return time.time()
    return None


class _StoppedByTheTest:
    """`WallClocks` that leaves the clock to whoever stopped it."""

    def start(self, at_ns: int) -> None:
        """Leave it."""

    def shift(self, seconds: float) -> None:
        """Leave it."""

    def stop(self) -> None:
        """Leave it."""


class _Surroundings:
    """What is different during a call: output is copied, no event loop runs, sleeps are virtual.

    Args:
        root: modules below it that took functions out of `time` follow virtual time; None: none.
    """

    def __init__(self, root: Path | None) -> None:
        self._clocks = _Clocks(root)
        self.streams: tuple[TextIO, TextIO] = sys.stdout, sys.stderr
        self._leave: Iterator[None] = iter(())

    def enter(self) -> None:
        """They are in force."""
        self._leave = self._in_force()
        next(self._leave)

    def leave(self) -> None:
        """They are no longer."""
        next(self._leave, None)

    def _in_force(self) -> Iterator[None]:
        kept = sys.stdout  # which is standard error, too
        sys.stdout, sys.stderr = (_Copy(kept, own) for own in self.streams)
        handlers = list(_handlers_of(self.streams))
        for handler in handlers:
            handler.stream = cast("TextIO", _Copy(kept, handler.stream))
        self._clocks.follow()
        with _no_event_loop():
            yield
        self._clocks.give_back()
        for handler in handlers:
            if isinstance(handler.stream, _Copy):
                handler.stream = handler.stream.own


def _handlers_of(streams: tuple[TextIO, TextIO]) -> Iterator["logging.StreamHandler[TextIO]"]:
    """Handlers of logging that took standard output or error when they were made.

    Powertools' logger is one: on Lambda, and in `kcli simulate`, its lines are in the call's log.
    """
    known = {id(stream) for stream in (*streams, sys.__stdout__, sys.__stderr__)}
    for reference in list(logging._handlerList):  # type: ignore[attr-defined]
        handler = reference()
        if not isinstance(handler, logging.StreamHandler):
            continue
        # pytest has put its own in their place, another one for each way of capturing
        is_captured = type(handler.stream).__module__ == "_pytest.capture"
        if id(handler.stream) in known or is_captured:
            yield handler


class _Copy(io.TextIOBase):
    """A stream whose text goes to two others."""

    encoding = "utf-8"
    errors = "replace"

    def __init__(self, kept: TextIO, own: TextIO) -> None:
        self._kept, self.own = kept, own
        self.buffer = _CopiedBytes(self)

    def write(self, text: str, /) -> int:
        written = self._kept.write(text)
        self.own.write(text)
        return written

    def flush(self) -> None:
        self.own.flush()

    def fileno(self) -> int:
        return self.own.fileno()

    def writable(self) -> bool:
        return True


class _CopiedBytes(io.RawIOBase):
    def __init__(self, text: _Copy) -> None:
        self._text = text

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:  # noqa: ANN401 - a buffer
        written = bytes(data)
        self._text.write(written.decode("utf-8", "replace"))
        return len(written)


@contextmanager
def _no_event_loop() -> Iterator[None]:
    """Let a function call `asyncio.run` although the test runs in an event loop.

    On Lambda none runs around the function.
    """
    asyncio: Any = sys.modules.get("asyncio")
    loop = asyncio.events._get_running_loop() if asyncio else None
    if loop is None:
        yield
        return
    task = asyncio.current_task(loop)
    if task is not None:
        asyncio.tasks._leave_task(loop, task)
    asyncio.events._set_running_loop(None)
    try:
        yield
    finally:
        asyncio.events._set_running_loop(loop)
        if task is not None:
            asyncio.tasks._enter_task(loop, task)


class _Clocks:
    """Names of the project's modules that hold a clock of `time`: `from time import sleep`.

    Args:
        root: of the project; None: its modules keep the real clocks.
    """

    def __init__(self, root: Path | None) -> None:
        virtual = {id(real): stand_in for real, stand_in in CLOCKS.values()}
        self._taken = [
            (vars(module), name, value, virtual[id(value)])
            for module in (_modules_below(root) if root is not None else ())
            for name, value in list(vars(module).items())
            if id(value) in virtual
        ]

    def follow(self) -> None:
        """They follow virtual time."""
        for names, name, real, virtual in self._taken:
            if names.get(name) is real:
                names[name] = virtual

    def give_back(self) -> None:
        """They are real again."""
        for names, name, real, virtual in self._taken:
            if names.get(name) is virtual:
                names[name] = real


def _modules_below(root: Path) -> Iterator[ModuleType]:
    beginning = f"{root}/"
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] == _OURS:
            continue
        file = getattr(module, "__file__", None)
        if isinstance(file, str) and file.startswith(beginning) and "site-packages" not in file:
            yield module


def _own_frames(trace: TracebackType | None) -> TracebackType | None:
    """The frames below ours."""
    return trace.tb_next if trace is not None else None


def _files(trace: TracebackType | None) -> Iterator[str]:
    while trace is not None:
        yield trace.tb_frame.f_code.co_filename
        trace = trace.tb_next


def _is_of_assertions(file: str) -> bool:
    """Whether the frame belongs to what makes an assertion for a test: a mock, pytest."""
    return "/unittest/" in file or "/_pytest/" in file
