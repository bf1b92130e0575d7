"""Records as the page shows them: opened where they are packed, marked, harmless.

What is opened for a list is small: a payload that unpacks to much more is left as it is there.
"""

from contextlib import suppress
from typing import Any

import msgspec

from kinesis_cli.simulation.words import bytes_cell
from kinesis_cli.stream.escaping import escape
from kinesis_cli.stream.user_records import Opened, opened_data

MAX_PREVIEW = 300  # characters of a payload in a list
MAX_TEXT = 100_000  # of one that is looked at alone
MAX_LINES = 5_000
_MAX_OPENED = 256 * 1024  # bytes of a packed payload that is opened for a list

Response = dict[str, Any]  # a record as GetRecords has it


class RecordShown(msgspec.Struct, frozen=True):
    """A record of a list."""

    stream: str
    shard_id: str
    number: str
    key: str
    at: float  # epoch seconds
    size: int  # bytes of its data, as it was put
    text: str
    packing: str  # "gzip", "zstd", "KPL aggregate of 3"; "": it is not packed
    cut: bool  # there is more of the text


def shown(stream: str, shard_id: str, record: Response) -> RecordShown:
    """A record for a list."""
    data: bytes = record["Data"]
    opened = Opened(data) if len(data) > _MAX_OPENED else opened_data(data, _MAX_OPENED)
    text = bytes_cell(opened.data[: 4 * MAX_PREVIEW])
    return _shown(stream, shard_id, record, opened, text, MAX_PREVIEW)


def shown_whole(stream: str, shard_id: str, record: Response) -> dict[str, Any]:
    """A record that is looked at alone, with its text in lines, JSON indented."""
    opened = opened_data(record["Data"])
    text = bytes_cell(opened.data[: 4 * MAX_TEXT])
    whole = _shown(stream, shard_id, record, opened, text, MAX_TEXT)
    if not whole.cut:
        with suppress(msgspec.DecodeError):  # text, not JSON
            text = msgspec.json.format(text, indent=2)
    lines = text[:MAX_TEXT].split("\n")[:MAX_LINES]
    return {**msgspec.structs.asdict(whole), "lines": [escape(line) for line in lines]}


def _shown(
    stream: str, shard_id: str, record: Response, opened: Opened, text: str, most: int
) -> RecordShown:
    harmless = escape(text[:most])
    return RecordShown(
        stream=stream,
        shard_id=shard_id,
        number=record["SequenceNumber"],
        key=escape(record.get("PartitionKey", "")),
        at=record["ApproximateArrivalTimestamp"],
        size=len(record["Data"]),
        text=harmless[:most],
        packing=opened.packing,
        cut=max(len(text), len(harmless)) > most or len(opened.data) > 4 * most,
    )
