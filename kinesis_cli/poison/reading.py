"""Reading a few records of a shard where a mapping stands still; nothing is changed by it.

A shard answers five reads and 2 MB a second to all that share it, the stuck mapping too. So few
reads are made, one after the other.

Source: https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html
"""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from kinesis_cli.aws.consuming.kinesis_stream import KinesisStream
from kinesis_cli.aws.consuming.polling import BETWEEN_CALLS
from kinesis_cli.aws.consuming.shard_reading import Position, Reading, ShardPage
from kinesis_cli.aws.consuming.table_stream import TableStream
from kinesis_cli.aws.session import Connection
from kinesis_cli.errors import EndpointError
from kinesis_cli.event_source_mapping.aggregates import opened
from kinesis_cli.event_source_mapping.filters.criteria import compile_filters
from kinesis_cli.event_source_mapping.settings import EventSourceMapping
from kinesis_cli.stream.event import from_source
from kinesis_cli.stream.kinds.kinesis import KINESIS
from kinesis_cli.stream.lineage import ListedShard
from kinesis_cli.stream.record import Record
from kinesis_cli.stream.selection import StartKind
from kinesis_cli.stream.table_arn import is_of_table

MAX_READS = 3  # of each shard: answers that have records
MAX_EMPTY = 100  # answers without records, which a sparse shard gives though more follows
AT_ONCE = 1_000  # records of one read, where it is not known how many are in question

# What Kinesis and DynamoDB Streams say of a number that has left the stream.
_LEFT_THE_STREAM = {"InvalidArgumentException", "TrimmedDataAccessException"}


@dataclass(slots=True)
class ReadCount:
    """How much was read."""

    records: int = 0  # as the stream has them
    reads: int = 0  # answers that had some


@dataclass(slots=True)
class StuckReader:
    """Reads a stream as a mapping does: aggregates opened, what no filter matches left out.

    Args:
        connection: to what.
        stream_arn: of the stream, or of a table's.
        settings: of the mapping.
    """

    connection: Connection
    stream_arn: str
    settings: EventSourceMapping
    count: ReadCount = field(default_factory=ReadCount)

    def shards(self) -> list[ListedShard]:
        """All shards of the stream.

        Raises:
            EndpointError: they cannot be listed.
        """
        with self._explained():
            return self._stream(None).listed()

    def handled(self, shard: ListedShard, checkpoint: str | None) -> list[Record]:
        """Return the checkpoint's records, which were handled; none that have left the stream."""
        if checkpoint is None:
            return []
        try:
            start = Position(StartKind.AT_SEQUENCE_NUMBER, checkpoint)
            page = next(self._pages(shard, start, 1, MAX_READS), [])
        except EndpointError as error:
            if error.code in _LEFT_THE_STREAM:
                return []
            raise
        return self._delivered(page, shard)

    def up_to(
        self, shard: ListedShard, first: str, last: str, reads: int = MAX_READS
    ) -> tuple[list[Record], list[Record]]:
        """The records from one to another, and those that were read behind them.

        Raises:
            EndpointError: they cannot be read.
        """
        start = Position(StartKind.AT_SEQUENCE_NUMBER, first)
        read = self._until(shard, start, None, reads, lambda r: int(r.sequence_number) > int(last))
        meant = [each for each in read if int(each.sequence_number) <= int(last)]
        return meant, read[len(meant) :]

    def between(self, shard: ListedShard, earliest: float, latest: float) -> list[Record]:
        """Records that arrived between two moments (epoch seconds), as far as three reads reach.

        Raises:
            EndpointError: they cannot be read.
        """
        lanes = self.settings.parallelization_factor
        limit = min(max(self.settings.batch_size * lanes, AT_ONCE), 10_000)
        start = Position(StartKind.AT_TIMESTAMP, seconds=earliest)
        read = self._until(shard, start, limit, MAX_READS, lambda r: r.arrival > latest)
        return [each for each in read if each.arrival <= latest]

    def _until(
        self,
        shard: ListedShard,
        start: Position,
        limit: int | None,
        reads: int,
        is_behind: Callable[[Record], bool],
    ) -> list[Record]:
        found: list[Record] = []
        for page in self._pages(shard, start, limit, reads):
            found += page
            if is_behind(page[-1]):
                break
        return self._delivered(found, shard)

    def _pages(
        self, shard: ListedShard, start: Position, limit: int | None, reads: int
    ) -> Iterator[list[Record]]:
        reading, empty = Reading(shard, start), 0
        with self._explained():
            stream = self._stream(limit)
            while reads and empty < MAX_EMPTY:
                page: ShardPage = stream.page(reading)
                reading.advance(page)
                if records := page.lambda_records(shard.shard_id, stream.arn):
                    self.count.records += len(records)
                    self.count.reads += 1
                    reads -= 1
                    yield records
                elif page.is_sure and not page.millis_behind_latest:
                    return
                else:
                    empty += 1
                if page.at_end:
                    return
                if not self.connection.target.is_local:
                    time.sleep(BETWEEN_CALLS)

    def _delivered(self, records: list[Record], shard: ListedShard) -> list[Record]:
        settings, source = self.settings, self.settings.event_source_arn
        if settings.kind is KINESIS and source is not None:
            records = [from_source(each, source) for each in records]
        keys = shard.shard
        delivered = opened(records, (keys.starting_hash_key, keys.ending_hash_key))
        if not settings.filter_patterns:
            return list(delivered)
        filters = compile_filters(settings.filter_patterns, settings.kind)
        return [each for each in delivered if filters.matches(each)]

    def _stream(self, limit: int | None) -> KinesisStream | TableStream:
        if is_of_table(self.stream_arn):
            return TableStream(self.connection, self.stream_arn, limit)
        return KinesisStream(self.connection, self.stream_arn, limit)

    def _explained(self) -> AbstractContextManager[None]:
        if is_of_table(self.stream_arn):
            return self.connection.explained("dynamodbstreams")
        return self.connection.explained(stream=self.stream_arn)
