"""The end of a server: its directory is free when its process is gone, and not before."""

import fcntl
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from kinesis_cli.local.client import process
from kinesis_cli.local.client.process import ensure_running, stop_server
from kinesis_cli.local.options import LocalOptions
from kinesis_cli.local.state import SERVER_FILE, SERVER_LOCK
from tests.named_pipes import opened_for_its_reader
from tests.patience import PATIENCE

pytestmark = pytest.mark.slow

# Python imports this at its start: the process of the server cannot end before the test lets it.
HELD_UP = """\
import atexit
atexit.register(lambda: open({gate!r}).read())
"""


@pytest.fixture
def gate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A pipe: a server comes to its end when it is opened, and ends when it is closed."""
    pipe = tmp_path / "gate"
    os.mkfifo(pipe)
    (tmp_path / "sitecustomize.py").write_text(HELD_UP.format(gate=str(pipe)))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(process, "PATIENCE_STOP", 120.0)  # nothing is killed for being slow
    return pipe


def is_held(state: Path) -> bool:
    with (state / SERVER_LOCK).open() as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def test_a_server_is_gone_only_when_its_process_is(tmp_path: Path, gate: Path) -> None:
    state = tmp_path / "state"
    ensure_running(LocalOptions(), state=state)
    with ThreadPoolExecutor() as beside:
        stopped = beside.submit(stop_server, state)
        with os.fdopen(opened_for_its_reader(gate), "w"):  # it has closed everything
            assert not (state / SERVER_FILE).exists()
            assert is_held(state)
            again = beside.submit(stop_server, state)  # nothing runs, but one is ending
            assert not again.done()
        assert stopped.result(PATIENCE) is not None
        assert again.result(PATIENCE) is None
    assert not is_held(state)
