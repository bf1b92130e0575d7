"""Records that have expired leave the disk, in steps so small that nobody waits for them."""

from collections.abc import Iterator

from kinesis_cli.local.kinesis.context import Context
from kinesis_cli.local.kinesis.model import Stream

_SEGMENTS = 64  # of one step
_PAGES = 1024  # of the file, given back in one step


def sweep(context: Context) -> Iterator[None]:
    """Delete what has expired; yields after each step, when others may run."""
    for stream in context.streams():
        for shard in list(stream.shards.values()):
            horizon = context.horizon(stream, shard)
            with context.transaction():
                deleted = context.store.delete_expired(shard, _SEGMENTS)
                if deleted:
                    context.store.keep_horizon(shard)
            yield
            while deleted:
                with context.transaction():
                    deleted = context.store.delete_expired(shard, _SEGMENTS)
                yield
            expired = shard.closed is not None and horizon == shard.next
            if expired and (shard.closed or 0) * 1000 < context.retention_ms(stream):
                forget(context, stream, shard.number)
                yield
    orphans = 1
    while orphans:
        with context.transaction():
            orphans = context.store.delete_orphans(_SEGMENTS)
        yield
    while context.store.has_much_to_give_back():
        with context.transaction():
            context.store.give_back(_PAGES)
        yield


def forget(context: Context, stream: Stream, number: int) -> None:
    """A closed shard without records is listed no more."""
    with context.transaction():
        context.store.delete_shard(stream.shards[number])
        context.store.save(stream)
        del stream.shards[number]
