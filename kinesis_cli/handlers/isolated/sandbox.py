"""One process that runs the function: started, called, watched and ended.

Lambda calls it an execution environment. It is used by one thread at a time, which reads its
output and its requests, and looks after its time and its memory, while it waits.
"""

import errno
import fcntl
import math
import os
import select
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from kinesis_cli.errors import InputError
from kinesis_cli.handlers.isolated.answers import Ended as Ended
from kinesis_cli.handlers.isolated.answers import EndKind as EndKind
from kinesis_cli.handlers.isolated.answers import answered, reported
from kinesis_cli.handlers.isolated.frames import Frames
from kinesis_cli.handlers.isolated.memory import family, peak, resident
from kinesis_cli.handlers.isolated.runtime_api import (
    Broken,
    Connection,
    Listener,
    RuntimeRequest,
)
from kinesis_cli.handlers.runner.output import Output

# How often output and memory are looked at. To wake for each line would slow the function down.
LOOK_SECONDS = 0.02
_PIPE_BYTES = 1024 * 1024  # what it can write meanwhile
_READ_AT_ONCE = 256 * 1024
_FOREIGN = "Build it for this machine, whose processor is {}; a script begins with #!."
# of the Extensions, Logs and Telemetry APIs
_EXTENSION_PATHS = ("/2020-01-01/extension/", "/2020-08-15/logs", "/2022-07-01/telemetry")
_READABLE = select.POLLIN | select.POLLHUP | select.POLLERR


class Sandbox:
    """A process of the function.

    Args:
        arguments: the program and its arguments, see `runtimes`.
        directory: its working directory.
        variables: its whole environment.
        memory_limit: bytes that the process and those below it may have resident.
        debug: its standard streams are kcli's own, and no limit applies.

    Raises:
        InputError: the process cannot be started.
    """

    def __init__(
        self,
        arguments: Sequence[str],
        directory: Path,
        variables: Mapping[str, str],
        memory_limit: int,
        *,
        debug: bool = False,
    ) -> None:
        self.log_stream = variables["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.output = Output()
        self.max_memory_used = 0  # bytes
        self._memory_limit = math.inf if debug else memory_limit
        self._looked_at = self._started = time.monotonic()
        self._listener = Listener()
        self._process = self._started_process(arguments, directory, variables, debug=debug)
        self._own = self._process.pid if debug else -self._process.pid
        self._ending = threading.Lock()
        self._exit = os.pidfd_open(self._process.pid)
        self._requests: deque[RuntimeRequest] = deque()
        self._connections: dict[int, Connection] = {}
        self._waiting: Connection | None = None  # the runtime asked for the next event here
        self._broken: Broken | None = None  # what it last sent that was not a request
        self._noted: set[str] = set()
        self._poll = select.poll()
        self._poll.register(self._listener, _READABLE)
        self._poll.register(self._exit, select.POLLIN)
        self._frames = Frames()
        os.set_blocking(self._output_fd, False)
        with suppress(OSError):  # more than this user may have: it waits for us more often
            fcntl.fcntl(self._output_fd, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)

    def _started_process(
        self,
        arguments: Sequence[str],
        directory: Path,
        variables: Mapping[str, str],
        *,
        debug: bool,
    ) -> "subprocess.Popen[bytes]":
        self._lifeline, theirs = os.pipe()[::-1]
        self._output_fd, written = os.pipe()
        environment = {**variables, "AWS_LAMBDA_RUNTIME_API": self._listener.address}
        if not debug:
            environment["_LAMBDA_TELEMETRY_LOG_FD"] = str(written)
        try:
            process = subprocess.Popen(
                arguments,
                cwd=directory,
                env=environment,
                stdin=None if debug else subprocess.DEVNULL,
                stdout=None if debug else written,
                stderr=None if debug else subprocess.STDOUT,
                pass_fds=(theirs, written),
                # Ctrl-C is for kcli; a debugger, though, must own the terminal
                start_new_session=not debug,
            )
        except (OSError, ValueError) as error:
            self._listener.close()
            os.close(self._lifeline)
            os.close(self._output_fd)
            is_foreign = isinstance(error, OSError) and error.errno == errno.ENOEXEC
            raise InputError(
                f"the function's process cannot be started: {error}",
                place=str(directory),
                advice=_FOREIGN.format(os.uname().machine) if is_foreign else "",
            ) from error
        else:
            _kill_on_close(theirs, process.pid if debug else -process.pid)
            return process
        finally:
            os.close(theirs)
            os.close(written)

    def is_ready(self) -> bool:
        """Whether it can take a call now."""
        has_exited, _ = self._read(0)
        return self._waiting is not None and self._waiting.is_open and not has_exited

    def initialise(self, limit: float) -> tuple[Ended, float]:
        """Let it import the function, for `limit` seconds at most. Returns the seconds, too."""
        ended = self._initialise(self._started + limit)
        return ended, time.monotonic() - self._started

    def _initialise(self, until: float) -> Ended:
        while True:
            told = self._next(until)
            if isinstance(told, Ended):
                return told
            if _asks_for_next(told):
                self._waiting = told.connection
                return Ended(EndKind.READY)
            if told.path == "init/error" and told.method == "POST":
                told.accept()
                self._next(until)  # it ends now, and what it still writes belongs here
                return reported(told)
            self._refuse(told)
            if time.monotonic() >= until:
                return self._timed_out()

    def call(self, payload: bytes, headers: Mapping[str, str], limit: float) -> Ended:
        """Hand an event over and wait until the runtime is ready for the next one.

        Args:
            payload: the event.
            headers: the Runtime API's; Lambda-Runtime-Aws-Request-Id at least.
            limit: seconds.
        """
        until = time.monotonic() + limit
        connection, self._waiting = self._waiting, None
        assert connection is not None, "initialised, and the last call is over"
        self._broken = None
        try:
            return self._called(connection, payload, headers, until)
        except TimeoutError:  # it does not take the event
            return self._timed_out()

    def _called(
        self, connection: Connection, payload: bytes, headers: Mapping[str, str], until: float
    ) -> Ended:
        path = f"invocation/{headers['Lambda-Runtime-Aws-Request-Id']}/"
        answer: Ended | None = None

        def hand_over(to: Connection) -> None:
            left = max(0.001, until - time.monotonic())
            to.reply(200, payload, headers, timeout=None if math.isinf(left) else left)

        hand_over(connection)
        while True:
            told = self._next(until)
            if isinstance(told, Ended):
                # UNSURE(exit-after-answer): we take the answer. Or does the exit count?
                return replace(answer, unsure=("exit-after-answer",)) if answer else told
            if _asks_for_next(told):
                if ended := answer or self._unanswered():
                    self._waiting = told.connection
                    return self._over_limit() or ended
                # While a call runs, Lambda gives the same event once more.
                # Source: aws-lambda-runtime-interface-emulator, internal/lambda/core/states.go,
                # RuntimeRunningState.Ready
                hand_over(told.connection)
            elif answer is None and told.method == "POST" and told.path == path + "response":
                answer = answered(told)
            elif answer is None and told.method == "POST" and told.path == path + "error":
                answer = reported(told)
                told.accept()
            else:
                self._refuse(told, path)
            if time.monotonic() >= until and answer is None:
                return self._timed_out()

    def _unanswered(self) -> Ended | None:
        """What a call ended with whose answer could not be read."""
        if self._broken is None:
            return None
        # UNSURE(malformed-answer): the type of an answer that is not HTTP
        message = f"the function's process {self._broken.problem}"
        return Ended(EndKind.UNANSWERED, error_type=self._broken.error_type, message=message)

    def _refuse(self, told: RuntimeRequest, path: str = "") -> None:
        """Say that a request is not to be made, now or at all."""
        if told.path.startswith(_EXTENSION_PATHS):
            self._note("the function's process asked for Lambda's extensions, which are not run")
            told.refuse(404, "ExtensionsNotSupported", "kcli runs no extensions")
        elif (told.path.startswith(path) and path) or told.path == "init/error":
            told.refuse(403, "InvalidStateTransition")
        elif told.path.startswith("invocation/") and told.path.endswith(("/response", "/error")):
            told.refuse(400, "InvalidRequestID", "Invalid request ID")
        else:
            told.refuse(404, "InvalidPath")

    def _note(self, sentence: str) -> None:
        """Tell something in the function's log, once."""
        if sentence not in self._noted:
            self._noted.add(sentence)
            self._read_output()  # what it wrote before comes before
            self.output.write_message(f"[kcli] {sentence}")

    def _next(self, until: float) -> RuntimeRequest | Ended:
        """What the runtime says next, or how it ended; a process that must not go on is killed."""
        while not self._requests:
            now = time.monotonic()
            if now >= self._looked_at + LOOK_SECONDS:
                self._looked_at = now
                self._read_output()
                if ended := self._over_limit():
                    return ended
            has_exited, has_news = self._read(max(0.0, min(until - now, LOOK_SECONDS)))
            if self._requests:
                break  # in time, even if we come late
            if has_exited and not has_news:
                return self._exited()
            if now >= until:
                return self._timed_out()
        return self._requests.popleft()

    def _read(self, seconds: float) -> tuple[bool, bool]:
        """Wait for anything and take it. Returns whether the process has ended, and sent news."""
        has_exited = has_news = False
        for fd, _ in self._poll.poll(math.ceil(seconds * 1000)):
            if fd == self._exit:
                has_exited = True
                continue
            has_news = True
            if fd == self._listener.fileno():
                self._connect()
            else:
                self._receive(fd)
        return has_exited, has_news

    def _connect(self) -> None:
        connection = self._listener.accept()
        if connection is not None:
            self._connections[connection.fileno()] = connection
            self._poll.register(connection, _READABLE)

    def _receive(self, fd: int) -> None:
        connection = self._connections[fd]
        for told in connection.receive():
            if isinstance(told, Broken):
                self._broken = told
                self._note(f"the function's process {told.problem}")
            else:
                self._requests.append(told)
        if not connection.is_open:
            self._poll.unregister(fd)
            self._connections.pop(fd).close()

    def _read_output(self) -> None:
        """What it has written, up to now."""
        while True:
            try:
                data = os.read(self._output_fd, _READ_AT_ONCE)
            except BlockingIOError:
                return
            if not data:  # it has ended
                self.output.buffer.write(self._frames.rest())
                return
            for part, is_message in self._frames.split(data):
                if is_message:
                    self.output.write_message(part.decode("utf-8", "replace"))
                else:
                    self.output.buffer.write(part)

    def take_output(self) -> tuple[str, ...]:
        """The lines and messages that it has written since the last time."""
        self._read_output()
        return self.output.take()

    def _over_limit(self) -> Ended | None:
        """Kill it if it has, or had between two looks, more memory than it may have."""
        pid = self._process.pid
        used = max(peak(pid), resident(family(pid), self._memory_limit))
        self.max_memory_used = max(self.max_memory_used, used)
        if used <= self._memory_limit:
            return None
        self.kill()
        return Ended(EndKind.OUT_OF_MEMORY)

    def _timed_out(self) -> Ended:
        self.kill()
        return Ended(EndKind.TIMED_OUT)

    def _exited(self) -> Ended:
        self.kill()  # those below it, too
        return Ended(EndKind.EXITED, exit_code=self._process.returncode)

    def freeze(self) -> None:
        """Let nothing in it run until it is thawed: its threads and processes, too, as on Lambda.

        Source: https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
        """
        if self._own < 0:  # under a debugger the process shares kcli's group
            _signal(self._own, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        if self._own < 0:
            _signal(self._own, signal.SIGCONT)

    def kill(self) -> None:
        """End the process and all below it. May be called from any thread."""
        with self._ending:
            if self._process.returncode is not None:
                return  # its number may be another's by now
            for pid in family(self._process.pid)[1:]:
                _signal(pid, signal.SIGKILL)  # it may have left the group
            _signal(self._own, signal.SIGKILL)
            self._process.wait()

    def close(self) -> None:
        """End it, and give back what it held."""
        self.kill()
        for connection in self._connections.values():
            connection.close()
        self._listener.close()
        os.close(self._lifeline)
        os.close(self._exit)
        os.close(self._output_fd)


def _asks_for_next(told: RuntimeRequest) -> bool:
    return told.path == "invocation/next" and told.method == "GET"


def _signal(pid: int, number: signal.Signals) -> None:
    """Send a signal to a process; below 0: to a group of them."""
    with suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)


def _kill_on_close(lifeline: int, own: int) -> None:
    """Let the kernel kill the process (below 0: its group) when kcli's end of the pipe closes.

    That is when kcli ends, in whatever way: a call in an endless loop must not outlive it.
    """
    fcntl.fcntl(lifeline, fcntl.F_SETOWN, own)
    fcntl.fcntl(lifeline, fcntl.F_SETSIG, signal.SIGKILL)
    fcntl.fcntl(lifeline, fcntl.F_SETFL, os.O_ASYNC | fcntl.fcntl(lifeline, fcntl.F_GETFL))
