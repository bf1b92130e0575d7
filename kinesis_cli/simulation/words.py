"""Records, shards, times and payloads in words as short as they stay clear."""

import math
import re

from kinesis_cli.stream.record import SHOWN_DATA_BYTES
from kinesis_cli.stream.times import utc_milliseconds

_OF_TABLE = re.compile(r"\d{20}-([0-9a-f]{8})")


def number_cell(sequence_number: str, *, whole: bool = False) -> str:
    """A sequence number, in narrow tables its end: the beginnings of a shard's are all alike."""
    return sequence_number if whole or len(sequence_number) <= 13 else f"…{sequence_number[-12:]}"


def shard_cell(shard_id: str) -> str:
    """`shardId-000000000006` as `6`; of a table's, which begin with a time, only what follows."""
    digits = shard_id.removeprefix("shardId-")
    if found := _OF_TABLE.fullmatch(digits):
        return found.group(1).lstrip("0") or "0"
    return str(int(digits)) if digits.isdecimal() else shard_id


def time_cell(epoch_seconds: float) -> str:
    """A moment in UTC, to the millisecond."""
    if math.isnan(epoch_seconds):
        return "not told"
    try:
        return utc_milliseconds(epoch_seconds)
    except (OverflowError, ValueError, OSError):
        return str(epoch_seconds)


def since_cell(seconds: float) -> str:
    """Time since the start: `+0.42 s`, from a minute on `+1:02:03`."""
    if seconds < 0:
        return f"-{duration_cell(-seconds)}"
    return f"+{duration_cell(seconds)}"


def duration_cell(seconds: float) -> str:
    """A length of time: `0.42 s`, from a minute on `1:02:03`, from a day on `1d 02:03:04`."""
    if seconds < 59.995:
        return f"{seconds:.2f} s"
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    clock = f"{hour:02d}:{minute:02d}:{second:02d}"
    return f"{days}d {clock}" if days else clock.removeprefix("0")


def payload_cell(data: bytes) -> str:
    """A payload's beginning, opened and marked: `[gzip] {"temperature": 21}`.

    Args:
        data: the whole payload; of one that is cut neither packing nor aggregate can be seen.
    """
    if data.isascii():  # neither packed nor an aggregate, whose magic bytes are not
        return data[:SHOWN_DATA_BYTES].decode()
    from kinesis_cli.stream.user_records import opened_data  # start-up counts

    opened = opened_data(data)
    return marked(bytes_cell(opened.data[:SHOWN_DATA_BYTES]), opened.packing)


def marked(text: str, packing: str) -> str:
    """A payload's text with what it was opened from."""
    return f"[{packing}] {text}" if packing else text


def bytes_cell(data: bytes) -> str:
    """Bytes as text where they are that, else in hexadecimal."""
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        if error.reason == "unexpected end of data" and error.start:  # a character cut at the end
            return data[: error.start].decode()
    return f"0x{data.hex()}"


def counted(count: int, noun: str) -> str:
    """`1 record`, `2 records`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
