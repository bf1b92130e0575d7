"""The files of the page, as they lie in the package."""

import re
from collections.abc import Mapping
from importlib.resources import files
from pathlib import PurePosixPath

from kinesis_cli.local.http.messages import Response
from kinesis_cli.local.live_page.door import HEADERS

ENTRANCE = "enter.html"
PAGE = "index.html"
PUBLIC = frozenset({"enter.js", "page.css", "icon.svg"})  # what the entrance shows, too

TYPES: Mapping[str, str] = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
    ".txt": "text/plain; charset=utf-8",
}
_NAME = re.compile(r"(?:[\w-]+/)*[\w-]+(?:\.[\w-]+)+", re.ASCII)  # no `..`, nothing hidden


def file_answer(name: str, status: int = 200) -> Response | None:
    """A file of the page; None: there is none of this name."""
    type_ = TYPES.get(PurePosixPath(name).suffix)
    if type_ is None or not _NAME.fullmatch(name):
        return None
    found = files(__package__).joinpath("static", *name.split("/"))
    return Response(status, type_, found.read_bytes(), HEADERS) if found.is_file() else None
