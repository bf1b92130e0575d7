"""One process of the project's interpreter, and the frames that pass between it and kcli."""

import fcntl
import json
import os
import signal
import socket
import subprocess
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from kinesis_cli.errors import InputError
from kinesis_cli.handlers.runner import START

_LENGTH_BYTES = 4
_SOCKET_BYTES = 1024 * 1024  # what may wait in the socket, so that an event goes over at once
_MAX_OUTPUT_BYTES = 256 * 1024  # of what is written past `sys.stdout` in one call


class WorkerEndedError(Exception):
    """The process is gone; `exit_code` below 0 is the number of a signal."""

    def __init__(self, exit_code: int) -> None:
        super().__init__(exit_code)
        self.exit_code = exit_code


class Worker:
    """A process that has loaded the function, or said why it cannot.

    Args:
        python: the interpreter.
        directory: its working directory.
        variables: its whole environment.
        debug: it shares the terminal with kcli, so that `breakpoint()` works.

    Raises:
        InputError: it cannot be started.
    """

    def __init__(
        self, python: Path, directory: Path, variables: Mapping[str, str], *, debug: bool
    ) -> None:
        self._socket, theirs = socket.socketpair()
        for each in (self._socket, theirs):
            each.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SOCKET_BYTES)
        self._buffer = bytearray(64 * 1024)
        their_lifeline, self._lifeline = os.pipe()
        # What subprocesses and C libraries write goes past `sys.stdout`.
        self._output = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - see `close`
        # so that it goes to the beginning once `output` has emptied the file
        fcntl.fcntl(self._output, fcntl.F_SETFL, os.O_APPEND)
        self._has_group = not debug
        try:
            self._process = subprocess.Popen(
                [python, START, "serve", str(theirs.fileno()), str(their_lifeline)],
                cwd=directory,
                env=variables,
                stdin=None if debug else subprocess.DEVNULL,
                stdout=None if debug else self._output,
                stderr=None if debug else self._output,
                pass_fds=(theirs.fileno(), their_lifeline),
                start_new_session=self._has_group,  # Ctrl-C is for kcli
            )
        except (OSError, ValueError) as error:
            self._give_back()
            raise InputError(f"cannot be started: {error}", place=str(python)) from error
        finally:
            theirs.close()
            os.close(their_lifeline)

    def exchange(
        self, head: object, body: bytes = b"", timeout: float | None = None
    ) -> tuple[Any, memoryview]:
        """Send a frame, and wait for the one that answers it.

        Args:
            head: JSON.
            body: what belongs to it.
            timeout: seconds; None: no limit.

        Returns:
            The answer's JSON, and its body: valid until the next time.

        Raises:
            WorkerEndedError: the process has ended.
            TimeoutError: there is no answer in time.
        """
        line = msgspec.json.encode(head)
        length = (len(line) + 1 + len(body)).to_bytes(_LENGTH_BYTES, "big")
        self._socket.settimeout(timeout)
        try:
            self._send(b"%b%b\n" % (length, line), body)
            length_of_answer = int.from_bytes(self._filled(_LENGTH_BYTES), "big")
            frame = self._filled(length_of_answer)
        except (ConnectionError, EOFError):
            raise WorkerEndedError(self._process.wait()) from None
        end = self._buffer.find(b"\n", 0, length_of_answer)
        return _decoded(frame[:end]), frame[end + 1 :]

    def _send(self, head: bytes, body: bytes) -> None:
        sent = self._socket.sendmsg([head, body])
        if sent < len(head):
            self._socket.sendall(head[sent:])
        if sent < len(head) + len(body):
            self._socket.sendall(memoryview(body)[max(0, sent - len(head)) :])

    def _filled(self, length: int) -> memoryview:
        if length > len(self._buffer):
            self._buffer = bytearray(length)
        view, filled = memoryview(self._buffer)[:length], 0
        while filled < length:
            received = self._socket.recv_into(view[filled:])
            if not received:
                raise EOFError
            filled += received
        return view

    def output(self) -> tuple[str, ...]:
        """The lines that were written past `sys.stdout` since the last time."""
        fd = self._output.fileno()
        size = os.fstat(fd).st_size
        if not size:
            return ()
        text = os.pread(fd, min(size, _MAX_OUTPUT_BYTES), 0).decode("utf-8", "replace")
        os.ftruncate(fd, 0)
        if size > _MAX_OUTPUT_BYTES:
            text += f"\n[kcli left out {size - _MAX_OUTPUT_BYTES:,} bytes here]"
        return tuple(text.removesuffix("\n").split("\n"))

    def kill(self) -> None:
        """End the process, and what it has started in its group."""
        if self._has_group and self._process.returncode is None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.kill()
        self._process.wait()

    def close(self) -> None:
        """End it, and give back what it held."""
        self.kill()
        self._give_back()

    def _give_back(self) -> None:
        self._socket.close()
        self._output.close()
        os.close(self._lifeline)


def _decoded(line: memoryview) -> Any:  # noqa: ANN401 - JSON
    try:
        return msgspec.json.decode(line)
    except msgspec.DecodeError:  # half a surrogate pair, which Python's own JSON knows
        return json.loads(bytes(line))
