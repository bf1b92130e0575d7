"""On-failure documents: what Lambda sends to a destination about records it has given up on.

Sources: https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html and
LocalStack's snapshots recorded on AWS (`tests/unit/data/esm_cases.json`).
"""

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from kinesis_cli.stream.kinds.kind import SourceKind
from kinesis_cli.stream.kinds.kinesis import KINESIS
from kinesis_cli.stream.record import Record
from kinesis_cli.stream.times import clock_time, object_key_time

Condition = Literal["RetryAttemptsExhausted", "RecordAgeExceeded"]


class Discard(msgspec.Struct, frozen=True):
    """Records that are given up together, and why."""

    records: Sequence[Record]  # of one shard, in stream order; empty for a window's final call
    condition: Condition
    request_id: str
    invoke_count: int
    stream_arn: str  # the consumer's under enhanced fan-out
    # The last call's outcome: True, the function raised; False, it reported; None, no call decided.
    function_error: bool | None
    window: Mapping[str, object] | None = None  # `timeWindowInfo` of a tumbling window
    kind: SourceKind = KINESIS


def on_failure_document(
    discard: Discard,
    *,
    at: float,
    shard_id: str,
    function_name: str,
    executed_version: str = "$LATEST",
) -> dict[str, object]:
    """The document as SQS (message body) and SNS (`Message`) receive it.

    Args:
        at: epoch seconds.
        function_name: name or ARN; a name is taken for a function beside the stream.
        executed_version: the version of the function that was called.
    """
    document: dict[str, object] = {
        "requestContext": {
            "requestId": discard.request_id,
            "functionArn": _function_arn(function_name, discard.stream_arn),
            "condition": discard.condition,
            "approximateInvokeCount": discard.invoke_count,
        }
    }
    if discard.function_error is not None:
        document["responseContext"] = {
            "statusCode": 200,
            "executedVersion": executed_version,
            # null, not absent, where the function answered but its report failed the batch
            "functionError": "Unhandled" if discard.function_error else None,
        }
    document["version"] = "1.0"
    document["timestamp"] = clock_time(at)
    document[discard.kind.batch_info] = _batch_info(discard, shard_id)
    if discard.window is not None:
        # Source: stackd's captures of windows on a DynamoDB stream.
        document["timeWindowInfo"] = dict(discard.window)
    return document


def s3_document(document: Mapping[str, object], payload: bytes) -> dict[str, object]:
    """The document as S3 receives it: with the whole event, as a JSON text within the JSON.

    Source: stackd's captures, which have the payload between version and timestamp.
    """
    with_payload: dict[str, object] = {}
    for name, value in document.items():
        with_payload[name] = value
        if name == "version":
            with_payload["payload"] = payload.decode()
    return with_payload


def s3_key(*, mapping_id: str, shard_id: str, at: float, unique: str) -> str:
    """The object's key in the bucket.

    Args:
        mapping_id: UUID of the event source mapping.
        at: epoch seconds.
        unique: a UUID.
    """
    return f"aws/lambda/{mapping_id}/{shard_id}/{object_key_time(at)}-{unique}"


def _batch_info(discard: Discard, shard_id: str) -> dict[str, object]:
    if not discard.records:  # the final call of a tumbling window
        return {"shardId": shard_id, "streamArn": discard.stream_arn}
    return discard.kind.batch_details(discard.records, shard_id, discard.stream_arn)


def _function_arn(function_name: str, stream_arn: str) -> str:
    if function_name.startswith("arn:"):
        return function_name
    if not stream_arn:  # of a source without one
        return f"arn:aws:lambda:us-east-1:123456789012:function:{function_name}"
    _, partition, _, region, account, *_ = (stream_arn + ":::::").split(":")
    return f"arn:{partition}:lambda:{region}:{account}:function:{function_name}"


def stream_arn_of(record: Record) -> str:
    """The ARN of the stream, or of the consumer, that a record came from."""
    return record.source_arn
