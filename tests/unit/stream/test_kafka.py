"""Topics of Kafka as a source: read, delivered, filtered, given up."""

import json
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest

from kinesis_cli import EventSourceMapping, InputError, Recording, simulate
from kinesis_cli.handlers.invoke_once import read_event
from kinesis_cli.recordings.writing import write_recording
from kinesis_cli.stream.kinds.kafka import KAFKA, SELF_MANAGED_KAFKA, KafkaKind
from kinesis_cli.stream.kinds.known import kind_of
from kinesis_cli.stream.record import Record

CLUSTER = "arn:aws:kafka:eu-west-1:111111111111:cluster/readings/751d2973-a626-431c-9d4e-2"
SERVERS = "b-1.readings.example.com:9092"
KINDS = [
    pytest.param(KAFKA, id="MSK"),
    pytest.param(SELF_MANAGED_KAFKA, id="self-managed"),
]


def packed(text: str) -> str:
    return b64encode(text.encode()).decode()


def message(
    offset: int, *, partition: int = 0, value: str = "{}", key: str = "k"
) -> dict[str, Any]:
    return {
        "topic": "readings",
        "partition": partition,
        "offset": offset,
        "timestamp": 1545084650987 + offset * 1000,
        "timestampType": "CREATE_TIME",
        "key": packed(key),
        "value": packed(value),
        "headers": [{"source": [107, 99, 108, 105]}],
    }


def event(kind: KafkaKind, *messages: dict[str, Any]) -> dict[str, Any]:
    partitions: dict[str, list[dict[str, Any]]] = {}
    for each in messages:
        partitions.setdefault(f"{each['topic']}-{each['partition']}", []).append(each)
    arn = {"eventSourceArn": CLUSTER} if kind is KAFKA else {}
    return {
        "eventSource": kind.event_source,
        **arn,
        "bootstrapServers": SERVERS,
        "records": partitions,
    }


def records(kind: KafkaKind, *messages: dict[str, Any]) -> list[Record]:
    return kind.records_of(json.dumps(event(kind, *messages)), "the event")


@pytest.mark.parametrize("kind", KINDS)
def test_an_event_is_read_a_partition_is_a_shard_and_an_offset_its_number(
    kind: KafkaKind, tmp_path: Path
) -> None:
    given = event(kind, message(5), message(6), message(2, partition=1))
    file = tmp_path / "event.json"
    file.write_text(json.dumps(given))
    with Recording.open([str(file)]) as recording:
        assert recording.kind is kind
        found = list(recording.records())
    places = [(each.shard_id, each.sequence_number) for each in found]
    assert places == [("readings-0", "5"), ("readings-0", "6"), ("readings-1", "2")]
    assert (found[0].partition_key, found[0].arrival, found[0].data) == ("k", 1545084655.987, b"{}")
    assert json.loads(kind.event(found)) == given
    assert read_event(str(file)).payload == file.read_bytes()


@pytest.mark.parametrize("kind", KINDS)
def test_a_recording_keeps_what_the_event_said_of_all_its_records(
    kind: KafkaKind, tmp_path: Path
) -> None:
    found = records(kind, message(1), message(2), message(1, partition=1))
    file = tmp_path / "day.ndjson"
    write_recording(found, file)
    with Recording.open([str(file)]) as recording:
        assert list(recording.records()) == found
        assert recording.shard_ids == ("readings-0", "readings-1")
    assert all(kind_of(each) is kind for each in found)
    assert json.loads(read_event(str(file)).payload) == event(
        kind, message(1), message(2), message(1, partition=1)
    )


@pytest.mark.parametrize("kind", KINDS)
def test_partial_reports_name_partition_and_offset(kind: KafkaKind) -> None:
    calls: list[list[int]] = []

    def handler(event: dict[str, Any], context: object) -> object:
        ((partition, given),) = event["records"].items()
        offsets = [each["offset"] for each in given]
        calls.append(offsets)
        failed = [
            {"itemIdentifier": {"partition": partition, "offset": 3}} for o in offsets if o == 3
        ]
        return {"batchItemFailures": failed}

    result = simulate(
        records(kind, *(message(n) for n in range(1, 6))),
        handler,
        {"FunctionResponseTypes": ["ReportBatchItemFailures"], "MaximumRetryAttempts": 1},
        start_at=1545085000,
    )
    assert calls == [[1, 2, 3, 4, 5], [3, 4, 5], [3, 4, 5]]
    assert result.discarded == ["3", "4", "5"]


@pytest.mark.parametrize(
    "identifier",
    [{"partition": "readings-1", "offset": 1}, {"partition": "readings-0", "offset": 9}, "1", {}],
)
def test_a_report_of_what_was_not_in_the_event_fails_the_batch(identifier: object) -> None:
    result = simulate(
        records(KAFKA, message(1), message(2)),
        lambda event, context: {"batchItemFailures": [{"itemIdentifier": identifier}]},
        {"FunctionResponseTypes": ["ReportBatchItemFailures"], "MaximumRetryAttempts": 0},
    )
    assert result.invocations[0].outcome == "failed"
    assert result.discarded == ["1", "2"]


def test_a_document_tells_the_offsets_of_the_partition() -> None:
    def handler(event: object, context: object) -> None:
        raise RuntimeError("no")

    found = records(KAFKA, message(7), message(8))
    mapping = {"MaximumRetryAttempts": 0}
    (document,) = simulate(found, handler, mapping, start_at=1545085000).destination
    assert document["KafkaBatchInfo"] == {
        "batchSize": 2,
        "eventSourceArn": CLUSTER,
        "bootstrapServers": SERVERS,
        "payloadSize": len(KAFKA.event(found)),
        "recordsInfo": {
            "readings-0": {
                "firstRecordOffset": "7",
                "lastRecordOffset": "8",
                "firstRecordTimestamp": "2018-12-17T22:10:57.987Z",
                "lastRecordTimestamp": "2018-12-17T22:10:58.987Z",
            }
        },
    }


def test_unlimited_retries_end_at_ten_where_there_is_a_destination() -> None:
    def handler(event: object, context: object) -> None:
        raise RuntimeError("no")

    target = {"DestinationConfig": {"OnFailure": {"Destination": "arn:aws:sqs:eu-west-1:1:q"}}}
    result = simulate(records(KAFKA, message(1)), handler, target)
    assert len(result.invocations) == 11
    assert result.discarded == ["1"]


def test_partitions_are_delivered_beside_each_other_each_in_its_order() -> None:
    seen: list[tuple[str, int]] = []

    def handler(event: dict[str, Any], context: object) -> None:
        for partition, given in event["records"].items():
            seen.extend((partition, each["offset"]) for each in given)

    found = records(KAFKA, *(message(n, partition=n % 3) for n in range(30)))
    result = simulate(found, handler, {"BatchSize": 2}, start_at=1545085000)
    assert result.summary.succeeded == 30
    for partition in range(3):
        offsets = [offset for name, offset in seen if name == f"readings-{partition}"]
        assert offsets == sorted(offsets)


@pytest.mark.parametrize(
    ("pattern", "kept"),
    [
        ('{"value": {"t": [{"numeric": [">", 30]}]}}', ["2"]),
        ('{"value": ["plain"]}', ["3"]),
        ('{"value": {"t": [{"exists": true}]}}', ["1", "2"]),
        ('{"key": ["b"]}', ["2"]),
    ],
)
def test_filters_see_the_decoded_value(pattern: str, kept: list[str]) -> None:
    found = records(
        KAFKA,
        message(1, value='{"t": 20}'),
        message(2, value='{"t": 40}', key="b"),
        message(3, value="plain"),
    )
    mapping = {"FilterCriteria": {"Filters": [{"Pattern": pattern}]}}
    result = simulate(found, lambda event, context: None, mapping)
    delivered = [number for call in result.invocations for number in call.sequence_numbers]
    assert delivered == kept


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        ({"ParallelizationFactor": 2}, "ParallelizationFactor is for streams, not for a Kafka"),
        ({"TumblingWindowInSeconds": 10}, "TumblingWindowInSeconds is for streams"),
        ({"BatchSize": 10_001}, "AWS accepts 1 to 10000"),
        ({"Queues": ["q"]}, "a setting for Amazon MQ, not for a Kafka topic"),
        (
            {"AmazonManagedKafkaEventSourceConfig": {"ConsumptionMode": "Queue"}},
            "ConsumptionMode Queue is not modelled",
        ),
        (
            {
                "SelfManagedKafkaEventSourceConfig": {
                    "SchemaRegistryConfig": {"EventRecordFormat": 1}
                }
            },
            "SchemaRegistryConfig is not modelled",
        ),
    ],
)
def test_what_kafka_has_not_and_what_is_not_modelled_is_refused(
    document: dict[str, Any], problem: str
) -> None:
    with pytest.raises(InputError, match=problem):
        EventSourceMapping.from_aws(document, kind=KAFKA)


def test_a_mapping_of_kafka_has_a_window_of_half_a_second_where_it_says_nothing() -> None:
    mapping = EventSourceMapping.from_aws(
        {
            "EventSourceArn": CLUSTER,
            "Topics": ["readings"],
            "StartingPosition": "AT_TIMESTAMP",
            "StartingPositionTimestamp": 1,
            "ProvisionedPollerConfig": {"MinimumPollers": 1},
        }
    )
    assert (mapping.kind, mapping.maximum_batching_window_in_seconds) == (KAFKA, 0.5)
    assert EventSourceMapping.from_aws(mapping.to_aws(), kind=KAFKA) == mapping
    given = EventSourceMapping.from_aws({"MaximumBatchingWindowInSeconds": 3}, kind=KAFKA)
    assert given.maximum_batching_window_in_seconds == 3


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"offset": None}, "offset: expected a whole number"),
        ({"offset": -1}, "offset: expected a whole number"),
        ({"partition": "0"}, "partition: expected a whole number, found the text '0'"),
        ({"topic": 1}, "topic: expected a string"),
        ({"value": "?"}, "value: not base64"),
        ({"timestamp": "now"}, "timestamp: expected milliseconds, found the text 'now'"),
        ({"timestamp": 1e18}, "not a time in epoch milliseconds"),
    ],
)
def test_what_is_wrong_with_a_record_is_named(
    change: dict[str, Any], problem: str, tmp_path: Path
) -> None:
    file = tmp_path / "event.json"
    file.write_text(json.dumps(event(KAFKA, message(1) | change)))
    with pytest.raises(InputError, match=problem):
        Recording.open([str(file)])
