"""What a handler writes past Python, and what it leaves running, here and in its own process."""

import json
import sys
from pathlib import Path

import pytest

from tests.e2e.programs import Kcli

pytestmark = pytest.mark.slow

WRITES = """
import os, subprocess, sys
def handler(event, context):
    print("printed")
    subprocess.run(["sh", "-c", "echo from a subprocess; echo and its error >&2"])
    os.write(1, b"to descriptor 1\\n")
    os.write(2, b"to descriptor 2")
    print("to the real one", file=sys.__stdout__)
"""
LEAVES = """
import threading, time
from concurrent.futures import ThreadPoolExecutor
pool = ThreadPoolExecutor()
def handler(event, context):
    list(pool.map(str, range(3)))
    {begin}
"""
BEGIN = 'threading.Thread(target=time.sleep, args=(1e6,), name="poller", daemon={}).start()'


@pytest.fixture
def event(kcli: Kcli, tmp_path: Path) -> str:
    """An event."""
    (tmp_path / "event.json").write_text(kcli("event").stdout)
    return "event.json"


@pytest.mark.parametrize("python", [(), ("--python", sys.executable)], ids=["here", "own process"])
def test_what_goes_to_the_descriptors_is_in_the_log(
    python: tuple[str, ...], event: str, kcli: Kcli, tmp_path: Path
) -> None:
    (tmp_path / "app.py").write_text(WRITES)
    for command in ("invoke", "simulate"):
        found = kcli(command, event, "--handler", "app.py:handler", *python, "--output", "json")
        document = json.loads(found.stdout)  # nothing else is there
        if command == "invoke":
            printed, *lines = document["logs"]
            assert printed == "printed"
            assert sorted(lines) == [
                "and its error",
                "from a subprocess",
                "to descriptor 1",
                "to descriptor 2to the real one",
            ]
        assert "descriptor" not in found.stderr


def test_kcli_ends_although_a_thread_of_the_handler_does_not(
    event: str, kcli: Kcli, tmp_path: Path
) -> None:
    (tmp_path / "app.py").write_text(LEAVES.format(begin=BEGIN.format(False)))
    found = kcli("invoke", event, "--handler", "app.py:handler", "--output", "json")
    assert found.returncode == 0
    assert json.loads(found.stdout)["error"] is None
    assert "the handler left the thread 'poller' running; kcli does not wait for it" in found.stderr


@pytest.mark.parametrize("begin", ["pass", BEGIN.format(True)], ids=["an idle pool", "a daemon"])
def test_what_does_not_hold_kcli_up_is_not_told(
    begin: str, event: str, kcli: Kcli, tmp_path: Path
) -> None:
    (tmp_path / "app.py").write_text(LEAVES.format(begin=begin))
    found = kcli("invoke", event, "--handler", "app.py:handler")
    assert found.returncode == 0
    assert "running" not in found.stderr


OUTLIVES = """
import subprocess, sys, time
kept = sys.__stdout__
def handler(event, context):
    print("kept at import", file=kept)
    print("descriptor", sys.__stdout__.fileno(), file=sys.__stdout__)
    subprocess.Popen(["sh", "-c", "for i in 1 2 3 4 5; do echo loose; sleep 0.05; done"])
    raise RuntimeError("again")
"""


def test_what_is_written_between_two_calls_is_not_in_the_output_of_kcli(
    event: str, kcli: Kcli, tmp_path: Path
) -> None:
    (tmp_path / "app.py").write_text(OUTLIVES)
    retries = ("--maximum-retry-attempts", "20", "--handler", "app.py:handler")
    for output in ("json", "ndjson"):
        found = kcli("simulate", event, *retries, "--output", output)
        texts = [found.stdout] if output == "json" else found.stdout.splitlines()
        documents = [json.loads(text) for text in texts]
        assert documents[-1].get("summary", documents[-1])["invocations"] == 21
    table = kcli("simulate", event, *retries).stdout
    assert "loose" not in table
    assert "kept at import" not in table


def test_a_debugged_call_has_the_terminal_and_the_next_one_has_not(
    event: str, kcli: Kcli, tmp_path: Path
) -> None:
    (tmp_path / "app.py").write_text(WRITES + '    raise RuntimeError("again")\n')
    options = ("--maximum-retry-attempts", "2", "--debug-at", "2")
    found = kcli("simulate", event, "--handler", "app.py:handler", *options)
    assert found.stdout.count("to descriptor 1") == 1  # of the second call of three
    assert "Summary" in found.stdout
