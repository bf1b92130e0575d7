"""A run of the tests that is cut short leaves no server."""

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.environments import ROOT
from tests.named_pipes import told_in
from tests.patience import PATIENCE

pytestmark = pytest.mark.slow

# One that starts a detached server, says which, and then never ends.
TEST = """\
import signal
from pathlib import Path

from kinesis_cli.local.client.process import ensure_running
from kinesis_cli.local.options import LocalOptions


def test_it_waits():
    running = ensure_running(LocalOptions(), state=Path("state").absolute())
    with open("told", "w") as told:
        told.write(f"{running.server.pid}\\n")
    while True:
        signal.pause()
"""


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="processes are found as only Linux can")
@pytest.mark.parametrize("workers", ["0", "1"])
@pytest.mark.parametrize("ended_by", [signal.SIGINT, signal.SIGKILL], ids=lambda each: each.name)
def test_the_servers_of_a_run_end_with_it(
    tmp_path: Path, ended_by: signal.Signals, workers: str
) -> None:
    (tmp_path / "test_waiting.py").write_text(TEST)
    (tmp_path / "pytest.ini").write_text("[pytest]")
    with told_in(tmp_path / "told") as told, (tmp_path / "said").open("wb") as said:
        run = subprocess.Popen(
            [sys.executable, "-m", "pytest", "-q", "-n", workers, "-p", "tests.left_processes"],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=said,
            stderr=said,
            start_new_session=True,
        )
        try:
            server = os.pidfd_open(int(told.line(run)))
        except AssertionError as problem:
            run.kill()
            problem.add_note((tmp_path / "said").read_text())
            raise
    if ended_by is signal.SIGKILL:
        run.kill()  # and nothing else
    else:
        os.killpg(run.pid, ended_by)  # as a terminal does it
    assert select.select([server], [], [], PATIENCE)[0], "the server runs on"
    os.close(server)
    run.wait(PATIENCE)
