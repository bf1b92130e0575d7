"""The server process as seen from outside: start it, ask it, end it.

`ensure_running` is what a command calls whose target is local; the rest is `kcli local`.
"""

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from kinesis_cli.errors import EndpointError, InputError
from kinesis_cli.local.logs import MAX_LOG_BYTES
from kinesis_cli.local.options import LocalOptions
from kinesis_cli.local.state import (
    HOST,
    LOG_FILE,
    SERVER_LOCK,
    START_LOCK,
    Server,
    delete_databases,
    is_alive,
    locked,
    make_directory,
    opened_to_append,
    read_server,
    running_server,
    state_directory,
)
from kinesis_cli.project.settings import Settings

if TYPE_CHECKING:
    from http.client import HTTPConnection

PATIENCE_START = 30.0  # seconds until a server must be ready
PATIENCE_STOP = 5.0  # seconds until one that was asked to end is made to
PATIENCE_ANSWER = 30.0  # seconds for an answer of the control path
READY = b"ready\n"  # what the server writes into its `--ready-fd`; else a problem as JSON


@dataclass(frozen=True, slots=True)
class Running:
    """A server that runs, and whether this call started it."""

    server: Server
    started_now: bool


def ensure_running(
    options: LocalOptions | None = None,
    *,
    state: Path | None = None,
    directory: Path | None = None,
    settings: Settings | None = None,
) -> Running:
    """The local endpoint of this directory, started where it does not run yet.

    Args:
        options: how to start it; a server that runs already keeps its own.
        state: its state directory; default: the project's, else the working directory's own.
        directory: the working directory by default.
        settings: what the command was told, where no options say how to start it.

    Raises:
        InputError: the state directory, its database or the port is not usable.
        EndpointError: the server did not get ready.
    """
    where = state_directory(state, directory)
    if server := running_server(where):
        return Running(server, started_now=False)
    make_directory(where)
    with locked(where / START_LOCK):  # two commands at once start one server
        if (server := read_server(where)) and is_alive(server):
            return Running(server, started_now=False)
        options = options or LocalOptions.of_project(directory, settings=settings)
        started = _start(where, options.arguments(where))
    return Running(started, started_now=True)


@contextlib.contextmanager
def tied_server(options: LocalOptions, state: Path) -> Iterator[Server]:
    """A server of this process's own: it ends with the block, or with the process, however it ends.

    Args:
        options: how to start it.
        state: a state directory that nobody else uses.

    Raises:
        InputError: the state directory or the port is not usable.
        EndpointError: the server did not get ready.
    """
    make_directory(state)
    watched, held = os.pipe()  # the server sees its end when this process is gone
    try:
        process, pipe = _launched(state, [*options.arguments(state)], watched)
    finally:
        os.close(watched)
    try:
        with pipe:
            server = _when_ready(pipe, process, state)
        yield server
    finally:
        os.close(held)
        try:
            process.wait(PATIENCE_STOP)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _start(state: Path, arguments: list[str]) -> Server:
    """Start a detached server and wait until it is ready."""
    process, pipe = _launched(state, arguments)
    with pipe:
        return _when_ready(pipe, process, state)


def _launched(
    state: Path, arguments: list[str], watched: int | None = None
) -> tuple["subprocess.Popen[bytes]", IO[bytes]]:
    """A server that is starting, and where it says that it is ready.

    Args:
        state: its state directory.
        arguments: its command line.
        watched: a pipe's reading end; the server ends when its other end is closed.
    """
    reader, writer = os.pipe()
    tie = () if watched is None else ("--while-fd", str(watched))
    with open_log(state) as log:
        process = subprocess.Popen(
            [
                # -P: what lies in the directory is not importable
                *(sys.executable, "-P", "-m", "kinesis_cli.local"),
                *arguments,
                *("--ready-fd", str(writer)),
                *tie,
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=state,
            pass_fds=(writer,) if watched is None else (writer, watched),
            start_new_session=True,  # Ctrl-C in this terminal is not meant for it
        )
    os.close(writer)
    return process, os.fdopen(reader, "rb")


def _when_ready(pipe: IO[bytes], process: "subprocess.Popen[bytes]", state: Path) -> Server:
    ready, _, _ = select.select([pipe], [], [], PATIENCE_START)
    message = pipe.read() if ready else b""
    if message == READY and (server := read_server(state)):
        return server
    process.kill()
    process.wait()
    if message.startswith(b"{"):
        problem = json.loads(message)
        raise InputError(problem["problem"], place=problem["place"], advice=problem["advice"])
    raise EndpointError(
        "the local stream did not start" if ready else "the local stream did not get ready in time",
        advice=f"{state / LOG_FILE} says why.",
    )


@contextlib.contextmanager
def needs_extra() -> Iterator[None]:
    """Around the import of the server, whose packages are an extra.

    Raises:
        InputError: one of them is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        from kinesis_cli.installation import missing_extra

        package = error.name and error.name.partition(".")[0]
        raise missing_extra("local", "the local stream", package) from error


def open_log(state: Path) -> IO[bytes]:
    """The log file, to append to."""
    file = state / LOG_FILE
    with contextlib.suppress(FileNotFoundError):
        if file.stat().st_size > MAX_LOG_BYTES:
            file.replace(file.with_suffix(".log.1"))
    return opened_to_append(file)


# --- ask


def ask(server: Server, verb: str, request: Mapping[str, object] | None = None) -> object:
    """The answer of the server's control path, which is ours alone.

    Args:
        server: that runs.
        verb: `status` or `faults`.
        request: what the verb takes.

    Raises:
        InputError: the server does not take the request.
        EndpointError: it does not answer.
    """
    from http.client import HTTPException

    try:
        status, body = _post(server, f"/_kcli/{verb}", json.dumps(request or {}).encode())
        answer = json.loads(body or b"null")
    except (OSError, HTTPException, ValueError) as error:
        raise EndpointError(
            f"the local stream on {server.endpoint} does not answer: {error}",
            advice="`kcli local stop` ends it.",
        ) from error
    if status == 200:
        return answer
    problem = str(answer.get("message", answer)) if isinstance(answer, dict) else str(answer)
    if status == 400:
        raise InputError(problem.rstrip("."))
    raise EndpointError(f"the local stream on {server.endpoint} answers {status}: {problem}")


def _post(server: Server, path: str, body: bytes) -> tuple[int, bytes]:
    connection = _connection(server)
    try:
        headers = {"X-Kcli-Token": server.token, "Content-Type": "application/json"}
        connection.request("POST", path, body, headers)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def _connection(server: Server) -> "HTTPConnection":
    from http.client import HTTPConnection, HTTPSConnection

    if server.certificate is None:
        return HTTPConnection(HOST, server.port, timeout=PATIENCE_ANSWER)
    import ssl

    context = ssl.create_default_context(cafile=server.certificate)
    return HTTPSConnection(HOST, server.port, timeout=PATIENCE_ANSWER, context=context)


def change_faults(server: Server, request: Mapping[str, object]) -> Mapping[str, object]:
    """Switch faults of a server that runs.

    Args:
        server: that runs.
        request: from `fault_request`; empty: change nothing.

    Returns:
        The switches that are on now, and the offset of the clock in seconds where it was moved.
    """
    answer = ask(server, "faults", request)
    assert isinstance(answer, dict)
    return answer


# --- end


def stop_server(state: Path) -> Server | None:
    """End the server of a state directory and wait until it is gone.

    Returns:
        The server that ran; None: none did.

    Raises:
        EndpointError: it cannot be ended.
    """
    server = running_server(state)
    if server is None:
        if (state / SERVER_LOCK).is_file():
            _gone(state, PATIENCE_STOP)  # one may be about to end, whoever told it to
        return None
    for signal_, patience in ((signal.SIGTERM, PATIENCE_STOP), (signal.SIGKILL, PATIENCE_STOP)):
        _send(server, signal_)
        if _gone(state, patience):
            running_server(state)  # takes away what a killed one left
            return server
    raise EndpointError(f"the local stream, process {server.pid}, does not end")


def _send(server: Server, signal_: signal.Signals) -> None:
    """Signal this very process; one that now has its pid gets nothing."""
    with contextlib.suppress(ProcessLookupError), _process(server.pid) as descriptor:
        if not is_alive(server):
            return
        if descriptor is None:
            os.kill(server.pid, signal_)
        else:
            signal.pidfd_send_signal(descriptor, signal_)


@contextlib.contextmanager
def _process(pid: int) -> Iterator[int | None]:
    """A descriptor that stands for the process itself; None where the system has no such."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        raise
    except (AttributeError, OSError):  # not Linux, or an old or sandboxed one
        yield None
        return
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _gone(state: Path, patience: float) -> bool:
    """Whether the server let go of its lock, waited for without polling."""
    gone = threading.Event()

    def wait() -> None:
        with locked(state / SERVER_LOCK):
            pass
        gone.set()

    threading.Thread(target=wait, daemon=True).start()
    return gone.wait(patience)


def reset_state(state: Path) -> Server | None:
    """Delete every stream and record, and what the neighbours hold.

    A server that runs is ended; a detached one is started again as it was. So it forgets everything
    that it has in memory too.

    Returns:
        The server that was ended; one without `arguments` ran in a terminal.

    Raises:
        InputError, EndpointError: it cannot be ended or started.
    """
    server = stop_server(state)
    delete_databases(state)
    if server and server.arguments:
        with locked(state / START_LOCK):
            _start(state, server.arguments)
    return server
