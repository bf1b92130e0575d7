"""Texts for table cells: records, shards and times as short as they stay clear."""

import math
import textwrap
from collections.abc import Mapping
from datetime import UTC, datetime

from kinesis_cli.simulation.trace import SHOWN_DATA_BYTES


def cut(text: str, columns: int) -> str:
    """As much of a text as fits `columns`."""
    if text.isascii():
        return text if len(text) <= columns else f"{text[: max(columns - 1, 0)]}…"
    from rich.cells import cell_len, set_cell_size

    return text if cell_len(text) <= columns else f"{set_cell_size(text, max(columns - 1, 0))}…"


def wrapped(text: str, columns: int) -> list[str]:
    """A text in lines of at most `columns`; at least one line."""
    if text.isascii():
        return textwrap.wrap(text, columns) or [""]
    from rich.cells import cell_len

    if cell_len(text) == len(text):
        return textwrap.wrap(text, columns) or [""]
    return chopped(text, columns)  # with characters two columns wide: between any two of them


def chopped(text: str, columns: int) -> list[str]:
    """A text in lines of at most `columns`, broken anywhere; none of an empty one."""
    if text.isascii():
        return [text[start : start + columns] for start in range(0, len(text), columns)]
    from rich.cells import chop_cells

    return chop_cells(text, columns)


def number_cell(sequence_number: str, *, whole: bool = False) -> str:
    """A sequence number, in narrow tables its end: the beginnings of a shard's are all alike."""
    return sequence_number if whole or len(sequence_number) <= 13 else f"…{sequence_number[-12:]}"


def shard_cell(shard_id: str) -> str:
    """`shardId-000000000006` as `6`."""
    digits = shard_id.removeprefix("shardId-")
    return str(int(digits)) if digits.isdecimal() else shard_id


def time_cell(epoch_seconds: float) -> str:
    """A moment in UTC, to the millisecond."""
    if math.isnan(epoch_seconds):
        return "not told"
    try:
        moment = datetime.fromtimestamp(epoch_seconds, UTC)
    except (OverflowError, ValueError, OSError):
        return str(epoch_seconds)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


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


def report_text(report: Mapping[str, object]) -> str:
    """`3.01 ms, billed 4 ms, 36 of 128 MB, init 110.10 ms` of a report's figures."""
    parts = []
    for name, before, unit in (
        ("durationMs", "", " ms"),
        ("billedDurationMs", "billed ", " ms"),
        ("maxMemoryUsedMB", "", ""),
        ("initDurationMs", "init ", " ms"),
        ("restoreDurationMs", "restore ", " ms"),
        ("errorType", "", ""),
        ("xrayTraceId", "X-Ray ", ""),
    ):
        if (value := report.get(name)) is not None:
            if name == "maxMemoryUsedMB":
                value = f"{value} of {report.get('memorySizeMB', '?')} MB"
            parts.append(f"{before}{value}{unit}")
    status = report.get("status")
    if isinstance(status, str) and status != "success":
        parts.insert(0, status)
    return ", ".join(parts)
