import json
from typing import Any

import pytest

from kinesis_cli.errors import InputError
from kinesis_cli.stream.event import kinesis_event, lambda_record
from kinesis_cli.stream.on_failure_document import (
    Discard,
    on_failure_document,
    s3_document,
)
from kinesis_cli.stream.on_failure_reading import read_documents
from kinesis_cli.stream.record import Record

STREAM = "arn:aws:kinesis:eu-west-1:123456789012:stream/orders"


def record(number: int) -> Record:
    return lambda_record(
        shard_id="shardId-000000000001",
        sequence_number=str(number),
        partition_key="k",
        arrival=1545084650.987,
        data=b"x",
        event_source_arn=STREAM,
    )


RECORDS = (record(99), record(100), record(101))


def document(stream_arn: str = STREAM, records: tuple[Record, ...] = RECORDS) -> dict[str, Any]:
    discard = Discard(records, "RetryAttemptsExhausted", "r-1", 3, stream_arn, True)
    return on_failure_document(
        discard, at=1545084651.0, shard_id="shardId-000000000001", function_name="f"
    )


def test_what_the_simulator_writes_is_read_back() -> None:
    [read] = read_documents(json.dumps(document()), "it")
    assert (read.request_id, read.condition) == ("r-1", "RetryAttemptsExhausted")
    assert (read.shard_id, read.start, read.end) == ("shardId-000000000001", "99", "101")
    assert (read.batch_size, read.stream.rpartition("/")[2], read.payload) == (3, "orders", None)


def test_a_document_of_s3_carries_its_records() -> None:
    [read] = read_documents(json.dumps(s3_document(document(), kinesis_event(RECORDS))), "it")
    assert read.payload == RECORDS


def test_a_fan_out_consumers_document_names_the_stream() -> None:
    [read] = read_documents(json.dumps(document(f"{STREAM}/consumer/app:1545084650")), "it")
    assert read.stream.endswith(":stream/orders")


def test_a_windows_final_call_names_no_record() -> None:
    [read] = read_documents(json.dumps(document(records=())), "it")
    assert (read.start, read.end, read.batch_size) == ("", "", 0)
    assert read.names("r-1")
    assert not read.names("100")


BODY = json.dumps(document())


@pytest.mark.parametrize(
    "text",
    [
        f"{BODY}\n{BODY}\n",
        json.dumps({"Messages": [{"MessageId": "1", "Body": BODY}, {"Body": BODY}]}),
        json.dumps({"Messages": [{"Body": json.dumps({"Type": "Notification", "Message": BODY})}]})
        + BODY,
        json.dumps({"version": 1, "destination": [document(), document()]}),
        '{"type": "run"}\n{"type": "invocation"}\n'
        + "".join(json.dumps({"type": "destination", **document()}) + "\n" for _ in range(2))
        + '{"type": "summary"}\n',
    ],
    ids=["lines", "receive-message", "notification", "simulate json", "simulate ndjson"],
)
def test_documents_are_found_in_whatever_is_around_them(text: str) -> None:
    assert [each.request_id for each in read_documents(text, "it")] == ["r-1", "r-1"]


def test_a_record_is_found_between_the_first_and_the_last_by_number() -> None:
    [read] = read_documents(BODY, "it")
    assert [number for number in ("98", "99", "100", "101", "102", "1000", "r-1", "x")
            if read.names(number)] == ["99", "100", "101", "r-1"]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("not json", "it: not JSON"),
        ('{"a": 1}', "it, document 1: not an on-failure document"),
        (f"{BODY}[]", "it, document 2: not an on-failure document"),
        (BODY.replace('"99"', '"9x"'), "startSequenceNumber: '9x' is not a sequence number"),
        (json.dumps({**document(), "payload": "{}"}), "payload"),
        (BODY.replace('"shardId"', '"shard"'), "document 1, shardId: is missing"),
    ],
)
def test_what_is_no_document_is_named(text: str, problem: str) -> None:
    with pytest.raises(InputError) as raised:
        list(read_documents(text, "it"))
    assert problem in str(raised.value)
