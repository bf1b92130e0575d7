"""One record of a stream, as Lambda hands it to a function."""

import json
from typing import Any

import msgspec

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

    @property
    def data(self) -> bytes:
        """The payload."""
        return msgspec.json.decode(self.raw, type=_Line).kinesis.data

    def json(self) -> Any:  # noqa: ANN401 - whatever the payload holds
        """Return the payload, read as JSON.

        Raises:
            ValueError: it is not JSON.
        """
        return json.loads(self.data)

    def __repr__(self) -> str:
        number = self.sequence_number
        short = number if len(number) <= 13 else f"…{number[-12:]}"
        key = ascii(self.partition_key)
        return f"<Record {short} of {self.shard_id}, key {key}: {_shown(self.raw)}>"


class _Kinesis(msgspec.Struct, gc=False):
    data: bytes


class _Line(msgspec.Struct, gc=False):
    kinesis: _Kinesis


def _shown(raw: bytes) -> str:
    """The beginning of the payload: harmless, whatever it holds, and never an error."""
    try:
        data = msgspec.json.decode(raw, type=_Line).kinesis.data
    except (msgspec.MsgspecError, UnicodeError):
        return "not a record of Kinesis"
    try:
        text = data[: 4 * _SHOWN_CHARACTERS].decode()
        shown = text if text.isprintable() and text.isascii() else ascii(text)
    except UnicodeDecodeError:
        shown = ascii(data[:_SHOWN_CHARACTERS])
    if len(shown) > _SHOWN_CHARACTERS or len(data) > 4 * _SHOWN_CHARACTERS:
        return f"{shown[:_SHOWN_CHARACTERS]}… ({len(data):,} bytes)"
    return shown or "(empty)"
