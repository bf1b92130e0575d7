"""What several commands of `kcli local` share: `--state`, and the server that it names."""

import shlex
from pathlib import Path
from typing import Annotated

import typer

from kinesis_cli.errors import InputError
from kinesis_cli.local.client.process import ensure_running
from kinesis_cli.local.state import Server, running_server, state_directory
from kinesis_cli.show.console import note
from kinesis_cli.show.local import started_note

StateOption = Annotated[
    Path | None,
    typer.Option(
        "--state",
        metavar="DIR",
        help="Where the stream is kept; default: .kcli beside the project's template, outside a "
        "project a directory of this one's own in your user state directory.",
    ),
]


def running(state: Path | None) -> Server:
    """The server of this directory, started where it is not running, which is said."""
    running = ensure_running(state=state)
    if running.started_now:
        note(started_note(running.server, state_option(state)))
    return running.server


def running_already(state: Path | None) -> Server:
    """The server of this directory.

    Raises:
        InputError: none runs.
    """
    server = running_server(state_directory(state))
    if server is None:
        raise InputError(
            "no local stream runs here",
            advice=f"`kcli local start --detach{state_option(state)}` starts one.",
        )
    return server


def state_option(state: Path | None) -> str:
    """The option that names the same state again, for advice."""
    return f" --state {shlex.quote(str(state))}" if state else ""
