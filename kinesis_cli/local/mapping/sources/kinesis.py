"""A stream of Kinesis on this machine, read by its calls in this process."""

import math
import time
from collections.abc import Mapping
from typing import Any

from kinesis_cli.event_source_mapping.polling import POLL_INTERVAL_SECONDS, PUSH_SECONDS
from kinesis_cli.event_source_mapping.settings import EventSourceMapping
from kinesis_cli.event_source_mapping.shard import Shard
from kinesis_cli.local.kinesis import Caller, DataPlane, ServiceError, resolve_shard_number
from kinesis_cli.local.mapping.sources.source import Page, Source, SourceShard
from kinesis_cli.stream.event import lambda_record
from kinesis_cli.stream.record import Record
from kinesis_cli.stream.sequence import SequenceNumber
from kinesis_cli.stream.shards import shard_id

_EXPIRED = "ExpiredIteratorException"


class KinesisSource(Source):
    """A stream, or a consumer of it.

    A consumer of enhanced fan-out is pushed its records: there is one look after another for them,
    and a GetRecords where there are some, or once a second.

    Args:
        arn, mapping, live_since: see `Source`.
        data_plane, caller: whose stream it is.
    """

    def __init__(
        self,
        arn: str,
        mapping: EventSourceMapping,
        live_since: float,
        data_plane: DataPlane,
        caller: Caller,
    ) -> None:
        super().__init__(arn, stream_of(arn), mapping, live_since, data_plane.clock)
        self.data_plane, self.caller = data_plane, caller
        self.interval = PUSH_SECONDS if "/consumer/" in arn else POLL_INTERVAL_SECONDS
        self.start = _request_of_start(mapping, self._start)

    async def find(self) -> None:
        """See `Source.find`."""
        summary = (await self._ask("DescribeStreamSummary"))["StreamDescriptionSummary"]
        self.retention_seconds = float(summary["RetentionPeriodHours"]) * 3600
        self.created = self.data_plane.created(self.name, self.caller)

    def check(self) -> None:
        """See `Source.check`."""
        if self.data_plane.created(self.name, self.caller) != self.created:
            raise ServiceError("ResourceNotFoundException", "the stream was made anew")

    async def shards(self) -> list[SourceShard]:
        """See `Source.shards`."""
        answer = await self._ask("ListShards")
        listed: list[dict[str, Any]] = answer["Shards"]
        while token := answer.get("NextToken"):
            request = {"NextToken": token}
            answer = await self.data_plane.call("ListShards", request, self.caller)
            listed += answer["Shards"]
        return [
            SourceShard(
                _number(each["ShardId"]),
                frozenset(
                    _number(each[parent])
                    for parent in ("ParentShardId", "AdjacentParentShardId")
                    if each.get(parent)
                ),
            )
            for each in listed
        ]

    def shard_id(self, number: int) -> str:
        """See `Source.shard_id`."""
        return shard_id(number)

    def shard(self, number: int) -> Shard:
        """See `Source.shard`."""
        return Shard(
            shard_id=shard_id(number),
            retention_seconds=self.retention_seconds,
            hash_range=self.data_plane.hash_range(self.name, self.caller, number),
        )

    def position(self, checkpoint: str) -> int:
        """See `Source.position`."""
        return SequenceNumber.decode(checkpoint).counter + 1

    def unread(self, positions: Mapping[int, int], *, counted: bool) -> dict[int, int]:
        """See `Source.unread`."""
        return self.data_plane.unread(
            self.name, self.caller, positions, self._start, counted=counted
        )

    def reader(self, number: int, after: str | None) -> "ShardReader":
        """See `Source.reader`."""
        return ShardReader(self, shard_id(number), after)

    async def _ask(self, operation: str) -> dict[str, Any]:
        return await self.data_plane.call(operation, {"StreamName": self.name}, self.caller)


class ShardReader:
    """Reads a shard from a place on.

    Args:
        source: whose shard it is.
        shard_id: the shard.
        after: sequence number to go on behind; None: where the mapping starts.
    """

    def __init__(self, source: KinesisSource, shard_id: str, after: str | None) -> None:
        self._source, self._shard_id, self._after = source, shard_id, after
        self._data_plane, self._caller = source.data_plane, source.caller
        self._iterator: str | None = None
        self._is_at_end = False
        self._read_at = -math.inf  # seconds of the monotonic clock: the last GetRecords
        self._is_pushed = source.interval < POLL_INTERVAL_SECONDS

    async def read(self, limit: int) -> Page:
        """See `Reader.read`."""
        if self._is_at_end:
            return Page([], is_at_tip=True, is_at_end=True)
        now = time.monotonic()
        has_just_read = self._is_pushed and now - self._read_at < POLL_INTERVAL_SECONDS
        if has_just_read and not await self.backlog():
            return Page([], is_at_tip=True, is_at_end=False)
        self._read_at = now
        try:
            answer = await self._get_records(limit)
        except ServiceError as error:
            if error.code != _EXPIRED:
                raise
            self._iterator = None  # the records before waited for more than five minutes
            answer = await self._get_records(limit)
        self._iterator = answer.get("NextShardIterator")
        self._is_at_end = self._iterator is None
        records = [self._record(each) for each in answer["Records"]]
        if records:
            self._after = records[-1].sequence_number
        return Page(records, answer["MillisBehindLatest"] == 0, self._is_at_end)

    @property
    def position(self) -> int:
        """See `Reader.position`."""
        return self._data_plane.position(self._iterator) if self._iterator else 0

    async def backlog(self) -> int:
        """See `Reader.backlog`."""
        if self._is_at_end:
            return 0
        iterator = self._iterator or await self._new_iterator()
        return self._data_plane.backlog(iterator)

    async def _get_records(self, limit: int) -> dict[str, Any]:
        # An iterator would go on in the new stream; other shards of it would be missed.
        self._source.check()
        if self._iterator is None:
            self._iterator = await self._new_iterator()
        request = {"ShardIterator": self._iterator, "Limit": limit}
        return await self._data_plane.call("GetRecords", request, self._caller)

    async def _new_iterator(self) -> str:
        request: dict[str, object] = {"StreamName": self._source.name, "ShardId": self._shard_id}
        if self._after is not None:
            request |= {
                "ShardIteratorType": "AFTER_SEQUENCE_NUMBER",
                "StartingSequenceNumber": self._after,
            }
        else:
            request |= self._source.start
        answer = await self._data_plane.call("GetShardIterator", request, self._caller)
        return str(answer["ShardIterator"])

    def _record(self, document: dict[str, Any]) -> Record:
        return lambda_record(
            shard_id=self._shard_id,
            sequence_number=str(document["SequenceNumber"]),
            partition_key=str(document.get("PartitionKey", "")),
            arrival=document["ApproximateArrivalTimestamp"],
            data=document["Data"],
            event_source_arn=self._source.arn,
        )


def stream_of(arn: str) -> str:
    """The stream's name in its ARN, or in a consumer's."""
    return arn.rpartition(":stream/")[2].split("/")[0]


def _request_of_start(mapping: EventSourceMapping, start: float) -> dict[str, object]:
    if mapping.starting_position == "TRIM_HORIZON":
        return {"ShardIteratorType": "TRIM_HORIZON"}
    return {"ShardIteratorType": "AT_TIMESTAMP", "Timestamp": start}


def _number(shard: str) -> int:
    number = resolve_shard_number(shard)
    assert number is not None
    return number
