"""Calls to the services beside: SQS, SNS, S3 and CloudWatch Logs, by their own protocols.

No socket is in between: the request is handed to whoever answers it when it comes from outside.
"""

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, unquote

from kinesis_cli.local.http.messages import Request, Response
from kinesis_cli.local.http.signature import Signer
from kinesis_cli.local.neighbours.moto_server import Neighbours
from kinesis_cli.local.place import Place

_XML_CODE = re.compile(r"<Code>([\w.]+)</Code>")


class NeighbourError(Exception):
    """A service refused a call. The text says how.

    Args:
        text: for people.
        code: the service's code of the error; "": it answered none.
    """

    def __init__(self, text: str, code: str = "") -> None:
        super().__init__(text)
        self.code = code


class NeighbourCalls:
    """Calls the neighbours as the project's account.

    Args:
        neighbours: who answer.
        place: whose resources are meant.
        writing_logs: whether these calls are what writes the logs.
    """

    def __init__(self, neighbours: Neighbours, place: Place, *, writing_logs: bool = False) -> None:
        self._place = place
        self._handle = neighbours.handle_own if writing_logs else neighbours.handle

    async def json(self, service: str, target: str, document: Mapping[str, object]) -> Any:  # noqa: ANN401
        """A call of the JSON protocol, `("sqs", "AmazonSQS.SendMessage", {...})`.

        Raises:
            NeighbourError: it is refused.
        """
        headers = {"content-type": "application/x-amz-json-1.1", "x-amz-target": target}
        answer = await self.call(service, "POST", "/", headers, json.dumps(document).encode())
        return json.loads(answer or b"null")

    async def object(self, bucket: str, key: str, version: str | None = None) -> bytes:
        """An object of S3.

        Raises:
            NeighbourError: it is not there.
        """
        query = f"versionId={quote(version, safe='')}" if version else ""
        return await self.call("s3", "GET", f"/{bucket}/{quote(key)}", {}, b"", query)

    async def call(
        self,
        service: str,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes,
        query: str = "",
    ) -> bytes:
        """A call of any protocol.

        Raises:
            NeighbourError: it is refused.
        """
        place = self._place
        scope = f"20000101/{place.region}/{service}/aws4_request"
        signed = {
            "host": place.endpoint.rpartition("/")[2],
            "authorization": f"AWS4-HMAC-SHA256 Credential=kcli/{scope}, SignedHeaders=host, "
            "Signature=0",
        }
        request = Request(method, unquote(path), path.encode(), query, {**headers, **signed}, body)
        signer = Signer(place.account, place.region, service)
        try:
            response = await self._handle(request, signer)
        except Exception as error:  # of moto, any kind: as good as a refusal
            raise NeighbourError(repr(error)) from error
        answer = response.body
        assert isinstance(answer, bytes)
        if response.status >= 300:
            raise _refusal(response, answer)
        return answer


def _refusal(response: Response, body: bytes) -> NeighbourError:
    text = body.decode("utf-8", "replace")
    try:
        document = json.loads(text)
        code = str(document.get("__type", "")).rpartition("#")[2]
        return NeighbourError(f"{code}: {document.get('message') or document.get('Message')}", code)
    except (ValueError, AttributeError):
        found = _XML_CODE.search(text)  # of S3 and SNS
        words = f"{response.status} {' '.join(text.split())[:300]}"
        return NeighbourError(words, found[1] if found else "")
