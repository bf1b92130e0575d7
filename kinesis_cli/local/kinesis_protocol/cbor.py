"""`application/x-amz-cbor-1.1`, which the Java SDK, the KCL and the KPL speak.

Blobs are byte strings. Timestamps are milliseconds since the epoch under tag 1, not the seconds
that RFC 8949 says: so the AWS SDK for Java 2 writes (`SdkCborGenerator`) and reads them.
"""

from collections.abc import Callable, Mapping
from typing import Any

import cbor2

from kinesis_cli.local.kinesis.errors import ServiceError
from kinesis_cli.local.kinesis_protocol.model import Shape

EPOCH_TAG = 1
DEEPEST = 64  # nested containers; Kinesis's own parameters nest four deep

Encoder = Callable[[Any], Any]


def decoded(body: bytes) -> object:
    """A CBOR document, its timestamps as epoch seconds.

    Raises:
        ServiceError: SerializationException: it is none.
    """
    try:
        return cbor2.loads(body, semantic_decoders={EPOCH_TAG: _seconds}, max_depth=DEEPEST)
    except (cbor2.CBORError, ValueError, TypeError, OverflowError, RecursionError) as error:
        raise ServiceError("SerializationException", "") from error


def _seconds(milliseconds: object, immutable: bool) -> float:  # noqa: ARG001 - as cbor2 calls it
    if isinstance(milliseconds, bool) or not isinstance(milliseconds, int | float):
        raise ValueError("a timestamp is a number")
    return milliseconds / 1000


def encoded(document: object, shape: Shape | None) -> bytes:
    """A result as CBOR; `shape` tells which of its numbers are timestamps."""
    with_tags = timestamps_tagged(shape) if shape else None
    return cbor2.dumps(with_tags(document) if with_tags else document)


def encoded_error(document: Mapping[str, object]) -> bytes:
    """A refusal of a few members, byte for byte as AWS writes it: a map of open length."""
    return b"\xbf" + cbor2.dumps(document)[1:] + b"\xff"


_encoders: dict[Shape, Encoder | None] = {}


def timestamps_tagged(shape: Shape) -> Encoder | None:
    """What puts the tag on the timestamps in a value; None: the shape has none."""
    if shape not in _encoders:
        _encoders[shape] = _encoder(shape)
    return _encoders[shape]


def _encoder(shape: Shape) -> Encoder | None:
    if shape.type == "timestamp":
        return lambda seconds: cbor2.CBORTag(EPOCH_TAG, round(seconds * 1000))
    if shape.type == "list" and shape.element and (each := timestamps_tagged(shape.element)):
        return lambda values: [each(value) for value in values]
    if shape.type == "structure":
        members = {
            name: encode
            for name, member in shape.members.items()
            if (encode := timestamps_tagged(member))
        }
        if members:
            return lambda value: _members_tagged(value, members)
    return None


def _members_tagged(value: Mapping[str, Any], members: Mapping[str, Encoder]) -> dict[str, Any]:
    tagged = dict(value)
    for name, encode in members.items():
        if tagged.get(name) is not None:
            tagged[name] = encode(tagged[name])
    return tagged
