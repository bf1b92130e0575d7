"""Parameters of a request: read, typed and checked in AWS's words and order.

A request that is right is decoded and checked in one pass, by types made of the model's shapes.
Only where that pass refuses, the slow one looks for what AWS would say; it is the one that decides,
so that both give the same verdict.

Source of the sentences: https://github.com/mhart/kinesalite, recorded on AWS.
"""

import re
from collections.abc import Callable
from typing import Any, cast

import msgspec

from kinesis_cli.local.kinesis.errors import (
    ServiceError,
)
from kinesis_cli.local.kinesis_protocol.constraints import check
from kinesis_cli.local.kinesis_protocol.conversion import converted
from kinesis_cli.local.kinesis_protocol.model import Operation, Shape
from kinesis_cli.local.kinesis_protocol.shape_types import type_of

Parameters = dict[str, Any]


class ParameterReader:
    """Reads the parameters of one operation."""

    def __init__(self, operation: Operation) -> None:
        self._shape = operation.input
        self._takes_blobs = _takes_blobs(operation.input)
        self._type = type_of(operation.input)
        self._decode = cast(
            "Callable[[bytes], Parameters]", msgspec.json.Decoder(self._type).decode
        )

    def from_json(self, body: bytes) -> Parameters:
        """The parameters in a JSON body.

        Raises:
            ServiceError: SerializationException or ValidationException.
        """
        try:
            parameters = self._decode(body)
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            return self.checked(decoded_json(body))
        if self._takes_blobs and not _is_canonical(body):
            return self.checked(decoded_json(body))
        return parameters

    def from_values(self, document: object) -> Parameters:
        """The parameters in a document whose blobs are bytes, as CBOR gives it.

        Raises:
            ServiceError: SerializationException or ValidationException.
        """
        try:
            return cast("Parameters", msgspec.convert(document, self._type, builtin_types=(bytes,)))
        except (msgspec.MsgspecError, RecursionError):
            return self.checked(document)

    def checked(self, document: object) -> Parameters:
        """The parameters in a decoded document, looked at one by one.

        Raises:
            ServiceError: SerializationException or ValidationException.
        """
        if not isinstance(document, dict):
            raise ServiceError("SerializationException", "")
        parameters = cast("Parameters", converted(document, self._shape))
        check(parameters, self._shape)
        return parameters


def decoded_json(body: bytes) -> object:
    """A JSON document.

    Raises:
        ServiceError: SerializationException: it is none.
    """
    try:
        return msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise ServiceError("SerializationException", "") from error


_ENDS_PADDED = re.compile(rb'="')
_BEFORE_ONE = frozenset(b"AEIMQUYcgkosw048")  # last base64 digits whose unused bits are zero
_BEFORE_TWO = frozenset(b"AQgw")


def _is_canonical(body: bytes) -> bool:
    """Whether padded base64 in a JSON body has no stray bits, which AWS refuses and msgspec takes.

    It may say no of what is right, then the slow pass decides; never yes of what is wrong.
    """
    for match in _ENDS_PADDED.finditer(body):
        at = match.start()
        if body[at - 1] == ord("="):
            if body[at - 2] not in _BEFORE_TWO:
                return False
        elif body[at - 1] not in _BEFORE_ONE:
            return False
    return b"\\u00" not in body  # an escape may stand for a digit or for the padding


def _takes_blobs(shape: Shape) -> bool:
    inner = [*shape.members.values(), *([shape.element] if shape.element else [])]
    return shape.type == "blob" or any(map(_takes_blobs, inner))
