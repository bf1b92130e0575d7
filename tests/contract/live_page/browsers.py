"""What a browser sends to the live page, by hand: its headers are what the page goes by."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPResponse
from typing import Any

from kinesis_cli.local.client.live_link import new_link
from kinesis_cli.local.state import Server
from tests.patience import PATIENCE

PATH = "/_kcli/ui/"


@dataclass(frozen=True)
class Answer:
    """An answer that was read to its end."""

    status: int
    headers: Mapping[str, str]  # names in lower case
    body: bytes

    @property
    def document(self) -> Any:  # noqa: ANN401 - a JSON document
        """The body, read as JSON."""
        return json.loads(self.body)


@dataclass
class Browser:
    """A browser with at most one cookie."""

    server: Server
    cookie: dict[str, str] = field(default_factory=dict)
    path: str = PATH  # of the page, once it was let in

    @property
    def own(self) -> dict[str, str]:
        """The headers of a request that the page itself sends."""
        return {"Origin": self.server.endpoint, "Sec-Fetch-Site": "same-origin"}

    def get(self, name: str, **headers: str) -> Answer:
        """Ask for something."""
        return self.send("GET", name, None, headers)

    def post(self, name: str, document: object, **headers: str) -> Answer:
        """Do something, as the page does."""
        body = json.dumps(document).encode()
        return self.send("POST", name, body, {**self.own, **headers})

    def send(
        self, method: str, name: str, body: bytes | None, headers: Mapping[str, str]
    ) -> Answer:
        """A request with these headers; an underscore in a name stands for a dash."""
        connection = HTTPConnection("127.0.0.1", self.server.port, timeout=PATIENCE)
        try:
            path = name if name.startswith("/") else self.path + name
            connection.request(method, path, body, self._headers(headers))
            response = connection.getresponse()
            found = {key.lower(): value for key, value in response.getheaders()}
            return Answer(response.status, found, response.read())
        finally:
            connection.close()

    def _headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        dashed = {name.replace("_", "-"): value for name, value in headers.items()}
        return {**self.cookie, **{name: value for name, value in dashed.items() if value}}

    def enter(self, link: str | None = None) -> "Browser":
        """Follow a link, as the entrance's script does; a new one by default."""
        token = (link or new_link(self.server)).partition("#token=")[2]
        answer = self.post("session", {"token": token})
        assert answer.status == 200, answer
        self.cookie = {"Cookie": answer.headers["set-cookie"].partition(";")[0]}
        self.path = PATH + answer.document["page"]
        return self

    @property
    def state(self) -> Any:  # noqa: ANN401 - a JSON document
        """The whole state."""
        answer = self.get("state")
        assert answer.status == 200, answer
        return answer.document

    @contextmanager
    def events(self, name: str = "events") -> Iterator["Events"]:
        """The events, from now on."""
        connection = HTTPConnection("127.0.0.1", self.server.port, timeout=PATIENCE)
        try:
            connection.request("GET", self.path + name, None, self._headers({}))
            response = connection.getresponse()
            assert response.status == 200
            yield Events(response)
        finally:
            connection.close()


class Events:
    """What an EventSource gives a page."""

    def __init__(self, response: HTTPResponse) -> None:
        self.response = response
        self.sections: dict[str, Any] = {}  # the newest of each
        self.largest = 0  # bytes of an event
        self.bytes = 0  # of all that was read
        self.has_ended = False  # the server said so

    def next(self) -> dict[str, Any] | None:
        """The next event's sections; None: there are no more."""
        for line in iter(self.response.readline, b""):
            self.bytes += len(line)
            self.has_ended |= line == b"event: end\n"
            if line.startswith(b"data: ") and not self.has_ended:
                self.largest = max(self.largest, len(line))
                event: dict[str, Any] = json.loads(line[6:])
                self.sections |= event
                return event
        return None

    def until(self, name: str, value: object) -> None:
        """Read until something in the newest sections is so; `records.total`, say."""
        while self._found(name) != value:
            assert self.next() is not None

    def _found(self, name: str) -> object:
        found: Any = self.sections
        for member in name.split("."):
            found = found.get(member) if isinstance(found, dict) else None
        return found
