"""The door of the data plane."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from random import Random
from typing import Any

import msgspec

from kinesis_cli.errors import InputError
from kinesis_cli.local.clock import Clock, ShiftableClock
from kinesis_cli.local.kinesis.call_measures import CallMeasures
from kinesis_cli.local.kinesis.calls.starting import existing_shard
from kinesis_cli.local.kinesis.calls.streams import create_stream, increase_retention
from kinesis_cli.local.kinesis.calls.subscriptions import Subscriptions
from kinesis_cli.local.kinesis.commit import GroupCommit
from kinesis_cli.local.kinesis.context import Context
from kinesis_cli.local.kinesis.errors import ServiceError, internal_failure
from kinesis_cli.local.kinesis.faults import Faults, read_fault_request
from kinesis_cli.local.kinesis.glance import StreamGlance, glances, newest, one
from kinesis_cli.local.kinesis.limits import Limits
from kinesis_cli.local.kinesis.model import Caller, Request, Response
from kinesis_cli.local.kinesis.operations import OPERATIONS, PUTS
from kinesis_cli.local.kinesis.retention import sweep
from kinesis_cli.local.kinesis.storage.store import Store, Synchronous
from kinesis_cli.local.kinesis.tokens import ShardIterator, Tokens
from kinesis_cli.local.kinesis.unread import count_looks, unread
from kinesis_cli.local.kinesis.waking import Pulse
from kinesis_cli.local.metrics import Metrics

_SWEEP_EVERY_SECONDS = 60.0
_MAX_CLOCK_OFFSET = 10 * 365.25 * 86_400  # seconds, on or back


class DataPlane:
    """Kinesis Data Streams, without HTTP.

    It belongs to one event loop. Parameters are as botocore's shapes decode them: members under
    their wire names, blobs as bytes, timestamps as epoch seconds; answers alike.

    Args:
        state: the directory of the durable store; None keeps everything in memory.
        clock: tells the time.
        limits: whether throughput and call rates are limited as on AWS.
        delays: whether streams and consumers take their time to change.
        shard_limit: open shards of provisioned streams, per account and region; None: AWS's own
            default for the region.
        synchronous: "normal" survives the death of the process, "full" that of the machine too.

    Raises:
        InputError: the store is foreign, damaged, of another version or in use; it is unchanged.
    """

    def __init__(
        self,
        state: Path | None,
        *,
        clock: Clock,
        limits: bool = False,
        delays: bool = False,
        shard_limit: int | None = None,
        synchronous: Synchronous = "normal",
    ) -> None:
        store = Store(state, synchronous)
        self.clock, self.metrics = clock, Metrics()
        operations = {*OPERATIONS, *PUTS, "SubscribeToShard"}
        self.faults = Faults(Random(), operations, lambda: self._context.streams())
        self._context = Context(
            store=store,
            clock=clock,
            limits=Limits() if limits else None,
            delays=delays,
            shard_limit=shard_limit,
            faults=self.faults,
            pulse=Pulse(),
            tokens=Tokens(store.secret),
            metrics=self.metrics,
        )
        self._context.load()
        self._commit = GroupCommit(self._context)
        self._measures = CallMeasures(self._context)
        self._subscriptions = Subscriptions(self._context)
        self._sweeper: asyncio.Task[None] | None = None

    def close(self) -> None:
        """Write everything into the file and let go of it."""
        self._stop_sweeping()
        self._context.store.close()

    async def call(self, operation: str, request: Request, caller: Caller) -> Response:
        """One operation.

        Args:
            operation: AWS's name, "PutRecords".
            request: its parameters, validated by their shapes.
            caller: whose streams it is about.

        Raises:
            ServiceError: what AWS would answer instead.
        """
        if self._sweeper is None:
            self._sweeper = asyncio.get_running_loop().create_task(self._sweep())
        with self._measures.of_call(operation, request, caller):
            return await self._answer(operation, request, caller)

    async def _answer(self, operation: str, request: Request, caller: Caller) -> Response:
        if put := PUTS.get(operation):
            return await self._commit.run(lambda: put(self._context, request, caller))
        answer = OPERATIONS.get(operation)
        if answer is None:
            raise ServiceError("UnknownOperationException", "")
        if self._context.limits:
            stream = request.get("StreamName") or request.get("StreamARN", "").rpartition("/")[2]
            self._context.limits.count_call(operation, stream, caller, self.clock.now())
        try:
            return answer(self._context, request, caller)
        except sqlite3.Error as error:  # the file was damaged while it was open
            raise internal_failure() from error

    def make_stream(
        self, request: Request, caller: Caller, retention_hours: int | None = None
    ) -> None:
        """CreateStream at the server's start: ready at once, whatever delays and rates there are.

        Raises:
            ServiceError: as CreateStream.
        """
        delays, self._context.delays = self._context.delays, False
        try:
            create_stream(self._context, request, caller)
            if retention_hours is not None:
                retention = {
                    "StreamName": request["StreamName"],
                    "RetentionPeriodHours": retention_hours,
                }
                increase_retention(self._context, retention, caller)
        finally:
            self._context.delays = delays

    def subscribe(self, request: Request, caller: Caller) -> AsyncIterator[Response]:
        """SubscribeToShard: the events that follow the answer.

        Raises:
            ServiceError: at once instead of an answer, or from the iterator as the stream's last.
        """
        return self._subscriptions.subscribe(request, caller)

    def summary(self) -> list[dict[str, Any]]:
        """Every stream's name, ARN, open shards, and records within retention."""
        context = self._context
        return [
            {
                "name": stream.name,
                "arn": stream.arn,
                "shards": len(stream.open_shards),
                "records": sum(
                    shard.next - context.horizon(stream, shard) for shard in stream.shards.values()
                ),
            }
            for stream in context.streams()
        ]

    def glances(self) -> list[StreamGlance]:
        """All streams with their shards, and how many records each had and has."""
        return list(glances(self._context))

    def newest(self, arn: str, shard_id: str, most: int) -> list[Response]:
        """The newest records of a shard, as GetRecords has them; the look is not counted."""
        return newest(self._context, arn, shard_id, most)

    def record(self, arn: str, shard_id: str, number: str) -> Response | None:
        """One record as GetRecords has it; None: it is not there (any more)."""
        return one(self._context, arn, shard_id, number)

    def created(self, stream: str, caller: Caller) -> float:
        """When a stream was made, epoch seconds; AWS's calls tell whole seconds only.

        Raises:
            ServiceError: it is not there.
        """
        return self._context.stream({"StreamName": stream}, caller).created

    def backlog(self, iterator: str) -> int:
        """How many records are left to read from an iterator of GetShardIterator on."""
        context = self._context
        token = context.tokens.open(iterator, ShardIterator)
        stream = context.by_row(token.stream) if token else None
        shard = stream.shards.get(token.shard) if token and stream else None
        if not (token and stream and shard):
            return 0
        return shard.next - max(token.position, context.horizon(stream, shard))

    def position(self, iterator: str) -> int:
        """The counter of the next record that an iterator gives."""
        token = self._context.tokens.open(iterator, ShardIterator)
        return token.position if token else 0

    def unread(
        self,
        stream: str,
        caller: Caller,
        positions: Mapping[int, int],
        since: float,
        *,
        counted: bool,
    ) -> dict[int, int]:
        """How many records of the caller's shards are to be read: see `unread.unread`.

        Args:
            stream: its name.
            caller: whose stream it is.
            positions: by the numbers of the shards.
            since: epoch seconds.
            counted: whether CloudWatch and the limits see it.

        Raises:
            ServiceError: the stream is not there.
        """
        found = self._context.stream({"StreamName": stream}, caller)
        to_read = unread(self._context, found, positions, since)
        if counted:
            nothing = [number for number in positions if number not in to_read]
            count_looks(self._context, found, nothing)
        return to_read

    def hash_range(self, stream: str, caller: Caller, shard: int) -> tuple[int, int]:
        """The range of hash keys of a shard, by its number; both ends belong to it.

        Raises:
            ServiceError: the stream or the shard is not there.
        """
        found = existing_shard(self._context.stream({"StreamName": stream}, caller), shard)
        return found.starting_hash_key, found.ending_hash_key

    def switch_faults(self, document: dict[str, Any]) -> dict[str, Any]:
        """What the control path is asked for.

        Args:
            document: a `FaultRequest`.

        Returns:
            All switches as they are now, and by how many seconds the clock is off.

        Raises:
            InputError: an unknown switch, or a value that it cannot have.
        """
        request = read_fault_request(document)
        if request.clear:
            self.faults.clear()
        self.faults.set(request.set)
        if request.expire_iterators:
            self.faults.expire_iterators()
        if not isinstance(request.clock, msgspec.UnsetType):
            self._move_clock(request.clock)
        offset = self.clock.offset if isinstance(self.clock, ShiftableClock) else 0.0
        return {**msgspec.structs.asdict(self.faults.settings), "clock": offset}

    def _move_clock(self, seconds: float | None) -> None:
        if not isinstance(self.clock, ShiftableClock):
            raise InputError("this clock cannot be moved", place="faults")
        if seconds is None:
            self.clock.reset()
        elif abs(self.clock.offset + seconds) <= _MAX_CLOCK_OFFSET:
            self.clock.shift(seconds)
        else:
            # Shards keep the time that they were made at. Sequence numbers end in the year 2477.
            raise InputError(
                "the clock can be at most 10 years off the real time, for the stream's sake",
                place="faults clock",
                advice="`kcli local faults clock reset` brings it back.",
            )
        self._context.pulse.beat()
        self._stop_sweeping()  # the next call starts it anew: records may have expired

    def _stop_sweeping(self) -> None:
        if self._sweeper:
            self._sweeper.cancel()
            self._sweeper = None

    def sweep(self) -> None:
        """Take everything that has expired off the disk now."""
        for _ in sweep(self._context):
            pass

    async def _sweep(self) -> None:
        while True:
            try:
                for _ in sweep(self._context):
                    await asyncio.sleep(0)
            except (ServiceError, sqlite3.Error):
                pass  # the disk is full or broken; the next sweep tries again
            await asyncio.sleep(_SWEEP_EVERY_SECONDS)
