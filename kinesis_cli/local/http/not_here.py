"""The answer to a call that nobody here can take, in words that each protocol's clients show.

501, which no SDK tries again; a 500 would be tried several times.
"""

from html import escape
from urllib.parse import parse_qs

import msgspec

from kinesis_cli.local.http.messages import Request, Response
from kinesis_cli.local.http.rpc_v2 import cbor_answer, is_rpc_v2
from kinesis_cli.local.http.signature import Signer

_CODES = {400: "SerializationException", 500: "InternalFailure", 501: "NotImplemented"}


def operation_of(request: Request) -> str:
    """What a request asks for: `PutMetricData`, or `GET /v1/registries`."""
    if target := request.headers.get("x-amz-target"):
        return target.rpartition(".")[2]
    if _is_query(request):
        action = parse_qs(request.body.decode("latin-1")).get("Action")
        if action:
            return action[0]
    return f"{request.method} {request.path}"


def not_here(request: Request, signer: Signer, why: str, status: int = 501) -> Response:
    """A refusal that names the service and the call.

    Args:
        request: that is refused.
        signer: says which service is meant.
        why: the end of the sentence: "moto does not have it".
        status: of HTTP.
    """
    service = signer.service or "this service"
    return refusal(request, signer, f"{service} {operation_of(request)} is not here: {why}", status)


def refusal(request: Request, signer: Signer, sentence: str, status: int) -> Response:
    """A refusal in the protocol of the request, as far as that is known."""
    code = _CODES[status]
    if _is_query(request) or signer.service == "s3":
        error = f"<Error><Code>{code}</Code><Message>{escape(sentence)}</Message></Error>"
        if signer.service != "s3":
            error = f"<ErrorResponse>{error}</ErrorResponse>"
        return Response(status, "text/xml; charset=utf-8", f"{error}\n".encode(), note=sentence)
    document = {"__type": code, "message": sentence, "Message": sentence}
    if is_rpc_v2(request):
        return cbor_answer(status, document, note=sentence)
    body, headers = msgspec.json.encode(document), {"x-amzn-errortype": code}
    return Response(status, "application/json", body, headers, note=sentence)


def _is_query(request: Request) -> bool:
    return "x-www-form-urlencoded" in request.headers.get("content-type", "")
