"""Topics of Kafka as a source: Amazon MSK and clusters of one's own.

A shard is a partition of a topic, a sequence number an offset in it. An event is a map of
partitions to their records; what it tells besides stands beside each record in a recording.

UNSURE(kafka-partitions): a batch holds records of one partition; on AWS it may hold those of
several.

Sources: https://docs.aws.amazon.com/lambda/latest/dg/with-msk.html,
https://docs.aws.amazon.com/lambda/latest/dg/with-kafka.html,
https://docs.aws.amazon.com/lambda/latest/dg/kafka-retry-configurations.html and
https://docs.aws.amazon.com/lambda/latest/dg/kafka-on-failure.html
"""

import json
from base64 import b64decode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

import msgspec

from kinesis_cli.errors import InputError
from kinesis_cli.stream.kinds.kafka_faults import fault_in_record
from kinesis_cli.stream.kinds.kind import (
    Checked,
    FilterMembers,
    Parse,
    PollingRules,
    SettingsRules,
    SourceKind,
)
from kinesis_cli.stream.lines import Fault
from kinesis_cli.stream.record import Record
from kinesis_cli.stream.times import iso_time, number_or_nan

CLUSTER_ARN = (
    "arn:aws:kafka:us-east-1:123456789012:cluster/kcli/00000000-0000-0000-0000-000000000000-1"
)
_OUTER = ("eventSource", "eventSourceArn", "bootstrapServers")  # of an event, beside its records
_PLACE = frozenset({"topic", "partition", "offset"})
_OWN_MEMBERS = frozenset(
    {
        *("Topics", "SourceAccessConfigurations", "SelfManagedEventSource"),
        *("AmazonManagedKafkaEventSourceConfig", "SelfManagedKafkaEventSourceConfig"),
        *("ProvisionedPollerConfig", "LoggingConfig"),
        *("KafkaBootstrapServers", "ConsumerGroupId"),  # as SAM has them
    }
)
_WITHOUT = frozenset({"ParallelizationFactor", "TumblingWindowInSeconds"})


class _Placed(msgspec.Struct, gc=False, rename="camel"):
    topic: str
    partition: int
    offset: int
    timestamp: float | None = None
    key: str | None = None
    event_source: str | None = None
    event_source_arn: str | None = None
    bootstrap_servers: str | None = None


class _Checked(_Placed, gc=False, rename="camel"):
    value: bytes | None = None  # decoding proves that it is base64


_placed = msgspec.json.Decoder(_Placed)
_checked = msgspec.json.Decoder(_Checked)
_members = msgspec.json.Decoder(dict[str, msgspec.Raw])
_encode = msgspec.json.Encoder().encode


class _Value(msgspec.Struct, gc=False):
    value: bytes | None = None
    key: bytes | None = None


_value = msgspec.json.Decoder(_Value)


class KafkaRecord(Record, frozen=True, gc=False):
    """A record of a topic. Its shard is "topic-partition", its sequence number the offset."""

    event_source: ClassVar[str] = "aws:kafka"

    outer: tuple[str | None, str | None] = (None, None)  # eventSourceArn, bootstrapServers

    @property
    def data(self) -> bytes:
        """The value; empty where there is none, as of a tombstone."""
        return _value.decode(self.raw).value or b""

    @property
    def source_arn(self) -> str:
        """The cluster's; "": a cluster of one's own has none."""
        return self.outer[0] or ""

    @property
    def line(self) -> bytes:
        """The record as a line of a recording: with what its event says of all its records."""
        outer = {"eventSource": self.event_source} | {
            name: each
            for name, each in zip(_OUTER[1:], self.outer, strict=True)
            if each is not None
        }
        return self.raw[:-1] + b"," + _encode(outer)[1:]


class SelfManagedRecord(KafkaRecord, frozen=True, gc=False):
    """A record of a topic of a cluster that AWS does not manage."""

    event_source: ClassVar[str] = "SelfManagedKafka"


class KafkaKind(SourceKind):
    """A topic of Amazon MSK."""

    name = "kafka"
    title = "Kafka"
    event_source = "aws:kafka"
    batch_info = "KafkaBatchInfo"
    service = "kafka"
    event_type = "MSK"
    key_title = "key"
    is_read_back = False
    is_one_list = False
    sample_arn = CLUSTER_ARN
    first_shard = ""
    shard_member = "topic"
    number_member = "offset"
    record_type: ClassVar[type[KafkaRecord]] = KafkaRecord
    rules = SettingsRules(
        a_source="a Kafka topic",
        starting_positions=("TRIM_HORIZON", "LATEST", "AT_TIMESTAMP"),
        default_retention_hours=168.0,  # log.retention.hours of Kafka
        # CreateEventSourceMapping: 500 ms where it is not set.
        default_window_seconds=0.5,
        own_members=_OWN_MEMBERS,
        without=_WITHOUT,
        # With unlimited retries and a destination:
        # https://docs.aws.amazon.com/lambda/latest/dg/kafka-retry-configurations.html
        max_retries_with_destination=10,
    )
    # UNSURE(kafka-polls): how often a topic is polled, and how much a poll brings.
    polling = PollingRules(interval_seconds=0.1, most_records=10_000, most_bytes=6 << 20)
    # https://docs.aws.amazon.com/lambda/latest/dg/with-kafka-filtering.html
    filter_members = FilterMembers(
        documented=frozenset({"value"}),
        others=frozenset(
            {*_PLACE, "timestamp", "timestampType", "key", "headers"},
        ),
        beside="no record of a topic has beside value",
        content="value",
        values={},
        example='{"value": {"temperature": [{"numeric": [">", 30]}]}}',
    )

    def holds(self, value: Mapping[str, object]) -> bool:
        """See `SourceKind.holds`."""
        source = value.get("eventSource", KafkaKind.event_source)
        return source == self.event_source and value.keys() >= _PLACE

    def records_in(self, document: Mapping[str, object]) -> Iterator[dict[str, object]] | None:
        """See `SourceKind.records_in`."""
        records = document.get("records")
        if document.get("eventSource") != self.event_source or not isinstance(records, dict):
            return None
        outer = {name: document[name] for name in _OUTER if name in document}
        return (
            {**each, **outer} if isinstance(each, dict) else each
            for partition in records.values()
            for each in (partition if isinstance(partition, list) else [partition])
        )

    def fault_in(self, value: object) -> Fault | None:
        """See `SourceKind.fault_in`."""
        return fault_in_record(value, self, needs_time=True)

    def loose_fault_in(self, value: object) -> Fault | None:
        """See `SourceKind.loose_fault_in`."""
        return fault_in_record(value, self, needs_time=False)

    def check(self, lines: Sequence[bytes]) -> Checked:
        """See `SourceKind.check`."""
        records = list(map(_checked.decode, lines))
        if any(self._is_other(record) or record.timestamp is None for record in records):
            raise msgspec.ValidationError("a record of another source")
        return Checked(
            [_partition(record) for record in records],
            [str(record.offset) for record in records],
            [(record.timestamp or 0.0) / 1000 for record in records],
        )

    def _is_other(self, record: _Placed) -> bool:
        return (record.event_source or KafkaKind.event_source) != self.event_source

    def placed(self, text: bytes) -> tuple[list[str], list[Any]]:
        """See `SourceKind.placed`."""
        lines = _placed.decode_lines(text)
        return list(map(_partition, lines)), lines

    def record(self, shard_id: str, placed: _Placed, line: bytes) -> Record:
        """See `SourceKind.record`."""
        return self.record_type(
            shard_id,
            str(placed.offset),
            _key_text(placed.key),
            (placed.timestamp or 0.0) / 1000,
            _as_sent(line),
            (placed.event_source_arn, placed.bootstrap_servers),
        )

    def loose_record(self, value: Mapping[str, Any], raw: bytes) -> Record:
        """See `SourceKind.loose_record`."""
        key = value.get("key")
        arn, servers = value.get("eventSourceArn"), value.get("bootstrapServers")
        return self.record_type(
            f"{value['topic']}-{value['partition']}",
            str(value["offset"]),
            _key_text(key if isinstance(key, str) else None),
            number_or_nan(value.get("timestamp")) / 1000,
            _as_sent(raw),
            (
                arn if isinstance(arn, str) else None,
                servers if isinstance(servers, str) else None,
            ),
        )

    def place_of(self, line: bytes) -> tuple[str, str]:
        """See `SourceKind.place_of`."""
        found = _placed.decode(line)
        return _partition(found), str(found.offset)

    def records_of(
        self, event: bytes | str, place: str, shard_id: str | None = None
    ) -> list[Record]:
        """See `SourceKind.records_of`."""
        del shard_id  # each record tells its own
        try:
            document = json.loads(event)
        except (ValueError, RecursionError) as error:
            raise InputError(f"not JSON: {error}", place=place) from error
        values = self.records_in(document) if isinstance(document, dict) else None
        if values is None:
            raise InputError(f"not an event of {self.title}", place=place)
        records = []
        for number, value in enumerate(values, 1):
            if fault := self.fault_in(value):
                where = ", ".join(filter(None, (place, f"record {number}", fault.field)))
                raise InputError(fault.problem, place=where, advice=fault.advice)
            records.append(self.loose_record(value, _encode(value)))
        return records

    def source_name(self, arn: str) -> str:
        """See `SourceKind.source_name`."""
        return arn.partition(":cluster/")[2].partition("/")[0]

    def event(self, records: Iterable[Record]) -> bytes:
        """See `SourceKind.event`: a map of "topic-partition" to records."""
        partitions: dict[str, list[msgspec.Raw]] = {}
        outer: dict[str, object] = {"eventSource": self.event_source}
        for record in records:
            partitions.setdefault(record.shard_id, []).append(msgspec.Raw(record.raw))
            if isinstance(record, KafkaRecord):
                told = zip(_OUTER[1:], record.outer, strict=True)
                outer |= {name: each for name, each in told if each is not None}
        return _encode(outer | {"records": partitions})

    def identifier(self, item: object, shard_id: str = "") -> str | None:
        """The offset that an item of batchItemFailures names: {"partition", "offset"}.

        Source: https://docs.aws.amazon.com/lambda/latest/dg/kafka-retry-configurations.html
        """
        identifier = item.get("itemIdentifier") if isinstance(item, Mapping) else None
        if not isinstance(identifier, Mapping):
            return None
        partition, offset = identifier.get("partition"), identifier.get("offset")
        if not isinstance(partition, str) or isinstance(offset, bool | float | None):
            return None
        return str(offset) if partition == shard_id else f"{offset} of {partition}"

    def batch_details(
        self, records: Sequence[Record], shard_id: str, source_arn: str
    ) -> dict[str, object]:
        """See `SourceKind.batch_details`.

        Source: https://docs.aws.amazon.com/lambda/latest/dg/kafka-on-failure.html
        """
        first, last = records[0], records[-1]
        servers = first.outer[1] if isinstance(first, KafkaRecord) else None
        return {
            "batchSize": len(records),
            **({"eventSourceArn": source_arn} if source_arn else {}),
            "bootstrapServers": servers or "",
            "payloadSize": len(self.event(records)),
            "recordsInfo": {
                shard_id: {
                    "firstRecordOffset": first.sequence_number,
                    "lastRecordOffset": last.sequence_number,
                    "firstRecordTimestamp": iso_time(first.arrival),
                    "lastRecordTimestamp": iso_time(last.arrival),
                }
            },
        }

    def filter_document(
        self, raw: bytes, parse: Parse, wanted: frozenset[str]
    ) -> dict[str, object]:
        """The record, its value and key decoded: JSON, or else plain text.

        Source: https://docs.aws.amazon.com/lambda/latest/dg/with-kafka-filtering.html
        """
        record = parse(raw)
        document = record if isinstance(record, dict) else {}
        for name in ("value", "key"):
            packed = document.pop(name, None)
            if name in wanted and isinstance(packed, str):
                document[name] = _decoded(packed, parse)
        return document

    def filtered_text(self, raw: bytes) -> bytes:
        """See `SourceKind.filtered_text`."""
        return _value.decode(raw).value or b""


class SelfManagedKafkaKind(KafkaKind):
    """A topic of a cluster that AWS does not manage."""

    name = "self-managed-kafka"
    title = "self-managed Kafka"
    event_source = "SelfManagedKafka"
    service = ""  # it has no ARN
    sample_arn = ""
    event_type = "SelfManagedKafka"
    record_type = SelfManagedRecord
    rules = msgspec.structs.replace(KafkaKind.rules, a_source="a topic of self-managed Kafka")


KAFKA = KafkaKind()
SELF_MANAGED_KAFKA = SelfManagedKafkaKind()


def _partition(record: _Placed) -> str:
    return f"{record.topic}-{record.partition}"


def _key_text(key: str | None) -> str:
    """A key as text; as base64 where it is none."""
    if key is None:
        return ""
    try:
        return b64decode(key, validate=True).decode()
    except ValueError:
        return key


def _decoded(packed: str, parse: Parse) -> object:
    try:
        data = b64decode(packed, validate=True)
    except ValueError:
        return packed
    try:
        value = parse(data)
    except ValueError:
        value = None
    return value if isinstance(value, dict | list) else data.decode(errors="replace")


def _as_sent(line: bytes) -> bytes:
    """A record without what its event says of all."""
    members = _members.decode(line)
    for name in _OUTER:
        members.pop(name, None)
    return _encode(members)
