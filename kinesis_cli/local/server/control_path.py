"""The control path, `/_kcli/…`: for our own commands only, which have the state file's token."""

import hmac
from collections.abc import Callable
from typing import Any

import msgspec

from kinesis_cli._version import __version__
from kinesis_cli.errors import InputError
from kinesis_cli.local.http.messages import Request, Response
from kinesis_cli.local.kinesis import ServiceError
from kinesis_cli.local.server.control import Control
from kinesis_cli.local.server.live import LiveSide

PREFIX = "/_kcli/"
TOKEN_HEADER = "x-kcli-token"
JSON = "application/json"


class ControlPath:
    """Lets our own commands through to the verbs.

    Args:
        control: answers the verbs.
        token: what a request must show.
        live: gives links to the live page.
        stop: ends the server.
    """

    def __init__(
        self, control: Control, token: str, live: LiveSide, stop: Callable[[], None]
    ) -> None:
        self._control, self._live = control, live
        self._token = token.encode()
        self._stop = stop

    async def handle(self, request: Request) -> Response:
        """Answer a request under `PREFIX`."""
        verb = request.path.removeprefix(PREFIX)
        if verb == "health" and request.method == "GET":
            return _answer(200, {"kcli": __version__})
        if not self.has_token(request):
            return _answer(403, {"message": "The token is missing or wrong."})
        if request.method != "POST":
            return _answer(405, {"message": "Only POST."})
        if verb == "stop":
            self._stop()
            return _answer(200, {})
        if verb == "ui":
            return _answer(200, {"token": self._live.token()})
        try:
            document = msgspec.json.decode(request.body or b"{}", type=dict[str, Any])
            return _answer(200, await self._control.answer(verb, document))
        except msgspec.MsgspecError as error:
            return _answer(400, {"message": str(error)})
        except (InputError, ServiceError) as error:
            return _answer(400, {"message": str(error)})

    def has_token(self, request: Request) -> bool:
        """Whether a request comes from somebody who may read the state directory."""
        token = request.headers.get(TOKEN_HEADER, "").encode()
        return hmac.compare_digest(token, self._token)


def _answer(status: int, document: object) -> Response:
    return Response(status, JSON, msgspec.json.encode(document))
