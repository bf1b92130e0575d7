import json
from base64 import b64encode
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinesis_cli.errors import InputError
from kinesis_cli.stream.event import KinesisEvent, kinesis_event, lambda_record, region_of, role_of

EVENTS = sorted((Path(__file__).parents[1] / "data/events").glob("*.json"))
NUMBER = "49590338271490256608559692538361571095921575989136588898"


@pytest.mark.parametrize("file", EVENTS, ids=lambda file: file.stem)
def test_sample_events_are_read(file: Path) -> None:
    event = KinesisEvent.from_json(file.read_bytes())
    assert [record.kinesis.data for record in event.records][:1] == [b"first"]
    assert event.records[0].record().shard_id.startswith("shardId-0000")


@pytest.mark.parametrize("file", EVENTS[:1] + EVENTS[1:2] + EVENTS[3:], ids=lambda file: file.stem)
def test_an_event_is_written_as_lambda_sends_it(file: Path) -> None:
    document = json.loads(file.read_text())
    written = KinesisEvent.from_json(file.read_text()).to_json()
    assert written == json.dumps(document, separators=(",", ":")).encode()


def test_members_that_are_not_known_are_left_out_and_times_become_floats() -> None:
    file = next(file for file in EVENTS if file.stem == "other_member_order")
    record = json.loads(KinesisEvent.from_json(file.read_bytes()).to_json())["Records"][0]
    assert "somethingNew" not in record
    assert record["kinesis"]["encryptionType"] == "NONE"
    assert isinstance(record["kinesis"]["approximateArrivalTimestamp"], float)


def test_a_made_up_record_has_all_members_in_awss_order() -> None:
    record = lambda_record(
        shard_id="shardId-000000000006",
        sequence_number=NUMBER,
        partition_key="1",
        arrival=1545084650.987,
        data=b"first",
        event_source_arn="arn:aws:kinesis:us-east-2:123456789012:stream/lambda-stream",
    )
    sample = json.loads((EVENTS[0]).read_text())["Records"][0]
    assert EVENTS[0].stem == "aws_documentation"
    assert record.raw == json.dumps(sample, separators=(",", ":")).encode()


def test_a_batch_is_its_records_byte_for_byte() -> None:
    record = lambda_record(
        shard_id="shardId-000000000000", sequence_number="1", partition_key="k", arrival=1, data=b""
    )
    assert kinesis_event([]) == b'{"Records":[]}'
    assert kinesis_event([record, record]) == b'{"Records":[%b,%b]}' % (record.raw, record.raw)


@given(st.text(min_size=1, max_size=20))
def test_whatever_the_key_nothing_in_the_json_acts_on_a_terminal(key: str) -> None:
    try:
        key.encode()
    except UnicodeEncodeError:
        return
    raw = lambda_record(
        shard_id="shardId-000000000000", sequence_number="1", partition_key=key, arrival=1, data=b""
    ).raw
    assert raw.decode("ascii").isprintable()
    assert json.loads(raw)["kinesis"]["partitionKey"] == key


def _event(**kinesis: object) -> str:
    members = {
        "partitionKey": "k",
        "sequenceNumber": NUMBER,
        "data": b64encode(b"x").decode(),
        "approximateArrivalTimestamp": 1.5,
    } | kinesis
    return json.dumps({"Records": [{"kinesis": members}]})


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        ("", "the event: not a Kinesis event"),
        ("[]", "expected a JSON object"),
        ('{"Records": [', "it ends early"),
        ('{"Records": 1}', "no array 'Records'"),
        (b'{"Records": [{"kinesis": "\xff"}]}', "expected an object"),
        (_event(data="{}"), "record 1, kinesis.data: not base64, it begins with '{}'"),
        (_event(data=1), "expected base64 text, found the number 1"),
        (_event(partitionKey=None), "kinesis.partitionKey: expected a string, found null"),
        (_event(sequenceNumber="12a"), "expected decimal digits, found '12a'"),
        (_event(approximateArrivalTimestamp=True), "found true"),
    ],
)
def test_an_event_that_is_not_usable_gets_one_sentence(document: str, sentence: str) -> None:
    with pytest.raises(InputError) as caught:
        KinesisEvent.from_json(document)
    assert sentence in str(caught.value)


def test_the_region_is_in_the_arn() -> None:
    assert (
        region_of("arn:aws-cn:kinesis:cn-north-1:123456789012:stream/s/consumer/c:1")
        == "cn-north-1"
    )
    assert region_of("EXAMPLE") == ""


def test_an_event_of_kinesis_without_its_record_is_never_told_to_be_of_kinesis() -> None:
    document = '{"Records": [{"eventSource": "aws:kinesis", "eventID": "s:1"}]}'
    with pytest.raises(InputError) as refused:
        KinesisEvent.from_json(document)
    assert "kinesis" in str(refused.value)
    assert "expected" not in str(refused.value)


@pytest.mark.parametrize(
    ("arn", "account"),
    [
        ("arn:aws:kinesis:us-east-1:000000000000:stream/orders", "000000000000"),
        ("arn:aws:kinesis:eu-west-1:111122223333:stream/o/consumer/c:1", "111122223333"),
        ("", "123456789012"),
        ("orders", "123456789012"),
    ],
)
def test_the_role_is_of_the_streams_account(arn: str, account: str) -> None:
    assert role_of(arn) == f"arn:aws:iam::{account}:role/lambda-role"
