"""What is to be read of a stream's shards, without an iterator for each.

Whoever reads all shards of a stream in this process looks at them here, thousands of them in some
milliseconds. CloudWatch and the limits see a look as a GetRecords of each shard without records.
"""

from collections.abc import Collection, Mapping

from kinesis_cli.local.kinesis.context import Context
from kinesis_cli.local.kinesis.model import Shard, Stream


def unread(
    context: Context, stream: Stream, positions: Mapping[int, int], since: float
) -> dict[int, int]:
    """How many records are to be read of each shard.

    Args:
        context: holds them.
        stream: the shards'.
        positions: by the shard's number, the counter of the next record; 0: nothing was read.
        since: epoch seconds, where reading begins of which nothing was read.

    Returns:
        Only shards with something to read, and those that have ended or are gone, even by 0.
    """
    found: dict[int, int] = {}
    for number, position in positions.items():
        shard = stream.shards.get(number)
        if shard is None:
            found[number] = 0
            continue
        records = _records_from(context, stream, shard, position, since)
        if records or shard.closed is not None:
            found[number] = records
    return found


def _records_from(
    context: Context, stream: Stream, shard: Shard, position: int, since: float
) -> int:
    if shard.next <= max(position, 1):
        return 0
    if not position:
        milliseconds = round(since * 1000)
        if shard.latest < milliseconds:
            return 0
        position = context.since(shard, milliseconds)
    return shard.next - max(position, context.horizon(stream, shard))


def count_looks(context: Context, stream: Stream, numbers: Collection[int]) -> None:
    """Count a GetRecords without records for each of these shards."""
    refused = 0
    now = context.clock.now()
    faults, limits = context.faults, context.limits
    if limits or faults.settings.throttle:
        for number in numbers:
            shard = stream.shards.get(number)
            if shard and (
                faults.throttles(stream.name, shard.shard_id)
                or (limits and not limits.admits_read(shard, now))
            ):
                refused += 1
    looks = len(numbers) - refused
    for name, value, times, unit in (
        ("GetRecords.IteratorAgeMilliseconds", 0, looks, "Milliseconds"),
        ("GetRecords.Records", 0, looks, "Count"),
        ("GetRecords.Bytes", 0, looks, "Bytes"),
        ("GetRecords.Success", 1, looks, "Count"),
        ("GetRecords.Success", 0, refused, "Count"),
        ("ReadProvisionedThroughputExceeded", 0, looks, "Count"),
        ("ReadProvisionedThroughputExceeded", 1, refused, "Count"),
    ):
        if times:
            context.measure(stream, name, value, unit, times)
