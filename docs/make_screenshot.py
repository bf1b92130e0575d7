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
    "timeline.svg": "kcli simulate fixtures/poison.ndjson --handler fixtures/strict.py:handler "
    "--mapping fixtures/mappings/bisect.yaml --start-at +600 --timeline",
}
FROM = {"timeline.svg": "Timeline"}  # in the first line that a picture shows, if not the first
WIDTH = 96  # columns; still legible at the width of a README


def screenshot(name: str) -> str:
    """The true output of a picture's command, in colour, as SVG."""
    command = PICTURES[name]
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
    console.print(Text.from_ansi(shown[_beginning(shown, FROM.get(name)) :].rstrip()))
    # A fixed id: the same output gives the same file, so a diff shows a change of the output.
    return console.export_svg(title="kcli", unique_id="kcli")


def _beginning(shown: str, text: str | None) -> int:
    """Where the line begins that has a text."""
    return 0 if text is None else shown.rindex("\n", 0, shown.index(text)) + 1


if __name__ == "__main__":
    if sys.argv[1:2] == ["-"]:
        sys.stdout.write(screenshot(sys.argv[2]))
    else:
        for name in PICTURES:
            (ROOT / "docs" / name).write_text(screenshot(name))
