"""Which shards of a stream may be read: a child only after its parents, through resharding.

Source: https://docs.aws.amazon.com/streams/latest/dev/kinesis-using-sdk-java-after-resharding.html
"""

from collections.abc import Iterable
from dataclasses import dataclass

from kinesis_cli.stream.shards import Shard


@dataclass(frozen=True, slots=True)
class ListedShard:
    """A shard as ListShards tells of it."""

    shard: Shard
    parents: tuple[str, ...]  # ids: none, one after a split, two after a merge
    is_open: bool  # whether it still takes records

    @property
    def shard_id(self) -> str:
        """`shardId-000000000000`."""
        return self.shard.shard_id


class Lineage:
    """Told which shards there are and which were read to the end; answers what may be read next.

    A parent that was never told of counts as read: its records have left the stream.
    """

    def __init__(self) -> None:
        self._known: set[str] = set()
        self._ended: set[str] = set()
        self._waiting: dict[str, ListedShard] = {}

    def __contains__(self, shard_id: str) -> bool:
        return shard_id in self._known

    def add(self, shards: Iterable[ListedShard]) -> list[ListedShard]:
        """Shards that exist, those told of before among them.

        Returns:
            Those that may be read from now on.
        """
        new = {each.shard_id: each for each in shards if each.shard_id not in self._known}
        self._known |= new.keys()
        self._waiting |= new
        return self._ready()

    def end(self, shard_id: str) -> list[ListedShard]:
        """A shard was read to its end, or is not to be read at all.

        Returns:
            Those that may be read from now on.
        """
        self._known.add(shard_id)
        self._ended.add(shard_id)
        self._waiting.pop(shard_id, None)
        return self._ready()

    def _ready(self) -> list[ListedShard]:
        ready = [each for each in self._waiting.values() if not self._unread(each)]
        for each in ready:
            del self._waiting[each.shard_id]
        return ready

    def _unread(self, child: ListedShard) -> bool:
        return any(one in self._known and one not in self._ended for one in child.parents)
