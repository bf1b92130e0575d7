"""Records of DynamoDB tables' streams in files: events, recordings, get-records, samples."""

import json
from pathlib import Path
from typing import Any

import pytest

from kinesis_cli import InputError, Recording, simulate
from kinesis_cli.handlers.invoke_once import read_event
from kinesis_cli.putting.replay_input import open_replay_input
from kinesis_cli.recordings.form import Form, Reading
from kinesis_cli.recordings.writing import write_recording
from kinesis_cli.stream.event import lambda_record
from kinesis_cli.stream.kinds.dynamodb import DEFAULT_SHARD, DYNAMODB, change_record

ARN = "arn:aws:dynamodb:eu-west-1:111111111111:table/orders/stream/2026-09-17T13:26:53.746"
SHARDS = ("shardId-00000001573078800519-53ac2f3c", "shardId-00000001573078800520-00000001")
# As `sam local generate-event dynamodb update` prints it: no time, ids that are made up.
SAM = {
    "eventID": "1",
    "eventVersion": "1.0",
    "dynamodb": {
        "Keys": {"Id": {"N": "101"}},
        "NewImage": {"Message": {"S": "New item!"}, "Id": {"N": "101"}},
        "StreamViewType": "NEW_AND_OLD_IMAGES",
        "SequenceNumber": "111",
        "SizeBytes": 26,
    },
    "awsRegion": "us-east-1",
    "eventName": "INSERT",
    "eventSourceARN": "arn:aws:dynamodb:us-east-1:account-id:table/ExampleTableWithStream/stream/"
    "2015-06-27T00:48:05.899",
    "eventSource": "aws:dynamodb",
}


def change(number: int, **members: object) -> dict[str, Any]:
    return {
        "eventID": f"{number:032x}",
        "eventName": "INSERT",
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "eu-west-1",
        "dynamodb": {
            "ApproximateCreationDateTime": 1789651658.0 + number,
            "Keys": {"pk": {"S": f"item-{number}"}},
            "NewImage": {"pk": {"S": f"item-{number}"}},
            # of varying length, as AWS's are: compared as text 9… would be after 10…
            "SequenceNumber": str(9_900_000_000_000_000_000_000 + number * 10**20),
            "SizeBytes": 12,
            "StreamViewType": "NEW_IMAGE",
        },
        "eventSourceARN": ARN,
        **members,
    }


def written(tmp_path: Path, *documents: object) -> str:
    file = tmp_path / "in.json"
    file.write_text("".join(json.dumps(each) + "\n" for each in documents))
    return str(file)


def numbers(recording: Recording) -> list[str]:
    return [record.sequence_number for record in recording.records()]


def test_an_event_of_a_table_is_read_and_is_one_shard(tmp_path: Path) -> None:
    event = {"Records": [change(n) for n in range(3)]}
    with Recording.open([written(tmp_path, event)]) as recording:
        assert recording.kind is DYNAMODB
        assert recording.shard_ids == (DEFAULT_SHARD,)
        assert numbers(recording) == [change(n)["dynamodb"]["SequenceNumber"] for n in range(3)]
        assert [json.loads(r.raw) for r in recording.records()] == event["Records"]


def test_a_recording_keeps_shards_and_every_byte_of_the_record(tmp_path: Path) -> None:
    records = [change_record(change(n), shard_id=SHARDS[n % 2]) for n in range(10)]
    file = tmp_path / "day.ndjson"
    assert write_recording(records, file) == 10
    with Recording.open([str(file)]) as recording:
        assert recording.shard_ids == SHARDS
        assert list(recording.records()) == records
        taken = [r for s in SHARDS for r in recording.rewound().take(s, 2e9, 99, 1 << 20)]
        assert sorted(taken, key=lambda r: r.arrival) == records
        assert recording.find(records[3].sequence_number) == [records[3]]


def test_a_line_that_was_written_otherwise_gives_the_event_without_the_shard(
    tmp_path: Path,
) -> None:
    line = {"shardId": SHARDS[0], "extra": 1e400, **change(1)}
    text = json.dumps(line).replace("Infinity", "1.50")  # a number that must stay as it is written
    file = tmp_path / "hand.ndjson"
    file.write_text(text + "\n")
    with Recording.open([str(file)]) as recording:
        (record,) = recording.records()
    assert record.shard_id == SHARDS[0]
    assert b'"extra":1.50' in record.raw
    assert b"shardId" not in record.raw


def of_cli(number: int) -> dict[str, Any]:
    """As `aws dynamodbstreams get-records` prints it."""
    record = change(number, awsRegion="eu-west-1")
    del record["eventSourceARN"]
    time = f"2026-09-17T13:27:{38 + number}+00:00"
    record["dynamodb"]["ApproximateCreationDateTime"] = time
    return record


def test_get_records_output_becomes_what_lambda_sends(tmp_path: Path) -> None:
    page = {"Records": [of_cli(0), of_cli(1)], "NextShardIterator": "…"}
    with Recording.open(
        [written(tmp_path, page)], reading=Reading(shard=SHARDS[0], stream_arns=(ARN,))
    ) as recording:
        first, second = recording.records()
        assert (first.arrival, second.arrival) == (1789651658.0, 1789651659.0)
        assert first.shard_id == SHARDS[0]
        assert json.loads(first.raw)["eventSourceARN"] == ARN
        assert recording.notes == [f"{tmp_path}/in.json: 2 records of get-records"]


def test_what_get_records_does_not_tell_is_made_up_and_said(tmp_path: Path) -> None:
    with Recording.open([written(tmp_path, {"Records": [of_cli(0)]})]) as recording:
        assert [note.partition(": ")[2] for note in recording.notes] == [
            "1 record of get-records",
            f"they tell no shard: all are of {DEFAULT_SHARD}; --shard names another",
            f"they tell no stream: eventSourceARN is {DYNAMODB.sample_arn}",
        ]


def test_a_sample_without_a_time_is_delivered(tmp_path: Path) -> None:
    event = {"Records": [SAM, {**SAM, "eventName": "MODIFY"}]}
    with Recording.open([written(tmp_path, event)]) as recording:
        result = simulate(recording, lambda event, context: None)
    assert result.summary.succeeded == 2
    assert read_event(written(tmp_path, event)).records[0].partition_key == "101"


def test_one_call_gets_the_event_byte_for_byte_or_one_of_the_recordings_records(
    tmp_path: Path,
) -> None:
    file = written(tmp_path, {"Records": [change(1)]})
    assert read_event(file).payload == Path(file).read_bytes().strip()
    record = change_record(change(1), shard_id=SHARDS[0])
    lines = tmp_path / "lines.ndjson"
    write_recording([record], lines)
    event = read_event(str(lines))
    assert event.payload == b'{"Records":[%b]}' % record.raw
    assert event.records == (record,)


def test_records_of_two_kinds_in_one_recording_are_refused(tmp_path: Path) -> None:
    of_kinesis = lambda_record(
        shard_id="shardId-000000000000", sequence_number="1", partition_key="a", arrival=1, data=b""
    )
    file = tmp_path / "both.ndjson"
    for lines, problem in (
        ([of_kinesis.line, change_record(change(1)).line], "DynamoDB Streams, not of Kinesis"),
        ([change_record(change(1)).line, of_kinesis.line], "Kinesis, not of DynamoDB Streams"),
    ):
        file.write_bytes(b"\n".join(lines) + b"\n")
        with pytest.raises(InputError, match=f"line 2: this is an event of {problem}"):
            Recording.open([str(file)])


def test_order_within_a_shard_is_by_number_and_a_fault_names_the_member(tmp_path: Path) -> None:
    lines = [change_record(change(n)).line for n in (1, 0)]
    file = tmp_path / "day.ndjson"
    file.write_bytes(b"\n".join(lines) + b"\n")
    with pytest.raises(InputError, match=r"line 2, dynamodb\.SequenceNumber: .* is smaller"):
        Recording.open([str(file)])


def test_they_cannot_be_put_on_a_stream(tmp_path: Path) -> None:
    file = written(tmp_path, {"Records": [change(1)]})
    with (
        pytest.raises(InputError, match="records of DynamoDB Streams cannot be put on a stream"),
        open_replay_input([file], None, None),
    ):
        pass


def test_a_change_that_came_over_kinesis_is_a_payload(tmp_path: Path) -> None:
    on_kinesis = {**change(1), "recordFormat": "application/json", "tableName": "orders"}
    with Recording.open([written(tmp_path, on_kinesis, on_kinesis)]) as recording:
        assert recording.kind is not DYNAMODB
        assert recording.count == 2
        assert json.loads(next(recording.records()).data) == on_kinesis


def test_an_on_failure_document_in_a_bucket_gives_its_records(tmp_path: Path) -> None:
    record = change_record(change(1), shard_id=SHARDS[1])
    documents = simulate(
        [record],
        _failing,
        {
            "MaximumRetryAttempts": 0,
            "EventSourceArn": ARN,
            "DestinationConfig": {"OnFailure": {"Destination": "arn:aws:s3:::failures"}},
        },
    ).destination
    file = written(tmp_path, *documents)
    with Recording.open([file]) as recording:
        assert recording.kind is DYNAMODB
        (again,) = recording.records()
        assert again.shard_id == SHARDS[1]
        assert json.loads(again.raw) == json.loads(record.raw)
        assert list(documents[0]) == [
            *("requestContext", "responseContext", "version", "payload", "timestamp"),
            "DDBStreamBatchInfo",
        ]
    with Recording.open([file], reading=Reading(Form.DOCUMENTS)) as recording:
        assert recording.count == 1


def _failing(event: object, context: object) -> None:
    raise RuntimeError("no")
