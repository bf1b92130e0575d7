"""PutRecord and PutRecords.

Source: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache

from kinesis_cli.local.kinesis import errors
from kinesis_cli.local.kinesis.calls.on_demand import scale_on_demand
from kinesis_cli.local.kinesis.context import Context
from kinesis_cli.local.kinesis.model import Caller, Request, Response, Shard, Stream
from kinesis_cli.local.kinesis.storage.positions import decoded, is_of_shard, sequence_numbers
from kinesis_cli.local.kinesis.storage.store import Record
from kinesis_cli.stream.shards import HASH_KEYS, hash_key

MAX_BYTES = 10 * 2**20  # of one PutRecords, data and partition keys

_SEGMENT_BYTES = 2**20  # a larger put becomes several segments: a reader takes in whole ones
_THROTTLED = "ProvisionedThroughputExceededException"

# Producers use few keys or use them again soon; a hit costs a twentieth of MD5.
_hash_key = lru_cache(maxsize=2**14)(hash_key)


@dataclass(slots=True)
class _Batch:
    """Records of one call for one shard."""

    records: list[Record] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)


def put_record(context: Context, request: Request, caller: Caller) -> Response:
    """Store one record."""
    stream = context.running(request, caller)
    size = _size(request)
    _check_sizes(stream, [size], "data")
    shard = _destination(stream, request)
    _check_ordering(context, request.get("SequenceNumberForOrdering"), stream, shard)
    if request.get("DryRun"):
        raise errors.dry_run("PutRecord")
    if refused := _throttled(context, stream, shard, size):
        raise errors.throughput_exceeded(refused)
    batch = _Batch([(request.get("PartitionKey"), request["Data"])], [size])
    (number,) = _store(context, stream, shard, batch)
    context.measure(stream, "PutRecord.Bytes", size, "Bytes")
    scale_on_demand(context, stream, (shard,))
    return {"ShardId": shard.shard_id, "SequenceNumber": number, **_encryption(stream)}


def put_records(context: Context, request: Request, caller: Caller) -> Response:
    """Store up to 500 records; each has its own result."""
    stream = context.running(request, caller)
    entries = request["Records"]
    sizes = [_size(entry) for entry in entries]
    _check_sizes(stream, sizes, "records.{}.member.data")
    shards = [_destination(stream, entry) for entry in entries]
    if sum(sizes) > MAX_BYTES:
        # UNSURE(put-too-large): recorded with "5 MB" when that was the limit; or other words now?
        # https://github.com/aws/amazon-kinesis-streams-for-fluent-bit/issues/21
        raise errors.invalid_argument(f"Records size exceeds {MAX_BYTES >> 20} MB limit")
    if request.get("DryRun"):
        raise errors.dry_run("PutRecords")
    careful = context.limits is not None or context.faults.any
    batches: dict[Shard, _Batch] = {}
    refusals: dict[int, Response] = {}
    for index, (entry, shard, size) in enumerate(zip(entries, shards, sizes, strict=True)):
        if careful and (refusal := _refusal(context, stream, shard, size)):
            refusals[index] = refusal
            continue
        batch = batches.get(shard)
        if batch is None:
            batch = batches[shard] = _Batch()
        batch.records.append((entry.get("PartitionKey"), entry["Data"]))
        batch.sizes.append(size)
    numbers = {shard: _store(context, stream, shard, batch) for shard, batch in batches.items()}
    scale_on_demand(context, stream, batches)
    _measure_entries(context, stream, batches.values(), refusals.values())
    results = _in_order(shards, numbers, refusals)
    return {"FailedRecordCount": len(refusals), "Records": results, **_encryption(stream)}


def _measure_entries(
    context: Context, stream: Stream, stored: Iterable[_Batch], refusals: Iterable[Response]
) -> None:
    """Source: https://docs.aws.amazon.com/streams/latest/dev/monitoring-with-cloudwatch.html"""
    sizes = [size for batch in stored for size in batch.sizes]
    codes = [refusal["ErrorCode"] for refusal in refusals]
    throttled = codes.count(_THROTTLED)
    context.measure(stream, "PutRecords.Bytes", sum(sizes), "Bytes")
    context.measure(stream, "PutRecords.TotalRecords", len(sizes) + len(codes))
    context.measure(stream, "PutRecords.SuccessfulRecords", len(sizes))
    context.measure(stream, "PutRecords.FailedRecords", len(codes) - throttled)
    context.measure(stream, "PutRecords.ThrottledRecords", throttled)


def _in_order(
    shards: list[Shard], numbers: dict[Shard, list[str]], refusals: dict[int, Response]
) -> list[Response]:
    """The results in the order of the request.

    Args:
        shards: where each record was to go.
        numbers: the sequence numbers that each shard gave.
        refusals: the results of records that were not stored, by their index.
    """
    given = {shard: (iter(each), shard.shard_id) for shard, each in numbers.items()}
    results = []
    for index, shard in enumerate(shards):
        if index in refusals:
            results.append(refusals[index])
        else:
            left, name = given[shard]
            results.append({"SequenceNumber": next(left), "ShardId": name})
    return results


def _size(entry: Request) -> int:
    """Bytes of a record's data and partition key."""
    key, size = entry.get("PartitionKey"), len(entry["Data"])
    if key is None:
        return size
    # UNSURE(key-size): the key counts with its UTF-8 bytes; or with its UTF-16 units?
    return size + (len(key) if key.isascii() else _utf8_size(key))


def _check_sizes(stream: Stream, sizes: list[int], path: str) -> None:
    """That no record is larger than the stream takes.

    Args:
        stream: knows how large a record may be.
        sizes: of the records, bytes.
        path: of a record's data, `{}` for its number.

    Source: https://github.com/awslabs/amazon-kinesis-producer/issues/680
    """
    most = stream.settings.max_record_kib * 1024
    if max(sizes) <= most:
        return
    rule = f"Member must have length less than or equal to {most}"
    places = (path.format(number) for number, size in enumerate(sizes, 1) if size > most)
    raise errors.broken_constraints([errors.constraint("", place, rule) for place in places])


def _destination(stream: Stream, entry: Request) -> Shard:
    """The shard that a record goes to.

    Raises:
        ServiceError: it has no key, or a hash key out of range.
    """
    key, explicit = entry.get("PartitionKey"), entry.get("ExplicitHashKey")
    if stream.settings.distribution == "AUTO":
        return stream.next_in_turn()
    if explicit is not None:
        number = int(explicit)
        if number >= HASH_KEYS:
            raise errors.invalid_argument(
                "Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]."
                f" Specified value was {explicit}"
            )
    elif key is None:
        raise errors.broken_constraints(
            [errors.constraint("null", "partitionKey", "Member must not be null")]
        )
    else:
        number = _hash_key(key)
    return stream.shard_of(number)


def _utf8_size(key: str) -> int:
    try:
        return len(key.encode())
    except UnicodeEncodeError as error:  # a lone surrogate, which JSON can write
        raise errors.ServiceError("SerializationException", "Invalid UTF-8 text") from error


def _check_ordering(context: Context, text: str | None, stream: Stream, shard: Shard) -> None:
    """That the number was given before: the new one is greater then, in any case.

    Raises:
        ServiceError: it is not in the layout, or from the future.
    """
    if text is None:
        return
    number = decoded(text)
    if number is not None:
        if is_of_shard(number, shard) and number.counter < shard.next:
            return
        if not is_of_shard(number, shard) and number.time <= context.clock.now():
            return
    raise errors.invalid_argument(
        f"ExclusiveMinimumSequenceNumber {text} used in PutRecord on stream {stream.name}"
        f" under account {stream.account} is invalid."
    )


def _throttled(context: Context, stream: Stream, shard: Shard, size: int) -> str:
    """Why a record is not taken now; nothing if it is."""
    limits = context.limits
    if context.faults.throttles(stream.name, shard.shard_id) or (
        limits and not limits.admits_write(shard, size, context.clock.now())
    ):
        context.measure(stream, "WriteProvisionedThroughputExceeded", 1)
        return errors.shard_rate_exceeded(shard.shard_id, stream.name, stream.account)
    return ""


def _refusal(context: Context, stream: Stream, shard: Shard, size: int) -> Response | None:
    if context.faults.entry_fails():
        return {"ErrorCode": "InternalFailure", "ErrorMessage": "Internal service failure."}
    if message := _throttled(context, stream, shard, size):
        return {"ErrorCode": _THROTTLED, "ErrorMessage": message}
    return None


def _store(context: Context, stream: Stream, shard: Shard, batch: _Batch) -> list[str]:
    """Append records to a shard; their sequence numbers."""
    # A shard's time never falls, so that times can be looked up by halving: after the clock was set
    # back, records arrive at the time of the last one before.
    arrival = max(int(context.clock.now() * 1000), shard.latest)
    encrypted = stream.settings.encryption_key is not None
    if shard.horizon == shard.next:
        shard.oldest = arrival
    numbers = list(sequence_numbers(shard, shard.next, len(batch.records), arrival))
    for start, end in _pieces(batch.sizes):
        size = sum(batch.sizes[start:end])
        context.store.append(shard, batch.records[start:end], size, arrival, encrypted)
        shard.next += end - start
    shard.latest = arrival
    context.measure(stream, "IncomingRecords", len(batch.records))
    context.measure(stream, "IncomingBytes", sum(batch.sizes), "Bytes")
    context.measure(stream, "WriteProvisionedThroughputExceeded", 0)
    return numbers


def _pieces(sizes: list[int]) -> Iterable[tuple[int, int]]:
    """Where to cut records into segments: [start, end) of each."""
    if sum(sizes) <= _SEGMENT_BYTES:
        return [(0, len(sizes))]
    pieces, start, size = [], 0, 0
    for index, each in enumerate(sizes):
        if index > start and size + each > _SEGMENT_BYTES:
            pieces.append((start, index))
            start, size = index, 0
        size += each
    return [*pieces, (start, len(sizes))]


def _encryption(stream: Stream) -> Response:
    return {"EncryptionType": "KMS"} if stream.settings.encryption_key else {}
