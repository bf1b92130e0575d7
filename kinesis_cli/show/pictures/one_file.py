"""A page as one HTML file that needs nothing else: no server, no network, no script of others."""

import base64
import hashlib
import html
import re
from collections.abc import Mapping
from importlib.resources import files

from kinesis_cli.places.url import Place
from kinesis_cli.recordings.files import appearing_whole
from kinesis_cli.show.console import escape, json_text, note


def write_page(path: Place, text: str, *, told: bool = True) -> None:
    """Write a page; the file appears whole.

    Args:
        path: of the file.
        text: of the page.
        told: whether the user is told where it is.

    Raises:
        InputError: it cannot be written.
    """
    with appearing_whole(path) as file:
        file.write(text.encode())
    if told:
        note(f"report in {path}: open it in a browser")


def page(name: str, title: str, document: object) -> str:
    """The page `name` with a document that its script draws. The same gives the same text."""
    style, script = _asset("report.css"), _asset(f"{name}.js")
    parts = {
        "POLICY": (f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'"),
        "TITLE": html.escape(escape(title)),
        "STYLE": style,
        "SCRIPT": script,
        "DATA": _in_html(json_text(document)),
    }
    return _filled(f"{name}.html", parts)


def page_without_script(title: str, body: str) -> str:
    """A page of a title and what is within its `main`, which is HTML."""
    style = _asset("report.css")
    parts = {
        "POLICY": f"default-src 'none'; style-src '{_hash(style)}'",
        "TITLE": html.escape(escape(title)),
        "STYLE": style,
        "BODY": body,
    }
    return _filled("told.html", parts)


def _filled(body: str, parts: Mapping[str, str]) -> str:
    """The head that all pages have and a body, with the parts in their places."""
    text = _asset("head.html") + _asset(body)
    # in one pass: what stands in the data is not a place for another part
    return re.sub("@([A-Z]+)@", lambda place: parts[place[1]], text)


def _asset(name: str) -> str:
    return (files(__package__) / "page" / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """What a Content-Security-Policy knows an inline script by."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _in_html(json: str) -> str:
    """JSON for the inside of an element: nothing in it ends that, or begins another."""
    return json.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
