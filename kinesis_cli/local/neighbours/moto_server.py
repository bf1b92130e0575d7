"""Everything but Kinesis: moto, in this process, imported when a neighbour is first called.

What the template names (`resources`) is made with the import. Messages of queues outlive a restart,
since a function's failures end up there, and so do DynamoDB's tables, which hold the KCL's leases,
and their streams, which feed functions. All else is gone with it, the objects of S3 too.
"""

import asyncio
import os
import sys
import threading
from collections.abc import Awaitable, Callable, Iterable
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import replace
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from kinesis_cli.errors import KcliError
from kinesis_cli.local.clock import Clock
from kinesis_cli.local.database import check
from kinesis_cli.local.failures import Failures
from kinesis_cli.local.http.messages import Request, Response
from kinesis_cli.local.http.not_here import not_here, operation_of, refusal
from kinesis_cli.local.http.rpc_v2 import as_cbor, as_json, is_rpc_v2
from kinesis_cli.local.http.signature import Signer
from kinesis_cli.local.journals import MESSAGES, MESSAGES_VERSION, TABLES, TABLES_VERSION
from kinesis_cli.local.kinesis.waking import Pulse
from kinesis_cli.local.metrics import Metrics
from kinesis_cli.local.neighbours.long_polls import LOOK_EVERY, LongPoll, has_messages, long_poll
from kinesis_cli.local.neighbours.loopback_only import keep_calls_here
from kinesis_cli.local.place import Place
from kinesis_cli.local.table_streams.labels import stream_labels
from kinesis_cli.local.table_streams.names import StreamName, TableKey
from kinesis_cli.local.table_streams.store import TableStore
from kinesis_cli.project.template.file import TemplateFile

if TYPE_CHECKING:
    from kinesis_cli.local.neighbours.moto_queues import QueuedMessage, QueueGlance

Result = TypeVar("Result")
Answer = tuple[str, list[tuple[str, str]], bytes]
_TABLE_STREAMS = "DynamoDBStreams_20120810."  # what the targets of DynamoDB Streams begin with
_OF_LOGS = ("logs", "monitoring")  # the services that functions' log lines are written to
EXPIRE_EVERY = 2.0  # seconds between two looks for items whose time to live has passed
_ACCOUNT_HEADER = "HTTP_X_MOTO_ACCOUNT_ID"  # moto: whose resources a request is about


class Neighbours:
    """The services that moto brings.

    Args:
        state: where messages and tables are kept; None: nowhere.
        template: the project's, whose resources are made; None: there is none.
        region: where they are made.
        metrics: what CloudWatch shows.
        clock: tells when an item of a table changes.

    Attributes:
        write_logs: writes the log lines that wait for somebody to ask for them; None: none do.
    """

    def __init__(
        self,
        state: Path | None,
        template: TemplateFile | None,
        region: str,
        metrics: Metrics,
        clock: Clock,
    ) -> None:
        self._state, self._template = state, template
        self.place = Place("", region)  # the endpoint is known when the server listens
        self._metrics, self._clock = metrics, clock
        self._store: TableStore | None = None
        self._moto: Moto | None = None
        self._refusal: KcliError | None = None  # why it cannot be loaded, this time
        self._loading, self._opening = threading.Lock(), threading.Lock()
        self._called = Pulse()  # beats when a call may have sent a message
        self.is_settled = asyncio.Event()  # moto is imported, or cannot be
        self.write_logs: Callable[[], Awaitable[None]] | None = None

    def find_streams(self, endpoint: str) -> None:
        """Say where the server listens, and which streams the tables have from now on.

        Raises:
            InputError: the file of the tables is not usable.
        """
        place = Place(endpoint, self.place.region)
        is_kept = self._state is not None and (self._state / TABLES).exists()
        kept = self.table_store().definitions() if is_kept else {}
        labels = stream_labels(self._template, place.account, place.region, kept, self._clock)
        self.place = replace(place, stream_labels=labels)

    def table_store(self) -> TableStore:
        """The tables' streams, opened when they are first wanted; of any thread.

        Raises:
            InputError: the file is not usable.
        """
        with self._opening:
            if self._store is None:
                self._store = TableStore(self._state, self._clock)
            return self._store

    def table_summary(self) -> list[dict[str, Any]]:
        """The streams of tables that are on; the template's too, that moto is still to make."""
        is_kept = self._state is not None and (self._state / TABLES).exists()
        there = self.table_store().summary() if self._store or is_kept else []
        known = {each["arn"] for each in there}
        place = self.place
        streams = [
            StreamName(TableKey(place.account, place.region, table), label)
            for table, label in place.stream_labels.items()
        ]
        to_come = [
            {"name": each.table.name, "arn": each.arn, "shards": 1, "records": 0}
            for each in streams
            if self._moto is None and each.arn not in known
        ]
        return sorted([*there, *to_come], key=lambda each: str(each["arn"]))

    async def ready_streams(self) -> TableStore:
        """The tables' streams, with those of the template.

        Raises:
            InputError: moto is not installed, or a file is not usable.
        """
        await self._with_moto(self._loaded)
        return self.table_store()

    async def handle(self, request: Request, signer: Signer) -> Response:
        """Answer a request. Who asks for logs, or for the metrics in them, finds all there are."""
        if signer.service in _OF_LOGS and self.write_logs:
            await self.write_logs()
        return await self.handle_own(request, signer)

    async def handle_own(self, request: Request, signer: Signer) -> Response:
        """Answer a request, also one that writes logs."""
        try:
            if request.headers.get("x-amz-target", "").startswith(_TABLE_STREAMS):
                return await self._streams_answered(request, signer)
            if is_rpc_v2(request):
                return as_cbor(await self._answered(as_json(request), signer), request)
            if signer.service == "sqs" and (poll := long_poll(request)):
                return await self._polled(poll, signer)
            return await self._answered(request, signer)
        except ModuleNotFoundError as error:
            return not_here(request, signer, f"it needs {error.name}")
        except NotImplementedError:
            return not_here(request, signer, "moto does not have it")
        except ValueError as error:
            if not is_rpc_v2(request):
                raise
            return refusal(request, signer, str(error), 400)
        except KcliError as error:
            return refusal(request, signer, f"{error}. {error.advice}".strip(), 500)

    async def _streams_answered(self, request: Request, signer: Signer) -> Response:
        from kinesis_cli.local.table_streams.api import answer  # seldom, start-up counts

        store = await self.ready_streams()
        return await in_thread(lambda: answer(store, request, signer))

    async def _polled(self, poll: LongPoll, signer: Signer) -> Response:
        """Look, and wait for messages as long as there are none."""
        answer = await self._answered(poll.request, signer)
        from kinesis_cli.local.neighbours.moto_queues import may_have_messages, seconds_of

        queue = (signer.account, signer.region, poll.queue)
        clock = asyncio.get_running_loop().time
        seconds = seconds_of(*queue) if poll.seconds is None else poll.seconds
        ends = clock() + seconds
        while not has_messages(answer) and (left := ends - clock()) > 0:
            await self._called.wait(min(left, LOOK_EVERY))
            if may_have_messages(*queue):
                answer = await self._answered(poll.request, signer)
        return answer

    async def _answered(self, request: Request, signer: Signer) -> Response:
        status, headers, body = await self._with_moto(
            lambda: self._loaded().answer(request, signer)
        )
        if status.startswith("501") and not body.lstrip().startswith((b"{", b"<?xml")):
            raise NotImplementedError  # moto's page does not say what it is that it lacks
        response = {name.lower(): value for name, value in headers}
        response.pop("connection", None)
        if request.method != "HEAD":  # whose answer has the length of a body that is not sent
            response.pop("content-length", None)
        content_type = response.pop("content-type", "")
        operation = operation_of(request)
        if operation != "ReceiveMessage":
            self._called.beat()
        note = f"{signer.service} {operation}".strip()
        return Response(int(status.split()[0]), content_type, body, response, note)

    def glance_at_queue(
        self, account: str, region: str, name: str, most: int
    ) -> "QueueGlance | None":
        """How many messages a queue has, and how many of its oldest somebody holds.

        Returns:
            None: there is no such queue, or moto is not imported yet.
        """
        if self._moto is None:
            return None
        from kinesis_cli.local.neighbours.moto_queues import glance_at

        return glance_at(account, region, name, most)

    def queued(self, account: str, region: str, name: str, most: int) -> "list[QueuedMessage]":
        """The oldest messages of a queue, without receiving them; none before moto is imported."""
        if self._moto is None:
            return []
        from kinesis_cli.local.neighbours.moto_queues import messages_of

        return messages_of(account, region, name, most)

    async def expire_items(self, failures: Failures) -> None:
        """Delete items of tables when their time to live has passed, until cancelled.

        Args:
            failures: told of our own mistakes.
        """
        while True:
            await asyncio.sleep(EXPIRE_EVERY)
            if self._moto is None:
                continue
            try:
                if await in_thread(self._moto.expire_items):
                    self._called.beat()
            except Exception as error:  # noqa: BLE001 - the next time it may be well again
                failures.report("time to live", error)

    def are_named(self) -> bool:
        """Whether the template names what moto makes, so that somebody is likely to call it."""
        from kinesis_cli.local.neighbours.resources.kinds import names_neighbours
        from kinesis_cli.project.template.file import reading_template
        from kinesis_cli.project.template.template import Template

        if self._template is None:
            return False
        with suppress(KcliError), reading_template(self._template):  # it is being written
            return names_neighbours(Template.read(self._template))
        return False

    async def preload(self) -> None:
        """Import moto in the background: it takes a second, which a function may not have."""
        with suppress(KcliError):  # told to whoever asks a neighbour
            await self._with_moto(self._loaded)

    async def _with_moto(self, work: Callable[[], Result]) -> Result:
        """The result of work in a thread, which imports moto if nobody did before."""
        try:
            return await in_thread(work)
        finally:
            self.is_settled.set()

    def _loaded(self) -> "Moto":
        with self._loading:
            if self._refusal:
                raise self._refusal
            if self._moto is None:
                try:
                    self._moto = Moto(
                        self._state, self._template, self.place, self._metrics, self.table_store()
                    )
                except KcliError as error:
                    self._refusal = error
                    raise
            return self._moto


def check_journals(state: Path) -> None:
    """Refuse a journal that could not be written when a failed record is to be kept.

    Raises:
        InputError: one is damaged, foreign or of another version; it is not changed.
    """
    check(state / MESSAGES, MESSAGES_VERSION)
    check(state / TABLES, TABLES_VERSION)


class Moto:
    """moto, imported.

    Raises:
        InputError: it is not installed, or the journal is not usable.
    """

    def __init__(
        self,
        state: Path | None,
        template: TemplateFile | None,
        place: Place,
        metrics: Metrics,
        store: TableStore,
    ) -> None:
        os.environ.setdefault("MOTO_DISABLE_GLOBAL_CORS", "true")  # no web page may come here
        try:
            from moto.moto_server.werkzeug_app import (
                DomainDispatcherApplication,
                create_backend_app,
            )
        except ImportError as error:
            from kinesis_cli.installation import missing_extra

            raise missing_extra("local", "each service beside Kinesis", "moto") from error
        from kinesis_cli.local.neighbours.message_journal import MessageJournal
        from kinesis_cli.local.neighbours.moto_metrics import provide
        from kinesis_cli.local.neighbours.table_changes import TableChanges
        from kinesis_cli.local.neighbours.table_journal import Tables

        def application_of(service: Any) -> Any:  # noqa: ANN401 - one of moto's names → Flask's
            if service is None:
                raise NotImplementedError
            return create_backend_app(service)

        self._application = DomainDispatcherApplication(application_of)
        changes = TableChanges(store)
        if template:
            self._make_resources(template, place)
        keep_calls_here()
        self._messages = MessageJournal(state) if state else None
        changes.name_streams(place)
        self._tables = Tables(store, changes, is_kept=state is not None)
        self._provider = provide(metrics)

    def answer(self, request: Request, signer: Signer) -> Answer:
        """The answer to a request. What it changed in queues and tables is journalled before."""
        with self._alone(request, signer):
            answer = self._called(_environ(request, signer))
        if self._messages:
            self._messages.catch_up()
        _let_go_of_models()
        return answer

    def expire_items(self) -> bool:
        """Delete what has expired in tables. Returns whether there was anything."""
        return self._tables.expire()

    def _alone(self, request: Request, signer: Signer) -> AbstractContextManager[None]:
        """moto's DynamoDB takes one call at a time."""
        if signer.service != "dynamodb":
            return nullcontext()
        operation = operation_of(request)
        return self._tables.call(signer.account, signer.region, operation, request.body)

    def _called(self, environ: dict[str, Any]) -> Answer:
        """Call moto's WSGI application."""
        started: list[Any] = []
        pieces: Iterable[bytes] = self._application(environ, lambda *start: started.extend(start))
        try:
            body = b"".join(pieces)
        finally:
            if close := getattr(pieces, "close", None):
                close()
        return started[0], started[1], body

    def _make_resources(self, template: TemplateFile, place: Place) -> None:
        """What the template names beside its streams; what moto refuses is named in the log."""
        from kinesis_cli.local.neighbours.resources.calls import Clients
        from kinesis_cli.local.neighbours.resources.making import make_resources
        from kinesis_cli.project.template.file import reading_template
        from kinesis_cli.project.template.template import Template

        def answered(request: Request, service: str) -> Answer:
            signer = Signer(place.account, place.region, service)
            return self._called(_environ(request, signer))

        clients = Clients(answered, place.region)
        with reading_template(template):
            for problem in make_resources(Template.read(template), place, clients):
                sys.stderr.write(f"kcli: {problem}\n")


def _let_go_of_models() -> None:
    """Empty moto's lists of every object that it ever made: deleted ones would stay in memory.

    moto itself reads them in its own tests only.
    """
    from moto.core.model_instances import model_data

    for models in list(model_data.values()):
        for model in list(models.values()):
            model.instances_tracked.clear()  # type: ignore[attr-defined]


def _environ(request: Request, signer: Signer) -> dict[str, Any]:
    """The request as WSGI has it. Source: https://peps.python.org/pep-3333/"""
    host, _, port = request.headers.get("host", "127.0.0.1").rpartition(":")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        # WSGI wants the decoded path's UTF-8 bytes, each as one character
        "PATH_INFO": request.path.encode("utf-8", "surrogateescape").decode("latin-1"),
        "RAW_URI": request.raw_path.decode("latin-1"),
        "QUERY_STRING": request.query_string,
        "CONTENT_TYPE": request.headers.get("content-type", ""),
        "CONTENT_LENGTH": str(len(request.body)),
        "SERVER_NAME": host or "127.0.0.1",
        "SERVER_PORT": port if port.isdigit() else "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": request.scheme,  # SQS names its queues by it
        "wsgi.input": BytesIO(request.body),
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in request.headers.items():
        if name not in ("content-type", "content-length", "transfer-encoding"):
            environ[f"HTTP_{name.upper().replace('-', '_')}"] = value
    environ[_ACCOUNT_HEADER] = signer.account
    return environ


async def in_thread(work: Callable[[], Result]) -> Result:
    """The result of work that blocks: a receive that waits for messages must hold up nobody.

    Its thread is a daemon, so that one that still waits does not hold up the server's end.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Result] = loop.create_future()

    def end(tell: Callable[[], None]) -> None:
        if not future.done():
            tell()

    def run() -> None:
        try:
            result = work()
            tell = partial(future.set_result, result)
        except BaseException as error:  # noqa: BLE001 - it is raised where it is waited for
            tell = partial(future.set_exception, error)
        loop.call_soon_threadsafe(end, tell)

    threading.Thread(target=run, daemon=True).start()
    return await future
