"""What every operation works on: the streams, the store, the clock, and what is switched on."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from kinesis_cli.local.clock import Clock
from kinesis_cli.local.kinesis import errors
from kinesis_cli.local.kinesis.faults import Faults
from kinesis_cli.local.kinesis.limits import Limits
from kinesis_cli.local.kinesis.model import Caller, Request, Shard, Stream
from kinesis_cli.local.kinesis.storage import resharding as reshard
from kinesis_cli.local.kinesis.storage.store import Store
from kinesis_cli.local.kinesis.tokens import Tokens
from kinesis_cli.local.kinesis.waking import Pulse
from kinesis_cli.local.metrics import Metrics, Series

# UNSURE(delays): AWS names no times ("a few seconds" to "minutes"); or are they longer?
CREATE_SECONDS = 10.0
UPDATE_SECONDS = 10.0
DELETE_SECONDS = 10.0
CONSUMER_SECONDS = 5.0


@dataclass(slots=True)
class Context:
    """The state of the data plane and its switches."""

    store: Store
    clock: Clock
    limits: Limits | None  # None: throughput and rates are not limited
    delays: bool  # whether streams take their time to change, as on AWS
    shard_limit: int | None  # open shards of provisioned streams in a region; None: as AWS's
    faults: Faults
    pulse: Pulse
    tokens: Tokens
    metrics: Metrics
    _streams: dict[tuple[str, str, str], Stream] = field(default_factory=dict)
    _by_row: dict[int, Stream] = field(default_factory=dict)

    # Changing things

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Changes to the store and to the objects in memory, all or nothing.

        Inside, check first and change then: a `ServiceError` must come before the first change.
        Within another one it is a part of that: a put may be the first to find a change due.

        Raises:
            ServiceError: InternalFailure, the disk is full or broken; nothing was changed.
        """
        if self.store.in_transaction:
            yield
            return
        try:
            with self.store.transaction():
                yield
        except errors.ServiceError:
            raise
        except sqlite3.Error as error:
            self.load()
            raise errors.internal_failure() from error
        except BaseException:
            self.load()
            raise

    def load(self) -> None:
        """Take the streams from the store."""
        streams = self.store.streams()
        self._streams = {(s.account, s.region, s.name): s for s in streams}
        self._by_row = {stream.row: stream for stream in streams}

    def add(self, stream: Stream) -> None:
        """Take in a new stream."""
        self.store.add_stream(stream)
        self._streams[stream.account, stream.region, stream.name] = stream
        self._by_row[stream.row] = stream

    def remove(self, stream: Stream) -> None:
        """Forget a stream and its records."""
        self.store.delete_stream(stream)
        del self._streams[stream.account, stream.region, stream.name]
        del self._by_row[stream.row]

    def measure(
        self, stream: Stream, name: str, value: float, unit: str = "Count", times: int = 1
    ) -> None:
        """Something of a stream was measured so many times, under CloudWatch's name."""
        series = Series(
            *(stream.account, stream.region),
            *("AWS/Kinesis", "StreamName", stream.name, name, unit),
        )
        self.metrics.add(series, value, times)

    # Finding things

    def streams(self, caller: Caller | None = None) -> list[Stream]:
        """All streams, or the caller's, in order of their names."""
        keys = sorted(self._streams)
        if caller:
            keys = [key for key in keys if key[:2] == (caller.account, caller.region)]
        found = (self._settled(self._streams[key]) for key in keys)
        return [stream for stream in found if stream]

    def find(self, name: str, caller: Caller) -> Stream | None:
        """The caller's stream of this name."""
        stream = self._streams.get((caller.account, caller.region, name))
        return self._settled(stream) if stream else None

    def by_row(self, row: int) -> Stream | None:
        """The stream that a token means, if it is still there."""
        stream = self._by_row.get(row)
        return self._settled(stream) if stream else None

    def stream(self, request: Request, caller: Caller) -> Stream:
        """The stream that a request names by StreamName, StreamARN or both.

        Raises:
            ServiceError: neither is given, they contradict each other, or it is not there.
        """
        name, arn = request.get("StreamName"), request.get("StreamARN")
        if arn is None:
            if name is None:
                raise errors.invalid_argument(
                    "Stream arn and stream name can't be empty at the same time"
                )
            return self._named(name, caller)
        meant, owner = self.owner(arn, caller)
        if name is not None and name != meant:
            raise errors.invalid_argument(
                f"Input stream name {name} doesn't match the inferred name in stream arn {meant}"
            )
        return self._named(meant, owner)

    def owner(self, arn: str, caller: Caller) -> tuple[str, Caller]:
        """The stream's name in an ARN, and whose it is.

        Raises:
            ServiceError: it is in another region, or it is another account's and no policy of the
                stream allows the use.
        """
        _, _, _, region, account, resource = arn.split(":", 5)
        name = resource.split("/")[1]
        if region != caller.region:
            raise errors.invalid_argument(
                f"The region specified in the ARN '{arn}' does not match the endpoint region"
            )
        owner = Caller(account, region)
        if account != caller.account:
            stream = self.find(name, owner)
            # UNSURE(cross-account): policies are kept but not evaluated, having one is enough;
            # AWS evaluates it.
            if stream is None or stream.settings.policy is None:
                raise errors.ServiceError(
                    "AccessDeniedException",
                    f"User: arn:aws:iam::{caller.account}:root is not authorized to use {arn}"
                    " because no resource-based policy allows it",
                )
        return name, owner

    def _named(self, name: str, caller: Caller) -> Stream:
        stream = self.find(name, caller)
        if stream is None:
            raise errors.stream_not_found(name, caller.account)
        return stream

    def running(self, request: Request, caller: Caller) -> Stream:
        """The stream to write to or read from: as long as it has no shards, it is not found."""
        stream = self.stream(request, caller)
        if not stream.shards:
            raise errors.stream_not_found(stream.name, stream.account)
        return stream

    def active(self, request: Request, caller: Caller) -> Stream:
        """The stream to change: one thing at a time."""
        stream = self.stream(request, caller)
        self.must_be_active(stream)
        return stream

    def must_be_active(self, stream: Stream) -> None:
        """Raises: ServiceError, ResourceInUseException: the stream is being changed."""
        if stream.settings.status != "ACTIVE":
            raise errors.not_active(stream.name, stream.account, stream.settings.status)

    # What time does

    def update(self, stream: Stream, change: reshard.Reshard | None = None) -> None:
        """Make a change now or, with delays, when the stream's time of updating is over."""
        settings = stream.settings
        if self.delays:
            settings.status = "UPDATING"
            settings.status_until = self.clock.now() + UPDATE_SECONDS
            settings.reshard = change
        elif change:
            reshard.apply(self.store, stream, change, self.clock.now())
        self.store.save(stream)

    def _settled(self, stream: Stream) -> Stream | None:
        """The stream as it is by now; nothing if it has been deleted by now."""
        settings = stream.settings
        if settings.status_until is None or self.clock.now() < settings.status_until:
            return stream
        with self.transaction():
            if settings.status == "DELETING":
                self.remove(stream)
                return None
            if settings.reshard:
                reshard.apply(self.store, stream, settings.reshard, settings.status_until)
            settings.status, settings.status_until, settings.reshard = "ACTIVE", None, None
            self.store.save(stream)
        return stream

    def retention_ms(self, stream: Stream) -> int:
        """Records that arrived before this time have left the stream. Epoch milliseconds."""
        return int((self.clock.now() - stream.settings.retention_hours * 3600) * 1000)

    def horizon(self, stream: Stream, shard: Shard) -> int:
        """The counter of the shard's oldest record; its next one if there is none."""
        cutoff = self.retention_ms(stream)
        if shard.oldest < cutoff and shard.horizon < shard.next:
            shard.horizon = self.since(shard, cutoff)
            span = self.store.span(shard, shard.horizon)
            shard.oldest = span[2] if span else 0
        return shard.horizon

    def since(self, shard: Shard, arrival: int) -> int:
        """The counter of the first record that arrived at `arrival`, epoch milliseconds, or later.

        The time of a shard never falls, so that halving finds it.
        """
        low, high = shard.horizon, shard.next
        while low < high:
            middle = (low + high) // 2
            span = self.store.span(shard, middle)
            if span is None:
                low = middle + 1
            elif span[2] >= arrival:
                high = max(span[0], low)
            else:
                low = span[0] + span[1]
        return low
