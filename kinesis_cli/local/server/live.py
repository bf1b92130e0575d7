"""The way to the live page, which is imported when somebody asks for it."""

import re
from typing import TYPE_CHECKING

from kinesis_cli.local.failures import Failures
from kinesis_cli.local.http.messages import Request, Response
from kinesis_cli.local.kinesis import DataPlane
from kinesis_cli.local.kinesis_protocol.api import KinesisApi
from kinesis_cli.local.neighbours.moto_server import Neighbours
from kinesis_cli.local.server.functions import LambdaSide

if TYPE_CHECKING:
    from kinesis_cli.local.live_page.page import LivePage

PAGE_PATH = "/_kcli/ui/"  # `live_page.door.PATH`
_ROOM = re.compile(rf"(?<={PAGE_PATH})[\w-]{{22}}(?=/)", re.ASCII)


def path_for_log(path: str) -> str:
    """A path without the part that only one browser is to know."""
    return _ROOM.sub("…", path)


class LiveSide:
    """The page, made when it is first asked for.

    Args:
        data_plane, kinesis, neighbours, functions: what it shows, and acts on.
        failures: told of our own mistakes.
    """

    def __init__(
        self,
        data_plane: DataPlane,
        kinesis: KinesisApi,
        neighbours: Neighbours,
        functions: LambdaSide,
        failures: Failures,
    ) -> None:
        self._data_plane, self._kinesis, self._neighbours = data_plane, kinesis, neighbours
        self._functions, self._failures = functions, failures
        self._page: LivePage | None = None

    def token(self) -> str:
        """A token for a link, which works once."""
        return self._loaded().token()

    async def handle(self, request: Request) -> Response:
        """Answer a request below `PAGE_PATH`."""
        return await self._loaded().handle(request)

    def _loaded(self) -> "LivePage":
        if self._page is None:
            from kinesis_cli.local.live_page.around import Surroundings
            from kinesis_cli.local.live_page.page import LivePage

            functions = self._functions
            self._page = LivePage(
                Surroundings(
                    *(self._data_plane, self._kinesis, self._neighbours),
                    *(functions, functions.server),
                ),
                self._failures,
            )
        return self._page
