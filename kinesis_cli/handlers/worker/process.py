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
from kinesis_cli.handlers.runner.frames import SHARED_BYTES, Frames, shared_memory

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
        self._frames, self._timeout = Frames(self._socket), 0.0
        their_lifeline, self._lifeline = os.pipe()
        # What subprocesses and C libraries write goes past `sys.stdout`.
        self._output = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - see `close`
        # so that it goes to the beginning once `output` has emptied the file
        fcntl.fcntl(self._output, fcntl.F_SETFL, os.O_APPEND)
        memory = tempfile.TemporaryFile()  # noqa: SIM115 - the mapping outlives it
        memory.truncate(SHARED_BYTES)
        self._shared = shared_memory(memory.fileno())
        fds = (theirs.fileno(), their_lifeline, memory.fileno())
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
        self._set_timeout(timeout or 0.0)
        try:
            self._frames.send(msgspec.json.encode(head), body)
            line, rest = self._frames.receive()
        except BlockingIOError as error:
            raise TimeoutError from error
        except (ConnectionError, EOFError):
            raise WorkerEndedError(self._process.wait()) from None
        return _decoded(line), rest

    def share(self, body: bytes) -> bool:
        """Put an event into the memory that the process has, too. Returns whether it fits."""
        if not 0 < len(body) <= SHARED_BYTES:
            return False
        self._shared[: len(body)] = body
        return True

    def _set_timeout(self, seconds: float) -> None:
        """Let the kernel end a wait: Python's own time-out asks it twice each time."""
        if seconds != self._timeout:
            self._timeout = seconds
            whole = int(seconds)
            interval = struct.pack("@ll", whole, int((seconds - whole) * 1_000_000))
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, interval)

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
        self._frames.close()
        self._shared.close()
        self._output.close()
        os.close(self._lifeline)


def _decoded(line: memoryview) -> Any:  # noqa: ANN401 - JSON
    try:
        return msgspec.json.decode(line)
    except msgspec.DecodeError:  # half a surrogate pair, which Python's own JSON knows
        return json.loads(bytes(line))
