"""The other end of `kinesis_cli.handlers.worker`: calls the function in this process, for kcli.

kcli sends frames over a socket, and each is answered by one. A frame is its length in four bytes,
a line of JSON, and what belongs to it: the event, or the response.
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

from . import INTERRUPTED, virtual_time, wall_clocks
from .call import Caller, context_type
from .context import ClientContext
from .encoding import MarshalError, as_json, close_coroutine
from .failure import Failure
from .loading import Code, LambdaFunction, LoadError
from .output import LogHandler, Output, install_logging

_LENGTH_BYTES = 4


class Call(NamedTuple):
    """What kcli asks for, in the order of its members there."""

    request_id: str
    at: float | None
    invocation_duration: float
    trace_id: str | None
    client_context: str | None
    debugging: bool


def main(arguments: list[str]) -> None:
    """Serve until kcli closes the socket."""
    connection, lifeline = (int(number) for number in arguments)
    _end_with_kcli(lifeline)
    kcli = Connection(socket.socket(fileno=connection))
    os.register_at_fork(after_in_child=kcli.close)  # a child must not keep it open
    sys.argv[:] = sys.argv[:1]
    with suppress(EOFError):
        _serve(kcli)
    # What is left belongs to the function: its threads and handlers of exit must not hold us up,
    # as they do not on Lambda.
    os._exit(0)


class Connection:
    """Frames from kcli and to it."""

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        self._buffer = bytearray(1024 * 1024)

    def receive(self) -> tuple[Any, memoryview]:
        """The next frame: its line of JSON, and the rest. The rest is valid until the next time.

        Raises:
            EOFError: kcli has closed the socket.
        """
        length = int.from_bytes(self._filled(_LENGTH_BYTES), "big")
        frame = self._filled(length)
        end = self._buffer.find(b"\n", 0, length)
        return json.loads(bytes(frame[:end])), frame[end + 1 :]

    def _filled(self, length: int) -> memoryview:
        if length > len(self._buffer):
            self._buffer = bytearray(length)
        view = memoryview(self._buffer)[:length]
        filled = 0
        while filled < length:
            received = self._socket.recv_into(view[filled:])
            if not received:
                raise EOFError
            filled += received
        return view

    def send(self, head: object, body: bytes = b"") -> None:
        """Send a frame."""
        line = json.dumps(head).encode()
        length = len(line) + 1 + len(body)
        self._socket.sendall(b"%b%b\n%b" % (length.to_bytes(_LENGTH_BYTES, "big"), line, body))

    def close(self) -> None:
        """Close it."""
        self._socket.close()


def _serve(kcli: Connection) -> None:
    settings, _ = kcli.receive()
    function = Served(settings)
    try:
        code = function.load()
    except LoadError as error:
        kcli.send({"error": vars(error)})
        return
    kcli.send({"python": platform.python_version()})
    gc.collect()
    gc.freeze()  # what was imported stays: it need not be looked through again
    while True:
        members, payload = kcli.receive()
        try:
            head, body = function.call(code.function, Call(*members), bytes(payload))
        except KeyboardInterrupt:  # the user left the debugger
            head, body = INTERRUPTED, b""
        kcli.send(head, body)


class Served:
    """The function, as kcli describes it."""

    def __init__(self, settings: Any) -> None:  # noqa: ANN401 - a JSON object
        self._settings = settings
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
        )

    def load(self) -> Code:
        """Import the code.

        Raises:
            LoadError: it cannot be imported.
        """
        settings = self._settings
        return self._caller.load(  # type: ignore[no-any-return]
            lambda: Code(Path(settings["folder"]), settings["handler"], settings["layers"]),
            settings["at"],
            debugging=settings["debug"],
        )

    def call(self, function: LambdaFunction, call: Call, payload: bytes) -> tuple[object, bytes]:
        """Call it once. Returns the members of a result, and the response as JSON."""
        try:
            event, client_context = _event(payload), _client_context(call.client_context)
        except MarshalError as error:
            failure = Failure(error.error_type, error.message, (), call.request_id)
            return (failure, 0.0, 0.0, ()), b""
        ended = self._caller.call(function, event, client_context, call, debugging=call.debugging)
        failed, response = ended.failure, b""
        if failed is None:
            try:
                response = as_json(ended.returned).encode("utf-8", "surrogatepass")
            except MarshalError as error:
                close_coroutine(ended.returned)
                failed = Failure(error.error_type, error.message, (), call.request_id)
        return (failed, ended.slept, ended.elapsed, self.output.take() + ended.written), response


def _event(payload: bytes) -> object:
    try:
        return json.loads(payload)
    except ValueError as error:
        text = f"Unable to unmarshal input: {error}"
        raise MarshalError("Runtime.UnmarshalError", text) from error


def _client_context(text: str | None) -> ClientContext | None:
    if text is None:
        return None
    try:
        return ClientContext(text)
    except ValueError as error:
        told = f"Unable to parse Client Context JSON: {error}"
        raise MarshalError("Runtime.LambdaContextUnmarshalError", told) from error


def _end_with_kcli(lifeline: int) -> None:
    """Let the kernel end this process when kcli's end of the pipe closes, in whatever way.

    A call in an endless loop must not outlive kcli. Where there is no such signal (macOS), it ends
    with the call.
    """
    if hasattr(fcntl, "F_SETSIG"):
        fcntl.fcntl(lifeline, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(lifeline, fcntl.F_SETSIG, signal.SIGKILL)
        flags = fcntl.fcntl(lifeline, fcntl.F_GETFL)
        fcntl.fcntl(lifeline, fcntl.F_SETFL, os.O_ASYNC | flags)
