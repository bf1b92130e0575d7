"""The event that Lambda hands to a function for a batch of Kinesis records.

Source: https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html
"""

import io
import json
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Self

import msgspec

from kinesis_cli.errors import InputError
from kinesis_cli.stream.documents import Documents
from kinesis_cli.stream.lines import fault_in, shard_id_of
from kinesis_cli.stream.record import Record
from kinesis_cli.stream.sequence import is_sequence_number
from kinesis_cli.stream.times import LATEST_ARRIVAL

STREAM_ARN = "arn:aws:kinesis:us-east-1:123456789012:stream/kcli"
_SOURCE_ARN = (
    r"arn:aws[a-z-]*:kinesis:[a-z0-9-]+:\d{12}:stream/[a-zA-Z0-9_.-]{1,128}"
    r"(/consumer/[a-zA-Z0-9_.-]{1,128}:\d+)?"
)
ROLE_ARN = "arn:aws:iam::123456789012:role/lambda-role"


class KinesisData(msgspec.Struct, rename="camel", gc=False, kw_only=True):
    """The `kinesis` member of a record. `data` is base64 in JSON and bytes here."""

    kinesis_schema_version: str = "1.0"
    partition_key: str
    sequence_number: str
    data: bytes
    approximate_arrival_timestamp: float  # epoch seconds, in milliseconds' precision
    encryption_type: str | msgspec.UnsetType = msgspec.UNSET  # only in samples; Lambda sends none


class KinesisEventRecord(msgspec.Struct, rename="camel", gc=False):
    """One element of `Records`."""

    kinesis: KinesisData
    event_source: str = "aws:kinesis"
    event_version: str = "1.0"
    event_id: str = msgspec.field(default="", name="eventID")  # "shardId-000000000006:4959…"
    event_name: str = "aws:kinesis:record"
    invoke_identity_arn: str = ROLE_ARN
    aws_region: str = ""
    # The stream's ARN, or the consumer's for enhanced fan-out.
    event_source_arn: str = msgspec.field(default="", name="eventSourceARN")

    def record(self) -> Record:
        """As the delivery rules see it.

        Raises:
            InputError: neither `eventID` nor the sequence number names the shard.
        """
        kinesis = self.kinesis
        return Record(
            shard_id_of(self.event_id, kinesis.sequence_number),
            kinesis.sequence_number,
            kinesis.partition_key,
            kinesis.approximate_arrival_timestamp,
            _encode(self),
        )


class Window(msgspec.Struct):
    """A tumbling window: ISO 8601 times, the start included, the end not."""

    start: str
    end: str


class KinesisEvent(msgspec.Struct, rename="camel", kw_only=True):
    """What a function receives. Members that are not known are ignored when it is read.

    The members after `records` are sent for tumbling windows only:
    https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-windows.html
    """

    records: list[KinesisEventRecord] = msgspec.field(name="Records")
    window: Window | msgspec.UnsetType = msgspec.UNSET
    state: dict[str, object] | msgspec.UnsetType = msgspec.UNSET
    shard_id: str | msgspec.UnsetType = msgspec.UNSET
    event_source_arn: str | msgspec.UnsetType = msgspec.field(
        default=msgspec.UNSET, name="eventSourceARN"
    )
    is_final_invoke_for_window: bool | msgspec.UnsetType = msgspec.UNSET
    is_window_terminated_early: bool | msgspec.UnsetType = msgspec.UNSET

    @classmethod
    def from_json(cls, document: bytes | str, *, place: str = "the event") -> Self:
        """Read an event.

        Args:
            document: JSON text.
            place: what to call it in an error.

        Raises:
            InputError: it is not JSON, not a Kinesis event, or a record is not usable.
        """
        try:
            event = msgspec.json.decode(document, type=cls)
        except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
            raise _described(document, place, error) from error
        if not all(map(_is_sound, event.records)):
            raise _described(document, place)
        return event

    def to_json(self) -> bytes:
        """The event as Lambda would send it: compact, members in AWS's order."""
        return _encode(self)


def kinesis_event(records: Iterable[Record]) -> bytes:
    """The event of a batch, as JSON: the records as they were read, byte for byte."""
    elements = [record.raw for record in records] or [b""]
    # Put around the first and the last: around all of them would copy all of them again.
    elements[0] = b'{"Records":[' + elements[0]
    elements[-1] += b"]}"
    return b",".join(elements)


_encode = msgspec.json.Encoder().encode


@lru_cache(maxsize=128)
def role_of(event_source_arn: str) -> str:
    """A role of the stream's account that stands in for the function's own."""
    parts = event_source_arn.split(":", 5)
    account = parts[4] if len(parts) == 6 else ""
    return f"arn:aws:iam::{account}:role/lambda-role" if account else ROLE_ARN


def lambda_record(
    *,
    shard_id: str,
    sequence_number: str,
    partition_key: str,
    arrival: float,
    data: bytes,
    event_source_arn: str = STREAM_ARN,
) -> Record:
    """A record with all the members that Lambda sends.

    Args:
        shard_id: "shardId-000000000000".
        sequence_number: decimal digits.
        partition_key: 1 to 256 characters.
        arrival: epoch seconds.
        data: the payload.
        event_source_arn: of the stream, or of an enhanced fan-out consumer; names the region too.
    """
    record = KinesisEventRecord(
        KinesisData(
            partition_key=partition_key,
            sequence_number=sequence_number,
            data=data,
            approximate_arrival_timestamp=arrival,
        ),
        event_id=f"{shard_id}:{sequence_number}",
        aws_region=region_of(event_source_arn),
        event_source_arn=event_source_arn,
        invoke_identity_arn=role_of(event_source_arn),
    )
    return Record(shard_id, sequence_number, partition_key, arrival, _ascii(_encode(record)))


def with_payload(outer: KinesisEventRecord, partition_key: str, data: bytes) -> Record:
    """A record that is like `outer` but for its partition key and data."""
    kinesis = msgspec.structs.replace(outer.kinesis, partition_key=partition_key, data=data)
    record = msgspec.structs.replace(outer, kinesis=kinesis).record()
    return msgspec.structs.replace(record, raw=_ascii(record.raw))


def from_source(record: Record, event_source_arn: str) -> Record:
    """The record as the mapping of another source delivers it: a stream, or a consumer of it."""
    outer = _decode_record(record.raw)
    raw = _encode(msgspec.structs.replace(outer, event_source_arn=event_source_arn))
    return msgspec.structs.replace(record, raw=_ascii(raw))


_decode_record = msgspec.json.Decoder(KinesisEventRecord).decode


def source_arn(text: str) -> str:
    """The ARN of a stream or of one of its consumers, as it was written.

    Raises:
        InputError: it is neither.

    Source: StreamARN and ConsumerARN of botocore's model kinesis/2013-12-02
    """
    if re.fullmatch(_SOURCE_ARN, text):
        return text
    raise InputError(
        f"{text!r} is not an ARN of a stream, which reads like {STREAM_ARN}",
        place="--event-source-arn",
    )


def region_of(arn: str) -> str:
    """Return `us-east-1` of `arn:aws:kinesis:us-east-1:…:stream/kcli`; "": it is not an ARN."""
    parts = arn.split(":", 4)
    return parts[3] if len(parts) == 5 else ""


def _ascii(document: bytes) -> bytes:
    # A partition key may hold anything. Shown on a terminal it must not do anything.
    if document.isascii() and b"\x7f" not in document:
        return document
    return (
        json.dumps(json.loads(document), separators=(",", ":")).replace("\x7f", "\\u007f").encode()
    )


def _is_sound(record: KinesisEventRecord) -> bool:
    kinesis = record.kinesis
    try:
        shard_id_of(record.event_id, kinesis.sequence_number)
    except InputError:
        return False
    return (
        record.event_source == "aws:kinesis"
        and is_sequence_number(kinesis.sequence_number)
        and 0 <= kinesis.approximate_arrival_timestamp < LATEST_ARRIVAL
    )


def _described(document: bytes | str, place: str, error: Exception | None = None) -> InputError:
    """The sentence for an event that did not decode."""
    text = document if isinstance(document, str) else document.decode(errors="replace")
    documents = Documents(io.StringIO(text.removeprefix("\ufeff")).read, place)
    if text.lstrip()[:1] == "[":
        return InputError("expected a JSON object, found an array", place=place)
    try:
        for number, record in enumerate(documents.records(), 1):
            if fault := fault_in(record):
                where = ", ".join(filter(None, (place, f"record {number}", fault.field)))
                return InputError(fault.problem, place=where, advice=fault.advice)
    except InputError as refused:
        return refused
    return InputError(f"not a Kinesis event: {error or 'no record in it'}", place=place)
