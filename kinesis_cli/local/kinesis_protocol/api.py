"""Kinesis over HTTP: from a request's bytes to the data plane and back.

Source of the order in which a request is refused: https://github.com/mhart/kinesalite.
"""

import asyncio
from base64 import b64encode
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from random import Random
from typing import cast
from uuid import UUID

import msgspec

from kinesis_cli.local.failures import Failures
from kinesis_cli.local.http.messages import ConnectionCut, Request, Response
from kinesis_cli.local.http.signature import Signer, check_form
from kinesis_cli.local.kinesis import Caller, DataPlane, ServiceError
from kinesis_cli.local.kinesis_protocol import cbor, event_stream
from kinesis_cli.local.kinesis_protocol.model import Operation, Shape, kinesis_model
from kinesis_cli.local.kinesis_protocol.validation import ParameterReader, Parameters, decoded_json

JSON = "application/x-amz-json-1.1"
CBOR = "application/x-amz-cbor-1.1"
PLAIN_JSON = "application/json"
SUBSCRIBE = "SubscribeToShard"
EVENT = "SubscribeToShardEvent"
# Between the first frame and the second, as over a network: a JavaScript client reads one event
# from each piece that arrives.
_APART_SECONDS = 0.01

_json = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Call:
    """One of the operations, read and answered in one protocol."""

    operation: Operation
    reader: ParameterReader
    content_type: str

    def parameters(self, body: bytes) -> Parameters:
        """Raises: ServiceError: they are not as the model has them."""
        if self.content_type == CBOR:
            return self.reader.from_values(cbor.decoded(body))
        return self.reader.from_json(body)

    def encoded(self, result: object, shape: Shape | None) -> bytes:
        """A result or an event."""
        return cbor.encoded(result, shape) if self.content_type == CBOR else _json(result)


class KinesisApi:
    """The Kinesis service behind HTTP.

    Args:
        data_plane: what does the work.
        random: of request ids.
        noticed_put: told the access key id and the parameters of each put.
        failures: told of our own mistakes.
    """

    def __init__(
        self,
        data_plane: DataPlane,
        random: Random,
        noticed_put: Callable[[str, Parameters], None],
        failures: Failures,
    ) -> None:
        self._data_plane, self._failures = data_plane, failures
        self._noticed_put = noticed_put
        self._random = random
        self._model = kinesis_model()
        self._calls: dict[tuple[str, str], Call] = {}

    def is_meant(self, request: Request, signer: Signer) -> bool:
        """Whether a request is for Kinesis, even if something is wrong with it."""
        if target := request.headers.get("x-amz-target"):
            service, dot, _ = target.partition(".")  # without a dot it is nobody's
            return not dot or service == self._model.target_prefix or signer.service == "kinesis"
        if signer.service:
            return signer.service == "kinesis"
        content_type = request.headers.get("content-type", "")
        return request.path == "/" and "x-www-form-urlencoded" not in content_type

    async def handle(self, request: Request, signer: Signer) -> Response:
        """Answer a request.

        Raises:
            ConnectionCut: a fault that was asked for.
        """
        target = request.headers.get("x-amz-target", "")
        service, _, name = target.partition(".")
        content_type = request.headers.get("content-type", "").split(";")[0].strip()
        if unreadable := self._unreadable(request, content_type, target):
            return unreadable
        try:
            if content_type == PLAIN_JSON:
                return self._plain_json(request)
            call = self._call(name, content_type) if service == self._model.target_prefix else None
            if call is None:
                _document(request.body, content_type)
                raise ServiceError("UnknownOperationException", "")
            return await self._answer(call, request, signer)
        except ServiceError as error:
            # not asked for by a fault, nor the client's own: the disk is full, say
            if error.__cause__ and error.status >= 500:
                self._failures.report(name, error.__cause__)
            return self._refusal(error, content_type, name)

    async def _answer(self, call: Call, request: Request, signer: Signer) -> Response:
        try:
            check_form(request)
        except ServiceError:
            _document(request.body, call.content_type)  # AWS complains of the body first
            raise
        parameters = call.parameters(request.body)
        operation = call.operation
        fault = self._data_plane.faults.for_request(operation.name)
        if fault.delay:
            await asyncio.sleep(fault.delay)
        if fault.cut == "before":
            raise ConnectionCut
        if fault.error:
            raise ServiceError("InternalFailure", "Internal service failure.", status=500)
        caller = Caller(signer.account, signer.region)
        if operation.name.startswith("PutRecord"):
            self._noticed_put(signer.key, parameters)
        if operation.name == SUBSCRIBE:
            events = self._data_plane.subscribe(parameters, caller)
            return self._response(200, event_stream.CONTENT_TYPE, _frames(call, events), SUBSCRIBE)
        result = await self._data_plane.call(operation.name, parameters, caller)
        if fault.cut == "after":
            raise ConnectionCut
        body = call.encoded(result, operation.output) if operation.output else b""
        return self._response(200, call.content_type, body, operation.name)

    def _call(self, name: str, content_type: str) -> Call | None:
        key = (name, content_type)
        if key not in self._calls:
            operation = self._model.operation(name)
            if operation is None:
                return None
            self._calls[key] = Call(operation, ParameterReader(operation), content_type)
        return self._calls[key]

    # --- refusals

    def _unreadable(self, request: Request, content_type: str, target: str) -> Response | None:
        """What is answered before the body is looked at."""
        if request.method != "POST":
            return self._access_denied()
        service, _, name = target.partition(".")
        if not request.body:
            known = service == self._model.target_prefix and self._model.operation(name)
            code = "SerializationException" if known else "UnknownOperationException"
            answered_as = JSON if content_type == JSON else CBOR
            return self._refusal(ServiceError(code, ""), answered_as, name)
        if content_type in (JSON, CBOR, PLAIN_JSON):
            return None
        if not (service and name):
            return self._access_denied()
        return self._response(404, "", b"<UnknownOperationException/>\n")

    def _access_denied(self) -> Response:
        message = "Unable to determine service/operation name to be authorized"
        body = (
            f"<AccessDeniedException>\n  <Message>{message}</Message>\n</AccessDeniedException>\n"
        )
        return self._response(403, "", body.encode())

    def _plain_json(self, request: Request) -> Response:
        """AWS knows no operation of the protocol that this content type means."""
        code, status = "UnknownOperationException", 404
        try:
            _document(request.body, PLAIN_JSON)
        except ServiceError as error:
            code, status = error.code, 400
        output = {"Output": {"__type": f"com.amazon.coral.service#{code}"}, "Version": "1.0"}
        return self._response(status, PLAIN_JSON, _json(output))

    def _refusal(self, error: ServiceError, content_type: str, note: str) -> Response:
        document = _document_of(error)
        body = cbor.encoded_error(document) if content_type == CBOR else _json(document)
        return self._response(error.status, content_type, body, f"{note} {error.code}")

    def _response(
        self, status: int, content_type: str, body: bytes | AsyncIterator[bytes], note: str = ""
    ) -> Response:
        bits = self._random.getrandbits
        headers = {
            "x-amzn-requestid": str(UUID(int=bits(128), version=4)),
            "x-amz-id-2": b64encode(bits(576).to_bytes(72, "big")).decode(),
        }
        return Response(status, content_type, body, headers, note)


def _document(body: bytes, content_type: str) -> None:
    """Raises: ServiceError, SerializationException: the body is not an object."""
    document = cbor.decoded(body) if content_type == CBOR else decoded_json(body)
    if not isinstance(document, dict | list):
        raise ServiceError("SerializationException", "")


def _document_of(error: ServiceError) -> dict[str, object]:
    """An error as the protocols have it. Errors of types spell the message's name otherwise."""
    document: dict[str, object] = {"__type": error.code}
    if error.message:
        name = "Message" if error.code == "SerializationException" else "message"
        document[name] = error.message
    return document | error.members


async def _frames(call: Call, events: AsyncIterator[dict[str, object]]) -> AsyncIterator[bytes]:
    """The event stream of a subscription."""
    assert call.operation.output
    union = call.operation.output.members["EventStream"]
    # UNSURE(event-protocol): events come in the protocol of the request; or always as JSON?
    content_type = call.content_type
    yield event_stream.event("initial-response", content_type, call.encoded({}, None))
    await asyncio.sleep(_APART_SECONDS)
    async with aclosing(cast("AsyncGenerator[dict[str, object]]", events)):
        try:
            async for event in events:
                payload = call.encoded(event, union.members[EVENT])
                yield event_stream.event(EVENT, content_type, payload)
        except ServiceError as error:
            payload = call.encoded({"message": error.message}, None)
            yield event_stream.exception(error.code, content_type, payload)
