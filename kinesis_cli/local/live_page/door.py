"""Who may see the live page, and do something there: a browser that was given a link.

A link holds a token that works once. It is in the link's fragment, which a browser sends nobody;
the entrance hands it over and gets a session: a room of its own, a path that nobody else knows, and
a cookie for this path only. Cookies do not tell ports apart: one for the entrance's path would be
sent to whatever server listens on another port of this machine and has a page there, and could be
overwritten by it. A page of another port is another origin, but the same site, so that what changes
something must come from this very origin.
"""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from hmac import compare_digest

from kinesis_cli.local.http.messages import Request

PATH = "/_kcli/ui/"
MAX_TOKENS = 16  # links that were given and not used; an older one is void
MAX_SESSIONS = 64
_TOKEN_BYTES = 24  # so that a link fits into a terminal of 80 columns
_ROOM = re.compile(r"([\w-]{22})/(.*)", re.ASCII | re.DOTALL)

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


@dataclass(frozen=True, slots=True)
class Session:
    """What a browser that was let in has."""

    room: str  # the part of the path below `PATH`
    name: str  # of its cookie
    value: str

    @classmethod
    def new(cls) -> "Session":
        """One that nobody can guess: not its path, nor its cookie."""
        room, name, value = (secrets.token_urlsafe(size) for size in (16, 16, 32))
        return cls(room, f"kcli-{name}", value)

    def cookie(self, request: Request) -> str:
        """The header that gives a browser its cookie."""
        secure = "; Secure" if request.scheme == "https" else ""
        path = f"{PATH}{self.room}/"
        return f"{self.name}={self.value}; Path={path}; HttpOnly; SameSite=Strict{secure}"


class Door:
    """Gives links, and lets those in who followed one. All of it ends with the server."""

    def __init__(self) -> None:
        self._tokens: list[str] = []
        self._sessions: list[Session] = []

    def token(self) -> str:
        """A token for a new link."""
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        self._tokens = [*self._tokens, token][-MAX_TOKENS:]
        return token

    def session(self, token: str) -> Session | None:
        """The session for a token, which is void from now on; None: it is void already."""
        found = [each for each in self._tokens if _same(each, token)]
        if not found:
            return None
        self._tokens.remove(found[0])
        session = Session.new()
        self._sessions = [*self._sessions, session][-MAX_SESSIONS:]
        return session

    def knows(self, request: Request) -> bool:
        """Whether a request is for the room of a session, and shows its cookie."""
        room, _ = room_and_name(request.path)
        return any(
            _same(each.value, shown)
            for each in self._sessions
            if _same(each.room, room)
            for shown in _cookies(request, each.name)
        )


def room_and_name(path: str) -> tuple[str, str]:
    """The room of a path, and what is asked for there; "": it names none."""
    name = path.removeprefix(PATH)
    found = _ROOM.fullmatch(name)
    return (found[1], found[2]) if found else ("", name)


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
        and room_and_name(request.path)[1] == ""
        and request.headers.get("sec-fetch-mode") == "navigate"
        and request.headers.get("sec-fetch-dest") == "document"
        and "origin" not in request.headers
    )


def _cookies(request: Request, name: str) -> list[str]:
    """The values of the cookies of a name: another server may have given one of its own besides.

    HTTP/2 sends cookies apart, which come joined by commas.
    """
    pattern = rf"(?:^|[;,])\s*{re.escape(name)}=([\w-]+)"
    return re.findall(pattern, request.headers.get("cookie", ""), re.ASCII)


def _same(one: str, other: str) -> bool:
    return compare_digest(one.encode(), other.encode("utf-8", "replace"))
