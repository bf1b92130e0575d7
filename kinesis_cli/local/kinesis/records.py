"""PutRecord, PutRecords, GetShardIterator, GetRecords.

Source: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache

from kinesis_cli.local.kinesis import errors
from kinesis_cli.local.kinesis.context import Context
from kinesis_cli.local.kinesis.model import Caller, Request, Response, Shard, Stream
from kinesis_cli.local.kinesis.on_demand import scale_on_demand
from kinesis_cli.local.kinesis.positions import belongs_to, decoded, sequence_numbers
from kinesis_cli.local.kinesis.store import Record, Segment, unpack
from kinesis_cli.local.kinesis.tokens import ShardIterator
from kinesis_cli.stream.sequence import MAX_COUNTER, SequenceNumber
from kinesis_cli.stream.shards import HASH_KEYS, hash_key, shard_id

ITERATOR_SECONDS = 300.0
MOST_RECORDS = 10_000  # of one GetRecords
MOST_BYTES = 10 * 2**20  # of one PutRecords or GetRecords, data and partition keys

_SEGMENT_BYTES = 2**20  # a larger put becomes several segments: a reader takes in whole ones
_LARGEST_SHARD_NUMBER = 2**31 - 1
_THROTTLED = "ProvisionedThroughputExceededException"

# Producers use few keys or use them again soon; a hit costs a twentieth of MD5 (benchmarks).
_hash_key = lru_cache(maxsize=2**14)(hash_key)


@dataclass(slots=True)
class _Batch:
    """Records of one call for one shard."""

    records: list[Record] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)


# Writing


def put_record(context: Context, request: Request, caller: Caller) -> Response:
    """Store one record."""
    stream = context.running(request, caller)
    shard, size = _destination(stream, request)
    _check_ordering(context, request.get("SequenceNumberForOrdering"), stream, shard)
    if request.get("DryRun"):
        raise errors.dry_run()
    if refused := _throttled(context, stream, shard, size):
        raise errors.throughput_exceeded(refused)
    batch = _Batch([(request.get("PartitionKey"), request["Data"])], [size])
    (number,) = _store(context, stream, shard, batch)
    scale_on_demand(context, stream, (shard,))
    return {"ShardId": shard.shard_id, "SequenceNumber": number, **_encryption(stream)}


def put_records(context: Context, request: Request, caller: Caller) -> Response:
    """Store up to 500 records; each has its own result."""
    stream = context.running(request, caller)
    entries = request["Records"]
    placed = [_destination(stream, entry) for entry in entries]
    if (total := sum(size for _, size in placed)) > MOST_BYTES:
        # UNSURE(put-too-large): the code and the words are not known, here and in `_size`.
        raise errors.invalid_argument(
            f"Records size of {total} bytes exceeds the limit of {MOST_BYTES} bytes of a request."
        )
    if request.get("DryRun"):
        raise errors.dry_run()
    careful = context.limits is not None or context.faults.any
    batches: dict[Shard, _Batch] = {}
    refusals: dict[int, Response] = {}
    for index, (entry, (shard, size)) in enumerate(zip(entries, placed, strict=True)):
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
    given = {shard: (iter(each), shard.shard_id) for shard, each in numbers.items()}
    answers = []
    for index, (shard, _) in enumerate(placed):
        if index in refusals:
            answers.append(refusals[index])
        else:
            left, name = given[shard]
            answers.append({"SequenceNumber": next(left), "ShardId": name})
    return {"FailedRecordCount": len(refusals), "Records": answers, **_encryption(stream)}


def _destination(stream: Stream, entry: Request) -> tuple[Shard, int]:
    """The shard that a record goes to, and the record's size in bytes.

    Raises:
        ServiceError: it has no key, a hash key out of range, or is too large.
    """
    key, explicit = entry.get("PartitionKey"), entry.get("ExplicitHashKey")
    size = len(entry["Data"])
    if key is not None:
        # UNSURE(key-length): 256 code points, or UTF-16 units? The size counts UTF-8 bytes.
        size += len(key) if key.isascii() else _utf8_size(key)
    if size > stream.settings.max_record_kib * 1024:
        raise errors.invalid_argument(
            f"Record size of {size} bytes exceeds the maximum record size of"
            f" {stream.settings.max_record_kib} KiB of stream {stream.name}"
            f" under account {stream.account}."
        )
    if stream.settings.distribution == "AUTO":
        return _any_shard(stream), size
    if explicit is not None:
        number = int(explicit)
        if number >= HASH_KEYS:
            raise errors.invalid_argument(
                "Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]."
                f" Specified value was {explicit}"
            )
    elif key is None:
        raise errors.validation(
            "1 validation error detected: Value null at 'partitionKey' failed to satisfy"
            " constraint: Member must not be null"
        )
    else:
        number = _hash_key(key)
    return stream.shard_of(number), size


def _utf8_size(key: str) -> int:
    try:
        return len(key.encode())
    except UnicodeEncodeError as error:  # a lone surrogate, which JSON can write
        raise errors.ServiceError("SerializationException", "Invalid UTF-8 text") from error


def _any_shard(stream: Stream) -> Shard:
    # The shortest one, so that records spread evenly.
    return min(stream.open_shards, key=lambda shard: shard.next - shard.horizon)


def _check_ordering(context: Context, text: str | None, stream: Stream, shard: Shard) -> None:
    """That the number was given before: the new one is greater then, in any case.

    Raises:
        ServiceError: it is not in the layout, or from the future.
    """
    if text is None:
        return
    number = decoded(text)
    if number is not None:
        if belongs_to(number, shard) and number.counter < shard.next:
            return
        if not belongs_to(number, shard) and number.time <= context.clock.now():
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


# Reading


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
        raise errors.dry_run()
    now = context.clock.now()
    if context.limits and not context.limits.admits_iterator(shard, now):
        _refuse_read(stream, shard)
    return {"ShardIterator": _iterator(context, stream, shard, position)}


def get_records(context: Context, request: Request, caller: Caller) -> Response:
    """Records from an iterator on, and the iterator that goes on after them."""
    token = context.tokens.open(request["ShardIterator"], ShardIterator)
    if token is None:
        raise errors.invalid_argument("Invalid ShardIterator.")
    now = context.clock.now()
    created = token.created / 1000
    expired = token.generation < context.faults.iterator_generation
    if expired or now - created > ITERATOR_SECONDS:
        raise errors.iterator_expired(created, now, ITERATOR_SECONDS)
    stream = _stream_of(context, token, request.get("StreamARN"), caller)
    shard = existing_shard(stream, token.shard)
    if request.get("DryRun"):
        raise errors.dry_run()
    if context.faults.throttles(stream.name, shard.shard_id) or (
        context.limits and not context.limits.admits_read(shard, now)
    ):
        _refuse_read(stream, shard)
    limit = request.get("Limit") or MOST_RECORDS
    batch = read(context, stream, shard, token.position, limit, MOST_BYTES)
    if context.limits:
        context.limits.count_read(shard, batch.size)
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
    stream = context.by_row(token.stream)
    if arn is not None:
        allowed = context.stream({"StreamARN": arn}, caller) is stream
    else:
        allowed = stream is not None and stream.belongs_to(caller)
    if stream is None or not allowed:
        raise errors.shard_missing(shard_id(token.shard), token.name, caller.account)
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
            "HashKeyRange": hash_key_range(child),
        }
        for child in stream.children(shard)
    ]


def hash_key_range(shard: Shard) -> Response:
    """A shard's range as AWS shows it."""
    return {
        "StartingHashKey": str(shard.starting_hash_key),
        "EndingHashKey": str(shard.ending_hash_key),
    }


def resolve_shard_number(text: str) -> int | None:
    """6 for `shardId-000000000006`, and as on AWS for `x-6` and `6`; nothing if it is no id."""
    _, dash, digits = text.partition("-")
    digits = digits if dash else text
    if not (digits.isascii() and digits.isdigit()) or int(digits) > _LARGEST_SHARD_NUMBER:
        return None
    return int(digits)


def existing_shard(stream: Stream, number: int) -> Shard:
    """The stream's shard of this number.

    Raises:
        ServiceError: there is none, or it has expired.
    """
    shard = stream.shards.get(number)
    if shard is None:
        raise errors.shard_missing(shard_id(number), stream.name, stream.account)
    return shard


def starting_position(
    context: Context,
    stream: Stream,
    shard: Shard,
    kind: str,
    sequence_number: str | None,
    timestamp: float | None,
) -> int:
    """The counter that reading starts at.

    Args:
        context: holds the records.
        stream: the shard's.
        shard: the one to read.
        kind: AWS's `ShardIteratorType`.
        sequence_number: for AT_ and AFTER_SEQUENCE_NUMBER.
        timestamp: for AT_TIMESTAMP, epoch seconds.

    Raises:
        ServiceError: they do not go together, or the number is not one of this shard.
    """
    if kind in ("AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER"):
        if sequence_number is None:
            raise _mismatch(kind, "no StartingSequenceNumber")
        number = _checked(sequence_number, stream, shard)
        return _position_of(context, shard, number, after=kind.startswith("AFTER"))
    if sequence_number is not None:
        raise _mismatch(kind, "also a StartingSequenceNumber")
    if kind == "TRIM_HORIZON":
        return context.horizon(stream, shard)
    if kind == "LATEST":
        return shard.next
    return _position_at(context, stream, shard, timestamp)


def _mismatch(kind: str, what: str) -> errors.ServiceError:
    return errors.invalid_argument(
        "Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and"
        " StartingSequenceNumber or (2) TRIM_HORIZON or LATEST and no StartingSequenceNumber."
        f" Request specified {kind} and {what}."
    )


def _checked(text: str, stream: Stream, shard: Shard) -> SequenceNumber:
    used = (
        f"StartingSequenceNumber {text} used in GetShardIterator on shard {shard.shard_id}"
        f" in stream {stream.name} under account {stream.account} is invalid"
    )
    number = decoded(text)
    if number is None:
        raise errors.invalid_argument(f"{used}.")
    if number.shard_index != shard.number:
        raise errors.invalid_argument(
            f"Invalid StartingSequenceNumber. It encodes {shard_id(number.shard_index)},"
            f" while it was used in a call to a shard with {shard.shard_id}"
        )
    if number.created != shard.created:
        raise errors.invalid_argument(f"{used} because it did not come from this stream.")
    return number


def _position_of(context: Context, shard: Shard, number: SequenceNumber, *, after: bool) -> int:
    """Where the first record is whose number is at least this one, or after it."""
    # UNSURE(trimmed-number): a number that has expired starts at the horizon; or is it refused?
    time = number.time
    if span := context.store.span(shard, number.counter):
        time = span[2] // 1000
    # Numbers of one counter differ in their time alone: the given one may be no record's.
    passed = time <= number.time if after else time < number.time
    return min(number.counter + passed, MAX_COUNTER)


def _position_at(context: Context, stream: Stream, shard: Shard, timestamp: float | None) -> int:
    if timestamp is None:
        raise errors.invalid_argument(
            "Must specify timestampInMillis parameter for iterator of type AT_TIMESTAMP."
            " Current request has no timestamp parameter."
        )
    asked, now = round(timestamp * 1000), int(context.clock.now() * 1000)
    if asked > now:
        raise errors.invalid_argument(
            "The timestampInMillis parameter cannot be greater than the currentTimestampInMillis."
            f" timestampInMillis: {asked}, currentTimestampInMillis: {now}"
        )
    context.horizon(stream, shard)
    return context.since(shard, asked)


def _refuse_read(stream: Stream, shard: Shard) -> None:
    raise errors.throughput_exceeded(
        errors.shard_rate_exceeded(shard.shard_id, stream.name, stream.account)
    )
