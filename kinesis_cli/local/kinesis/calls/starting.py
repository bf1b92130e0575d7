"""Where reading starts: the positions that GetShardIterator and SubscribeToShard know."""

from kinesis_cli.local.kinesis import errors
from kinesis_cli.local.kinesis.context import Context
from kinesis_cli.local.kinesis.model import Shard, Stream
from kinesis_cli.local.kinesis.storage.positions import decoded, encoded_shard, second, shown
from kinesis_cli.stream.sequence import MAX_COUNTER, SequenceNumber
from kinesis_cli.stream.shards import shard_id


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
        f"StartingSequenceNumber {shown(text)} used in GetShardIterator on shard {shard.shard_id}"
        f" in stream {stream.name} under account {stream.account} is invalid"
    )
    number = decoded(text)
    if number is None:
        raise errors.invalid_argument(f"{used}.")
    if number.shard_index != shard.number:
        raise errors.invalid_argument(
            f"Invalid StartingSequenceNumber. It encodes {encoded_shard(number)},"
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
        time = second(shard, span[2])
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
