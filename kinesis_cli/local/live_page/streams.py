"""The streams and their records, as they come: counts are exact, and a few records are shown."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from heapq import nlargest
from typing import Any

import msgspec

from kinesis_cli.local.kinesis import DataPlane
from kinesis_cli.local.kinesis.glance import ShardGlance, StreamGlance
from kinesis_cli.local.live_page.records import RecordShown, shown
from kinesis_cli.picture.rates import Rate
from kinesis_cli.stream.escaping import escape

MAX_STREAMS = 64
MAX_SHARDS = 64  # of a stream, the busiest
_ALL_SHARDS = 256  # of all streams
MAX_RECORDS = 25  # that are shown
_MAX_READ = 8  # shards that are read for them


class ShardRow(msgspec.Struct, frozen=True):
    """A shard."""

    id: str
    open: bool
    records: int  # that are kept
    put: int | None  # since watching began
    per_second: float | None


class StreamRow(msgspec.Struct, frozen=True):
    """A stream of Kinesis, or of a table, whose puts are not counted."""

    name: str
    arn: str
    kind: str
    records: int
    put: int | None
    per_second: float | None
    shards: list[ShardRow]
    more_shards: int = 0


@dataclass(slots=True)
class _Count:
    """What is known of a shard."""

    counted_from: int  # records that it had when watching began
    put: int = 0  # since it was made
    rate: Rate = field(default_factory=Rate)

    @property
    def since(self) -> int:
        return self.put - self.counted_from


class StreamWatch:
    """Looks at the streams now and then.

    Args:
        data_plane: has them.
    """

    def __init__(self, data_plane: DataPlane) -> None:
        self._data_plane = data_plane
        self._counts: dict[int, _Count] = {}  # by the shard's row, which is never used twice
        self._gone = 0  # records of shards that are gone
        self._streams: list[StreamGlance] = []
        self._is_first = True

    def look(self, at: float) -> None:
        """Count.

        Args:
            at: seconds of a clock that does not go back.
        """
        self._streams = self._data_plane.glances()
        known = set()
        for shard in (each for stream in self._streams for each in stream.shards):
            known.add(shard.row)
            if (count := self._counts.get(shard.row)) is None:
                had = shard.put if self._is_first else 0
                count = self._counts[shard.row] = _Count(had)
            count.put = shard.put
            count.rate.add(at, shard.put)
        for row in self._counts.keys() - known:
            self._gone += self._counts.pop(row).since
        self._is_first = False

    @property
    def total(self) -> int:
        """Records put since watching began."""
        return self._gone + sum(each.since for each in self._counts.values())

    def rows(self) -> list[StreamRow]:
        """The streams of Kinesis."""
        return [self._row(stream) for stream in self._streams]

    def _row(self, stream: StreamGlance) -> StreamRow:
        counts = [self._counts[each.row] for each in stream.shards]
        room = min(MAX_SHARDS, _ALL_SHARDS // min(len(self._streams), MAX_STREAMS))
        busiest = nlargest(
            room,
            stream.shards,
            key=lambda each: (self._counts[each.row].rate.per_second, each.is_open, each.latest),
        )
        wanted = {each.row for each in busiest}
        rows = [self._shard_row(each) for each in stream.shards if each.row in wanted]
        return StreamRow(
            *(escape(stream.name), stream.arn, "kinesis"),
            sum(each.kept for each in stream.shards),
            sum(each.since for each in counts),
            round(sum(each.rate.per_second for each in counts), 1),
            rows,
            len(stream.shards) - len(rows),
        )

    def _shard_row(self, shard: ShardGlance) -> ShardRow:
        count = self._counts[shard.row]
        rate = round(count.rate.per_second, 1)
        return ShardRow(shard.shard_id, shard.is_open, shard.kept, count.since, rate)

    def newest(self) -> list[RecordShown]:
        """The newest records, of the shards that had one last; the newest first."""
        shards = [(each, stream) for stream in self._streams for each in stream.shards if each.kept]
        latest = nlargest(_MAX_READ, shards, key=lambda pair: pair[0].latest)
        found: list[tuple[float, StreamGlance, ShardGlance, dict[str, Any]]] = []
        for shard, stream in latest:
            records = self._data_plane.newest(stream.arn, shard.shard_id, MAX_RECORDS)
            found += [(r["ApproximateArrivalTimestamp"], stream, shard, r) for r in records]
        found.sort(key=lambda each: (each[0], int(each[3]["SequenceNumber"])), reverse=True)
        return [shown(stream.name, s.shard_id, r) for _, stream, s, r in found[:MAX_RECORDS]]


def table_rows(tables: Iterable[Mapping[str, Any]]) -> Iterator[StreamRow]:
    """The streams of tables."""
    for each in tables:
        yield StreamRow(escape(each["name"]), each["arn"], "table", each["records"], None, None, [])
