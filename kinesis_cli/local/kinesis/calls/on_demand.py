"""On-demand streams grow where they are busy, when throughput is limited."""

from collections.abc import Iterable

from kinesis_cli.local.kinesis.context import Context
from kinesis_cli.local.kinesis.model import Shard, Split, Stream
from kinesis_cli.local.kinesis.storage import resharding as reshard

_NARROWEST = 4  # hash keys; a range that can still be cut


def scale_on_demand(context: Context, stream: Stream, written: Iterable[Shard]) -> None:
    """Split the shards that have been busy for a minute. Runs in the transaction of a put.

    Source: https://docs.aws.amazon.com/streams/latest/dev/how-do-i-size-a-stream.html
    """
    limits = context.limits
    if limits is None or stream.settings.mode != "ON_DEMAND":
        return
    # UNSURE(on-demand-split): after a minute above 500 KB a second; AWS says "within 15 minutes".
    for shard in [shard for shard in written if limits.is_busy(shard)]:
        width = shard.ending_hash_key - shard.starting_hash_key
        if width >= _NARROWEST:
            key = shard.starting_hash_key + width // 2 + 1
            now = context.clock.now()
            reshard.apply(context.store, stream, Split(shard.number, str(key)), now)
            context.store.save(stream)
