"""Smithy's RPC v2 CBOR, in which newer SDKs speak to CloudWatch, as the JSON that moto knows.

Sources: https://smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html and, for timestamps
(seconds since the epoch under tag 1), https://www.rfc-editor.org/rfc/rfc8949.html#section-3.4.2
"""

import re
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import msgspec

from kinesis_cli.local.http.messages import Request, Response
from kinesis_cli.local.http.service_models import service_model

CONTENT_TYPE = "application/cbor"
_JSON = "application/x-amz-json-1.0"
_PATH = re.compile(r"/service/(\w+)/operation/(\w+)")
# The services that speak it, by their name in the path → where botocore has their model.
_MODELS = {"GraniteServiceVersion20100801": ("cloudwatch", "2010-08-01")}


def is_rpc_v2(request: Request) -> bool:
    """Whether a request is in this protocol."""
    return request.headers.get("smithy-protocol") == "rpc-v2-cbor"


def as_json(request: Request) -> Request:
    """The same request in AWS's JSON protocol.

    Raises:
        NotImplementedError: the service's shapes are not known here.
        ValueError: the body is not CBOR.
    """
    import cbor2

    service, operation = _named(request)
    try:
        parameters = (
            cbor2.loads(request.body, semantic_decoders={1: _seconds}) if request.body else {}
        )
    except (cbor2.CBORError, TypeError, OverflowError, RecursionError) as error:
        raise ValueError("the body is not CBOR") from error
    headers = {**request.headers, "content-type": _JSON, "x-amz-target": f"{service}.{operation}"}
    headers.pop("smithy-protocol")
    document = msgspec.json.encode(parameters, enc_hook=_plain)
    return replace(request, path="/", raw_path=b"/", headers=headers, body=document)


def cbor_answer(
    status: int, document: object, headers: Mapping[str, str] | None = None, note: str = ""
) -> Response:
    """An answer in this protocol."""
    import cbor2

    headers = {**(headers or {}), "smithy-protocol": "rpc-v2-cbor"}
    return Response(status, CONTENT_TYPE, cbor2.dumps(document), headers, note)


def as_cbor(response: Response, request: Request) -> Response:
    """The answer to `as_json(request)` in the protocol of the request."""
    service, operation = _named(request)
    assert isinstance(response.body, bytes)
    document = msgspec.json.decode(response.body) if response.body else {}
    if response.status < 300:
        model = _model(service)
        output = model["operations"][operation].get("output")
        document = _typed(document, output["shape"], model["shapes"]) if output else {}
    return cbor_answer(response.status, document, response.headers, response.note)


def _named(request: Request) -> tuple[str, str]:
    found = _PATH.fullmatch(request.path)
    if found is None or found[1] not in _MODELS:
        raise NotImplementedError(request.path)
    if found[2] not in _model(found[1])["operations"]:
        raise NotImplementedError(found[2])
    return found[1], found[2]


@cache
def _model(name: str) -> dict[str, Any]:
    return service_model(*_MODELS[name])


def _seconds(value: object, immutable: bool) -> object:  # noqa: ARG001 - as cbor2 calls it
    return value


def _plain(value: object) -> object:
    if isinstance(value, bytes):
        return b64encode(value).decode()
    raise TypeError(type(value).__name__)


def _typed(value: Any, shape_name: str, shapes: Mapping[str, Any]) -> Any:  # noqa: ANN401
    """A JSON value with its timestamps and blobs as CBOR has them."""
    import cbor2

    shape = shapes[shape_name]
    match shape["type"], value:
        case "timestamp", int() | float():
            return cbor2.CBORTag(1, value)
        case "blob", str():
            return b64decode(value)
        case "list", list():
            return [_typed(each, shape["member"]["shape"], shapes) for each in value]
        case "map", dict():
            return {
                key: _typed(each, shape["value"]["shape"], shapes) for key, each in value.items()
            }
        case "structure", dict():
            members = shape["members"]
            return {
                name: _typed(each, members[name]["shape"], shapes) if name in members else each
                for name, each in value.items()
            }
        case (("double" | "float"), int()):
            return float(value)
    return value
