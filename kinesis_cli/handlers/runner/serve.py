"""The other end of `kinesis_cli.handlers.worker`: calls the function in this process, for kcli.

kcli sends frames, and each is answered by one: the function as a whole, then call after call.
"""

from __future__ import annotations

import fcntl
import gc
import json
import os
import platform
import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from . import (
    BEGIN_FRESH,
    END_FRESH,
    ENDED,
    INTERRUPTED,
    KEEP_TABLES,
    TRACED_BYTES,
    virtual_time,
    wall_clocks,
)
from .call import Caller, context_type
from .context import read_client_context
from .encoding import MarshalError, as_json, close_coroutine, unmarshal_error
from .failure import Failure
from .frames import Frames, shared_memory
from .fresh import FreshEnvironments
from .lent_packages import LentPackages
from .loading import Code, LambdaFunction, LoadError
from .output import LogHandler, Output, install_logging, say
from .watching import Watching, traced_bytes


class Call(NamedTuple):
    """What kcli asks for, in the order of its members there."""

    request_id: str
    at: float | None
    invocation_duration: float
    trace_id: str | None
    client_context: str | None
    debugging: bool
    shared_at: int  # where the event begins in the shared memory
    in_shared: int  # bytes of the event there; 0: it is in the frame
    real_seconds: float | None = None  # that it may last at most, whatever the Timeout is


def main(arguments: list[str]) -> None:
    """Serve until kcli closes the socket."""
    connection, lifeline, memory, written = (int(number) for number in arguments)
    _end_with_kcli(lifeline, os.getpid())
    kcli = Frames(socket.socket(fileno=connection))
    fresh = FreshEnvironments(lambda: _end_with_kcli(lifeline, -os.getpgrp()))

    def close_in_child() -> None:
        if not fresh.copying:
            kcli.close()

    os.register_at_fork(after_in_child=close_in_child)  # a child must not keep it open
    sys.argv[:] = sys.argv[:1]
    with suppress(EOFError):
        _serve(kcli, memoryview(shared_memory(memory)), written, fresh)
    # What is left belongs to the function: its threads and handlers of exit must not hold us up,
    # as they do not on Lambda.
    os._exit(0)


def _serve(kcli: Frames, shared: memoryview, written: int, fresh: FreshEnvironments) -> None:
    line, _ = kcli.receive()
    function = Served(json.loads(str(line, "utf-8")), written)
    try:
        code = function.load()
    except LoadError as error:
        kcli.send(json.dumps({"error": vars(error)}).encode())
        return
    told = {"python": platform.python_version(), "notes": function.notes}
    kcli.send(json.dumps(told).encode())
    gc.collect()
    gc.freeze()  # what was imported stays: it need not be looked through again
    while True:
        line, payload = kcli.receive()
        asked = json.loads(str(line, "utf-8"))
        if isinstance(asked, str):
            _do(asked, function, kcli, fresh)
            continue
        call = Call(*asked)
        if call.in_shared:
            payload = shared[call.shared_at : call.shared_at + call.in_shared]
        fresh.mark(in_call=True)
        try:
            head, body = function.call(code.function, call, payload)
        except KeyboardInterrupt:  # the user left the debugger
            head, body = INTERRUPTED, b""
        fresh.mark(in_call=False)
        kcli.send(json.dumps(head).encode(), body)


def _do(what: str, function: Served, kcli: Frames, fresh: FreshEnvironments) -> None:
    """Answer something else than a call."""

    def answer(value: int) -> None:
        kcli.send(json.dumps(value).encode())

    if what == BEGIN_FRESH:
        if (
            threads := fresh.begin(lambda code: kcli.send(json.dumps({ENDED: code}).encode()))
        ) >= 0:
            answer(threads)
    elif what == END_FRESH:
        fresh.end(lambda: answer(0))
    elif what == TRACED_BYTES:
        answer(traced_bytes())
    elif what == KEEP_TABLES and function.watching is not None:
        function.watching.keeps_tables = True
        answer(0)


class Served:
    """The function, as kcli describes it.

    Args:
        settings: a JSON object.
        written: the file of what is written past `sys.stdout`.
    """

    def __init__(self, settings: Any, written: int) -> None:  # noqa: ANN401
        self._settings, self._written = settings, written
        self.output = Output()
        as_json = os.environ.get("AWS_LAMBDA_LOG_FORMAT", "").upper() == "JSON"
        log_handler = LogHandler(self.output, as_json=as_json)
        install_logging(log_handler, os.environ.get("AWS_LAMBDA_LOG_LEVEL"))
        is_virtual = not settings["wall_clock"]
        if is_virtual:
            virtual_time.install()
            wall_clocks.install()
        self._caller = Caller(
            timeout=settings["timeout"],
            context_type=context_type(
                settings["handler"],
                settings["memory_size"],
                settings["arn"],
                os.environ,
                settings["qualifier"],
            ),
            output=self.output,
            log_handler=log_handler,
            wall_clocks=wall_clocks.PatchedClocks if is_virtual else None,
            takes_ctrl_c=False,
            is_alone=True,
        )
        self.notes: list[str] = []  # what is to be told of loading the code
        self.watching: Watching | None = None
        if settings.get("watches"):
            self.watching = Watching(answers_aws=settings["answers_aws"])
            self.watching.install()
        self._lent = LentPackages(settings["lent_from"], settings["python"], self.notes.append)
        self._lent.install()

    def load(self) -> Code:
        """Import the code.

        Raises:
            LoadError: it cannot be imported.
        """
        settings = self._settings
        code: Code = self._caller.load(
            lambda: Code(Path(settings["folder"]), settings["handler"], settings["layers"]),
            settings["at"],
            debugging=settings["debug"],
        )
        self._lent.tell = say  # what is imported in a call is told in its log
        return code

    def call(
        self, function: LambdaFunction, call: Call, payload: memoryview
    ) -> tuple[object, bytes]:
        """Call it once. Returns the members of a result, and the response as JSON."""
        try:
            event, client_context = _event(payload), read_client_context(call.client_context)
        except MarshalError as error:
            failure = Failure(error.error_type, error.message, (), call.request_id)
            return (failure, 0.0, 0.0, (), self._bytes_written()), b""
        if self.watching is not None:
            self.watching.begin(_event(payload))
        ended = self._caller.call(function, event, client_context, call, debugging=call.debugging)
        failed, response = ended.failure, b""
        if failed is None:
            try:
                response = as_json(ended.returned).encode("utf-8", "surrogatepass")
            except MarshalError as error:
                close_coroutine(ended.returned)
                failed = Failure(error.error_type, error.message, (), call.request_id)
        logs = self.output.take() + ended.written
        head = (failed, ended.slept, ended.elapsed, logs, self._bytes_written())
        if self.watching is not None:
            return (*head, self.watching.found(event)), response
        return head, response

    def _bytes_written(self) -> int | None:
        """How much is in the file by now: the next call may write before kcli looks."""
        try:
            return os.fstat(self._written).st_size
        except OSError:  # the function has closed it
            return None


def _event(payload: memoryview) -> object:
    try:
        return json.loads(str(payload, "utf-8", "surrogatepass"))
    except ValueError as error:
        raise unmarshal_error(error) from error


def _end_with_kcli(lifeline: int, process: int) -> None:
    """Let the kernel end a process when kcli's end of the pipe closes, in whatever way.

    A number below 0 means its process group. A call in an endless loop must not outlive kcli. Where
    there is no such signal (macOS), it ends with the call.
    """
    if hasattr(fcntl, "F_SETSIG"):
        fcntl.fcntl(lifeline, fcntl.F_SETOWN, process)
        fcntl.fcntl(lifeline, fcntl.F_SETSIG, signal.SIGKILL)
        flags = fcntl.fcntl(lifeline, fcntl.F_GETFL)
        fcntl.fcntl(lifeline, fcntl.F_SETFL, os.O_ASYNC | flags)
