"""DynamoDB Streams over HTTP: four calls, which read only.

Sources: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Operations_Amazon_DynamoDB_Streams.html,
botocore's model, and which error is whose from https://github.com/scylladb/scylladb
(test/alternator/test_streams.py, a suite that DynamoDB passes).
UNSURE(stream-refusals): the errors are AWS's; most of their sentences are not recorded.
"""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import uuid4

import msgspec

from kinesis_cli.local.http.messages import Request, Response
from kinesis_cli.local.http.service_models import service_model
from kinesis_cli.local.http.signature import Signer
from kinesis_cli.local.kinesis.errors import ServiceError
from kinesis_cli.local.kinesis_protocol.model import Model
from kinesis_cli.local.kinesis_protocol.validation import ParameterReader
from kinesis_cli.local.table_streams.changes import as_streams_api_has_it
from kinesis_cli.local.table_streams.names import stream_name
from kinesis_cli.local.table_streams.store import Change, TableStore, TableStream

JSON = "application/x-amz-json-1.0"
MAX_RECORDS = 1_000  # of one GetRecords
MAX_BYTES = 1 << 20  # of the same
MAX_LISTED = 100  # streams, or shards, in one answer
ITERATOR_SECONDS = 15 * 60.0

Parameters = dict[str, Any]
Document = dict[str, Any]


def answer(store: TableStore, request: Request, signer: Signer) -> Response:
    """Answer a request.

    Args:
        store: of the streams.
        request: what is asked.
        signer: sees the streams of this account and region.
    """
    name = request.headers["x-amz-target"].rpartition(".")[2]
    operation, reader = _OPERATIONS.get(name), _reader(name)
    status = 200
    try:
        if operation is None or reader is None:
            raise ServiceError("UnknownOperationException", "")
        seen = _Seen(store, signer)
        document = operation(seen, reader.from_json(request.body or b"{}"))
    except ServiceError as error:
        status, document = error.status, {"__type": _type(error.code), "message": error.message}
    headers = {"x-amzn-requestid": str(uuid4())}
    note = f"dynamodbstreams {name}"
    return Response(status, JSON, msgspec.json.encode(document), headers, note)


def _type(code: str) -> str:
    """An error's whole name, as DynamoDB says it."""
    if code in ("ValidationException", "SerializationException", "UnknownOperationException"):
        return f"com.amazon.coral.service#{code}"
    return f"com.amazonaws.dynamodb.v20120810#{code}"


@cache
def _model() -> Model:
    document = service_model("dynamodbstreams", "2012-08-10")
    for operation in document["operations"].values():
        del operation["output"]  # an attribute's value may hold others, without an end
    return Model(document)


@cache
def _reader(name: str) -> ParameterReader | None:
    operation = _model().operation(name)
    return ParameterReader(operation) if operation else None


@dataclass(frozen=True, slots=True)
class _Seen:
    """The streams as the caller sees them: those of its account and region."""

    store: TableStore
    signer: Signer

    @property
    def streams(self) -> list[TableStream]:
        signer = self.signer
        return [
            each
            for each in self.store.streams()
            if (each.name.table.account, each.name.table.region) == (signer.account, signer.region)
        ]

    def stream(self, arn: str) -> TableStream:
        """Raises: ServiceError: there is no such, or it is no ARN of a stream."""
        if stream_name(arn) is None:
            raise ServiceError("ValidationException", f"Invalid StreamArn: {arn}")
        for each in self.streams:
            if each.name.arn == arn:
                return each
        raise ServiceError(
            "ResourceNotFoundException", f"Requested resource not found: Stream: {arn} not found"
        )


# ListStreams and DescribeStream


def _list_streams(seen: _Seen, parameters: Parameters) -> Document:
    table, start = parameters.get("TableName"), parameters.get("ExclusiveStartStreamArn")
    if start is not None and stream_name(start) is None:
        raise ServiceError("ValidationException", f"Invalid ExclusiveStartStreamArn: {start}")
    limit = _limit(parameters)
    # A table may be named by its ARN, too.
    name = None if table is None else str(table).rpartition("/")[2]
    found = [
        each
        for each in seen.streams
        if name in (None, each.name.table.name) and each.name.arn > (start or "")
    ]
    answered: Document = {
        "Streams": [
            {
                "StreamArn": each.name.arn,
                "TableName": each.name.table.name,
                "StreamLabel": each.name.label,
            }
            for each in found[:limit]
        ]
    }
    if len(found) > limit:
        answered["LastEvaluatedStreamArn"] = found[limit - 1].name.arn
    return answered


def _describe_stream(seen: _Seen, parameters: Parameters) -> Document:
    stream = seen.stream(parameters["StreamArn"])
    _limit(parameters)
    after = parameters.get("ExclusiveStartShardId", "")
    # Its one shard has no children. UNSURE(ddb-shard-life): AWS closes a shard after some hours.
    wants_children = parameters.get("ShardFilter", {}).get("Type") == "CHILD_SHARDS"
    is_listed = stream.name.shard_id > after and not wants_children
    return {
        "StreamDescription": {
            "StreamArn": stream.name.arn,
            "StreamLabel": stream.name.label,
            "StreamStatus": "ENABLED" if stream.is_enabled else "DISABLED",
            "StreamViewType": stream.view,
            "CreationRequestDateTime": stream.name.created,
            "TableName": stream.name.table.name,
            "KeySchema": stream.key_schema,
            "Shards": [_shard(seen.store, stream)] if is_listed else [],
        }
    }


def _shard(store: TableStore, stream: TableStream) -> Document:
    first = store.trimmed(stream) + 1
    if not stream.is_enabled:
        first = min(first, max(stream.last, 1))
    range_ = {"StartingSequenceNumber": stream.name.sequence_number(first)}
    if not stream.is_enabled:
        last = max(stream.last, 1)  # of a shard without records, too
        range_["EndingSequenceNumber"] = stream.name.sequence_number(last)
    return {"ShardId": stream.name.shard_id, "SequenceNumberRange": range_}


def _limit(parameters: Parameters) -> int:
    """How many streams or shards may be in the answer."""
    limit = int(parameters.get("Limit", MAX_LISTED))
    if limit > MAX_LISTED:
        raise ServiceError(
            "ValidationException",
            f"1 validation error detected: Value '{limit}' at 'limit' failed to satisfy constraint:"
            f" Member must have value less than or equal to {MAX_LISTED}",
        )
    return limit


# GetShardIterator and GetRecords


class _Iterator(msgspec.Struct, array_like=True):
    """What a shard iterator says."""

    after: int  # the record before the next one; -1: before the oldest that there is
    made: float  # epoch seconds


def _get_shard_iterator(seen: _Seen, parameters: Parameters) -> Document:
    stream = seen.stream(parameters["StreamArn"])
    shard_id = parameters["ShardId"]
    if shard_id != stream.name.shard_id:
        raise ServiceError(
            "ResourceNotFoundException",
            f"Requested resource not found: Shard: {shard_id} in stream: {stream.name.arn}"
            " not found",
        )
    after = _after(seen.store, stream, parameters)
    return {"ShardIterator": _written(stream, _Iterator(after, seen.store.clock.now()))}


def _after(store: TableStore, stream: TableStream, parameters: Parameters) -> int:
    """The number of the record behind which is to be read."""
    kind: str = parameters["ShardIteratorType"]
    text: str | None = parameters.get("SequenceNumber")
    if kind in ("AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER"):
        if text is None:
            raise _refused(f"SequenceNumber is required for ShardIteratorType {kind}")
        before = _before(store, stream, text)
        return before + 1 if kind == "AFTER_SEQUENCE_NUMBER" else before
    if text is not None:
        raise _refused(f"SequenceNumber is not allowed for ShardIteratorType {kind}")
    if kind == "AT_TIMESTAMP":
        if "Timestamp" not in parameters:
            raise _refused(f"Timestamp is required for ShardIteratorType {kind}")
        return store.number_before(stream, float(parameters["Timestamp"]))
    return stream.last if kind == "LATEST" else -1


def _before(store: TableStore, stream: TableStream, text: str) -> int:
    """The number before that of a record."""
    if not (text.isascii() and text.isdecimal()):
        raise _refused(f"SequenceNumber {text} is not a number")
    number = stream.name.number(text)
    # the first number may be asked for before there is a record
    if not 0 < number <= max(stream.last, 1):
        raise _refused(f"SequenceNumber {text} is not of shard {stream.name.shard_id}")
    if number <= store.trimmed(stream) and stream.last:
        raise _trimmed()
    return number - 1


def _get_records(seen: _Seen, parameters: Parameters) -> Document:
    stream, iterator = _read(seen, parameters["ShardIterator"])
    limit = int(parameters.get("Limit", MAX_RECORDS))
    if limit > MAX_RECORDS:
        raise ServiceError(
            "ValidationException",
            f"1 validation error detected: Value '{limit}' at 'limit' failed to satisfy constraint:"
            f" Member must have value less than or equal to {MAX_RECORDS}",
        )
    store = seen.store
    trimmed = store.trimmed(stream)
    if 0 <= iterator.after < trimmed:
        raise _trimmed()
    after = max(iterator.after, trimmed)
    changes = _fitting(store.read(stream, after, limit))
    after = changes[-1].number if changes else after
    answered: Document = {"Records": [as_streams_api_has_it(each.record) for each in changes]}
    if stream.is_enabled or after < stream.last:
        after = after if after or iterator.after >= 0 else -1
        answered["NextShardIterator"] = _written(stream, _Iterator(after, store.clock.now()))
    return answered


def _fitting(changes: list[Change]) -> list[Change]:
    """As many as one answer holds; one at least."""
    size = 0
    for index, each in enumerate(changes):
        size += len(each.record)
        if size > MAX_BYTES and index:
            return changes[:index]
    return changes


def _written(stream: TableStream, iterator: _Iterator) -> str:
    text = urlsafe_b64encode(msgspec.json.encode(iterator)).decode()
    return f"{stream.name.arn}|1|{text}"


def _read(seen: _Seen, text: str) -> tuple[TableStream, _Iterator]:
    """Raises: ServiceError: it is not an iterator, or too old."""
    arn, _, rest = text.partition("|1|")
    try:
        iterator = msgspec.json.decode(urlsafe_b64decode(rest), type=_Iterator)
    except (binascii.Error, msgspec.MsgspecError, ValueError) as error:
        raise _refused("Invalid ShardIterator") from error
    stream = seen.stream(arn)
    if seen.store.clock.now() - iterator.made > ITERATOR_SECONDS:
        raise ServiceError(
            "ExpiredIteratorException",
            "The shard iterator has expired: it is more than 15 minutes old",
        )
    return stream, iterator


def _refused(sentence: str) -> ServiceError:
    return ServiceError("ValidationException", sentence)


def _trimmed() -> ServiceError:
    return ServiceError(
        "TrimmedDataAccessException",
        "The operation attempted to read past the oldest stream record in a shard",
    )


_OPERATIONS: dict[str, Callable[[_Seen, Parameters], Document]] = {
    "DescribeStream": _describe_stream,
    "GetRecords": _get_records,
    "GetShardIterator": _get_shard_iterator,
    "ListStreams": _list_streams,
}
