"""Opaque tokens: shard iterators and the tokens of paged lists.

A token carries its meaning and a signature, so that the endpoint remembers none of them and a
forged or damaged one is known. The key lives in the store: tokens survive a restart.
"""

import hashlib
import hmac
from base64 import b64decode, b64encode
from itertools import count
from typing import TypeVar

import msgspec

_VERSION = bytes(7) + b"\1"  # AWS's iterators begin with these eight bytes
_SIGNATURE_BYTES = 16
_FILLER = b"\xc1"  # nothing in MessagePack begins with it


class ShardIterator(msgspec.Struct, array_like=True, tag="iterator"):
    """A position in a shard."""

    created: int  # epoch milliseconds
    stream: int  # row
    shard: int  # number
    position: int  # counter of the next record to read
    name: str  # of the stream, for the error when it is gone
    generation: int  # of `Faults`: expired on demand
    serial: int  # no two iterators are the same text


class Page(msgspec.Struct, array_like=True, tag="page"):
    """Where a list goes on."""

    created: int  # epoch milliseconds
    operation: str
    scope: str  # of what the list is
    after: str  # the last one listed
    filter: str = ""  # what the first call asked for


Token = TypeVar("Token", ShardIterator, Page)


class Tokens:
    """Seals and opens tokens.

    Args:
        secret: the key of the signatures.
    """

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self._serial = count(1)

    def next_serial(self) -> int:
        """A number that no token has had since the start."""
        return next(self._serial)

    def seal(self, token: ShardIterator | Page) -> str:
        """The token as text."""
        body = msgspec.msgpack.encode(token)
        if isinstance(token, ShardIterator):
            body = body.rjust(_iterator_bytes(token.name) - _SIGNATURE_BYTES - 8, _FILLER)
        return b64encode(_VERSION + self._signature(body) + body).decode()

    def open(self, text: str, kind: type[Token]) -> Token | None:
        """What a token means; nothing if it is none of ours."""
        try:
            sealed = b64decode(text, validate=True)
        except ValueError:
            return None
        start = len(_VERSION) + _SIGNATURE_BYTES
        version, signature, body = sealed[:8], sealed[8:start], sealed[start:]
        if version != _VERSION or not hmac.compare_digest(signature, self._signature(body)):
            return None
        try:
            return msgspec.msgpack.decode(body.lstrip(_FILLER), type=kind)
        except msgspec.DecodeError:  # a page's token used as an iterator
            return None

    def _signature(self, body: bytes) -> bytes:
        return hashlib.blake2b(body, key=self._secret, digest_size=_SIGNATURE_BYTES).digest()


def _iterator_bytes(name: str) -> int:
    """How long AWS's iterators of a stream are: encrypted in blocks of 16 bytes.

    Source: https://github.com/mhart/kinesalite, recorded on AWS.
    """
    return 152 + (len(name) + 2) // 16 * 16
