"""A shard of the local stream, read record after record."""

import math
import time
from dataclasses import dataclass
from typing import Any

from kinesis_cli.event_source_mapping.polling import POLL_INTERVAL_SECONDS, PUSH_SECONDS
from kinesis_cli.event_source_mapping.settings import EventSourceMapping
from kinesis_cli.local.kinesis import Caller, DataPlane, ServiceError
from kinesis_cli.stream.event import lambda_record
from kinesis_cli.stream.record import Record

_EXPIRED = "ExpiredIteratorException"


@dataclass(frozen=True, slots=True)
class Page:
    """What one GetRecords brought."""

    records: list[Record]
    is_at_tip: bool  # no more records are there now
    is_at_end: bool  # nor will there be: the shard is closed


class ShardReader:
    """Reads a shard from a place on, in this process.

    Args:
        data_plane, caller: whose stream it is.
        stream: its name.
        created: when it was made; one that was made anew under its name is another.
        shard_id: the shard.
        source_arn: what the function is told of where records come from.
        after: sequence number to go on behind; None: where the mapping starts.
        mapping: says where it starts.
        live_since: when the mapping was made, epoch seconds: where LATEST starts.
    """

    def __init__(
        self,
        data_plane: DataPlane,
        caller: Caller,
        *,
        stream: str,
        created: float,
        shard_id: str,
        source_arn: str,
        after: str | None,
        mapping: EventSourceMapping,
        live_since: float,
    ) -> None:
        self._data_plane, self._caller = data_plane, caller
        self._stream, self._created = stream, created
        self._shard_id, self._source_arn = shard_id, source_arn
        self._after = after
        self._start = _request_of_start(mapping, live_since)
        self._iterator: str | None = None
        self._is_at_end = False
        self._read_at = -math.inf  # seconds of the monotonic clock: the last GetRecords
        self.interval = interval_of(source_arn)  # seconds between two reads that find nothing
        self._is_pushed = self.interval < POLL_INTERVAL_SECONDS

    async def read(self, limit: int) -> Page:
        """The next records, `limit` at most.

        Raises:
            ServiceError: the stream or shard is gone, or reading is throttled.
        """
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
        """The counter of the next record to read; 0: nothing was read, or not for long."""
        return self._data_plane.position(self._iterator) if self._iterator else 0

    async def backlog(self) -> int:
        """How many records are still to be read."""
        if self._is_at_end:
            return 0
        iterator = self._iterator or await self._new_iterator()
        return self._data_plane.backlog(iterator)

    async def _get_records(self, limit: int) -> dict[str, Any]:
        # An iterator would go on in the new stream; other shards of it would be missed.
        if self._data_plane.created(self._stream, self._caller) != self._created:
            raise ServiceError("ResourceNotFoundException", "the stream was made anew")
        if self._iterator is None:
            self._iterator = await self._new_iterator()
        request = {"ShardIterator": self._iterator, "Limit": limit}
        return await self._data_plane.call("GetRecords", request, self._caller)

    async def _new_iterator(self) -> str:
        request: dict[str, object] = {"StreamName": self._stream, "ShardId": self._shard_id}
        if self._after is not None:
            request |= {
                "ShardIteratorType": "AFTER_SEQUENCE_NUMBER",
                "StartingSequenceNumber": self._after,
            }
        else:
            request |= self._start
        answer = await self._data_plane.call("GetShardIterator", request, self._caller)
        return str(answer["ShardIterator"])

    def _record(self, document: dict[str, Any]) -> Record:
        return lambda_record(
            shard_id=self._shard_id,
            sequence_number=str(document["SequenceNumber"]),
            partition_key=str(document.get("PartitionKey", "")),
            arrival=document["ApproximateArrivalTimestamp"],
            data=document["Data"],
            event_source_arn=self._source_arn,
        )


def interval_of(source_arn: str) -> float:
    """Seconds between two looks at a shard that find nothing.

    A consumer of enhanced fan-out is pushed its records: there is one look after another for
    them, and a GetRecords where there are some, or once a second.
    """
    return PUSH_SECONDS if "/consumer/" in source_arn else POLL_INTERVAL_SECONDS


def start_of(mapping: EventSourceMapping, live_since: float) -> float:
    """Where a shard begins that nothing was read of, epoch seconds. Those that come later too."""
    if mapping.starting_position == "TRIM_HORIZON":
        return 0.0
    timestamp = mapping.starting_position_timestamp
    return live_since if timestamp is None else timestamp


def _request_of_start(mapping: EventSourceMapping, live_since: float) -> dict[str, object]:
    if mapping.starting_position == "TRIM_HORIZON":
        return {"ShardIteratorType": "TRIM_HORIZON"}
    return {"ShardIteratorType": "AT_TIMESTAMP", "Timestamp": start_of(mapping, live_since)}
