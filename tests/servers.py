"""Servers to run against: ours, and others that speak for Kinesis too, pinned and set apart.

Used by the tests and by the benchmarks.
"""

import os
import select
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from kinesis_cli.local.client.process import READY
from kinesis_cli.local.state import read_server
from tests.environments import ROOT, node, npm_package, python_environment

KINESALITE = "kinesalite@3.3.3"
KINESIS_LOCAL = "kinesis-local@0.6.2"
MINISTACK = "ministack==1.5.33"
MAX_SECONDS_TO_END = 60.0


@dataclass(frozen=True)
class Started:
    """A server that answers."""

    name: str
    port: int
    pid: int

    @property
    def endpoint(self) -> str:
        """Its URL."""
        return f"http://127.0.0.1:{self.port}"


@dataclass(frozen=True)
class Command:
    """How to start a server."""

    arguments: list[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    directory: Path | None = None


@contextmanager
def ours(*options: str) -> Iterator[Started]:
    """Our server, with a state directory of its own."""
    with TemporaryDirectory(prefix="kcli-") as state, ours_in(Path(state), *options) as started:
        yield started


@contextmanager
def ours_in(state: Path, *options: str) -> Iterator[Started]:
    """Our server on a state directory, on a port that the system chooses."""
    reader, writer = os.pipe()
    arguments = [sys.executable, "-m", "kinesis_cli.local", "--state", str(state)]
    process = subprocess.Popen(
        [*arguments, "--port", "0", "--ready-fd", str(writer), *options],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        pass_fds=(writer,),
    )
    os.close(writer)
    with _ended_at_last(process):
        with os.fdopen(reader, "rb") as pipe:
            answer = pipe.read()
        server = read_server(state) if answer == READY else None
        if server is None:
            raise RuntimeError(f"our server did not start: {answer!r}")
        yield Started("ours", server.port, process.pid)


@contextmanager
def peer(name: str) -> Iterator[Started]:
    """One of `PEERS`."""
    with held_port() as port:
        command = PEERS[name](port)
        with serving(command, port) as pid:
            yield Started(name, port, pid)


@contextmanager
def held_port() -> Iterator[int]:
    """A port that a server may take and that the system gives to nobody else meanwhile.

    Linux lets a server listen where another socket is bound, if both say SO_REUSEADDR, as all of
    the peers do. Elsewhere the port is only one that was free.
    """
    with closing(socket.socket()) as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(("127.0.0.1", 0))
        port: int = holder.getsockname()[1]
        if sys.platform != "linux":
            holder.close()
        yield port


@contextmanager
def serving(command: Command, port: int) -> Iterator[int]:
    """A process from the moment at which its port takes connections; its pid."""
    process = subprocess.Popen(
        command.arguments,
        env={**os.environ, **command.environment},
        cwd=command.directory,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    with _ended_at_last(process):
        while not _listens(port):
            if process.poll() is not None:
                raise RuntimeError(f"{command.arguments} ended early")
        yield process.pid


@contextmanager
def _ended_at_last(process: "subprocess.Popen[bytes]") -> Iterator[None]:
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(MAX_SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise


def _listens(port: int) -> bool:
    """Whether connections are taken; after a moment of waiting where they are not."""
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", port)) == 0:
            return True
    select.select([], [], [], 0.005)
    return False


# --- what to start


def _moto(port: int) -> Command:
    return Command([sys.executable, "-m", "moto.server", "-p", str(port)])


def _kinesalite(port: int) -> Command:
    package = npm_package(KINESALITE)
    times = [f"--{change}StreamMs=0" for change in ("create", "delete", "update")]
    program = str(package / "cli.js")
    return Command([node(), program, f"--port={port}", "--shardLimit=500", *times])


def _kinesis_local(port: int) -> Command:
    changes = ("CREATE_STREAM", "DELETE_STREAM", "REGISTER_STREAM_CONSUMER", "SPLIT_SHARD",
               "MERGE_SHARDS", "UPDATE_SHARD_COUNT", "DEREGISTER_STREAM_CONSUMER",
               "START_STREAM_ENCRYPTION", "STOP_STREAM_ENCRYPTION")  # fmt: skip
    package = npm_package(KINESIS_LOCAL)
    return Command(
        [node(), str(package / "main.js")],
        {
            "KINESIS_MOCK_PLAIN_PORT": str(port),
            "KINESIS_MOCK_TLS_PORT": "0",
            "SHARD_LIMIT": "500",
            "LOG_LEVEL": "INFO",
            **{f"{change}_DURATION": "1ms" for change in changes},
        },
        directory=package,
    )


def _ministack(port: int) -> Command:
    program = python_environment("ministack", MINISTACK) / "ministack"
    return Command([str(program)], {"GATEWAY_PORT": str(port)})


PEERS = {
    "moto": _moto,
    "kinesalite": _kinesalite,
    "kinesis-local": _kinesis_local,
    "ministack": _ministack,
}
