"""One record of a stream, as Lambda hands it to a function, and parts of it decoded from its JSON.

Each decoder reads as much as its purpose needs; what it passes over costs little.
"""

import json
from typing import Any, ClassVar

import msgspec

SHOWN_DATA_BYTES = 1024  # how much of a record's data is shown, and kept to be shown
_SHOWN_CHARACTERS = 60  # of a payload, in a `repr`


class Record(msgspec.Struct, frozen=True, gc=False):
    """What the delivery rules know of a record, and its bytes.

    A msgspec struct, not a dataclass: a simulation makes one for each of millions of records, and
    this takes a third of the time (`benchmarks/`).
    """

    shard_id: str  # "shardId-000000000000"
    sequence_number: str  # decimal digits; compare as int, never as text
    partition_key: str
    arrival: float  # approximateArrivalTimestamp, epoch seconds
    raw: bytes  # the record as a JSON object: one element of a KinesisEvent's `Records`

    # Which kind of source it is of (`stream.kinds.known.kind_of`); the record of another kind is a
    # subclass, which says so here.
    event_source: ClassVar[str] = "aws:kinesis"

    @property
    def data(self) -> bytes:
        """The payload: what people see of the record."""
        return data_in(self.raw)

    @property
    def source_arn(self) -> str:
        """The ARN of the stream, or of the consumer, that it came from; "": it does not tell."""
        return _decode_source(self.raw).event_source_arn

    @property
    def line(self) -> bytes:
        """The record as a line of a recording."""
        return self.raw

    def json(self) -> Any:  # noqa: ANN401 - whatever the payload holds
        """Return the payload, read as JSON.

        Raises:
            ValueError: it is not JSON.
        """
        return json.loads(self.data)

    def __repr__(self) -> str:
        return f"<Record {self.in_short}>"

    @property
    def in_short(self) -> str:
        """Number, shard, key and payload in a few words; harmless, whatever they hold."""
        number = self.sequence_number
        short = number if len(number) <= 6 else f"…{number[-6:]}"
        shard = self.shard_id.removeprefix("shardId-").lstrip("0-") or "0"
        key = _safe(self.partition_key)
        return f"{short} of shard {_safe(shard)}, key {key}, {_shown(self)}"


def _safe(text: str) -> str:
    return text if text.isprintable() and text.isascii() else ascii(text)


def _shown(record: Record) -> str:
    """The beginning of the payload: harmless, whatever it holds, and never an error."""
    try:
        data = record.data
    except (msgspec.MsgspecError, UnicodeError):
        return "not a record of a stream"
    try:
        shown = _safe(data[: 4 * _SHOWN_CHARACTERS].decode())
    except UnicodeDecodeError:
        shown = ascii(data[:_SHOWN_CHARACTERS])
    if len(shown) > _SHOWN_CHARACTERS or len(data) > 4 * _SHOWN_CHARACTERS:
        return f"{shown[:_SHOWN_CHARACTERS]}… ({len(data):,} bytes)"
    return shown or "(empty)"


class _Data(msgspec.Struct, gc=False):
    data: bytes = b""  # msgspec decodes the base64; one call may be given records without


class _Source(msgspec.Struct, gc=False):
    event_source_arn: str = msgspec.field(default="", name="eventSourceARN")


_decode_source = msgspec.json.Decoder(_Source).decode


class _RecordWithData(msgspec.Struct, gc=False):
    kinesis: _Data


_decode_data = msgspec.json.Decoder(_RecordWithData).decode


def data_in(raw: bytes) -> bytes:
    """Return the data of a record.

    Raises:
        msgspec.MsgspecError: it is not base64, or this is not a record.
    """
    return _decode_data(raw).kinesis.data


class _Place(msgspec.Struct, rename="camel", gc=False):
    partition_key: str
    sequence_number: str
    approximate_arrival_timestamp: float


class PlacedRecord(msgspec.Struct, rename="camel", gc=False):
    """Where a record stands in its stream: everything but its data."""

    kinesis: _Place
    event_id: str | None = msgspec.field(default=None, name="eventID")


_placed = msgspec.json.Decoder(PlacedRecord)
decode_placed, decode_placed_lines = _placed.decode, _placed.decode_lines
