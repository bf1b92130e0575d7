"""One process of the project's interpreter, and the frames that pass between it and kcli."""

import fcntl
import json
import os
import signal
import socket
import struct
import subprocess
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from kinesis_cli.errors import InputError
from kinesis_cli.handlers.runner import START
from kinesis_cli.handlers.runner.frames import SLOT_BYTES, SLOTS, Frames, shared_memory

_MAX_OUTPUT_BYTES = 256 * 1024  # of what is written past `sys.stdout` in one call
_KEPT_OUTPUT_BYTES = 64 * 1024 * 1024  # of several calls, before the process may go ahead of kcli


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
        self._frames, self._timeout = Frames(self._socket), 0.0
        their_lifeline, self._lifeline = os.pipe()
        # What subprocesses and C libraries write goes past `sys.stdout`.
        self._output = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - see `close`
        # so that it goes to the beginning once `output` has emptied the file
        fcntl.fcntl(self._output, fcntl.F_SETFL, os.O_APPEND)
        self._output_read = 0  # bytes of it
        memory = tempfile.TemporaryFile()  # noqa: SIM115 - the mapping outlives it
        memory.truncate(SLOTS * SLOT_BYTES)
        self._shared = shared_memory(memory.fileno())
        fds = (theirs.fileno(), their_lifeline, memory.fileno(), self._output.fileno())
        self._has_group = not debug
        try:
            self._process = subprocess.Popen(
                [python, START, "serve", *map(str, fds)],
                cwd=directory,
                env=variables,
                stdin=None if debug else subprocess.DEVNULL,
                stdout=None if debug else self._output,
                stderr=None if debug else self._output,
                pass_fds=fds,
                start_new_session=self._has_group,  # Ctrl-C is for kcli
            )
        except (OSError, ValueError) as error:
            self._give_back()
            raise InputError(f"cannot be started: {error}", place=str(python)) from error
        finally:
            theirs.close()
            memory.close()
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
        self.send(head, body)
        return self.receive(timeout)

    def send(self, head: object, body: bytes = b"") -> None:
        """Send a frame; whether the process is still there is seen by who waits for the answer."""
        with suppress(ConnectionError):
            self._frames.send(msgspec.json.encode(head), body)

    def receive(self, timeout: float | None = None) -> tuple[Any, memoryview]:
        """Wait for the answer of the first frame that was not answered yet; see `exchange`."""
        self._set_timeout(timeout or 0.0)
        try:
            line, rest = self._frames.receive()
        except BlockingIOError as error:
            raise TimeoutError from error
        except (ConnectionError, EOFError):
            raise WorkerEndedError(self._process.wait()) from None
        return _decoded(line), rest

    def share(self, body: bytes, slot: int) -> int:
        """Put an event into the memory that the process has, too. Returns where its slot begins."""
        begin = slot % SLOTS * SLOT_BYTES
        self._shared[begin : begin + len(body)] = body
        return begin

    def _set_timeout(self, seconds: float) -> None:
        """Let the kernel end a wait: Python's own time-out asks it twice each time."""
        if seconds != self._timeout:
            self._timeout = seconds
            whole = int(seconds)
            interval = struct.pack("@ll", whole, int((seconds - whole) * 1_000_000))
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, interval)

    def output(self, end: int | None = None, *, is_idle: bool = True) -> tuple[str, ...]:
        """The lines that were written past `sys.stdout` since the last time.

        Args:
            end: bytes of all that was written until the call ended; None: as much as there is.
            is_idle: whether the process is in no call now, and what was read can be forgotten.
        """
        fd, begin = self._output.fileno(), self._output_read
        end = os.fstat(fd).st_size if end is None else end
        size = end - begin
        if size <= 0:
            return ()
        text = os.pread(fd, min(size, _MAX_OUTPUT_BYTES), begin).decode("utf-8", "replace")
        self._output_read = end
        if is_idle and os.fstat(fd).st_size == end:
            os.ftruncate(fd, 0)
            self._output_read = 0
        if size > _MAX_OUTPUT_BYTES:
            text += f"\n[kcli left out {size - _MAX_OUTPUT_BYTES:,} bytes here]"
        return tuple(text.removesuffix("\n").split("\n"))

    @property
    def is_written_full(self) -> bool:
        """Whether the process must be idle once, so that what it wrote can be forgotten."""
        return self._output_read > _KEPT_OUTPUT_BYTES

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
        self._frames.close()
        self._shared.close()
        self._output.close()
        os.close(self._lifeline)


def _decoded(line: memoryview) -> Any:  # noqa: ANN401 - JSON
    try:
        return msgspec.json.decode(line)
    except msgspec.DecodeError:  # half a surrogate pair, which Python's own JSON knows
        return json.loads(bytes(line))
