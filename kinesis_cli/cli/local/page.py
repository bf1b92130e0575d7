"""The live page: `kcli local ui`, and `--ui` of `kcli local start`."""

import sys
from threading import Thread
from typing import Annotated

import typer

from kinesis_cli.cli.local.shared import StateOption, running_already
from kinesis_cli.local.client.live_link import has_browser, new_link, open_link
from kinesis_cli.local.state import Server
from kinesis_cli.show.console import note
from kinesis_cli.show.local import show_lines

NoOpenOption = Annotated[
    bool, typer.Option("--no-open", help="Print the link to the live page, and open no browser.")
]


def ui(state: StateOption = None, no_open: NoOpenOption = False) -> None:
    """Open the live page of a stream that runs: what happens on it, in your browser.

    Prints a link, which works once, and opens it where there is a browser. What the page shows and
    does stays on this machine.

    \b
    Examples:
      kcli local start --detach; kcli local ui --no-open; kcli local stop
    """
    open_and_wait(running_already(state), no_open=no_open)


def open_and_wait(server: Server, *, no_open: bool) -> None:
    """Show a server's live page, and wait until the browser has it."""
    if opening := show_page(server, new_link(server), no_open=no_open):
        opening.join()


def show_page(server: Server, link: str, *, no_open: bool) -> Thread | None:
    """Print a link to the live page, and open it where somebody sees it.

    Returns:
        What opens it, which may take seconds; None: nobody would see it.
    """
    show_lines([link])
    note("the link to the live page works once; `kcli local ui` prints another")
    if no_open or not sys.stdout.isatty() or not has_browser():
        return None
    opening = Thread(target=open_link, args=(server, link), daemon=True)
    opening.start()
    return opening
