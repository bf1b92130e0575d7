"""What the consoles do with pipes, terminals and the environment's wishes."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.programs import Terminal

pytestmark = pytest.mark.slow

SHOW = (
    "from kinesis_cli.show.console import stdout_console\n"
    "console = stdout_console()\n"
    "console.print('red', style='red')\n"
    "console.rule(characters='-')\n"
)
PROGRESS = (
    "import sys\n"
    "from kinesis_cli.show import progress\n"
    "progress.PATIENCE = float(sys.argv[1])\n"
    "with progress.progress('reading [b]\\x9b{}', total=1000) as shown:\n"
    "    for done in range(1000): shown.update(done)\n"
    "print('end')\n"
)


def in_a_pipe(program: str, *arguments: str, **environment: str) -> tuple[str, str]:
    inherited = {
        name: value
        for name, value in os.environ.items()
        if name not in ("COLUMNS", "NO_COLOR", "FORCE_COLOR")
    }
    run = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        env={**inherited, "TERM": "xterm", **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return run.stdout, run.stderr


def test_a_pipe_is_80_columns_wide_and_without_colour() -> None:
    assert in_a_pipe(SHOW) == (f"red\n{'-' * 80}\n", "")


def test_columns_sets_the_width_of_a_pipe() -> None:
    assert in_a_pipe(SHOW, COLUMNS="120")[0] == f"red\n{'-' * 120}\n"


def test_force_color_colours_a_pipe_and_no_color_wins() -> None:
    assert "\x1b[31mred" in in_a_pipe(SHOW, FORCE_COLOR="1")[0]
    assert "\x1b[31m" not in in_a_pipe(SHOW, FORCE_COLOR="1", NO_COLOR="1")[0]


def test_a_terminal_gets_colour(terminal: Callable[..., Terminal]) -> None:
    session = terminal("env", "-u", "NO_COLOR", "TERM=xterm", sys.executable, "-c", SHOW)
    assert "\x1b[31mred" in session.read_all()


def test_progress_is_never_seen_in_a_pipe() -> None:
    assert in_a_pipe(PROGRESS, "0") == ("end\n", "")


@pytest.mark.parametrize(("patience", "seen"), [("0", True), ("1e9", False)])
def test_progress_is_seen_on_a_terminal_when_it_takes_long(
    patience: str, seen: bool, terminal: Callable[..., Terminal]
) -> None:
    screen = terminal("env", "TERM=xterm", sys.executable, "-c", PROGRESS, patience).read_all()
    assert ("reading [b]\\x9b{}" in screen) is seen
    assert "\x9b" not in screen
    assert screen.endswith("end\r\n")


def test_a_table_in_a_pipe_whose_reader_left_ends_quietly(tmp_path: Path) -> None:
    (tmp_path / "noisy.py").write_text(
        "from kinesis_cli.show.console import stdout_console\n"
        "def noisy() -> None:\n"
        "    for _ in range(20000): stdout_console().print('x' * 50)\n"
    )
    (tmp_path / "program.py").write_text(
        "import sys\nfrom kinesis_cli.cli.main import COMMANDS, Command, main\n"
        "COMMANDS['noisy'] = Command('noisy', 'Print much.')\n"
        "sys.exit(main(['noisy']))\n"
    )
    run = subprocess.run(
        ["bash", "-c", f"{{ {sys.executable} program.py; echo $? >code; }} | head -1"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert (run.stdout, run.stderr) == ("x" * 50 + "\n", "")
    assert (tmp_path / "code").read_text() == "141\n"
