"""On-failure documents, exact to the letter."""

import json
import re
from base64 import b64decode
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import pytest

from kinesis_cli import Record, simulate
from kinesis_cli.simulation.trace import Destination
from kinesis_cli.stream.on_failure_document import (
    Discard,
    on_failure_document,
    s3_document,
    s3_key,
    stream_arn_of,
)
from kinesis_cli.stream.times import clock_time, iso_time
from tests.unit.streams import START, STREAM_ARN, raising, record, records_at, reporting

REQUEST_ID = "c9b8fa9f-5a7f-xmpl-af9c-0c604cde93a5"
RECORDS = [record(0, at=0.0), record(1, at=0.25), record(2, at=1.5)]


def discard(**changes: object) -> Discard:
    members: dict[str, Any] = {
        "records": RECORDS,
        "condition": "RetryAttemptsExhausted",
        "request_id": REQUEST_ID,
        "invoke_count": 2,
        "stream_arn": STREAM_ARN,
        "function_error": True,
    }
    return Discard(**{**members, **changes})


def document(**changes: object) -> str:
    return json.dumps(
        on_failure_document(
            discard(**changes),
            at=START + 2.0625,
            shard_id="shardId-000000000000",
            function_name="readings",
        ),
        indent=1,
    )


EXHAUSTED = """{
 "requestContext": {
  "requestId": "c9b8fa9f-5a7f-xmpl-af9c-0c604cde93a5",
  "functionArn": "arn:aws:lambda:eu-west-1:111111111111:function:readings",
  "condition": "RetryAttemptsExhausted",
  "approximateInvokeCount": 2
 },
 "responseContext": {
  "statusCode": 200,
  "executedVersion": "$LATEST",
  "functionError": "Unhandled"
 },
 "version": "1.0",
 "timestamp": "2023-11-14T22:14:02.062Z",
 "KinesisBatchInfo": {
  "shardId": "shardId-000000000000",
  "startSequenceNumber": "49590338271490256608559692538361571095921575989136588898",
  "endSequenceNumber": "49590338271490256608559692538361571095921575989136588900",
  "approximateArrivalOfFirstRecord": "2023-11-14T22:14:00Z",
  "approximateArrivalOfLastRecord": "2023-11-14T22:14:01.500Z",
  "batchSize": 3,
  "streamArn": "arn:aws:kinesis:eu-west-1:111111111111:stream/readings"
 }
}"""

RESPONSE_CONTEXT = re.compile(r' "responseContext": \{.*?\n \},\n', re.DOTALL)


def test_the_document_of_an_exception_is_awss() -> None:
    assert document() == EXHAUSTED


def test_a_failed_report_has_null_for_the_function_error() -> None:
    assert document(function_error=False) == EXHAUSTED.replace('"Unhandled"', "null")


def test_without_a_deciding_call_there_is_no_response_context() -> None:
    aged = EXHAUSTED.replace("RetryAttemptsExhausted", "RecordAgeExceeded")
    assert document(condition="RecordAgeExceeded", function_error=None) == RESPONSE_CONTEXT.sub(
        "", aged
    )


def test_under_enhanced_fan_out_the_stream_arn_is_the_consumers() -> None:
    consumer = f"{STREAM_ARN}/consumer/fast:1545084650"
    raw = RECORDS[0].raw.replace(STREAM_ARN.encode(), consumer.encode())
    assert stream_arn_of(Record("shardId-000000000000", "1", "k", START, raw)) == consumer
    assert document(stream_arn=consumer) == EXHAUSTED.replace(STREAM_ARN, consumer)


def test_a_function_given_by_its_arn_keeps_its_qualifier() -> None:
    arn = "arn:aws-cn:lambda:cn-north-1:222222222222:function:other:live"
    written = on_failure_document(
        discard(), at=START, shard_id="shardId-000000000000", function_name=arn
    )
    inner = written["requestContext"]
    assert isinstance(inner, dict)
    assert inner["functionArn"] == arn


def test_a_window_is_told_and_its_final_call_has_no_records_to_name() -> None:
    written = json.loads(document(records=(), window={"isFinalInvokeForWindow": True}))
    assert written["KinesisBatchInfo"] == {
        "shardId": "shardId-000000000000",
        "streamArn": STREAM_ARN,
    }
    assert written["timeWindowInfo"] == {"isFinalInvokeForWindow": True}
    assert list(written)[-1] == "timeWindowInfo"


@pytest.mark.parametrize(
    ("at", "text"),
    [
        (0.0, "1970-01-01T00:00:00Z"),
        (1545084650.987, "2018-12-17T22:10:50.987Z"),
        (1573691886.021, "2019-11-14T00:38:06.021Z"),
        (1573691886.02, "2019-11-14T00:38:06.020Z"),
        (1573691886.0215, "2019-11-14T00:38:06.021500Z"),
        (951782400.0, "2000-02-29T00:00:00Z"),
    ],
)
def test_times_are_written_in_utc_as_javas_instant_prints_them(at: float, text: str) -> None:
    assert iso_time(at) == text


def test_lambdas_own_clock_has_milliseconds() -> None:
    assert clock_time(1573691886.0215) == "2019-11-14T00:38:06.021Z"
    assert clock_time(1573691886.0004) == "2019-11-14T00:38:06Z"


def test_a_document_has_no_fraction_where_a_time_is_a_whole_second() -> None:
    written = on_failure_document(
        discard(), at=START + 3, shard_id="shardId-000000000000", function_name="readings"
    )
    assert written["timestamp"] == "2023-11-14T22:14:03Z"
    assert batch_info(written)["approximateArrivalOfFirstRecord"] == "2023-11-14T22:14:00Z"


def test_an_s3_object_has_the_event_as_text_in_the_same_document() -> None:
    sqs = on_failure_document(
        discard(), at=START + 2.0625, shard_id="shardId-000000000000", function_name="readings"
    )
    written = json.dumps(
        s3_document(sqs, b'{"Records":["\xc3\xa9"]}'), ensure_ascii=False, indent=1
    )
    version, payload = '\n "version": "1.0",', '\n "payload": "{\\"Records\\":[\\"é\\"]}",'
    assert written == EXHAUSTED.replace(version, version + payload)


def test_the_key_in_the_bucket_is_awss() -> None:
    key = s3_key(
        mapping_id="14e0db71-5d35-4eb5-b481-8945cf9d10c2",
        shard_id="shardId-000000000006",
        at=1545084650.987,
        unique="7f2a9c5e-0000-4000-8000-000000000000",
    )
    assert key == (
        "aws/lambda/14e0db71-5d35-4eb5-b481-8945cf9d10c2/shardId-000000000006/2018/12/17/"
        "2018-12-17T22.10.50-7f2a9c5e-0000-4000-8000-000000000000"
    )


# Through the simulator


def context(written: Mapping[str, object]) -> dict[str, Any]:
    inner = written["requestContext"]
    assert isinstance(inner, dict)
    return inner


def batch_info(written: Mapping[str, object]) -> dict[str, Any]:
    inner = written["KinesisBatchInfo"]
    assert isinstance(inner, dict)
    return inner


ONCE_AGAIN = {"MaximumRetryAttempts": 1}


def test_the_document_names_request_count_and_moment_of_the_last_call() -> None:
    result = simulate(records_at(0, 0), raising(0, 1), ONCE_AGAIN, start_at=START)
    (written,) = result.destination
    last = result.invocations[-1]
    assert last.attempt == 2
    assert written["requestContext"] == {
        "requestId": last.request_id,
        "functionArn": "arn:aws:lambda:eu-west-1:111111111111:function:function",
        "condition": "RetryAttemptsExhausted",
        "approximateInvokeCount": 2,
    }
    assert written["timestamp"] == clock_time(last.at + 0.1)
    assert list(written) == [
        "requestContext",
        "responseContext",
        "version",
        "timestamp",
        "KinesisBatchInfo",
    ]


@pytest.mark.parametrize("function_error", ["Unhandled", None])
def test_an_exception_and_a_report_differ_in_the_function_error(function_error: str | None) -> None:
    function = raising(0) if function_error else reporting(0)
    mapping = {**ONCE_AGAIN, "FunctionResponseTypes": ["ReportBatchItemFailures"]}
    (written,) = simulate(records_at(0), function, mapping).destination
    assert written["responseContext"] == {
        "statusCode": 200,
        "executedVersion": "$LATEST",
        "functionError": function_error,
    }


def test_a_time_out_is_unhandled_too() -> None:
    result = simulate(records_at(0), raising(), ONCE_AGAIN, inject=["timeout@1-2"])
    (written,) = result.destination
    assert written["responseContext"] == {
        "statusCode": 200,
        "executedVersion": "$LATEST",
        "functionError": "Unhandled",
    }


def test_records_too_old_before_the_first_call_are_one_document_of_their_own() -> None:
    records = records_at(-80, -70, -5)
    mapping = {"MaximumRecordAgeInSeconds": 60}
    result = simulate(records, raising(), mapping, start_at=START)
    (written,) = result.destination
    assert context(written)["condition"] == "RecordAgeExceeded"
    assert context(written)["approximateInvokeCount"] == 1
    assert UUID(context(written)["requestId"])
    assert "responseContext" not in written
    assert batch_info(written)["batchSize"] == 2
    assert batch_info(written)["endSequenceNumber"] == records[1].sequence_number
    assert [len(call.sequence_numbers) for call in result.invocations] == [1]


def test_records_that_grow_too_old_while_they_are_retried_have_no_response_context() -> None:
    mapping = {"MaximumRecordAgeInSeconds": 60}
    result = simulate(records_at(0), raising(0), mapping, start_at=START)
    (written,) = result.destination
    assert context(written)["approximateInvokeCount"] == 9
    assert len(result.invocations) == 9
    assert "responseContext" not in written


def test_an_oversized_record_is_given_up_without_a_call_and_without_a_response() -> None:
    large = record(0, data="x" * (5 << 20))
    result = simulate([large, record(1)], raising(), {"MaximumRetryAttempts": 2})
    (written,) = result.destination
    assert context(written)["condition"] == "RetryAttemptsExhausted"
    assert context(written)["approximateInvokeCount"] == 3
    assert "responseContext" not in written
    assert [call.sequence_numbers for call in result.invocations] == [(record(1).sequence_number,)]


def test_a_bucket_gets_payload_and_key_and_a_queue_does_not() -> None:
    def rows(arn: str) -> Destination:
        mapping = {**ONCE_AGAIN, "DestinationConfig": {"OnFailure": {"Destination": arn}}}
        result = simulate(records_at(0, 0), raising(0), mapping, start_at=START)
        (row,) = [row for row in result.rows if isinstance(row, Destination)]
        return row

    queue = rows("arn:aws:sqs:eu-west-1:111111111111:failures")
    bucket = rows("arn:aws:s3:::failures")
    assert queue.s3_key is None
    assert "payload" not in queue.document
    payload = bucket.document["payload"]
    assert isinstance(payload, str)
    event = json.loads(payload)
    assert [b64decode(each["kinesis"]["data"]) for each in event["Records"]] == [b"{}", b"{}"]
    assert {**bucket.document, "payload": ...} == {**queue.document, "payload": ...}
    moment = iso_time(bucket.at)
    pattern = (
        r"aws/lambda/[0-9a-f-]{36}/shardId-000000000000/"
        rf"{moment[:10].replace('-', '/')}/{moment[:19].replace(':', '.')}-[0-9a-f-]{{36}}"
    )
    assert bucket.s3_key is not None
    assert re.fullmatch(pattern, bucket.s3_key)


def test_a_record_without_an_arn_still_has_a_document() -> None:
    raw = RECORDS[0].raw.replace(STREAM_ARN.encode(), b"")
    bare = Record("shardId-000000000000", "1", "k", START, raw)
    (written,) = simulate(
        [bare], lambda event, context: 1 / 0, {"MaximumRetryAttempts": 0}
    ).destination
    assert context(written)["functionArn"].endswith(":function:function")
    assert batch_info(written)["streamArn"] == ""
