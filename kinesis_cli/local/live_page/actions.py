"""What a click on the page does: put a record, put again what was given up, switch faults."""

import asyncio
from base64 import b64decode, b64encode
from binascii import Error as BadBase64
from collections.abc import Mapping
from typing import Any

import msgspec

from kinesis_cli.errors import EndpointError, InputError
from kinesis_cli.local.http.messages import ConnectionCut, Request
from kinesis_cli.local.http.signature import DEFAULT_ACCOUNT, Signer
from kinesis_cli.local.kinesis import faults_on
from kinesis_cli.local.live_page.around import Surroundings
from kinesis_cli.local.live_page.failures import redrive

Document = Mapping[str, Any]


class PutForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A record as the form of the page has it."""

    stream: str
    key: str
    data: str
    base64: bool = False
    hash_key: str = ""


class RedriveForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A document that waits."""

    destination: str  # ARN
    id: str


class Actions:
    """What can be done.

    Args:
        around: on what.
    """

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._redriving = asyncio.Lock()

    async def put(self, document: Document) -> dict[str, str]:
        """Put a record, as any client does: faults and limits concern it too.

        Raises:
            InputError: the form is not filled in as it must be, or Kinesis refuses it.
            EndpointError: a fault that is on struck.
        """
        form = msgspec.convert(document, PutForm)
        parameters = {
            "StreamName": form.stream,
            "PartitionKey": form.key,
            "Data": b64encode(_data(form)).decode(),
            **({"ExplicitHashKey": form.hash_key} if form.hash_key else {}),
        }
        try:
            answer = await self._around.kinesis.handle(*self._signed("PutRecord", parameters))
        except ConnectionCut as error:
            raise EndpointError("a fault that is on cut the connection", place="put") from error
        assert isinstance(answer.body, bytes)
        result = msgspec.json.decode(answer.body)
        if answer.status != 200:
            code = str(result.get("__type", answer.status))
            message = result.get("message") or result.get("Message") or "refused"
            raise InputError(f"{code}: {message}".rstrip("."), place="put")
        return {"shard_id": result["ShardId"], "number": result["SequenceNumber"]}

    async def redrive(self, document: Document) -> object:
        """Put what was given up on its stream again.

        Returns:
            What came of it; None: it is not there any more.

        Raises:
            InputError, EndpointError: it could not be done.
        """
        form = msgspec.convert(document, RedriveForm)
        async with self._redriving:  # a second click finds what the first one left
            return await redrive(self._around, form.destination, form.id)

    async def faults(self, document: Document) -> dict[str, object]:
        """Switch faults on and off, as `kcli local faults` does.

        Returns:
            Those that are on now.

        Raises:
            InputError: there is no such switch, or it takes something else.
        """
        return faults_on(self._around.data_plane.switch_faults(dict(document)))

    def _signed(self, operation: str, parameters: Document) -> tuple[Request, Signer]:
        region = self._around.server.region
        signer = Signer(DEFAULT_ACCOUNT, region, "kinesis", "live-page")
        scope = f"live-page/20000101/{region}/kinesis/aws4_request"
        headers = {
            "x-amz-target": f"Kinesis_20131202.{operation}",
            "content-type": "application/x-amz-json-1.1",
            "x-amz-date": "20000101T000000Z",
            "authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host,"
            " Signature=0",
        }
        body = msgspec.json.encode(parameters)
        return Request("POST", "/", b"/", "", headers, body), signer


def _data(form: PutForm) -> bytes:
    """The bytes of a form."""
    if not form.base64:
        return form.data.encode()
    try:
        return b64decode(form.data, validate=True)
    except (BadBase64, ValueError) as error:
        raise InputError(f"not base64: {error}", place="data") from error
