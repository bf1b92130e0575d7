"""What is in a record: its bytes, opened where they are packed, and the user records of the KPL."""

from collections.abc import Callable, Iterable, Iterator

import msgspec

from kinesis_cli.errors import InputError
from kinesis_cli.stream.aggregate import aggregated, deaggregated
from kinesis_cli.stream.packing import opened
from kinesis_cli.stream.payload import Payload
from kinesis_cli.stream.record import Record

MAX_OPENED = 64 << 20  # bytes; what grows beyond is left packed


def data_of(record: Record) -> bytes:
    """A record's bytes, as they were put.

    Raises:
        InputError: the record's data is not base64.
    """
    try:
        return record.data
    except msgspec.MsgspecError as error:
        raise InputError(f"not a record of a stream: {error}") from error


def user_records(record: Record, *, deaggregate: bool = True) -> list[Payload]:
    """The user records in a record: those of an aggregate, else the record itself."""
    data = data_of(record)
    inner = deaggregated(data) if deaggregate else None
    return [Payload(record.partition_key, None, data)] if inner is None else inner


def unpacked(data: bytes) -> bytes:
    """`data` without its gzip or zstd packing; as it is where it has none, or is damaged."""
    return opened(data, MAX_OPENED)[0]


class Opened(msgspec.Struct, frozen=True):
    """A payload as people want to see it."""

    data: bytes
    packing: str = ""  # "gzip", "zstd", "KPL aggregate of 3"; "": it was not packed


def opened_data(data: bytes, max_opened: int = MAX_OPENED) -> Opened:
    """Open a payload that is packed, or an aggregate: its user records, a line each.

    Args:
        data: the payload.
        max_opened: bytes, all user records together; what grows beyond is left packed.
    """
    inner = deaggregated(data)
    if inner is not None:
        lines = b"\n".join(_opened_each(inner, max_opened))
        return Opened(lines, f"KPL aggregate of {len(inner):,}")
    text, packing = opened(data, max_opened)
    return Opened(text, packing or "")


def _opened_each(records: Iterable[Payload], max_opened: int) -> Iterator[bytes]:
    for one in records:
        data = opened(one.data, max_opened)[0] if max_opened > 0 else one.data
        max_opened -= len(data)
        yield data


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
    kept = [one._replace(data=new) for one, new in results if new is not None]
    return aggregated(kept) if kept else None
