"""Draws the pictures of the README, what commands show on a terminal: `make docs`.

With ``- NAME`` one picture goes to standard output instead; a test compares.
"""

import re
import shutil
import subprocess
import sys
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).parent.parent
PICTURES = {
    "simulate.svg": "kcli simulate fixtures/batch.json",
    "check.svg": "kcli check fixtures/batch.json --handler fixtures/hasty.py:handler "
    "--report-batch-item-failures --maximum-retry-attempts 3 --no-tests",
    "lint.svg": "kcli lint fixtures/lint/template.yaml",
    "testing.svg": "pytest",
    "timeline.svg": "kcli simulate fixtures/poison.ndjson --handler fixtures/strict.py:handler "
    "--mapping fixtures/mappings/bisect.yaml --start-at +600 --timeline",
}
STATUS = {"check.svg": 1}  # a check that finds something
FROM = {"timeline.svg": "Timeline"}  # in the first line that a picture shows, if not the first
WIDTH = 96  # columns; still legible at the width of a README


# A test of examples/plain that fails, since its function was broken.
BROKEN = ("src/app.py", "except (ValueError, KeyError)", "except KeyError")
FAILING = "tests/test_app.py::test_a_poison_order_is_given_up_alone"


def screenshot(name: str) -> str:
    """The true output of a picture's command, in colour, as SVG."""
    command = PICTURES[name]
    if command == "pytest":
        with TemporaryDirectory() as folder:
            run = _failing_test(Path(folder) / "plain")
    else:
        run = _run(["-m", "kinesis_cli", *command.split()[1:]], ROOT, STATUS.get(name, 0))
    console = Console(record=True, width=WIDTH, file=StringIO())
    console.print(Text.assemble(("$ ", "green"), (command, "bold")))
    # which Python runs it differs from machine to machine
    shown = re.sub(r"Python 3[\d.]+ \(.*?\)", "Python 3.14.0 (.venv)", run.stdout)
    # and so may what hypothesis thinks of
    shown = re.sub(r"[\d,]+ batches, seed", "1,182 batches, seed", shown)
    console.print(Text.from_ansi(shown[_beginning(shown, FROM.get(name)) :].rstrip()))
    # A fixed id: the same output gives the same file, so a diff shows a change of the output.
    return console.export_svg(title="kcli", unique_id="kcli")


def _run(arguments: list[str], folder: Path, status: int = 0) -> "subprocess.CompletedProcess[str]":
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={"COLUMNS": str(WIDTH), "FORCE_COLOR": "1", "TERM": "xterm-256color"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == status, done.stdout + done.stderr
    return done


def _failing_test(folder: Path) -> "subprocess.CompletedProcess[str]":
    """The output of a test that fails, without the section below it."""
    shutil.copytree(ROOT / "examples" / "plain", folder, ignore=shutil.ignore_patterns(".*"))
    file, whole, broken = BROKEN
    (folder / file).write_text((folder / file).read_text().replace(whole, broken))
    only = ["--color=yes", "-q", "--no-header", "--show-capture=no"]
    quiet = ["-p", "no:cacheprovider", "-p", "no:asyncio", "-p", "no:warnings"]
    done = _run(["-m", "pytest", *only, *quiet, FAILING], folder, status=1)
    done.stdout = re.sub(r" in \d+\.\d+s", " in 0.12s", done.stdout)
    return done


def _beginning(shown: str, text: str | None) -> int:
    """Where the line begins that has a text."""
    return 0 if text is None else shown.rindex("\n", 0, shown.index(text)) + 1


if __name__ == "__main__":
    if sys.argv[1:2] == ["-"]:
        sys.stdout.write(screenshot(sys.argv[2]))
    else:
        for name in PICTURES:
            (ROOT / "docs" / name).write_text(screenshot(name))
