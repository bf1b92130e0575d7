"""The addresses of the live page, and who answers."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec

from kinesis_cli.errors import KcliError
from kinesis_cli.local.failures import Failures
from kinesis_cli.local.http.messages import Request, Response
from kinesis_cli.local.kinesis import ServiceError
from kinesis_cli.local.live_page import door
from kinesis_cli.local.live_page.actions import Actions
from kinesis_cli.local.live_page.around import Surroundings
from kinesis_cli.local.live_page.calls import WINDOWS
from kinesis_cli.local.live_page.door import HEADERS, Door, room_and_name
from kinesis_cli.local.live_page.feed import END, Feed
from kinesis_cli.local.live_page.files import ENTRANCE, PAGE, PUBLIC, file_answer
from kinesis_cli.local.live_page.questions import Questions
from kinesis_cli.local.live_page.state import State
from kinesis_cli.stream.escaping import escape

_JSON = "application/json"
_EVENTS = "text/event-stream"
_NOT_HERE = "The live page answers browsers on this machine only, and no other page."
_NO_SESSION = "This browser has no session with this server."
_ADVICE = "`kcli local ui` prints a link that opens one."

_NOT_KEPT = "It is not kept any more."
_GONE = {"record": "There is no stream of this name any more."}

Answer = Callable[[Request], Awaitable[object]]


class LivePage:
    """Answers what is below `door.PATH`.

    Args:
        surroundings: what the page shows, and acts on.
        failures: told of our own mistakes.
    """

    def __init__(self, surroundings: Surroundings, failures: Failures) -> None:
        self._failures = failures
        self._door = Door()
        self._state = State(surroundings)
        self._feed = Feed(self._state.sections, failures)
        actions = Actions(surroundings)
        questions = Questions(surroundings, self._state.calls)
        self._asked: Mapping[str, Answer] = {
            "call": questions.call,
            "invoked": questions.invoked,
            "record": questions.record,
            "failures": questions.failures,
        }
        self._done: Mapping[str, Callable[[Mapping[str, Any]], Awaitable[object]]] = {
            "put": actions.put,
            "faults": actions.faults,
            "redrive": actions.redrive,
        }

    def token(self) -> str:
        """A token for a new link."""
        return self._door.token()

    async def handle(self, request: Request) -> Response:
        """Answer a request."""
        navigates = door.is_navigation(request)
        site = request.headers.get("sec-fetch-site", "none")
        if not door.is_at_home(request) or (site not in ("none", "same-origin") and not navigates):
            return _problem(403, _NOT_HERE)
        room, name = room_and_name(request.path)
        try:
            if request.method in ("GET", "HEAD"):
                return await self._get(name, request)
            if request.method == "POST":
                return await (self._post(name, request) if room else self._enter(name, request))
        except msgspec.MsgspecError as error:
            return _problem(400, f"The request is not as it must be: {error}")
        except KcliError as error:
            return _problem(400, error.problem, error.place, error.advice)
        except ServiceError as error:
            return _problem(400, f"{error.code}: {error.message}" if error.message else error.code)
        return _problem(405, "Only GET and POST.")

    async def _get(self, name: str, request: Request) -> Response:
        is_known = self._door.knows(request)
        if not is_known and name == "":
            return _file(ENTRANCE)
        if name in PUBLIC:
            return _file(name)
        if not is_known:
            return _problem(401, _NO_SESSION, advice=_ADVICE)
        if name == "state":
            return Response(200, _JSON, await self._feed.state(_window(request)), HEADERS)
        if name == "events":
            return self._events(request)
        if answer := self._asked.get(name):
            return _answer(await answer(request), _GONE.get(name, _NOT_KEPT))
        return _file(name or PAGE)

    def _events(self, request: Request) -> Response:
        if self._feed.is_full:
            return _problem(503, "Too many pages are open.", advice="Close some.")
        if request.method == "HEAD":
            return Response(200, _EVENTS, b"", HEADERS)
        return Response(200, _EVENTS, self._feed.events(_window(request)), HEADERS, last=END)

    async def _enter(self, name: str, request: Request) -> Response:
        """Give a browser that followed a link its session, and say where it is."""
        if not door.is_of_page(request):
            return _problem(403, _NOT_HERE)
        if name != "session":
            return _problem(401, _NO_SESSION, advice=_ADVICE)
        session = self._door.session(str(_document(request).get("token", "")))
        if session is None:
            return _problem(403, "This link was used before, or is void.", advice=_ADVICE)
        headers = {**HEADERS, "set-cookie": session.cookie(request)}
        body = msgspec.json.encode({"page": f"{session.room}/"})
        return Response(200, _JSON, body, headers)

    async def _post(self, name: str, request: Request) -> Response:
        if not door.is_of_page(request):
            return _problem(403, _NOT_HERE)
        if not self._door.knows(request):
            return _problem(401, _NO_SESSION, advice=_ADVICE)
        document = _document(request)
        act = self._done.get(name)
        if act is None:
            return _problem(404, "There is no such action.")
        return _answer(await act(document), _NOT_KEPT)


def _document(request: Request) -> dict[str, Any]:
    """The body, an object of JSON."""
    return msgspec.json.decode(request.body or b"{}", type=dict[str, Any])


def _window(request: Request) -> int:
    """How many seconds the timeline is to show."""
    named = request.query("window")
    return int(named) if named in map(str, WINDOWS) else WINDOWS[0]


def _file(name: str, status: int = 200) -> Response:
    return file_answer(name, status) or _problem(404, "There is no such file.")


def _answer(document: object, gone: str) -> Response:
    if document is None:
        return _problem(404, gone)
    return Response(200, _JSON, msgspec.json.encode(document), HEADERS)


def _problem(status: int, problem: str, place: str = "", advice: str = "") -> Response:
    texts = {"problem": problem, "place": place, "advice": advice}
    document = {name: escape(text) for name, text in texts.items()}
    return Response(status, _JSON, msgspec.json.encode(document), HEADERS)
