"""What all kinds of source have in common."""

import json
import math

import pytest

from kinesis_cli.errors import InputError
from kinesis_cli.stream.event import lambda_record
from kinesis_cli.stream.kinds.dynamodb import DYNAMODB, change_record
from kinesis_cli.stream.kinds.kafka import KAFKA, SELF_MANAGED_KAFKA, KafkaKind
from kinesis_cli.stream.kinds.kind import SourceKind
from kinesis_cli.stream.kinds.kinesis import KINESIS
from kinesis_cli.stream.kinds.known import KINDS, kind_of, kind_of_line, kind_of_records
from kinesis_cli.stream.record import Record

TABLE = "arn:aws:dynamodb:eu-west-1:111111111111:table/orders/stream/2026-09-17T13:26:53.746"


def of_topic(kind: KafkaKind) -> Record:
    record = {"topic": "readings", "partition": 3, "offset": 7, "timestamp": 1545084650987}
    event = {"eventSource": kind.event_source, "records": {"readings-3": [record]}}
    return kind.records_of(json.dumps(event), "the event")[0]


RECORDS: dict[SourceKind, Record] = {
    KINESIS: lambda_record(
        shard_id="shardId-000000000002",
        sequence_number="7",
        partition_key="a",
        arrival=1545084650.987,
        data=b"{}",
    ),
    DYNAMODB: change_record(
        {
            "eventSource": "aws:dynamodb",
            "eventSourceARN": TABLE,
            "dynamodb": {
                "ApproximateCreationDateTime": 1545084650,
                "Keys": {"pk": {"S": "a"}},
                "SequenceNumber": "7",
            },
        },
        shard_id="shardId-00000001573078800519-53ac2f3c",
    ),
    KAFKA: of_topic(KAFKA),
    SELF_MANAGED_KAFKA: of_topic(SELF_MANAGED_KAFKA),
}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_line_says_its_kind_its_shard_and_its_number(kind: SourceKind) -> None:
    record = RECORDS[kind]
    assert kind_of(record) is kind_of_line(record.line) is kind
    assert kind.place_of(record.line) == (record.shard_id, "7")
    shard_ids, numbers, arrivals, keys = kind.check([record.line])
    assert (shard_ids, numbers, arrivals) == ([record.shard_id], ["7"], [record.arrival])
    if keys is not None:
        assert record == Record(shard_ids[0], numbers[0], keys[0], arrivals[0], record.line)
    placed_ids, placed = kind.placed(record.line + b"\n")
    assert [kind.record(placed_ids[0], placed[0], record.line)] == [record]
    assert kind.loose_record(json.loads(record.line), record.line) == record


@pytest.mark.parametrize("time", [10**400, -(10**400), "soon", None, True, [], {}])
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_one_call_needs_no_time_whatever_stands_there(kind: SourceKind, time: object) -> None:
    value = json.loads(RECORDS[kind].line)
    members = value.get("kinesis") or value.get("dynamodb") or value
    for name in ("approximateArrivalTimestamp", "ApproximateCreationDateTime", "timestamp"):
        if name in members:
            members[name] = time
    assert math.isnan(kind.loose_record(value, RECORDS[kind].line).arrival)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_an_event_gives_its_records_and_a_report_names_them(kind: SourceKind) -> None:
    record = RECORDS[kind]
    event = kind.event([record])
    (again,) = kind.records_of(event, "the event", record.shard_id)
    assert (again.shard_id, again.sequence_number) == (record.shard_id, "7")
    for text in (b"{", b"[]", b'{"Records": 1}', b'{"Records": [{}]}', b"{}"):
        with pytest.raises(InputError):
            kind.records_of(text, "the event")
    assert kind.identifier({}) is kind.identifier(None) is None


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_what_is_no_record_is_a_fault(kind: SourceKind) -> None:
    foreign: list[object] = [None, [], {}]
    foreign += [{name: 1} for name in ("eventSource", "kinesis", "dynamodb", "topic")]
    for value in foreign:
        assert kind.fault_in(value)
        assert kind.loose_fault_in(value)
    assert kind.fault_in(json.loads(RECORDS[kind].line)) is None
    assert kind_of_line(b"{") is kind_of_line(b"[]") is kind_of_line(b"{}") is None


def test_sources_have_the_names_that_people_give_them() -> None:
    stream = "arn:aws:kinesis:us-east-1:123456789012:stream/readings"
    assert KINESIS.source_name(stream) == "readings"
    assert KINESIS.source_name(f"{stream}/consumer/c:1545084650") == "readings"
    assert DYNAMODB.source_name(TABLE) == "orders"
    assert KAFKA.source_name(KAFKA.sample_arn) == "kcli"


def test_records_of_several_kinds_are_not_delivered_together() -> None:
    assert kind_of_records([]) is KINESIS
    assert kind_of_records([RECORDS[DYNAMODB]] * 2) is DYNAMODB
    with pytest.raises(InputError, match="records of Kinesis and Kafka cannot be delivered"):
        kind_of_records([RECORDS[KINESIS], RECORDS[KAFKA]])
