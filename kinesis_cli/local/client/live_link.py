"""The link to the live page, and the browser that opens it.

A program's arguments can be read by everybody on the machine, and the link lets in whoever uses it
first. So a browser is given a file of this user's, which leads on to the page.
"""

import os
import sys
from contextlib import suppress
from html import escape
from pathlib import Path

from kinesis_cli.errors import InputError
from kinesis_cli.local.client.process import ask
from kinesis_cli.local.state import ENTRANCE_FILE, Server, write_file

_PAGE = (
    '<!doctype html><meta charset="utf-8"><meta name="referrer" content="no-referrer">'
    '<title>kcli local</title><meta http-equiv="refresh" content="0; url={link}">'
    '<a href="{link}">The live page</a>\n'
)


def new_link(server: Server) -> str:
    """A link to a server's live page. It works once.

    Raises:
        InputError: the server is of an older kcli, which has no page.
        EndpointError: it does not answer.
    """
    try:
        answer = ask(server, "ui")
    except InputError as error:
        raise InputError(
            "this local stream was started by a kcli that has no live page",
            advice="End it with `kcli local stop`, and start it again: nothing is lost.",
        ) from error
    assert isinstance(answer, dict)
    return server.page_link(answer["token"])


def has_browser() -> bool:
    """Whether a window could open where the user sees it."""
    if sys.platform == "darwin":
        return "SSH_CONNECTION" not in os.environ
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def write_entrance(server: Server, link: str) -> Path:
    """The file that leads to the page: this user's only, and gone with the server."""
    file = Path(server.state) / ENTRANCE_FILE
    write_file(file, _PAGE.format(link=escape(link)))
    return file


def open_link(server: Server, link: str) -> None:
    """Open a link in the user's browser. Where that fails, the link was printed."""
    import webbrowser

    file = write_entrance(server, link)
    with suppress(webbrowser.Error, OSError):
        webbrowser.open(file.as_uri())
