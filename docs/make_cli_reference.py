"""Writes docs/cli-reference.md from the commands' own help: `make docs`.

With ``-`` the text goes to standard output instead; a test compares the two.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import typer

from kinesis_cli.cli.exit_code import ExitCode
from kinesis_cli.cli.main import COMMANDS, load, main

REFERENCE = Path(__file__).parent / "cli-reference.md"

EXIT_CODES = {
    ExitCode.DONE: "Done. A handler that fails is a result, not an error.",
    ExitCode.FAILED: "The thing under test failed by the rule you asked for (`--fail-on`).",
    ExitCode.BAD_INPUT: "Arguments, a file or the project's settings are not usable.",
    ExitCode.ENDPOINT: "AWS or the local endpoint refused, or could not be reached.",
    ExitCode.BUG: "A bug in kcli; `KCLI_DEBUG=1` shows the traceback.",
    ExitCode.INTERRUPTED: "Ctrl-C.",
    ExitCode.READER_LEFT: "The reader of a pipe left (`| head -1`).",
}


def help_of(*command: str) -> str:
    """What ``kcli COMMAND --help`` prints at 80 columns."""
    os.environ["COLUMNS"] = "80"
    with redirect_stdout(StringIO()) as shown:
        if code := main([*command, "--help"]):
            raise SystemExit(code)
    return shown.getvalue().strip()


def commands() -> Iterator[str]:
    """Each command, each group followed by its subcommands: "event", "local", "local start"."""
    for name in COMMANDS:
        yield name
        command = typer.main.get_command(load(name))
        yield from (f"{name} {subcommand}" for subcommand in getattr(command, "commands", {}))


def reference() -> str:
    """The whole page."""
    parts = ["# Command line reference", "Made by `make docs` from the commands' own help."]
    for command in ("", *commands()):
        parts.append(f"## kcli {command}".rstrip())
        parts.append(f"```text\n{help_of(*command.split())}\n```")
    parts.append("## Exit codes")
    parts.append("\n".join(f"- **{code:d}**: {EXIT_CODES[code]}" for code in ExitCode))
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    if sys.argv[1:] == ["-"]:
        sys.stdout.write(reference())
    else:
        REFERENCE.write_text(reference())
