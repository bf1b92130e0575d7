"""Records of DynamoDB tables' streams: what is taken for one, and what they say."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinesis_cli.errors import InputError
from kinesis_cli.stream.kinds.change_as_sent import as_lambda_sends, encoded_change, java_double
from kinesis_cli.stream.kinds.dynamodb import DEFAULT_SHARD, DYNAMODB, change_record
from kinesis_cli.stream.kinds.known import KINDS, kind_in, kind_of, kind_of_arn
from kinesis_cli.stream.on_failure_document import stream_arn_of

ARN = "arn:aws:dynamodb:eu-west-1:111111111111:table/orders/stream/2026-09-17T13:26:53.746"
NUMBER = "2900002759746085485437"
SHARD = "shardId-00000001573078800519-53ac2f3c"


def change(**members: object) -> dict[str, Any]:
    """A record as Lambda sends it; `members` replace those inside `dynamodb`."""
    inner = {
        "ApproximateCreationDateTime": 1789651658.0,
        "Keys": {"pk": {"S": "a"}},
        "NewImage": {"pk": {"S": "a"}, "n": {"N": "1"}},
        "SequenceNumber": NUMBER,
        "SizeBytes": 9,
        "StreamViewType": "NEW_AND_OLD_IMAGES",
    }
    return {
        "eventID": "9cdf975187b7d7f668abf98414c08f05",
        "eventName": "INSERT",
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "eu-west-1",
        "dynamodb": {k: v for k, v in {**inner, **members}.items() if v is not None},
        "eventSourceARN": ARN,
    }


def test_a_record_says_its_number_its_key_and_when_it_was_made() -> None:
    record = change_record(change(), shard_id=SHARD)
    assert (record.shard_id, record.sequence_number) == (SHARD, NUMBER)
    assert (record.partition_key, record.arrival) == ("a", 1789651658.0)
    assert stream_arn_of(record) == ARN
    assert kind_of(record) is DYNAMODB
    assert record.change.new_image == {"pk": {"S": "a"}, "n": {"N": "1"}}
    assert record.change.old_image is None


def test_its_payload_is_what_changed() -> None:
    assert json.loads(change_record(change()).data) == {
        "eventName": "INSERT",
        "Keys": {"pk": {"S": "a"}},
        "NewImage": {"pk": {"S": "a"}, "n": {"N": "1"}},
    }


def test_a_recordings_line_tells_the_shard_and_the_event_does_not() -> None:
    record = change_record(change(), shard_id=SHARD)
    assert json.loads(record.line) == {**change(), "shardId": SHARD}
    assert b"shardId" not in record.raw
    again = change_record(record.line)
    assert (again, again.raw) == (record, record.raw)


def test_the_time_is_written_as_java_writes_it() -> None:
    assert b'"ApproximateCreationDateTime":1.789651658E9,' in encoded_change(change())
    assert java_double(1789651660.0) == "1.78965166E9"
    assert java_double(111.0) == "111.0"
    for none in (10**400, "soon", None):  # is refused where it is read again
        assert json.loads(encoded_change(change(ApproximateCreationDateTime=none)))


@given(st.floats(min_value=0, max_value=2.5e11))
def test_a_time_in_javas_form_is_the_same_number(number: float) -> None:
    assert json.loads(java_double(number)) == number


@pytest.mark.parametrize(
    ("keys", "text"),
    [
        ({"pk": {"S": "a"}}, "a"),
        ({"id": {"N": "101"}}, "101"),
        ({"id": {"B": "Zm9v"}}, "Zm9v"),
        ({"sk": {"N": "1"}, "pk": {"S": "a"}}, "a, 1"),
        ({"pk": {"S": "a, 1"}, "sk": {"S": "b"}}, '"a, 1", b'),
        ({"val": {"B": None, "N": None, "S": "data"}}, "data"),  # as a sample of aws-lambda-go
    ],
)
def test_an_items_key_is_its_lane(keys: dict[str, Any], text: str) -> None:
    assert change_record(change(Keys=keys)).partition_key == text


def test_a_sample_without_a_time_is_as_old_as_its_stream() -> None:
    record = change_record(change(ApproximateCreationDateTime=None, SequenceNumber="111"))
    assert record.arrival == datetime(2026, 9, 17, 13, 26, 53, tzinfo=UTC).timestamp()
    assert record.shard_id == DEFAULT_SHARD


@pytest.mark.parametrize(
    ("members", "problem"),
    [
        ({"Keys": None}, "dynamodb.Keys: missing"),
        ({"Keys": {}}, "dynamodb.Keys: names no attribute"),
        ({"Keys": {"pk": "a"}}, "dynamodb.Keys: the attribute 'pk' has no type"),
        ({"Keys": {"pk": {"S": None}}}, "dynamodb.Keys: the attribute 'pk' has no type"),
        ({"NewImage": []}, "dynamodb.NewImage: expected attributes, an object, found an array"),
        ({"SequenceNumber": None}, "dynamodb.SequenceNumber: missing"),
        ({"SequenceNumber": 111}, "expected a string of decimal digits, found the number 111"),
        ({"SequenceNumber": "a"}, "expected decimal digits, found 'a'"),
        ({"ApproximateCreationDateTime": "2026"}, "expected epoch seconds, a number"),
        ({"ApproximateCreationDateTime": 1789651658000}, "not a time in epoch seconds"),
    ],
)
def test_what_is_wrong_with_a_record_is_named(members: dict[str, Any], problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        change_record(change(**members))


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ({"eventSource": "aws:kinesis", "kinesis": {}}, "an event of Kinesis, not of DynamoDB"),
        ({"eventSource": "aws:sqs", "body": ""}, "an event of SQS, not of DynamoDB Streams"),
        ({"x": 1}, "not a DynamoDB Streams record, it has no member 'dynamodb'"),
        (change() | {"eventName": "UPDATE"}, "expected INSERT, MODIFY or REMOVE, found the text"),
        (change() | {"shardId": 0}, "shardId: expected a string, found the number 0"),
    ],
)
def test_what_is_no_record_of_a_table_is_named(value: dict[str, Any], problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        change_record(value)


def test_a_record_of_the_streams_api_becomes_what_lambda_sends() -> None:
    of_boto3 = {
        "eventID": "9cdf975187b7d7f668abf98414c08f05",
        "eventName": "REMOVE",
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "us-east-1",
        "dynamodb": {
            "ApproximateCreationDateTime": datetime(2026, 9, 17, 13, 27, 38, 900000, tzinfo=UTC),
            "Keys": {"pk": {"B": b"foobar"}},
            "OldImage": {"pk": {"B": b"foobar"}, "l": {"L": [{"BS": [b"a"]}]}},
            "SequenceNumber": NUMBER,
            "SizeBytes": 9,
            "StreamViewType": "OLD_IMAGE",
        },
        "userIdentity": {"PrincipalId": "dynamodb.amazonaws.com", "Type": "Service"},
    }
    sent = as_lambda_sends(of_boto3, ARN)
    assert list(sent) == [
        *("eventID", "eventName", "eventVersion", "eventSource", "awsRegion", "userIdentity"),
        *("dynamodb", "eventSourceARN"),
    ]
    assert sent["awsRegion"] == "eu-west-1"
    assert sent["userIdentity"] == {"type": "Service", "principalId": "dynamodb.amazonaws.com"}
    inner = sent["dynamodb"]
    assert isinstance(inner, dict)
    assert inner["ApproximateCreationDateTime"] == 1789651658.0
    assert inner["OldImage"] == {"pk": {"B": "Zm9vYmFy"}, "l": {"L": [{"BS": ["YQ=="]}]}}
    assert change_record(sent).partition_key == "Zm9vYmFy"


def test_a_change_that_travels_on_a_kinesis_stream_is_a_payload() -> None:
    value = {
        **change(),
        "userIdentity": None,
        "recordFormat": "application/json",
        "tableName": "orders",
    }
    assert kind_in(value) is None


def test_each_kind_is_known_by_its_records_and_its_arns() -> None:
    assert kind_of_arn(ARN) is DYNAMODB
    assert kind_of_arn(None) is kind_of_arn("x") is kind_of_arn("arn:aws:sqs:a:1:q") is None
    for kind in KINDS:
        assert kind_of_arn(kind.sample_arn) is (kind if kind.sample_arn else None)


def test_text_of_an_item_does_nothing_on_a_terminal() -> None:
    hostile = '\x1b[2J\x9b\u202eé"\\\x7f'
    record = change_record(change(NewImage={"pk": {"S": hostile}}))
    assert record.raw.isascii()
    assert record.raw.decode().isprintable()
    assert json.loads(record.raw)["dynamodb"]["NewImage"]["pk"]["S"] == hostile
