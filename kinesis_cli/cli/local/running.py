"""A local stream that runs: its state, its end, what it wrote, waiting for it."""

import sys
from typing import Annotated

import typer

from kinesis_cli.cli.exit_code import ExitCode
from kinesis_cli.cli.local.shared import StateOption, running, running_already
from kinesis_cli.cli.options.shared import Output, OutputOption
from kinesis_cli.errors import InputError
from kinesis_cli.local.client.process import reset_state, stop_server
from kinesis_cli.local.client.status import local_status
from kinesis_cli.local.client.waiting import wait_until_idle
from kinesis_cli.local.environment import shell_lines
from kinesis_cli.local.logs import log_lines
from kinesis_cli.local.state import state_directory
from kinesis_cli.show.console import note
from kinesis_cli.show.local import show_lines, show_status


def stop(state: StateOption = None) -> None:
    """End the stream's process; its records stay.

    \b
    Examples:
      kcli local stop
    """
    server = stop_server(state_directory(state))
    note(f"local stream on {server.endpoint} ended" if server else "no local stream runs here")


def status(state: StateOption = None, output: OutputOption = Output.TABLE) -> None:
    """Show whether the stream runs, where, and what is in it.

    \b
    Examples:
      kcli local status
      kcli local status --output json
    """
    show_status(local_status(state_directory(state)), output)


def wait(
    idle: Annotated[
        bool,
        typer.Option("--idle", help="Until every record and event has been handled or given up."),
    ] = False,
    timeout: Annotated[
        float | None,
        typer.Option(min=0.0, metavar="SECONDS", help="Give up then, exit code 1."),
    ] = None,
    state: StateOption = None,
) -> None:
    """Wait for the functions, so that scripts and tests need no sleep.

    A failed event is tried again after one and two minutes, and waited for. An open tumbling
    window is not: it closes two minutes after its end. `kcli local faults clock` moves the time.

    \b
    Examples:
      kcli local start --detach; kcli local wait --idle; kcli local stop
    """
    if not idle:
        raise InputError("there is nothing to wait for", advice="Say --idle.")
    if not wait_until_idle(running_already(state), timeout):
        note(f"records or events are still waiting or being handled after {timeout:g} s")
        raise typer.Exit(ExitCode.FAILED)


def reset(
    state: StateOption = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete every stream and record, and what the other services hold.

    The stream starts anew, with what the template names and nothing in it.

    \b
    Examples:
      kcli local reset --yes
    """
    where = state_directory(state)
    if not yes and not _confirmed(f"Delete every stream and record in {where}?"):
        raise typer.Exit(ExitCode.FAILED)
    ended = reset_state(where)
    if ended and not ended.arguments:
        note("the local stream that ran in a terminal was ended; start it there again")


def env(state: StateOption = None) -> None:
    """Print the shell lines that point any AWS client at the stream.

    Starts the stream where it does not run yet.

    \b
    Examples:
      eval "$(kcli local env)"; kcli local stop
    """
    show_lines(shell_lines(running(state)))


def logs(
    state: StateOption = None,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on with what is written from now on.")
    ] = False,
) -> None:
    """Print what the detached stream wrote; with -v each request.

    \b
    Examples:
      kcli local start --detach -v && kcli local logs; kcli local stop
    """
    show_lines(log_lines(state_directory(state), follow=follow))


def _confirmed(question: str) -> bool:
    if not sys.stdin.isatty():
        raise InputError("there is no terminal to ask on", advice="--yes answers the question.")
    return typer.confirm(question, err=True)
