"""The state directory of a local endpoint: what is in it, and whether a server runs on it.

    server.json    pid, port and token of the server that runs; stale where that process is gone
    server.lock    held by the server for its whole life, so that there is only one
    start.lock     held while a server is being started or cleaned up after
    server.log     what a detached server wrote
    port           the port of the last time, kept across restarts
    live-page.html leads a browser to the live page, once; gone with the server

Beside them lie the databases, `DATABASES`, whose inside is their owners' business.
"""

import contextlib
import errno
import fcntl
import hashlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import IO

from kinesis_cli.errors import InputError
from kinesis_cli.local.journals import MESSAGES, TABLES
from kinesis_cli.project.nearest import project_root

HOST = "127.0.0.1"
IN_PROJECT = ".kcli"
SERVER_FILE = "server.json"
SERVER_LOCK = "server.lock"
START_LOCK = "start.lock"
LOG_FILE = "server.log"
PORT_FILE = "port"
ENTRANCE_FILE = "live-page.html"
# The databases of `kinesis.storage.store` and `function`, which import much, and of `journals`.
FUNCTION_DATABASE = "function.sqlite3"
HOSTED_DATABASE = "functions.sqlite3"
DATABASES = (
    *("kinesis.sqlite3", MESSAGES, TABLES, "events.sqlite3"),
    *(FUNCTION_DATABASE, HOSTED_DATABASE),
)
PACKAGES = "functions"  # the code that arrived by API, see `local.function.packages`
CERTIFICATE_FILE = "certificate.pem"  # made by `kinesis_cli.local.server.certificate`


@dataclass(frozen=True, slots=True)
class Server:
    """A server as it described itself when it was ready."""

    pid: int
    process: str  # `process_identity`: tells this process from a later one with the same pid
    port: int
    token: str  # lets our own commands through to the control path
    started: float  # epoch seconds
    state: str  # its state directory
    region: str  # in which the project's streams were made
    in_memory: bool
    tls: bool
    arguments: list[str]  # that start it again as it is; empty: it runs in a terminal
    # What later versions added: a server that an older one started lacks it.
    limits: bool = False  # shards refuse what is too much, as on AWS

    @property
    def endpoint(self) -> str:
        """The URL for clients."""
        return f"{'https' if self.tls else 'http'}://{HOST}:{self.port}"

    def page_link(self, token: str) -> str:
        """A link to the live page. The token is in the fragment, which no request holds."""
        return f"{self.endpoint}/_kcli/ui/#token={token}"

    @property
    def certificate(self) -> Path | None:
        """The one that it shows, signed by itself; None: it speaks plain HTTP."""
        return Path(self.state) / CERTIFICATE_FILE if self.tls else None


def state_directory(named: Path | None = None, directory: Path | None = None) -> Path:
    """Where the state lives: `named`, else beside the project's template, else with the user's.

    Args:
        named: `--state`.
        directory: the working directory by default.

    Raises:
        InputError: outside a project, and there is no home directory.
    """
    directory = (directory or Path()).resolve()
    if named is not None:
        return (directory / named.expanduser()).resolve()
    if root := project_root(directory):
        return root / IN_PROJECT
    # readable for people, and unlike any other directory's
    key = hashlib.sha256(os.fsencode(directory)).hexdigest()[:12]
    return _user_state() / "kcli" / f"{re.sub(r'[^A-Za-z0-9._-]', '_', directory.name)}-{key}"


def _user_state() -> Path:
    """Where this platform keeps what programs remember for a user.

    Source: https://specifications.freedesktop.org/basedir-spec/latest/
    """
    try:
        if sys.platform == "darwin":
            return Path.home() / "Library" / "Application Support"
        named = Path(os.environ.get("XDG_STATE_HOME", ""))
        return named if named.is_absolute() else Path.home() / ".local" / "state"
    except RuntimeError as error:
        raise InputError(
            "there is no home directory to keep the local stream in",
            advice="Name one with --state.",
        ) from error


def make_directory(state: Path) -> None:
    """Make the state directory, out of git's sight.

    Raises:
        InputError: it cannot be made or written to.
    """
    try:
        if not state.is_dir():
            state.mkdir(parents=True, mode=0o700)
            (state / ".gitignore").write_text("*\n")
        if not os.access(state, os.W_OK | os.X_OK):
            raise PermissionError(13, os.strerror(13), str(state))
        found = state.stat()
        if found.st_uid == os.geteuid() and found.st_mode & 0o022:
            state.chmod(found.st_mode & 0o755)  # what others put there would be opened
    except OSError as error:
        raise InputError(
            f"cannot hold the local stream's state: {error.strerror}",
            place=str(state),
            advice="Name another directory with --state.",
        ) from error


# --- the server that runs


def running_server(state: Path) -> Server | None:
    """The server of a state directory. What a dead one left behind is cleaned up.

    Raises:
        InputError: `server.json` is not a file of kcli's.
    """
    server = read_server(state)
    if server is None or is_alive(server):
        return server
    with locked(state / START_LOCK):
        if (server := read_server(state)) and not is_alive(server):
            (state / SERVER_FILE).unlink(missing_ok=True)
            return None
    return server


def read_server(state: Path) -> Server | None:
    """The server that `server.json` describes, whether it still runs or not."""
    file = state / SERVER_FILE
    try:
        document = json.loads(file.read_bytes())
        known = {each.name for each in fields(Server)}
        return Server(**{name: value for name, value in document.items() if name in known})
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", place=str(file)) from error
    except (ValueError, AttributeError, TypeError) as error:
        raise InputError(
            "was not written by kcli",
            place=str(file),
            advice="Name another directory with --state, or take this file away.",
        ) from error


@contextlib.contextmanager
def published_server(server: Server) -> Iterator[None]:
    """`server.json` for as long as the server answers: for this user only, whole or not at all."""
    state = Path(server.state)
    write_file(state / SERVER_FILE, json.dumps(asdict(server), indent=2))
    write_file(state / PORT_FILE, f"{server.port}\n")
    yield
    if read_server(state) == server:
        (state / SERVER_FILE).unlink(missing_ok=True)
        (state / ENTRANCE_FILE).unlink(missing_ok=True)


def write_file(file: Path, text: str) -> None:
    """A file of this user's, whole or not at all; a link in its place is replaced, not followed."""
    new = file.with_name(f"{file.name}.new")
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w") as written:
        written.write(text)
    new.replace(file)


def delete_databases(state: Path) -> None:
    """Delete what a server that does not run has kept.

    Raises:
        InputError: a server runs.
    """
    if state.is_dir():
        with only_server(state):
            for name in DATABASES:
                for suffix in ("", "-wal", "-shm"):  # the last two are SQLite's own
                    (state / (name + suffix)).unlink(missing_ok=True)
            shutil.rmtree(state / PACKAGES, ignore_errors=True)


def kept_port(state: Path) -> int:
    """The port of the last time; 0: there is none."""
    with contextlib.suppress(OSError, ValueError):
        port = int((state / PORT_FILE).read_text())
        return port if 0 < port < 65536 else 0
    return 0


# --- processes and locks


def is_alive(server: Server) -> bool:
    """Whether this server's process still runs; another one with its pid does not count."""
    return bool(server.process) and process_identity(server.pid) == server.process


def process_identity(pid: int) -> str:
    """What tells a process from every other that ever has its pid; empty: there is none.

    The time of its start: in clock ticks since the boot (and which boot) on Linux, to the second
    elsewhere. A process that has ended and waits for its parent counts as none.
    """
    try:
        after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return "" if Path("/proc/self/stat").exists() else _identity_by_ps(pid)
    state, start = after_name[0], after_name[19]  # fields 3 and 22 of proc(5)
    return "" if state in "ZX" else f"{boot} {start}"


def _identity_by_ps(pid: int) -> str:
    run = subprocess.run(
        ["ps", "-o", "lstart=", "-p", str(pid)],
        env={**os.environ, "LC_ALL": "C"},
        capture_output=True,
        text=True,
    )
    return " ".join(run.stdout.split())


def opened_to_append(file: Path) -> IO[bytes]:
    """A lock or a log of the state directory, made for this user where there is none.

    Raises:
        InputError: there is a link, a directory or another user's file in its place.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW
    try:
        return os.fdopen(os.open(file, flags, 0o600), "ab")
    except OSError as error:
        reason = "it is a link" if error.errno == errno.ELOOP else error.strerror
        raise InputError(
            f"cannot be written: {reason}",
            place=str(file),
            advice="Take it away, or name another directory with --state.",
        ) from error


@contextlib.contextmanager
def locked(file: Path) -> Iterator[None]:
    """Hold the lock of `file`, after whoever holds it now.

    Raises:
        InputError: there is something else in its place.
    """
    with opened_to_append(file) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def stay_only_server(state: Path) -> None:
    """Be the one server of a state directory until this process has ended.

    Not only until its work is done: threads and databases come to their end with the interpreter,
    and SQLite then deletes files which the next server might have made.

    Raises:
        InputError: another server has it.
    """
    with only_server(state) as lock:
        os.dup(lock.fileno())  # shares the lock, and is never closed


@contextlib.contextmanager
def only_server(state: Path) -> Iterator[IO[bytes]]:
    """Be the one server of a state directory. The system frees it when the process ends, however.

    Raises:
        InputError: another server has it.
    """
    with opened_to_append(state / SERVER_LOCK) as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise InputError(
                "another local stream runs on this directory",
                place=str(state),
                advice=f"`kcli local stop --state {shlex.quote(str(state))}` ends it,"
                " --state names another directory.",
            ) from error
        yield lock
