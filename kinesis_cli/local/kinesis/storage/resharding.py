"""Opening, splitting and merging shards.

Source: https://docs.aws.amazon.com/streams/latest/dev/kinesis-using-sdk-java-resharding.html
"""

from collections.abc import Iterator
from itertools import pairwise
from typing import assert_never

from kinesis_cli.local.kinesis.model import Merge, Open, Reshard, Resize, Shard, Split, Stream
from kinesis_cli.local.kinesis.storage.store import Store
from kinesis_cli.stream.shards import even_shards

__all__ = ["Reshard", "apply"]

_OLDER_THAN_STREAM = 2  # seconds


def apply(store: Store, stream: Stream, change: Reshard, now: float) -> None:
    """Close the parents and open the children. Runs in a transaction; it has been checked.

    Args:
        store: keeps them.
        stream: whose shards they are.
        change: what to do.
        now: epoch seconds.
    """
    match change:
        case Open(shards=count):
            for shard in even_shards(count):
                start, end = shard.starting_hash_key, shard.ending_hash_key
                _open(store, stream, start, end, [], stream.created)
        case Split(shard=number, starting_hash_key=key):
            _split(store, stream, stream.shards[number], [int(key)], now)
        case Merge(shard=number, adjacent=adjacent):
            _merge(store, stream, stream.shards[number], stream.shards[adjacent], now)
        case Resize(shards=count):
            _resize(store, stream, count, now)
        case _:
            assert_never(change)
    stream.settle()


def _resize(store: Store, stream: Stream, count: int, now: float) -> None:
    """From the lowest hash key up: cut a shard where new borders are, join the pieces between them.

    Pieces that are joined are the short-lived shards that AWS's documentation speaks of.

    Source of the order: https://github.com/risingwavelabs/risingwave/issues/9961
    """
    goal = even_shards(count)
    pieces = _pieces(store, stream, [shard.starting_hash_key for shard in goal], now)
    for target in goal:
        joined = next(pieces)
        while joined.ending_hash_key < target.ending_hash_key:
            joined = _merge(store, stream, joined, next(pieces), now)


def _pieces(store: Store, stream: Stream, borders: list[int], now: float) -> Iterator[Shard]:
    """The open shards cut at the borders, each of them when its turn comes."""
    for shard in stream.open_shards:
        inner = [b for b in borders if shard.starting_hash_key < b <= shard.ending_hash_key]
        yield from _split(store, stream, shard, inner, now)


def _split(store: Store, stream: Stream, shard: Shard, keys: list[int], now: float) -> list[Shard]:
    """Cut a shard before each of the keys, which ascend: by halves, so that lineages stay short.

    Returns:
        The open pieces, in order.
    """
    if not keys:
        return [shard]
    middle = len(keys) // 2
    _close(store, shard, now)
    lower = _open(store, stream, shard.starting_hash_key, keys[middle] - 1, [shard], now)
    upper = _open(store, stream, keys[middle], shard.ending_hash_key, [shard], now)
    return [
        *_split(store, stream, lower, keys[:middle], now),
        *_split(store, stream, upper, keys[middle + 1 :], now),
    ]


def _merge(store: Store, stream: Stream, shard: Shard, adjacent: Shard, now: float) -> Shard:
    ordered = sorted((shard, adjacent), key=lambda one: one.starting_hash_key)
    assert all(a.ending_hash_key + 1 == b.starting_hash_key for a, b in pairwise(ordered))
    for parent in ordered:
        _close(store, parent, now)
    start, end = ordered[0].starting_hash_key, ordered[1].ending_hash_key
    return _open(store, stream, start, end, [shard, adjacent], now)


def _open(
    store: Store, stream: Stream, start: int, end: int, parents: list[Shard], now: float
) -> Shard:
    # A child is created after its parents' end, so that its sequence numbers exceed theirs even
    # if the clock was set back. The first shards are a little older than the stream, as on AWS.
    created = max(
        (max(int(now), parent.created) + 1 for parent in parents),
        default=int(now) - _OLDER_THAN_STREAM,
    )
    numbers = [parent.number for parent in parents] + [None, None]
    shard = Shard(
        row=0,
        number=stream.next_shard,
        starting_hash_key=start,
        ending_hash_key=end,
        parent=numbers[0],
        adjacent_parent=numbers[1],
        created=created,
        opened=now,
    )
    store.add_shard(stream, shard)
    stream.add(shard)
    return shard


def _close(store: Store, shard: Shard, now: float) -> None:
    shard.closed = now
    store.close_shard(shard)
