"""Draws the pictures of the README, what commands show on a terminal: `make docs`.

With ``- NAME`` one picture goes to standard output instead; a test compares.
"""

import re
import subprocess
import sys
from io import StringIO
from pathlib import Path

from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).parent.parent
PICTURES = {
    "simulate.svg": "kcli simulate fixtures/batch.json",
    "lint.svg": "kcli lint fixtures/lint/template.yaml",
}
WIDTH = 96  # columns; still legible at the width of a README


def screenshot(command: str) -> str:
    """The true output of a command, in colour, as SVG."""
    run = subprocess.run(
        [sys.executable, "-m", "kinesis_cli", *command.split()[1:]],
        cwd=ROOT,
        env={"COLUMNS": str(WIDTH), "FORCE_COLOR": "1", "TERM": "xterm-256color"},
        capture_output=True,
        text=True,
        check=True,
    )
    console = Console(record=True, width=WIDTH, file=StringIO())
    console.print(Text.assemble(("$ ", "green"), (command, "bold")))
    # which Python runs it differs from machine to machine
    shown = re.sub(r"Python 3[\d.]+ \(.*?\)", "Python 3.14.0 (.venv)", run.stdout)
    console.print(Text.from_ansi(shown.rstrip()))
    # A fixed id: the same output gives the same file, so a diff shows a change of the output.
    return console.export_svg(title="kcli", unique_id="kcli")


if __name__ == "__main__":
    if sys.argv[1:2] == ["-"]:
        sys.stdout.write(screenshot(PICTURES[sys.argv[2]]))
    else:
        for name, command in PICTURES.items():
            (ROOT / "docs" / name).write_text(screenshot(command))
