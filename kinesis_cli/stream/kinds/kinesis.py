"""Kinesis Data Streams as a source.

Sources: https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html and
https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis-filtering.html
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import msgspec

from kinesis_cli.stream.event import STREAM_ARN, KinesisEvent, kinesis_event
from kinesis_cli.stream.kinds.kind import (
    Checked,
    FilterMembers,
    Parse,
    PollingRules,
    SettingsRules,
    SourceKind,
)
from kinesis_cli.stream.lines import (
    CheckedLine,
    Fault,
    fault_for,
    fault_in,
    shard_id_of,
    shard_ids_of,
)
from kinesis_cli.stream.record import (
    PlacedRecord,
    Record,
    data_in,
    decode_placed,
    decode_placed_lines,
)
from kinesis_cli.stream.shards import shard_id
from kinesis_cli.stream.times import number_or_nan

_DATA = "data"
_LOOSELY_CHECKED = ("data",)  # a function decodes it; what is not base64 is a slip

_decode_line = msgspec.json.Decoder(CheckedLine).decode


class KinesisKind(SourceKind):
    """A Kinesis data stream, or an enhanced fan-out consumer of one."""

    name = "kinesis"
    title = "Kinesis"
    event_source = "aws:kinesis"
    batch_info = "KinesisBatchInfo"
    service = "kinesis"
    event_type = "Kinesis"
    key_title = "partition key"
    bills_shards = True
    has_data = True
    sample_arn = STREAM_ARN
    first_shard = shard_id(0)
    shard_member = "eventID"
    number_member = "kinesis.sequenceNumber"
    rules = SettingsRules(
        a_source="a Kinesis stream",
        starting_positions=("TRIM_HORIZON", "LATEST", "AT_TIMESTAMP"),
        has_consumers=True,
    )
    polling = PollingRules(
        interval_seconds=1.0, most_records=10_000, most_bytes=10 * 1024 * 1024 * 4 // 3
    )
    filter_members = FilterMembers(
        documented=frozenset({_DATA}),
        others=frozenset(
            {
                *("approximateArrivalTimestamp", "encryptionType", "kinesisSchemaVersion"),
                *("partitionKey", "sequenceNumber", "awsRegion", "eventID", "eventName"),
                *("eventSource", "eventSourceARN", "eventVersion", "invokeIdentityArn"),
            }
        ),
        decoded=frozenset({_DATA}),
        beside="no Kinesis record has beside data",
        content=_DATA,
        values={
            "eventName": ("aws:kinesis:record",),
            "eventSource": ("aws:kinesis",),
            "eventVersion": ("1.0",),
            "kinesisSchemaVersion": ("1.0",),
        },
        example='{"data": {"temperature": [{"numeric": [">", 30]}]}}',
    )

    def holds(self, value: Mapping[str, object]) -> bool:
        """See `SourceKind.holds`."""
        kinesis, source = value.get("kinesis"), value.get("eventSource")
        if isinstance(kinesis, dict):
            return bool({"data", "sequenceNumber", "partitionKey"} & kinesis.keys())
        # EventBridge Pipes puts what is in `kinesis` beside the rest.
        return source == self.event_source and not {"data", "sequenceNumber"} <= value.keys()

    def fault_in(self, value: object) -> Fault | None:
        """See `SourceKind.fault_in`."""
        return fault_in(value)

    def loose_fault_in(self, value: object) -> Fault | None:
        """See `SourceKind.loose_fault_in`."""
        return fault_for(value, (), _LOOSELY_CHECKED)

    def check(self, lines: Sequence[bytes]) -> Checked:
        """See `SourceKind.check`."""
        records = list(map(_decode_line, lines))
        datas = [record.kinesis for record in records]
        return Checked(
            shard_ids_of(records),
            [data.sequence_number for data in datas],
            [data.approximate_arrival_timestamp for data in datas],
            [data.partition_key for data in datas],
        )

    def placed(self, text: bytes) -> tuple[list[str], list[Any]]:
        """See `SourceKind.placed`."""
        lines = decode_placed_lines(text)
        return shard_ids_of(lines), lines

    def record(self, shard_id: str, placed: PlacedRecord, line: bytes) -> Record:
        """See `SourceKind.record`."""
        data = placed.kinesis
        return Record(
            shard_id,
            data.sequence_number,
            data.partition_key,
            data.approximate_arrival_timestamp,
            line,
        )

    def loose_record(self, value: Mapping[str, Any], raw: bytes) -> Record:
        """See `SourceKind.loose_record`."""
        kinesis, event_id = value["kinesis"], value.get("eventID")
        number, key = kinesis.get("sequenceNumber"), kinesis.get("partitionKey")
        return Record(
            event_id.rpartition(":")[0] if isinstance(event_id, str) else "",
            "" if number is None else str(number),
            key if isinstance(key, str) else "",
            number_or_nan(kinesis.get("approximateArrivalTimestamp")),
            raw,
        )

    def place_of(self, line: bytes) -> tuple[str, str]:
        """See `SourceKind.place_of`."""
        found = decode_placed(line)
        number = found.kinesis.sequence_number
        return shard_id_of(found.event_id, number), number

    def records_of(
        self, event: bytes | str, place: str, shard_id: str | None = None
    ) -> list[Record]:
        """See `SourceKind.records_of`."""
        del shard_id  # each record tells its own
        return [record.record() for record in KinesisEvent.from_json(event, place=place).records]

    def source_name(self, arn: str) -> str:
        """See `SourceKind.source_name`."""
        return arn.partition("/consumer/")[0].rpartition("/")[2]

    def event(self, records: Iterable[Record]) -> bytes:
        """See `SourceKind.event`."""
        return kinesis_event(records)

    def filter_document(
        self, raw: bytes, parse: Parse, wanted: frozenset[str]
    ) -> dict[str, object]:
        """`data` is the payload as JSON, beside it is what the record tells besides."""
        document = self._metadata(raw, parse) if wanted - {_DATA} else {}
        if _DATA in wanted:
            with suppress(msgspec.DecodeError, ValueError):  # not base64, not JSON
                document[_DATA] = parse(data_in(raw))
        return document

    def _metadata(self, raw: bytes, parse: Parse) -> dict[str, object]:
        members = parse(raw)
        if not isinstance(members, dict):
            return {}
        kinesis = members.pop("kinesis", None)
        if isinstance(kinesis, dict):
            members |= kinesis
        members.pop(_DATA, None)
        return members

    def filtered_text(self, raw: bytes) -> bytes:
        """See `SourceKind.filtered_text`."""
        return data_in(raw)


KINESIS = KinesisKind()
