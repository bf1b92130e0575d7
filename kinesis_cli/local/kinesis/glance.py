"""A look at streams that nobody counts: no call, no limit, no fault, no figure of CloudWatch."""

from collections.abc import Iterator

import msgspec

from kinesis_cli.errors import InputError
from kinesis_cli.local.kinesis.calls.reading import MAX_BYTES, read
from kinesis_cli.local.kinesis.context import Context
from kinesis_cli.local.kinesis.model import Response, Shard, Stream, resolve_shard_number
from kinesis_cli.stream.sequence import SequenceNumber


class ShardGlance(msgspec.Struct, frozen=True, gc=False):
    """A shard, and how many records it had and has."""

    row: int  # tells it from all others that there ever were
    shard_id: str
    is_open: bool
    put: int  # records, since it was made
    kept: int  # of these, those within retention
    latest: int  # arrival of the newest one, epoch milliseconds


class StreamGlance(msgspec.Struct, frozen=True, gc=False):
    """A stream and its shards, closed ones too until their records have expired."""

    name: str
    arn: str
    shards: list[ShardGlance]


def glances(context: Context) -> Iterator[StreamGlance]:
    """All streams."""
    for stream in context.streams():
        shards = [
            ShardGlance(
                shard.row,
                shard.shard_id,
                shard.closed is None,
                shard.next - 1,
                shard.next - context.horizon(stream, shard),
                shard.latest,
            )
            for shard in stream.shards.values()
        ]
        yield StreamGlance(stream.name, stream.arn, shards)


def newest(context: Context, arn: str, shard_id: str, most: int) -> list[Response]:
    """The newest records of a shard, as GetRecords has them, the oldest of them first."""
    found = _shard(context, arn, shard_id)
    if found is None:
        return []
    stream, shard = found
    return read(context, stream, shard, max(shard.next - most, 1), most, MAX_BYTES).records


def one(context: Context, arn: str, shard_id: str, number: str) -> Response | None:
    """The record of a sequence number, as GetRecords has it; None: it is not there (any more)."""
    found = _shard(context, arn, shard_id)
    try:
        counter = SequenceNumber.decode(number).counter
    except InputError:
        return None
    if found is None or not 1 <= counter < found[1].next:
        return None
    records = read(context, *found, counter, 1, MAX_BYTES).records
    return records[0] if records and records[0]["SequenceNumber"] == number else None


def _shard(context: Context, arn: str, shard_id: str) -> tuple[Stream, Shard] | None:
    number = resolve_shard_number(shard_id)
    stream = next((each for each in context.streams() if each.arn == arn), None)
    shard = stream.shards.get(number) if stream and number is not None else None
    return (stream, shard) if stream and shard else None
