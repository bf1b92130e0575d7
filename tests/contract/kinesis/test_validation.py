from collections.abc import Callable
from typing import Any

import botocore.session
import pytest
from botocore.exceptions import ClientError
from mypy_boto3_kinesis import KinesisClient
from mypy_boto3_kinesis.type_defs import PutRecordsRequestEntryTypeDef as Entry

MODEL = botocore.session.get_session().get_service_model("kinesis")
NAME = MODEL.shape_for("StreamName").metadata["pattern"]
HASH_KEY = MODEL.shape_for("HashKey").metadata["pattern"]


def item(value: str, path: str, rule: str) -> str:
    return f"Value {value} at '{path}' failed to satisfy constraint: Member must {rule}"


CASES: list[tuple[str, dict[str, Any], list[str]]] = [
    (
        "describe_stream",
        {"StreamName": "no such name!", "Limit": 0},
        [
            item("'0'", "limit", "have value greater than or equal to 1"),
            item("'no such name!'", "streamName", f"satisfy regular expression pattern: {NAME}"),
        ],
    ),
    (
        "describe_stream",
        {"StreamName": ""},
        [
            item("''", "streamName", f"satisfy regular expression pattern: {NAME}"),
            item("''", "streamName", "have length greater than or equal to 1"),
        ],
    ),
    (
        "get_shard_iterator",
        {"StreamName": "s", "ShardIteratorType": "SOMEWHERE", "ShardId": "shardId-0"},
        [
            item(
                "'SOMEWHERE'",
                "shardIteratorType",
                "satisfy enum value set: [AFTER_SEQUENCE_NUMBER, LATEST, AT_TIMESTAMP, "
                "AT_SEQUENCE_NUMBER, TRIM_HORIZON]",
            ),
        ],
    ),
    (
        "put_records",
        {
            "StreamName": "s",
            "Records": [
                {"PartitionKey": "k", "Data": b""},
                {"PartitionKey": "", "ExplicitHashKey": "01", "Data": b""},
            ],
        },
        [
            item("''", "records.2.member.partitionKey", "have length greater than or equal to 1"),
            item(
                "'01'",
                "records.2.member.explicitHashKey",
                f"satisfy regular expression pattern: {HASH_KEY}",
            ),
        ],
    ),
    (
        "get_records",
        {"ShardIterator": "", "Limit": 10001},
        [
            item("'10001'", "limit", "have value less than or equal to 10000"),
            item("''", "shardIterator", "have length greater than or equal to 1"),
        ],
    ),
    (
        "split_shard",
        {"StreamName": "s", "ShardToSplit": "a", "NewStartingHashKey": "-1"},
        [
            item(
                "'-1'",
                "newStartingHashKey",
                f"satisfy regular expression pattern: {HASH_KEY}",
            )
        ],
    ),
    ("get_records", {}, [item("null", "shardIterator", "not be null")]),
    (
        "put_records",
        {"StreamName": "s", "Records": []},
        [item("'[]'", "records", "have length greater than or equal to 1")],
    ),
]


IDS = [
    "two members",
    "pattern before length",
    "enum",
    "within a list",
    "numbers",
    "hash key",
    "null",
    "no records",
]


@pytest.mark.parametrize(("call", "parameters", "items"), CASES, ids=IDS)
def test_what_is_wrong_is_said_in_aws_words_and_order(
    kinesis: KinesisClient, call: str, parameters: dict[str, Any], items: list[str]
) -> None:
    with pytest.raises(ClientError) as refused:
        getattr(kinesis, call)(**parameters)
    error = refused.value.response["Error"]
    noun = "error" if len(items) == 1 else "errors"
    assert error["Code"] == "ValidationException"
    assert error["Message"] == f"{len(items)} validation {noun} detected: {'; '.join(items)}"


def test_at_most_ten_mistakes_are_named(kinesis: KinesisClient) -> None:
    records: list[Entry] = [{"PartitionKey": "", "Data": b""} for _ in range(20)]
    with pytest.raises(ClientError) as refused:
        kinesis.put_records(StreamName="s", Records=records)
    message = refused.value.response["Error"]["Message"]
    assert message.startswith("10 validation errors detected: ")
    assert message.count("; ") == 9


def test_parameters_that_the_model_does_not_have_are_ignored(
    our_kinesis: KinesisClient, make_stream: Callable[..., str]
) -> None:
    stream = make_stream(our_kinesis)
    assert our_kinesis.describe_stream_summary(StreamName=stream, StreamId=None)  # type: ignore[arg-type]
