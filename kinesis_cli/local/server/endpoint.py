"""The one door, an ASGI application: who may come in, and which service answers."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import replace
from time import perf_counter
from typing import Any, TypeVar

from kinesis_cli.local.failures import Failures
from kinesis_cli.local.http.messages import ConnectionCut, Request, Response
from kinesis_cli.local.http.signature import Signer
from kinesis_cli.local.kinesis_protocol.api import KinesisApi
from kinesis_cli.local.neighbours.moto_server import Neighbours
from kinesis_cli.local.server.control_path import PREFIX, ControlPath
from kinesis_cli.local.server.functions import LambdaSide
from kinesis_cli.local.server.live import PAGE_PATH, LiveSide, path_for_log
from kinesis_cli.local.server.strangers import Strangers

MAX_BODY = 32 << 20  # bytes; 10 MiB of data and keys, in base64 and escaped, fit in
MAX_NEIGHBOUR_BODY = 1 << 30  # an object for S3

LAST_WORD_SECONDS = 0.2  # in which a client takes the end of an answer that the server's end cut

_MOTO_PREFIX = "/moto-api"  # reset, seed, record and replay moto's own state
_NO_TOKEN = b"moto's own paths are closed here: they answer to kcli's token only.\n"

Result = TypeVar("Result")
Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


class Endpoint:
    """Takes requests, hands them on, sends the answers.

    Args:
        kinesis, functions, neighbours, control, live: who answers.
        failures: told of our own mistakes.
        strangers: who may not come in.
        cut: drops the connection of a client, named by its address.
        log: told of each request; None: nothing is told.
    """

    def __init__(
        self,
        kinesis: KinesisApi,
        functions: LambdaSide,
        neighbours: Neighbours,
        control: ControlPath,
        live: LiveSide,
        failures: Failures,
        strangers: Strangers,
        *,
        cut: Callable[[object], None],
        log: Callable[[str], None] | None,
    ) -> None:
        self._kinesis, self._neighbours, self._control = kinesis, neighbours, control
        self._functions, self._live, self._failures = functions, live, failures
        self._strangers = strangers
        self._cut = cut
        self._log = log
        self._ending = asyncio.Event()

    def end(self) -> None:
        """End the answers that would last."""
        self._ending.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        start = perf_counter()
        response = await self._response(scope, receive)
        if response is None:
            self._cut(scope["client"])
        else:
            await self._send(response, scope["client"], receive, send)
        if self._log:
            status = f"{response.status} {response.note}" if response else "connection cut"
            took = (perf_counter() - start) * 1000
            path = path_for_log(scope["path"])
            self._log(f"{scope['method']} {path} {status} {took:.1f} ms")

    async def _response(self, scope: Scope, receive: Receive) -> Response | None:
        """The answer; None: the connection is to be dropped."""
        head = _head(scope)
        is_page = head.path.startswith(PAGE_PATH)  # which has rules of its own, and stricter ones
        if not is_page and (refusal := self._strangers.refusal(head)):
            return refusal
        signer = Signer.of(head)
        ours = head.path.startswith(PREFIX) or self._kinesis.is_meant(head, signer)
        largest = MAX_BODY if ours else MAX_NEIGHBOUR_BODY
        body = await _body(head, receive, largest)
        if body is None:
            return Response(413, "", headers={"connection": "close"})
        request = replace(head, body=body)
        try:
            if is_page:
                return await self._live.handle(request)
            if head.path.startswith(PREFIX):
                return await self._control.handle(request)
            if head.path.startswith(_MOTO_PREFIX) and not self._control.has_token(request):
                return Response(403, "text/plain; charset=utf-8", _NO_TOKEN)
            if ours:
                return await self._kinesis.handle(request, signer)
            if response := await self._functions.answer(request, signer):
                return response
            return await _while_connected(self._neighbours.handle(request, signer), receive)
        except ConnectionCut:
            return None
        except Exception as error:  # noqa: BLE001 - the client gets AWS's 500, the log why
            what = request.headers.get("x-amz-target") or f"{request.method} {request.path}"
            self._failures.report(what, error)
            document = b'{"__type":"InternalFailure","message":"Internal service failure."}'
            return Response(500, "application/x-amz-json-1.1", document, note="InternalFailure")

    async def _send(self, response: Response, client: object, receive: Receive, send: Send) -> None:
        headers = dict(response.headers)
        if response.content_type:
            headers["content-type"] = response.content_type
        if isinstance(response.body, bytes):  # the answer to HEAD has the length of another body
            headers.setdefault("content-length", str(len(response.body)))
        pairs = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": response.status, "headers": pairs})
        if isinstance(response.body, bytes):
            await send({"type": "http.response.body", "body": response.body})
        else:
            await self._send_pieces(response, client, receive, send)

    async def _send_pieces(
        self, response: Response, client: object, receive: Receive, send: Send
    ) -> None:
        """Send a body as it comes, until it, the client or the server ends."""
        pieces = response.body
        assert not isinstance(pieces, bytes)
        ending = asyncio.ensure_future(self._ending.wait())
        over: set[asyncio.Future[Any]] = {asyncio.ensure_future(_client_gone(receive)), ending}
        try:
            while (data := await _before(over, anext(pieces, None))) is not None:
                piece = {"type": "http.response.body", "body": data, "more_body": True}
                await _before(over, send(piece))
                if any(each.done() for each in over):
                    break
            is_ending = ending.done()
        finally:
            for task in over:
                task.cancel()
            if close := getattr(pieces, "aclose", None):
                await close()
        if not is_ending:
            await send({"type": "http.response.body", "body": b""})
            return
        late: asyncio.Future[Any] = asyncio.ensure_future(asyncio.sleep(LAST_WORD_SECONDS))
        sending = asyncio.ensure_future(send({"type": "http.response.body", "body": response.last}))
        await _before({late}, sending)
        late.cancel()
        if sending.cancelled():
            self._cut(client)  # it does not read: nobody waits for it


async def _before(over: set[asyncio.Future[Any]], what: Awaitable[Result]) -> Result | None:
    """What comes of something; None: one of the others was over before, and it was let go."""
    doing = asyncio.ensure_future(what)
    await asyncio.wait({doing, *over}, return_when=asyncio.FIRST_COMPLETED)
    if doing.done():
        return doing.result()
    doing.cancel()
    with suppress(asyncio.CancelledError, StopAsyncIteration):
        await doing
    return None


async def _while_connected(
    answer: Coroutine[Any, Any, Response], receive: Receive
) -> Response | None:
    """An answer that may take long; None: the client left, and nobody waits for it."""
    answering = asyncio.ensure_future(answer)
    gone = asyncio.ensure_future(_client_gone(receive))
    try:
        await asyncio.wait({answering, gone}, return_when=asyncio.FIRST_COMPLETED)
        return answering.result() if answering.done() else None
    finally:
        answering.cancel()
        gone.cancel()


async def _client_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _head(scope: Scope) -> Request:
    headers: dict[str, str] = {}
    for name, value in scope["headers"]:
        key, text = name.decode("latin-1"), value.decode("latin-1")
        headers[key] = f"{headers[key]},{text}" if key in headers else text
    return Request(
        method=scope["method"],
        path=scope["path"],
        raw_path=scope.get("raw_path") or scope["path"].encode(),
        query_string=scope["query_string"].decode("latin-1"),
        headers=headers,
        body=b"",
        scheme=scope["scheme"],
    )


async def _body(head: Request, receive: Receive, largest: int) -> bytes | None:
    """The body; None: it is too large, or the client left."""
    announced = head.headers.get("content-length", "0")
    if announced.isdigit() and int(announced) > largest:
        return None
    pieces, size = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        pieces.append(message["body"])
        size += len(message["body"])
        if size > largest:
            return None
        if not message.get("more_body"):
            return b"".join(pieces)
