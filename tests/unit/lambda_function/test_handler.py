"""What the function answers to a batch, and what it logs."""

import base64
import copy
import json
import logging
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from new_message_processor.handler import NotAKinesisEventError, function_handler
from shared import NewSensorReading, NewSensorReadingHandler, TemperatureTooHighError

GOOD = b'{"temperature":25.5,"readingTimestamp":1545084650}'
LIMIT = b'{"temperature":100.00,"readingTimestamp":1545084650}'
HOT = b'{"temperature":100.01,"readingTimestamp":1545084650}'
EMPTY = b""
NO_JSON = b"SECRET"


def record(number: int, body: bytes) -> dict[str, object]:
    """As Lambda sends it: https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html"""
    return {
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": "1",
            "sequenceNumber": str(number),
            "data": base64.b64encode(body).decode(),
            "approximateArrivalTimestamp": 1545084650.987,
        },
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": f"shardId-000000000006:{number}",
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": "arn:aws:iam::123456789012:role/lambda-role",
        "awsRegion": "us-east-2",
        "eventSourceARN": "arn:aws:kinesis:us-east-2:123456789012:stream/lambda-stream",
    }


def event_of(*bodies: bytes) -> dict[str, object]:
    return {"Records": [record(number, body) for number, body in enumerate(bodies, start=1)]}


def failed(*numbers: int) -> dict[str, object]:
    return {"batchItemFailures": [{"itemIdentifier": str(number)} for number in numbers]}


@pytest.fixture(autouse=True)
def at_info(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    with caplog.at_level(logging.INFO):
        yield


@pytest.mark.parametrize(
    ("bodies", "failures"),
    [
        ([], []),
        ([GOOD], []),
        ([GOOD, LIMIT, GOOD], []),
        ([HOT], [1]),
        ([EMPTY], [1]),
        ([NO_JSON], [1]),
        ([GOOD, HOT, GOOD, NO_JSON, EMPTY, GOOD], [2, 4, 5]),
        ([HOT] * 12, list(range(1, 13))),
    ],
)
def test_the_failed_records_are_reported_in_the_order_of_the_batch(
    bodies: list[bytes], failures: list[int]
) -> None:
    assert function_handler(event_of(*bodies), None) == failed(*failures)


@given(st.lists(st.sampled_from([GOOD, LIMIT, HOT, EMPTY, NO_JSON]) | st.binary(max_size=9)))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_exactly_the_bad_records_fail_whatever_their_neighbours_are(bodies: list[bytes]) -> None:
    bad = [number for number, body in enumerate(bodies, 1) if body not in (GOOD, LIMIT)]
    event = event_of(*bodies)
    before = copy.deepcopy(event)
    assert function_handler(event, None) == failed(*bad)
    assert event == before


def test_the_response_is_json_and_nothing_else() -> None:
    response = json.dumps(function_handler(event_of(HOT), None))
    assert response == '{"batchItemFailures": [{"itemIdentifier": "1"}]}'


@pytest.mark.parametrize("data", ["not base64", "e30", "é", None, 5, [], {}])
def test_data_that_is_not_base64_fails_its_record_only(data: object) -> None:
    event = event_of(GOOD, GOOD, GOOD)
    event["Records"][1]["kinesis"]["data"] = data  # type: ignore[index]
    assert function_handler(event, None) == failed(2)


def test_a_record_without_data_fails_alone() -> None:
    event = event_of(GOOD, GOOD)
    del event["Records"][0]["kinesis"]["data"]  # type: ignore[index]
    assert function_handler(event, None) == failed(1)


@pytest.mark.parametrize(
    "event",
    [
        None,
        [],
        "Records",
        {},
        {"records": []},
        {"Records": None},
        {"Records": {}},
        {"Records": ""},
        {"Records": [None]},
        {"Records": ["kinesis"]},
        {"Records": [{"eventSource": "aws:sqs", "messageId": "1", "body": "{}"}]},
        {"Records": [{"eventSource": "aws:dynamodb", "dynamodb": {"SequenceNumber": "1"}}]},
        {"Records": [{"kinesis": None}]},
        {"Records": [{"kinesis": {"data": ""}}]},
        {"Records": [record(1, GOOD), {"Sns": {"Message": "hello"}}]},
    ],
)
def test_an_event_that_is_no_kinesis_event_is_a_clear_error_and_nothing_is_handled(
    event: object, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(NotAKinesisEventError, match="not a Kinesis event"):
        function_handler(event, None)  # type: ignore[arg-type]
    assert caplog.messages == []


def test_each_failure_is_logged_once_with_its_sequence_number_and_reason(
    caplog: pytest.LogCaptureFixture,
) -> None:
    function_handler(event_of(NO_JSON, HOT, EMPTY, GOOD), None)
    warnings = [entry for entry in caplog.records if entry.levelno == logging.WARNING]
    assert [entry.getMessage() for entry in warnings] == [
        "Record 1 failed: DeserializationError: Invalid JSON: expected value at line 1 column 1",
        "Record 2 failed: TemperatureTooHighError: the temperature is above 100.00",
        "Record 3 failed: EmptyBodyError: the record has no data",
    ]
    assert [(vars(entry)["sequenceNumber"], vars(entry)["reason"]) for entry in warnings] == [
        ("1", "DeserializationError: Invalid JSON: expected value at line 1 column 1"),
        ("2", "TemperatureTooHighError: the temperature is above 100.00"),
        ("3", "EmptyBodyError: the record has no data"),
    ]
    assert all(entry.exc_info is None for entry in warnings)


def test_no_payload_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    secret_temperature = b'{"temperature":"SECRET","readingTimestamp":1}'
    function_handler(event_of(NO_JSON, secret_temperature, b"\xffSECRET"), None)
    assert len(caplog.records) == 3
    assert "SECRET" not in str([vars(entry) for entry in caplog.records])


@pytest.mark.parametrize(
    ("temperature", "line"),
    [
        (25.5, "New message is for temperature 25.5 at time 1545084650"),
        (-0.001, "New message is for temperature -0.001 at time 1545084650"),
        (100.0, "New message is for temperature 100.0 at time 1545084650"),
    ],
)
def test_each_reading_is_logged_at_info(
    temperature: float, line: str, caplog: pytest.LogCaptureFixture
) -> None:
    NewSensorReadingHandler().handle(NewSensorReading(temperature, 1545084650))
    assert [(entry.levelname, entry.getMessage()) for entry in caplog.records] == [("INFO", line)]


def test_a_reading_above_the_limit_is_logged_and_fails(caplog: pytest.LogCaptureFixture) -> None:
    just_above = 100.00000000000001
    with pytest.raises(TemperatureTooHighError, match=r"^the temperature is above 100\.00$"):
        NewSensorReadingHandler().handle(NewSensorReading(just_above, 7))
    assert caplog.messages == ["New message is for temperature 100.00000000000001 at time 7"]
