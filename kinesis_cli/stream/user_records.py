"""What is in a record: its bytes, opened where they are packed, and the user records of the KPL."""

import sys
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace

import msgspec

from kinesis_cli.errors import InputError
from kinesis_cli.stream.aggregate import UserRecord, aggregated, deaggregated
from kinesis_cli.stream.record import Record

if sys.version_info >= (3, 14):
    from compression.zstd import ZstdDecompressor, ZstdError
else:
    from backports.zstd import ZstdDecompressor, ZstdError

MOST_OPENED = 64 << 20  # bytes; what grows beyond is left packed

_GZIP, _ZSTD = b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd"
_GZIP_FORMAT = 16 + zlib.MAX_WBITS  # as zlib.decompressobj wants it


class _Data(msgspec.Struct):
    data: bytes = b""  # msgspec decodes the base64; one call may be given records without


class _Line(msgspec.Struct):
    kinesis: _Data


_decode = msgspec.json.Decoder(_Line).decode


def data_of(record: Record) -> bytes:
    """A record's bytes, as they were put.

    Raises:
        InputError: the record's data is not base64.
    """
    try:
        return _decode(record.raw).kinesis.data
    except msgspec.MsgspecError as error:
        raise InputError(f"no Kinesis record: {error}") from error


def user_records(record: Record, *, deaggregate: bool = True) -> list[UserRecord]:
    """The user records in a record: those of an aggregate, else the record itself."""
    data = data_of(record)
    opened = deaggregated(data) if deaggregate else None
    return [UserRecord(record.partition_key, data)] if opened is None else opened


def unpacked(data: bytes) -> bytes:
    """`data` without its gzip or zstd packing; as it is where it has none, or is damaged."""
    try:
        if data.startswith(_GZIP):
            gzip = zlib.decompressobj(_GZIP_FORMAT)
            text = gzip.decompress(data, MOST_OPENED)
            return text if gzip.eof and not gzip.unused_data else data
        if data.startswith(_ZSTD):
            zstd = ZstdDecompressor()
            text = zstd.decompress(data, MOST_OPENED)
            return text if zstd.eof and not zstd.unused_data else data
    except (zlib.error, ZstdError):
        pass
    return data


@dataclass(frozen=True, slots=True)
class Opened:
    """A payload as people want to see it."""

    data: bytes
    packing: str = ""  # "gzip", "zstd", "KPL aggregate of 3"; "": it was not packed


def opened_data(data: bytes) -> Opened:
    """Open a payload that is packed, or an aggregate: its user records, a line each."""
    inner = deaggregated(data)
    if inner is not None:
        lines = b"\n".join(unpacked(one.data) for one in inner)
        return Opened(lines, f"KPL aggregate of {len(inner):,}")
    text = unpacked(data)
    if text is data:
        return Opened(data)
    return Opened(text, "gzip" if data.startswith(_GZIP) else "zstd")


def changed(data: bytes, change: Callable[[bytes], bytes | None]) -> bytes | None:
    """A record's bytes after a function has seen the data of each user record in it.

    An aggregate is packed again, without the user records that were dropped.

    Args:
        data: the record's.
        change: gives the new data, or None to drop the user record.

    Returns:
        The new data; None: nothing is left.
    """
    packed = deaggregated(data)
    if packed is None:
        return change(data)
    results = [(one, change(one.data)) for one in packed]
    kept = [replace(one, data=new) for one, new in results if new is not None]
    return aggregated(kept) if kept else None
