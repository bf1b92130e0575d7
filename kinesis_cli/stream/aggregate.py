"""Records packed into one by the Kinesis Producer Library (KPL).

Source: https://github.com/awslabs/amazon-kinesis-producer/blob/master/aggregation-format.md
The container is protobuf; its wire format is small enough to be read and written here:
https://protobuf.dev/programming-guides/encoding/
"""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Protocol

import msgspec

from kinesis_cli.stream.payload import Payload
from kinesis_cli.stream.shards import MAX_KEY

MAGIC = b"\xf3\x89\x9a\xc2"
MAX_SIZE = 51_200  # bytes; the KPL's AggregationMaxSize
# Of one aggregate that is opened, at most: three for each user record, so some 20,000 of these.
MAX_FIELDS = 2**16

_DIGEST = 16  # bytes of MD5 at the end
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_MAX_UINT64 = 2**64 - 1
_MAX_VARINT = 10  # bytes

# Field numbers of AggregatedRecord, and of its Record.
_KEYS, _HASH_KEYS, _RECORDS = 1, 2, 3
_KEY_INDEX, _HASH_KEY_INDEX, _DATA = 1, 2, 3


class Packable(Protocol):
    """What can be packed: a `Payload`, or one on its way to a stream."""

    @property
    def partition_key(self) -> str:
        """1 to 256 characters."""
        ...

    @property
    def explicit_hash_key(self) -> str | None:
        """Decimal digits."""
        ...

    @property
    def data(self) -> bytes:
        """The bytes."""
        ...


class _Malformed(Exception):  # noqa: N818 - never leaves this file
    """The bytes are no aggregate."""


def aggregated(records: Sequence[Packable]) -> bytes:
    """The data of one Kinesis record that holds `records`, at least one."""
    keys = _numbered(record.partition_key for record in records)
    hash_keys = _numbered(
        record.explicit_hash_key for record in records if record.explicit_hash_key is not None
    )
    message = b"".join(
        [_field(_KEYS, key.encode()) for key in keys]
        + [_field(_HASH_KEYS, key.encode()) for key in hash_keys]
        + [_field(_RECORDS, _record(record, keys, hash_keys)) for record in records]
    )
    return MAGIC + message + _digest(message)


def deaggregated(data: bytes) -> list[Payload] | None:
    """The records in a Kinesis record's data; None: it is a plain record.

    As the KCL does it: data is an aggregate only if the magic bytes, the checksum and the message
    all fit, https://github.com/awslabs/amazon-kinesis-client (AggregatorUtil.java).
    """
    if not is_signed(data):
        return None
    try:
        return _records(data[len(MAGIC) : -_DIGEST])
    except (_Malformed, UnicodeDecodeError, IndexError):
        return None


def is_signed(data: bytes) -> bool:
    """Whether data says that it is an aggregate: it has the magic bytes and the checksum."""
    if not data.startswith(MAGIC) or len(data) <= len(MAGIC) + _DIGEST:
        return False
    return _digest(data[len(MAGIC) : -_DIGEST]) == data[-_DIGEST:]


def _numbered(texts: Iterable[str]) -> dict[str, int]:
    return {text: index for index, text in enumerate(dict.fromkeys(texts))}


def _digest(message: bytes) -> bytes:
    return hashlib.md5(message, usedforsecurity=False).digest()


def _record(record: Packable, keys: dict[str, int], hash_keys: dict[str, int]) -> bytes:
    message = _index(_KEY_INDEX, keys[record.partition_key])
    if record.explicit_hash_key is not None:
        message += _index(_HASH_KEY_INDEX, hash_keys[record.explicit_hash_key])
    return message + _field(_DATA, record.data)


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | _BYTES) + _varint(len(content)) + content


def _index(number: int, value: int) -> bytes:
    return _varint(number << 3 | _VARINT) + _varint(value)


def _varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*encoded, value])


def _records(message: bytes) -> list[Payload]:
    keys: list[str] = []
    hash_keys: list[str] = []
    records: list[bytes] = []
    budget = _Budget()
    for number, value in _fields(message, budget):
        match number, value:
            case (1, bytes()):
                keys.append(key := value.decode())
                # A key of 300 kB that is named 90,000 times would become 27 GB.
                if len(key) > MAX_KEY:
                    raise _Malformed
            case (2, bytes()):
                hash_keys.append(value.decode())
            case (3, bytes()):
                records.append(value)
            case _:
                continue
    return [_user_record(record, keys, hash_keys, budget) for record in records]


def _user_record(
    message: bytes, keys: list[str], hash_keys: list[str], budget: "_Budget"
) -> Payload:
    key_index = hash_key_index = data = None
    for number, value in _fields(message, budget):
        match number, value:
            case (1, int()):
                key_index = value
            case (2, int()):
                hash_key_index = value
            case (3, bytes()):
                data = value
            case _:
                continue
    if key_index is None or data is None:
        raise _Malformed
    # Only with an index: that of the first hash key is 0, so absent and 0 are two things.
    hash_key = None if hash_key_index is None else hash_keys[hash_key_index]
    return Payload(keys[key_index], hash_key, data)


class _Budget(msgspec.Struct):
    """How many fields may still be read: hostile data may have one in every second byte."""

    fields: int = MAX_FIELDS


def _fields(message: bytes, budget: _Budget) -> list[tuple[int, int | bytes]]:
    """Field numbers and values of a protobuf message; unknown ones too."""
    fields: list[tuple[int, int | bytes]] = []
    at, end = 0, len(message)
    while at < end:
        if len(fields) == budget.fields:
            raise _Malformed
        tag = message[at]
        at += 1
        if tag > 0x7F:
            tag, at = _read_varint(message, at - 1)
        kind = tag & 7
        if kind in (_FIXED64, _FIXED32):
            size = 8 if kind == _FIXED64 else 4
        elif kind in (_VARINT, _BYTES):
            size = message[at]  # an IndexError at the end: the message is torn
            at += 1
            if size > 0x7F:
                size, at = _read_varint(message, at - 1)
            if kind == _VARINT:
                fields.append((tag >> 3, size))
                continue
        else:
            raise _Malformed
        at += size
        if at > end:
            raise _Malformed
        fields.append((tag >> 3, message[at - size : at]))
    budget.fields -= len(fields)
    return fields


def _read_varint(message: bytes, at: int) -> tuple[int, int]:
    value = 0
    for length in range(1, _MAX_VARINT + 1):
        byte = message[at]
        value |= (byte & 0x7F) << 7 * (length - 1)
        at += 1
        if byte < 0x80:
            if value > _MAX_UINT64:
                raise _Malformed
            return value, at
    raise _Malformed
