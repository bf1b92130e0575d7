"""GetShardIterator and GetRecords.

Source: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetRecords.html
"""

from dataclasses import dataclass

from kinesis_cli.local.kinesis import errors
from kinesis_cli.local.kinesis.calls.starting import existing_shard, starting_position
from kinesis_cli.local.kinesis.context import Context
from kinesis_cli.local.kinesis.model import (
    Caller,
    Request,
    Response,
    Shard,
    Stream,
    resolve_shard_number,
)
from kinesis_cli.local.kinesis.storage.positions import sequence_numbers
from kinesis_cli.local.kinesis.storage.store import Record, Segment, unpack
from kinesis_cli.local.kinesis.tokens import ShardIterator
from kinesis_cli.stream.shards import shard_id

ITERATOR_SECONDS = 300.0
MAX_RECORDS = 10_000  # of one GetRecords
MAX_BYTES = 10 * 2**20  # of one GetRecords, data and partition keys


def get_shard_iterator(context: Context, request: Request, caller: Caller) -> Response:
    """A position to read from, valid for five minutes."""
    number = resolve_shard_number(request["ShardId"])
    name = request.get("StreamName") or (request.get("StreamARN") or "").rpartition("/")[2]
    if number is None:
        raise errors.shard_not_found(request["ShardId"], name, caller.account)
    try:
        stream = context.running(request, caller)
    except errors.ServiceError as error:
        if error.code != "ResourceNotFoundException":
            raise
        raise errors.shard_missing(shard_id(number), name, caller.account) from error
    shard = existing_shard(stream, number)
    position = starting_position(
        context,
        stream,
        shard,
        request["ShardIteratorType"],
        request.get("StartingSequenceNumber"),
        request.get("Timestamp"),
    )
    if request.get("DryRun"):
        raise errors.dry_run("GetShardIterator")
    now = context.clock.now()
    if context.limits and not context.limits.admits_iterator(shard, now):
        _refuse_read(context, stream, shard)
    return {"ShardIterator": _iterator(context, stream, shard, position)}


def get_records(context: Context, request: Request, caller: Caller) -> Response:
    """Records from an iterator on, and the iterator that goes on after them."""
    # AWS too takes an iterator that a shell left in its quotes:
    # https://github.com/localstack/localstack/pull/9884
    token = context.tokens.open(request["ShardIterator"].strip('"'), ShardIterator)
    if token is None:
        raise errors.invalid_argument("Invalid ShardIterator.")
    now = context.clock.now()
    created = token.created / 1000
    expired = token.generation < context.faults.iterator_generation
    if expired or now - created > ITERATOR_SECONDS:
        raise errors.iterator_expired(created, now, ITERATOR_SECONDS)
    stream = _stream_of(context, token, request.get("StreamARN"), caller)
    shard = existing_shard(stream, token.shard)
    # Of a stream that was made anew under its name, all records come after those of the old one.
    position = token.position if stream.row == token.stream else 0
    if request.get("DryRun"):
        raise errors.dry_run("GetRecords")
    if context.faults.throttles(stream.name, shard.shard_id) or (
        context.limits and not context.limits.admits_read(shard, now)
    ):
        _refuse_read(context, stream, shard)
    limit = request.get("Limit") or MAX_RECORDS
    batch = read(context, stream, shard, position, limit, MAX_BYTES)
    if context.limits:
        context.limits.count_read(shard, batch.size)
    age = "GetRecords.IteratorAgeMilliseconds"
    context.measure(stream, age, batch.millis_behind, "Milliseconds")
    context.measure(stream, "GetRecords.Records", len(batch.records))
    context.measure(stream, "GetRecords.Bytes", batch.size, "Bytes")
    context.measure(stream, "ReadProvisionedThroughputExceeded", 0)
    response: Response = {"Records": batch.records, "MillisBehindLatest": batch.millis_behind}
    if batch.at_end:
        # UNSURE(shard-end): together with the last records, or one empty answer later?
        return {**response, "ChildShards": child_shards(stream, shard)}
    response["NextShardIterator"] = _iterator(context, stream, shard, batch.position)
    return response


def _iterator(context: Context, stream: Stream, shard: Shard, position: int) -> str:
    return context.tokens.seal(
        ShardIterator(
            created=int(context.clock.now() * 1000),
            stream=stream.row,
            shard=shard.number,
            position=position,
            name=stream.name,
            generation=context.faults.iterator_generation,
            serial=context.tokens.next_serial(),
        )
    )


def _stream_of(context: Context, token: ShardIterator, arn: str | None, caller: Caller) -> Stream:
    """The stream of an iterator: the caller's own, or the one of the ARN."""
    owner = context.owner(arn, caller)[1] if arn else caller
    stream = context.find(token.name, owner)
    if stream is None or (arn or stream.arn) != stream.arn:
        raise errors.shard_missing(shard_id(token.shard), token.name, owner.account)
    return stream


@dataclass(slots=True)
class ReadBatch:
    """What was read of a shard."""

    records: list[Response]
    position: int  # the counter of the next record to read
    size: int  # bytes of data and partition keys
    millis_behind: int  # how long ago the last record read arrived; 0 if it was the newest
    at_end: bool  # whether the shard is closed and read to its end


def read(
    context: Context, stream: Stream, shard: Shard, position: int, limit: int, most_bytes: int
) -> ReadBatch:
    """Records of a shard from a position on.

    Args:
        context: holds them.
        stream: the shard's.
        shard: the one to read.
        position: the counter of the first record wanted; expired ones are passed over.
        limit: most records, at least 1.
        most_bytes: of data and partition keys; one record is given in any case.
    """
    position = max(position, context.horizon(stream, shard))
    records: list[Response] = []
    size, arrival = 0, shard.oldest
    segments = context.store.segments(shard, position)
    for segment in segments:
        start = position - segment.first
        chosen = unpack(segment)[start : start + limit - len(records)]
        taken = segment.size if len(chosen) == segment.count else _size(chosen)
        whole = size + taken <= most_bytes
        if not whole:
            chosen = _fitting(chosen, most_bytes - size, at_least=0 if records else 1)
            taken = _size(chosen)
        records += _as_documents(shard, segment, position, chosen)
        position += len(chosen)
        size += taken
        arrival = segment.arrival
        if not whole or len(records) >= limit:
            break
    segments.close()
    at_tip = position >= shard.next
    behind = 0 if at_tip else max(int(context.clock.now() * 1000) - arrival, 1)
    return ReadBatch(records, position, size, behind, at_tip and shard.closed is not None)


def _as_documents(
    shard: Shard, segment: Segment, position: int, records: list[Record]
) -> list[Response]:
    arrival = segment.arrival / 1000
    numbers = sequence_numbers(shard, position, len(records), segment.arrival)
    if segment.encrypted or any(key is None for key, _ in records):
        return [
            {
                "SequenceNumber": number,
                "ApproximateArrivalTimestamp": arrival,
                "Data": data,
                **({} if key is None else {"PartitionKey": key}),
                **({"EncryptionType": "KMS"} if segment.encrypted else {}),
            }
            for number, (key, data) in zip(numbers, records, strict=True)
        ]
    return [
        {
            "SequenceNumber": number,
            "ApproximateArrivalTimestamp": arrival,
            "Data": data,
            "PartitionKey": key,
        }
        for number, (key, data) in zip(numbers, records, strict=True)
    ]


def _size(records: list[Record]) -> int:
    return sum(len(data) + len((key or "").encode()) for key, data in records)


def _fitting(records: list[Record], most_bytes: int, at_least: int) -> list[Record]:
    """The first records that fit into so many bytes."""
    size, count = 0, 0
    for count, record in enumerate(records):  # noqa: B007
        size += _size([record])
        if size > most_bytes:
            break
    else:
        return records
    return records[: max(count, at_least)]


def child_shards(stream: Stream, shard: Shard) -> list[Response]:
    """The shards that go on where a closed one ended."""
    return [
        {
            "ShardId": child.shard_id,
            "ParentShards": [
                shard_id(number)
                for number in (child.parent, child.adjacent_parent)
                if number is not None
            ],
            "HashKeyRange": child.hash_key_range(),
        }
        for child in stream.children(shard)
    ]


def _refuse_read(context: Context, stream: Stream, shard: Shard) -> None:
    context.measure(stream, "ReadProvisionedThroughputExceeded", 1)
    raise errors.throughput_exceeded(
        errors.shard_rate_exceeded(shard.shard_id, stream.name, stream.account)
    )
