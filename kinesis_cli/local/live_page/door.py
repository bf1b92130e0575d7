"""Who may see the live page, and do something there: a browser that was given a link.

A link holds a token that works once. It is in the link's fragment, which a browser sends nobody;
the page hands it over and gets a cookie. Cookies do not tell ports apart, so each server has a
name of its own for it; and a page of another port is another origin, but the same site, so that
what changes something must come from this very origin.
"""

import re
import secrets
from collections.abc import Mapping
from hmac import compare_digest

from kinesis_cli.local.http.messages import Request

PATH = "/_kcli/ui/"
MAX_TOKENS = 16  # links that were given and not used; an older one is void
MAX_SESSIONS = 64
_TOKEN_BYTES = 24  # so that a link fits into a terminal of 80 columns

_LOOPBACK = re.compile(r"(127\.0\.0\.1|\[::1\]|localhost)(:\d+)?", re.IGNORECASE)

# What the page may load, and from where: from here only. Nobody may frame it.
_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS: Mapping[str, str] = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


class Door:
    """Gives links, and lets those in who followed one. All of it ends with the server."""

    def __init__(self) -> None:
        self._tokens: list[str] = []
        self._sessions: list[str] = []

    def token(self) -> str:
        """A token for a new link."""
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        self._tokens = [*self._tokens, token][-MAX_TOKENS:]
        return token

    def session(self, token: str) -> str | None:
        """The cookie's value for a token, which is void from now on; None: it is void already."""
        found = [each for each in self._tokens if _same(each, token)]
        if not found:
            return None
        self._tokens.remove(found[0])
        session = secrets.token_urlsafe(32)
        self._sessions = [*self._sessions, session][-MAX_SESSIONS:]
        return session

    def knows(self, request: Request) -> bool:
        """Whether a request shows the cookie of a session."""
        shown = _cookie(request)
        return any(_same(each, shown) for each in self._sessions)

    def cookie(self, session: str, request: Request) -> str:
        """The header that gives a browser its cookie."""
        secure = "; Secure" if request.scheme == "https" else ""
        return f"{_name(request)}={session}; Path={PATH}; HttpOnly; SameSite=Strict{secure}"


def is_at_home(request: Request) -> bool:
    """Whether a request was sent to this machine's own names, and not by a page of elsewhere.

    A name of somebody's that leads here is none of them.
    """
    return _LOOPBACK.fullmatch(request.headers.get("host", "")) is not None and (
        "origin" not in request.headers or is_of_page(request)
    )


def is_of_page(request: Request) -> bool:
    """Whether a browser says that the live page itself sent this request."""
    origin = f"{request.scheme}://{request.headers.get('host', '')}"
    site = request.headers.get("sec-fetch-site", "same-origin")
    return request.headers.get("origin") == origin.lower() and site == "same-origin"


def is_navigation(request: Request) -> bool:
    """Whether a browser goes to the page, from wherever the link was."""
    return (
        request.method == "GET"
        and request.path == PATH
        and request.headers.get("sec-fetch-mode") == "navigate"
        and request.headers.get("sec-fetch-dest") == "document"
        and "origin" not in request.headers
    )


def _name(request: Request) -> str:
    """The cookie's name, for the port that the browser knows."""
    port = request.headers.get("host", "").rpartition("]")[2].partition(":")[2]
    return f"kcli-ui-{port or request.scheme}"


def _cookie(request: Request) -> str:
    """The cookie's value. HTTP/2 sends cookies apart, which come joined by commas."""
    pattern = rf"(?:^|[;,])\s*{re.escape(_name(request))}=([\w-]+)"
    found = re.search(pattern, request.headers.get("cookie", ""), re.ASCII)
    return found[1] if found else ""


def _same(one: str, other: str) -> bool:
    return compare_digest(one.encode(), other.encode("utf-8", "replace"))
