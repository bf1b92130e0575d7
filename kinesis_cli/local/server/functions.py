"""Lambda beside the streams, imported when there is a function or somebody asks for one.

A server that only keeps streams starts without it: the import takes longer than opening the store.
"""

import asyncio
from collections import deque
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kinesis_cli.errors import InputError
from kinesis_cli.local.failures import Failures
from kinesis_cli.local.http.messages import Request, Response
from kinesis_cli.local.http.signature import Signer
from kinesis_cli.local.kinesis import DataPlane
from kinesis_cli.local.logs import print_line
from kinesis_cli.local.neighbours.moto_server import Neighbours
from kinesis_cli.local.state import FUNCTION_DATABASE, Server
from kinesis_cli.local.status import MappingStatus, Problem
from kinesis_cli.project.function import CodeChoices
from kinesis_cli.project.template.file import TemplateFile

if TYPE_CHECKING:
    from kinesis_cli.local.function.activity import Activity
    from kinesis_cli.local.function.activity_lines import Watching
    from kinesis_cli.local.lambda_api.api import LambdaApi
    from kinesis_cli.local.lambda_api.stack_api import StackApi
    from kinesis_cli.local.service.function_service import FunctionService


MAX_SAID = 1_000  # sentences on failures that are kept for whoever asks


class LambdaSide:
    """The functions, what feeds them, and their stack.

    Args:
        data_plane: the streams.
        neighbours: for logs and on-failure documents.
        template: names the functions; None: there are none.
        code: how these run.
        state: where mappings and checkpoints are kept; None: nowhere.
        reload: whether changed code is used from the next call on.
        watching: sees what the functions do; None: lines on standard output.

    Raises:
        InputError: the file of mappings is not usable.
    """

    def __init__(
        self,
        data_plane: DataPlane,
        neighbours: Neighbours,
        *,
        template: TemplateFile | None,
        code: CodeChoices,
        state: Path | None,
        reload: bool,
        watching: "Watching | None",
    ) -> None:
        self._data_plane, self._neighbours = data_plane, neighbours
        self._template, self._code, self._state = template, code, state
        self._reload, self._watching = reload, watching
        self._server: Server | None = None
        self._failures = Failures()  # until the server says where its log is
        self._loaded: FunctionService | None = None
        self._apis: tuple[LambdaApi, StackApi] | None = None
        self._refreshing: asyncio.Task[None] | None = None
        self._said: deque[dict[str, object]] = deque(maxlen=MAX_SAID)
        self._number = 0  # of the last of them
        self._created = datetime.now(UTC)
        if template or (state and (state / FUNCTION_DATABASE).exists()):
            self._load()

    def start(self, server: Server) -> None:
        """Begin: requests are answered from now on.

        Raises:
            InputError: the template is not usable.
        """
        self._server = server
        if self._loaded:
            self._begin(self._loaded, server)

    def tell(self, failures: Failures) -> None:
        """Say where mistakes of ours are told."""
        self._failures = failures
        if self._loaded:
            self._loaded.failures = failures

    async def close(self) -> None:
        """End everything. Batches that are being handled come again at the next start."""
        if self._loaded:
            service = self._loaded
            if self._refreshing:
                self._refreshing.cancel()
            await service.close()
            if self._watching:
                self._watching.refresh(service.shards())

    async def answer(self, request: Request, signer: Signer) -> Response | None:
        """The answer to a request; None: it is meant for somebody else."""
        lambda_api, stack_api = self._apis or self._with_apis()
        if lambda_api.is_meant(request, signer):
            return await lambda_api.handle(request, signer)
        if stack_api.is_meant(signer, request.body):
            return stack_api.handle(request, signer)
        return None

    @property
    def server(self) -> Server:
        """This one; known once it listens."""
        assert self._server
        return self._server

    @property
    def service(self) -> "FunctionService | None":
        """The functions; None: there are none so far."""
        return self._loaded

    def noticed_put(self, access_key: str, request: Mapping[str, Any]) -> None:
        """A put came. It may be a function's own."""
        if self._loaded:
            self._loaded.noticed_put(access_key, request)

    def names_neighbours(self) -> bool:
        """Whether a mapping reads a table, or sends what failed to a service beside."""
        return self._loaded.names_neighbours() if self._loaded else False

    async def status(self) -> list[MappingStatus]:
        """All mappings."""
        return await self._loaded.status() if self._loaded else []

    def tables(self) -> list[dict[str, Any]]:
        """The streams of tables that are on: name, ARN, shards, and records within a day."""
        return self._neighbours.table_summary()

    def look_again(self) -> None:
        """Look whether what functions lacked has come."""
        if self._loaded:
            self._loaded.look_again()

    def problems(self) -> list[Problem]:
        """What cannot run, and what feeds nothing."""
        return self._loaded.problems() if self._loaded else []

    def notes(self) -> list[str]:
        """Which Python runs what, and what is not as on Lambda."""
        return self._loaded.notes() if self._loaded else []

    def not_made(self) -> list[Problem]:
        """What the template names and this machine has not: logical id and type."""
        from kinesis_cli.local.neighbours.resources.kinds import not_made
        from kinesis_cli.project.template.file import reading_template
        from kinesis_cli.project.template.template import Template

        if not self._template:
            return []
        try:
            with reading_template(self._template):
                return [Problem(*each) for each in not_made(Template.read(self._template))]
        except InputError:  # it is being written
            return []

    def activity(self) -> dict[str, Any]:
        """What came of each shard's records since the start, and what was said last."""
        shards = self._loaded.shards() if self._loaded else []
        return {"shards": [asdict(each) for each in shards], "said": list(self._said)}

    def said(self, most: int) -> list[dict[str, Any]]:
        """What was said last, the newest last."""
        return list(islice(self._said, max(len(self._said) - most, 0), None))

    async def lives(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """What became of a stream's records.

        Raises:
            InputError: it is not asked for as it must be.
        """
        from kinesis_cli.local.server.lives import lives

        return await lives(self._loaded, request)

    def failing(self) -> list[dict[str, object]]:
        """The batches that fail and are tried again, as `StuckBatch` has them."""
        return [asdict(each) for each in self._loaded.failing()] if self._loaded else []

    async def wait_idle(self, seconds: float) -> bool:
        """Wait until everything put has ended; false: it has not, after so many seconds.

        Raises:
            InputError: a mapping is enabled and does not deliver.
        """
        if not self._loaded:
            return True
        is_idle = await self._loaded.wait_idle(seconds)
        if self._watching:  # who has waited finds in the log what was waited for
            self._watching.refresh(self._loaded.shards())
        return is_idle

    def _with_apis(self) -> "tuple[LambdaApi, StackApi]":
        from kinesis_cli.local.lambda_api.api import LambdaApi
        from kinesis_cli.local.lambda_api.stack_api import StackApi

        service = self._loaded or self._load()
        self._apis = (LambdaApi(service), StackApi(service, self._template, self._created))
        return self._apis

    def _load(self) -> "FunctionService":
        from kinesis_cli.local.function.activity_lines import Lines
        from kinesis_cli.local.service.function_service import FunctionService

        service = FunctionService(
            self._data_plane,
            self._neighbours,
            template=self._template,
            code=self._code,
            state=self._state,
            reload=self._reload,
        )
        self._watching = self._watching or Lines(print_line)
        service.listen(self._watching.told)
        service.listen(self._keep_said)
        if self._server:
            self._begin(service, self._server)
        service.failures = self._failures
        self._loaded = service
        return service

    def _keep_said(self, activity: "Activity") -> None:
        from kinesis_cli.local.function.activity import sentence

        if said := sentence(activity):
            self._number += 1
            stream, at = getattr(activity, "stream", ""), self._data_plane.clock.now()
            what = {"number": self._number, "at": at, "stream": stream, "sentence": said}
            self._said.append(what)

    def _begin(self, service: "FunctionService", server: Server) -> None:
        service.start(server)
        assert self._watching
        self._refreshing = asyncio.create_task(_refresh(self._watching, service))


async def _refresh(watching: "Watching", service: "FunctionService") -> None:
    from kinesis_cli.local.function.activity_lines import REFRESH_SECONDS

    while True:
        await asyncio.sleep(REFRESH_SECONDS)
        watching.refresh(service.shards())
