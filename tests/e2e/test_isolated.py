"""`--isolated`, as a person or a script uses it."""

import json
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.programs import KCLI, Kcli, Terminal
from tests.patience import PATIENCE

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="AWS's runtime client has wheels for Linux only"
)

BATCH = Path(__file__).parents[2] / "fixtures" / "batch.json"


def test_invoke_gives_the_same_answer_and_lambdas_report(kcli: Kcli) -> None:
    here, isolated = (
        json.loads(kcli("invoke", str(BATCH), "--output", "json", *options).stdout)
        for options in ((), ("--isolated",))
    )
    assert isolated["function"]["runtime"] == "isolated"
    assert isolated["response"] == here["response"]
    assert isolated["batchItemFailures"] == here["batchItemFailures"]
    assert isolated["report"]["requestId"] == isolated["requestId"]
    assert isolated["report"]["memorySizeMB"] == 256


def test_simulate_has_the_same_outcome_and_says_that_the_clock_is_real(kcli: Kcli) -> None:
    here = kcli("simulate", str(BATCH), "--output", "json")
    isolated = kcli("simulate", str(BATCH), "--isolated", "--output", "json")
    documents = [json.loads(run.stdout) for run in (here, isolated)]
    runtimes = [document["function"].pop("runtime") for document in documents]
    assert runtimes == ["in-process", "isolated"]
    assert documents[0] == documents[1]
    more = set(isolated.stderr.splitlines()) - set(here.stderr.splitlines())
    assert more == {"An isolated handler sees the real clock, not the simulation's."}


def test_the_process_stays_warm_between_attempts_unless_cold(kcli: Kcli, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(
        "import os\n"
        "def handler(event, context):\n"
        "    with open('processes', 'a') as file:\n"
        "        print(os.getpid(), file=file)\n"
        "    raise ValueError\n"
    )
    seen = []
    for options in ((), ("--cold",)):
        settings = ("--maximum-retry-attempts", "2", "--isolated", *options)
        assert kcli("simulate", str(BATCH), "--handler", "app.handler", *settings).returncode == 0
        seen.append((tmp_path / "processes").read_text().split())
        (tmp_path / "processes").unlink()
    warm, cold = seen
    assert (len(set(warm)), len(set(cold))) == (1, len(warm))


def test_an_error_is_shown_once_with_its_traceback(kcli: Kcli, tmp_path: Path) -> None:
    code = "def handler(event, context):\n    print('before')\n    raise ValueError('no')\n"
    (tmp_path / "app.py").write_text(code)
    done = kcli("invoke", "--handler", "app.handler", "--isolated")
    assert done.stdout.partition("\nError\n")[2].splitlines() == [
        "[ERROR] ValueError: no",
        "Traceback (most recent call last):",
        f'  File "{tmp_path}/app.py", line 3, in handler',
        "    raise ValueError('no')",
        "",
        "Log",
        f"INIT Runtime Version: python:3.{sys.version_info.minor}",
        "START Version: $LATEST",
        "before",
    ]


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (("--cold",), "--cold is for a handler with a process of its own: add --isolated."),
        (("--isolated", "--debug-at", "1"), "--debug-at needs the handler in kcli's own process."),
    ],
)
def test_options_that_contradict_each_other(
    kcli: Kcli, options: tuple[str, ...], problem: str
) -> None:
    done = kcli("simulate", str(BATCH), *options)
    assert done.returncode == 2
    assert done.stderr.splitlines()[0] == f"kcli: {problem}"


def test_ctrl_c_is_kclis_and_ends_the_function(
    terminal: Callable[..., Terminal], tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as meeting:
        meeting.settimeout(PATIENCE)
        (tmp_path / "app.py").write_text(
            "import socket\n"
            "def handler(event, context):\n"
            f"    socket.create_connection(('127.0.0.1', {meeting.getsockname()[1]}))\n"
            "    try:\n"
            "        while True: pass\n"
            "    except KeyboardInterrupt:\n"
            "        open('interrupted', 'w')\n"
        )
        run = terminal(*KCLI, "invoke", "--handler", "app.handler", "--isolated")
        function, _ = meeting.accept()
        with function:
            run.type(b"\x03")
            assert "kcli: interrupted." in run.read_all()
            assert run.process.wait(PATIENCE) == 130
            function.settimeout(PATIENCE)
            assert function.recv(1) == b""  # its process has ended
    assert not (tmp_path / "interrupted").exists()


def test_a_breakpoint_works_with_debug(terminal: Callable[..., Terminal], tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(
        "def handler(event, context):\n    answer = 6\n    breakpoint()\n    return answer * 7\n"
    )
    run = terminal(*KCLI, "invoke", "--handler", "app.handler", "--isolated", "--debug")
    run.read_until("(Pdb)")
    run.type(b"answer = 5\n")
    run.read_until("(Pdb)", seconds=10)
    run.type(b"c\n")
    run.read_until("35")
    run.read_all()
    assert run.process.wait(PATIENCE) == 0
