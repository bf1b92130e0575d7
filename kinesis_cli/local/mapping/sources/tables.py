"""The stream of a table: read where it is kept, without a call of DynamoDB Streams."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from kinesis_cli.event_source_mapping.settings import EventSourceMapping
from kinesis_cli.event_source_mapping.shard import Shard
from kinesis_cli.local.clock import Clock
from kinesis_cli.local.kinesis import ServiceError
from kinesis_cli.local.mapping.sources.source import Page, Source, SourceShard
from kinesis_cli.local.table_streams.names import StreamName, stream_name
from kinesis_cli.local.table_streams.store import RETENTION_SECONDS, TableStore, TableStream
from kinesis_cli.stream.kinds.dynamodb import DYNAMODB, change_record
from kinesis_cli.stream.table_arn import table_of

_ONLY_SHARD = 0  # its number


class TableSource(Source):
    """The stream of a table, which has one shard.

    Args:
        arn, mapping, live_since, clock: see `Source`.
        ready: gives the store when the template's tables are there.
    """

    interval = DYNAMODB.polling.interval_seconds

    def __init__(
        self,
        arn: str,
        mapping: EventSourceMapping,
        live_since: float,
        clock: Clock,
        ready: Callable[[], Awaitable[TableStore]],
    ) -> None:
        super().__init__(arn, table_of(arn), mapping, live_since, clock)
        self._ready = ready
        self._stream: TableStream | None = None
        self._store: TableStore | None = None
        self._first = 0  # the counter of the first record that the mapping wants; 0: not known yet

    async def find(self) -> None:
        """See `Source.find`."""
        self._store = store = await self._ready()
        self._stream = store.stream(self.arn)
        self.check()
        stream, _ = self._found()
        self.created, self.retention_seconds = stream.name.created, RETENTION_SECONDS
        # No record from before can come any more. One from after has another number.
        self._first = await asyncio.to_thread(store.number_before, stream, self._start) + 1

    def check(self) -> None:
        """See `Source.check`."""
        if self._store is None or self._store.stream(self.arn) is None:
            name = stream_name(self.arn)
            table = f"table {self.name} has no stream {name.label}" if name else "no such stream"
            raise ServiceError("ResourceNotFoundException", f"{table} on this machine")

    async def shards(self) -> list[SourceShard]:
        """See `Source.shards`."""
        self.check()
        return [SourceShard(_ONLY_SHARD)]

    def shard_id(self, number: int) -> str:
        """See `Source.shard_id`."""
        del number
        return self._name.shard_id

    def shard(self, number: int) -> Shard:
        """See `Source.shard`."""
        return Shard(shard_id=self.shard_id(number), retention_seconds=self.retention_seconds)

    def position(self, checkpoint: str) -> int:
        """See `Source.position`."""
        return self._name.number(checkpoint) + 1

    def unread(self, positions: Mapping[int, int], *, counted: bool) -> dict[int, int]:
        """See `Source.unread`."""
        del counted
        self.check()
        stream, _ = self._found()
        found = {}
        for number, position in positions.items():
            count = self.count_from(position)
            if count or not stream.is_enabled:
                found[number] = count
        return found

    def count_from(self, position: int) -> int:
        """How many records there are from a position on."""
        stream, store = self._found()
        read = (position or self._first) - 1
        if read >= stream.last:
            return 0  # without a look at the disk
        return stream.last - max(read, store.trimmed(stream))

    def reader(self, number: int, after: str | None) -> "TableReader":
        """See `Source.reader`."""
        del number
        stream, store = self._found()
        first = self.position(after) if after is not None else self._first
        return TableReader(self, stream, store, first)

    @property
    def _name(self) -> StreamName:
        stream, _ = self._found()
        return stream.name

    def _found(self) -> tuple[TableStream, TableStore]:
        assert self._stream is not None
        assert self._store is not None
        return self._stream, self._store


class TableReader:
    """Reads the records of a table's stream.

    Args:
        source: whose records they are.
        stream, store: where they are kept.
        position: the counter of the first to read.
    """

    def __init__(
        self, source: TableSource, stream: TableStream, store: TableStore, position: int
    ) -> None:
        self._source, self._stream, self._store = source, stream, store
        self.position = position

    async def read(self, limit: int) -> Page:
        """See `Reader.read`."""
        self._source.check()
        stream, store = self._stream, self._store
        is_closed = not stream.is_enabled  # asked first: nothing comes after it
        changes = []
        if self.position <= stream.last:
            # not here: a large table that is being written holds the store for a while
            changes = await asyncio.to_thread(store.read, stream, self.position - 1, limit)
        shard_id = stream.name.shard_id
        records = [change_record(each.record, shard_id=shard_id) for each in changes]
        is_at_tip = len(changes) < limit
        self.position = changes[-1].number + 1 if changes else self.position
        return Page(list(records), is_at_tip, is_closed and self.position > stream.last)

    async def backlog(self) -> int:
        """See `Reader.backlog`."""
        return self._source.count_from(self.position)
