"""A fork of the tests' own is what kcli is when it is started."""

import json
import os
import select
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests import forks, user_state
from tests.e2e.programs import KCLI, Completed
from tests.left_processes import MARK
from tests.patience import PATIENCE

ROOT = Path(__file__).parents[2]
SURROUNDINGS = f"""
import os, signal, sys, tempfile, threading, time

def handler(event, context):
    signals = [signal.getsignal(each) for each in sorted(signal.valid_signals())]
    streams = (sys.__stdin__, sys.__stdout__, sys.__stderr__)
    with open("/proc/self/environ", "rb") as start:
        is_marked = b"{MARK}=" in start.read()
    return {{
        "started by": os.getppid(),
        "is marked": is_marked,
        "arguments": sys.argv,
        "path": sys.path,
        "flags": list(sys.flags),
        "main": sys.modules["__main__"].__spec__.name,
        "folder": os.getcwd(),
        "environment": dict(os.environ),
        "time zone": time.tzname,
        "temporary folder": tempfile.gettempdir(),
        "signals": [getattr(each, "__qualname__", str(each)) for each in signals],
        "threads": [each.name for each in threading.enumerate()],
        "descriptors": os.listdir("/proc/self/fd"),
        "group": os.getpgid(0),
        "streams": [
            [each.encoding, each.errors, each.line_buffering, each.write_through, each.fileno()]
            for each in streams
        ],
    }}
"""

pytestmark = pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="there are no forks here")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "event.json").write_text('{"any": "event"}')
    (tmp_path / "app.py").write_text(SURROUNDINGS)
    return tmp_path


def both(
    patch: pytest.MonkeyPatch, folder: Path, *arguments: str, given: str | None = None, **more: str
) -> tuple[Completed, Completed]:
    """The same command, forked and started."""
    command, environment = [*KCLI, *arguments], {**os.environ, **more}
    forked = forks.run(command, folder, environment, given)
    with patch.context() as switched_off:
        switched_off.setenv(forks.SWITCH, "0")
        return forked, forks.run(command, folder, environment, given)


def same(runs: tuple[Completed, Completed]) -> Completed:
    forked, started = runs
    assert (forked.returncode, forked.stdout, forked.stderr) == (
        started.returncode,
        started.stdout,
        started.stderr,
    )
    return forked


def surroundings(run: Completed) -> dict[str, Any]:
    assert run.returncode == 0, run.stderr
    found: dict[str, Any] = json.loads(run.stdout)["response"]
    return found


INVOKE = ("invoke", "event.json", "--handler", "app.handler", "--output", "json")


def test_a_handler_finds_around_it_what_it_finds_in_a_kcli_that_was_started(
    monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    (folder / "tmp").mkdir()
    more = {"TZ": "Asia/Tokyo", "TMPDIR": str(folder / "tmp"), "OF_THE_TEST": "é"}
    forked, started = map(surroundings, both(monkeypatch, folder, *INVOKE, **more))
    assert started.pop("started by") == os.getpid()
    assert forked.pop("started by") != os.getpid()
    assert forked == started
    assert forked["is marked"] == (MARK in os.environ)
    assert forked["environment"]["OF_THE_TEST"] == "é"


@pytest.mark.parametrize(
    "arguments",
    [
        ("--version",),
        ("--help",),
        ("put", "--help"),
        ("putt",),
        ("event", "--count", "3", "--seed", "1"),
        ("simulate", str(ROOT / "fixtures" / "batch.json")),
        ("simulate", "missing.json"),
    ],
    ids=" ".join,
)
def test_a_command_prints_and_ends_the_same(
    monkeypatch: pytest.MonkeyPatch, folder: Path, arguments: tuple[str, ...]
) -> None:
    run = same(both(monkeypatch, folder, *arguments, COLUMNS="100"))
    assert run.stdout or run.returncode


def test_it_reads_more_than_a_pipe_holds(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    records = forks.run([*KCLI, "event", "--count", "500", "--output", "ndjson"], folder).stdout
    assert len(records) > 1 << 17
    simulate = ("simulate", "-", "--output", "json")
    run = same(both(monkeypatch, ROOT, *simulate, given=records))
    calls = json.loads(run.stdout)["invocations"]
    assert len({number for call in calls for number in call["sequenceNumbers"]}) == 500


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("os.kill(os.getpid(), signal.SIGKILL)", -signal.SIGKILL),
        ("os.kill(os.getpid(), signal.SIGUSR2)", -signal.SIGUSR2),
        ("os._exit(7)", 7),
    ],
)
def test_its_exit_code_tells_how_the_process_ended(
    monkeypatch: pytest.MonkeyPatch, folder: Path, statement: str, code: int
) -> None:
    (folder / "app.py").write_text(
        f"import os, signal\ndef handler(event, context):\n    {statement}"
    )
    run = same(both(monkeypatch, folder, *INVOKE))
    assert run.returncode == code


def test_exit_handlers_run(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    (folder / "app.py").write_text(
        """
import atexit, os

atexit.register(os.write, 2, b"at exit")

def handler(event, context):
    pass
"""
    )
    forked, started = both(monkeypatch, folder, *INVOKE)
    assert forked.stderr == started.stderr
    assert forked.stderr.endswith("at exit")


def test_many_threads_get_the_output_of_their_own(folder: Path) -> None:
    def made(seed: int) -> str:
        return forks.run([*KCLI, "event", "--count", "1", "--seed", str(seed)], folder).stdout

    with ThreadPoolExecutor(8) as threads:
        at_once = list(threads.map(made, range(24)))
    assert at_once == [made(seed) for seed in range(24)]
    assert len(set(at_once)) == 24


@pytest.mark.parametrize(
    "more", [{"PYTHONHASHSEED": "0"}, {"LC_ALL": "C"}, {"FORCE_COLOR": "1"}, {forks.SWITCH: "0"}]
)
def test_what_is_read_before_main_is_read_by_a_kcli_that_was_started(
    folder: Path, more: dict[str, str]
) -> None:
    run = forks.run([*KCLI, *INVOKE], folder, {**os.environ, **more})
    assert surroundings(run)["started by"] == os.getpid()


def test_it_is_killed_when_its_time_is_over(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    (folder / "app.py").write_text(
        """
import os

def handler(event, context):
    with open("waits", "w") as told:
        told.write(str(os.getpid()))
    while True:
        pass
"""
    )
    command = [*KCLI, *INVOKE]
    with pytest.raises(subprocess.TimeoutExpired):
        forks.run(command, folder, timeout=0.0)

    os.mkfifo(folder / "waits")
    found: list[int] = []

    def is_over_once_it_runs(*_: object) -> bool:
        found.append(os.pidfd_open(int((folder / "waits").read_text())))
        return False

    monkeypatch.setattr(forks, "_talk", is_over_once_it_runs)
    with pytest.raises(subprocess.TimeoutExpired):
        forks.run(command, folder)
    assert select.select(found, [], [], PATIENCE)[0]
    os.close(*found)


def test_nothing_is_left_where_the_tests_are_killed(folder: Path) -> None:
    script = f"""
import os, signal
from tests import forks
print(forks.run([*{KCLI!r}, "--version"], {str(folder)!r}).stdout, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    # The parent of the forks has the same standard error, which ends when both have ended.
    killed = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert killed.stdout.startswith("kcli ")
    assert killed.stderr == ""


def test_it_is_not_given_the_users_state(folder: Path) -> None:
    environment = {name: each for name, each in os.environ.items() if name != user_state.VARIABLE}
    with pytest.raises(user_state.UserStateTouchedError, match=user_state.VARIABLE):
        forks.run([*KCLI, "local", "status"], folder, environment)
