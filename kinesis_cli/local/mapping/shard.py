"""The delivery of one shard on the real clock, by the machine that the simulator drives too.

The machine says what to do; here it is done: records are read, the function is called in a thread,
documents go to the destination, and the checkpoint is kept. One task does it, one thing after the
other, so that nothing here needs a lock.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import count

from kinesis_cli.event_source_mapping.aggregates import left_whole, opened
from kinesis_cli.event_source_mapping.delivery import BUFFER_LIMIT_RECORDS, ShardDelivery
from kinesis_cli.event_source_mapping.events import (
    Discarded,
    Effect,
    Event,
    Expired,
    Filtered,
    InvocationEnded,
    Invoke,
    Judged,
    NotCalled,
    RecordsQueued,
    Succeeded,
    Throttled,
    TimeReached,
    Wake,
)
from kinesis_cli.event_source_mapping.invocation import FunctionError, InvocationResult
from kinesis_cli.event_source_mapping.lane import Lane
from kinesis_cli.event_source_mapping.metrics import failed_events
from kinesis_cli.event_source_mapping.polling import POLL_INTERVAL_SECONDS
from kinesis_cli.local.clock import Clock
from kinesis_cli.local.function.activity import Called, GivenUp, Remark, ShardCounts, Tell
from kinesis_cli.local.kinesis import ServiceError
from kinesis_cli.local.mapping.failing import FailedCall, FailingBatches, from_failure_on
from kinesis_cli.local.mapping.history import ShardHistory
from kinesis_cli.local.mapping.progress import Progress
from kinesis_cli.local.mapping.sources.source import Reader
from kinesis_cli.poison.stuck_batch import StuckBatch
from kinesis_cli.stream.record import Record

LEAST_READ_RECORDS = 500  # at once: a small BatchSize does not read in crumbs

# None: the call was refused before the function ran
CallFunction = Callable[[str, bytes], Awaitable[InvocationResult | None]]
# The document's destination, and why it did not get there
SendDocument = Callable[[Discarded, float], Awaitable[tuple[str | None, str]]]


@dataclass(frozen=True, slots=True)
class ShardTools:
    """What a shard's delivery needs of the world."""

    clock: Clock
    reader: Reader
    interval: float  # seconds between two reads that find nothing
    call: CallFunction
    send_document: SendDocument
    save: Callable[[str | None], None]  # keeps a checkpoint
    tell: Tell
    changed: Callable[[], None]  # told when records came or ended
    looked: Callable[[], None]  # told when a look was answered
    count: Callable[[str, int], None]  # told CloudWatch's name of an EventCount metric, and records
    failed: Callable[[Exception], None]  # told of an unexpected error of a call
    history: ShardHistory


@dataclass(slots=True)
class _Call:
    lane: Lane
    effect: Invoke
    began: float
    numbers: tuple[str, ...]  # of its records, for the history


class ShardRun:
    """Runs until nothing is left to do: all records have ended, or the shard has; or until `stop`.

    Args:
        delivery: the machine.
        progress: the checkpoint that it starts from.
        counts: what it does is counted here.
        tools: what it needs of the world.
        batch_size: the mapping's.
        may_rest: whether it ends when the open shard has nothing to read; it must not where a
            tumbling window's state would be lost.
    """

    def __init__(
        self,
        delivery: ShardDelivery,
        progress: Progress,
        counts: ShardCounts,
        tools: ShardTools,
        batch_size: int,
        *,
        may_rest: bool,
    ) -> None:
        self._delivery, self._progress = delivery, progress
        self._counts, self._tools = counts, tools
        at_once = max(batch_size * len(delivery.lanes), LEAST_READ_RECORDS)
        self._read_at_once = min(at_once, BUFFER_LIMIT_RECORDS)
        self._saved = progress.checkpoint
        self._next_poll = 0.0  # epoch seconds
        self._poll_now = True
        self._is_stopping = False
        self._is_at_end = False
        self._may_rest, self._has_nothing = may_rest, False
        self._calls: set[asyncio.Future[None]] = set()
        self._ended: deque[tuple[_Call, Event, float]] = deque()
        self._failing = FailingBatches()
        self._wakes: list[tuple[float, int, Lane]] = []
        self._order = count()
        self._something = asyncio.Event()
        self._asked = 0  # the newest round of `look`
        self.looked = 0  # the newest round that is answered
        self.found_nothing = False  # the answer: nothing to read, and nothing in hand

    async def run(self) -> None:
        """Deliver.

        Raises:
            ServiceError: the stream is gone.
            sqlite3.Error: the checkpoint cannot be kept.
        """
        try:
            while not self._is_over:
                await self._read()
                await self._go_on()
                if not self._is_over:
                    await self._wait()
        finally:
            for call in self._calls:
                call.cancel()

    def stop(self) -> None:
        """Start nothing more; `run` returns when the calls that are running have ended."""
        self._is_stopping = True
        self._something.set()

    def look(self, round_: int) -> None:
        """Look for records now, not when the second is over; answered in `looked`."""
        self._asked = round_
        if self._delivery.held:
            self._answer(found_nothing=False)
        elif self._is_at_end:
            self._answer(found_nothing=True)
        else:
            self._poll_now = True
            self._something.set()

    def _answer(self, *, found_nothing: bool) -> None:
        self.looked, self.found_nothing = self._asked, found_nothing
        self._tools.looked()

    async def backlog(self) -> int:
        """Records that have not ended."""
        return self._delivery.held + await self._tools.reader.backlog()

    @property
    def has_finished(self) -> bool:
        """Whether the shard is closed and all its records have ended."""
        return self._is_at_end and self._delivery.is_idle

    @property
    def checkpoint(self) -> str | None:
        """Sequence number that all records up to have ended."""
        return self._progress.checkpoint

    def failing(self, mapping: str) -> list[StuckBatch]:
        """The batches that fail and are tried again, of a mapping that is named by its UUID."""
        return self._failing.told(mapping, self._counts.shard_id, self.checkpoint)

    @property
    def position(self) -> int:
        """The counter of the next record to read."""
        return self._tools.reader.position

    @property
    def windows_from(self) -> float:
        """Since when its batching windows are counted, epoch seconds."""
        return self._delivery.windows_from

    @property
    def _is_over(self) -> bool:
        if self._calls or self._ended:
            return False
        return self._is_stopping or self.has_finished or self._rests

    @property
    def _rests(self) -> bool:
        """Whether all that was read has ended, and nothing more was there."""
        return self._may_rest and self._has_nothing and self._delivery.is_idle

    # Reading

    async def _read(self) -> None:
        """Take what is there, as far as there is room."""
        while self._may_read():
            self._poll_now = False
            try:
                page = await self._tools.reader.read(self._read_at_once)
            except ServiceError as error:
                if error.code == "ResourceNotFoundException":
                    raise
                # throttled, or the disk is in trouble: as if nothing had been there
                self._next_poll = self._now() + self._tools.interval
                return
            await self._take(page.records)
            self._is_at_end = page.is_at_end
            self._has_nothing = page.is_at_tip and not page.records
            if page.is_at_tip:
                self._next_poll = self._now() + self._tools.interval
                self._answer(found_nothing=not page.records and not self._delivery.held)
                return
            self._next_poll = 0.0  # more is there: at once, or as soon as there is room
            await asyncio.sleep(0)  # others want to be answered too

    def _may_read(self) -> bool:
        if self._is_stopping or self._is_at_end or not self._delivery.wants_records:
            return False
        return self._poll_now or self._now() >= self._next_poll

    async def _take(self, records: list[Record]) -> None:
        if not records:
            return
        self._tools.changed()
        delivered = opened(records, self._delivery.hash_range)
        if delivered is not records:
            self._tools.history.opened(records, delivered)
        if delivered is not records and (whole := left_whole(delivered)):
            place = f"{self._counts.function} {self._counts.shard_id}"
            why = "broken, or too large to open"
            self._tools.tell(Remark(f"{place}: {whole} KPL aggregates passed on unopened: {why}"))
        self._counts.records += len(delivered)
        self._tools.count("PolledEventCount", len(delivered))
        self._progress.took(delivered)
        for effect in self._delivery.queue(delivered, self._now()):
            await self._keep(effect)

    # Telling the lanes what happened, and doing what they want

    async def _go_on(self) -> None:
        while self._ended:
            call, event, ended = self._ended.popleft()
            await self._step(call.lane, event, call, ended)
            await self._read()
        while self._wakes and self._wakes[0][0] <= self._now():
            _, _, lane = heappop(self._wakes)
            await self._step(lane, TimeReached())
        for lane in self._delivery.lanes:
            await self._step(lane, RecordsQueued())
        self._save()
        if self._counts.held != self._delivery.held:
            self._counts.held = self._delivery.held
            self._tools.changed()

    async def _step(
        self, lane: Lane, event: Event, call: _Call | None = None, ended: float = 0.0
    ) -> None:
        for effect in lane.handle(event, self._now()):
            match effect:
                case Invoke():
                    self._call(lane, effect)
                case Wake(at=at):
                    heappush(self._wakes, (at, next(self._order), lane))
                case Judged():
                    assert call is not None
                    self._judged(call, effect, event, ended)
                case NotCalled():
                    self._not_called(lane, effect)
                case _:
                    await self._keep(effect)
                    if isinstance(effect, Discarded | Expired):
                        self._failing.end(lane)

    async def _keep(self, effect: Effect) -> None:
        """Keep what was decided about records."""
        counts, history = self._counts, self._tools.history
        match effect:
            case Succeeded(records=records):
                counts.succeeded += len(records)
                history.ended("handled", records)
            case Expired(records=records):
                counts.expired += len(records)
                history.ended("expired", records)
            case Filtered(records=records):
                counts.filtered += len(records)
                history.ended("filtered", records)
                self._tools.count("FilteredOutEventCount", len(records))
            case Discarded():
                await self._discarded(effect)
                records = effect.discard.records
                counts.discarded += len(records)
            case _:
                return
        self._progress.end(records)

    def _not_called(self, lane: Lane, effect: NotCalled) -> None:
        counts = self._counts
        self._tools.history.not_called(effect)
        self._failing.add(
            lane, FailedCall(effect.records, effect.attempt, effect.reason), self._now()
        )
        what = f"{len(effect.records):,} record{'' if len(effect.records) == 1 else 's'}"
        attempt = f", attempt {effect.attempt}" if effect.attempt > 1 else ""
        place = f"{counts.function} {counts.shard_id} {what}{attempt}"
        self._tools.tell(Remark(f"{place}: not called, {effect.reason}"))

    async def _discarded(self, effect: Discarded) -> None:
        """First the document, then the checkpoint: a process that ends between sends it twice."""
        discard, counts = effect.discard, self._counts
        destination, problem = await self._tools.send_document(effect, self._now())
        # Source: stackd's captures: what a destination refuses is dropped.
        told = destination is not None and not problem
        name = "OnFailureDestinationDeliveredEventCount" if told else "DroppedEventCount"
        self._tools.count(name, len(discard.records))
        if not discard.records:
            self._progress.window_closed()
        self._tools.history.discarded(effect, destination, problem)
        self._tools.tell(
            GivenUp(
                counts.function,
                counts.stream,
                counts.shard_id,
                len(discard.records),
                discard.condition,
                destination,
                problem,
            )
        )

    def _judged(self, call: _Call, judged: Judged, event: Event, ended: float) -> None:
        counts, records = self._counts, call.effect.batch.records
        if call.effect.batch.is_final and judged.outcome == "success":
            self._progress.window_closed()
        if judged.outcome != "throttled":
            self._tools.count("InvokedEventCount", len(records))
            failed = failed_events(judged.outcome, len(records), judged.failures)
            self._tools.count("FailedInvokeEventCount", failed)
            counts.batches += 1
            counts.failed += judged.outcome != "success"
            counts.partial += judged.outcome == "partial"
        else:
            counts.throttled += 1
        if records:
            counts.iterator_age = max(0.0, ended - records[-1].arrival)
        error = event.result.error if isinstance(event, InvocationEnded) else None
        said = f"{error.error_type}: {error.error_message}" if error else ""
        self._tools.history.called(call.effect, call.numbers, call.began, judged, said)
        if judged.outcome == "success":
            self._failing.end(call.lane)
        elif judged.outcome != "throttled":  # which says nothing about the records
            again = FailedCall(records, call.effect.attempt, judged.reason, said)
            self._failing.add(call.lane, from_failure_on(again, judged.checkpoint), ended)
        self._tools.tell(
            Called(
                counts.function,
                counts.stream,
                counts.shard_id,
                call.effect.attempt,
                len(records),
                judged.outcome,
                judged.reason + (f"; {judged.warning}" if judged.warning else ""),
                said,
                (ended - call.began) * 1000,
                max(0.0, call.began - records[-1].arrival) if records else None,
            )
        )

    def _save(self) -> None:
        checkpoint = self._progress.checkpoint
        if checkpoint != self._saved:
            self._tools.save(checkpoint)
            self._saved = checkpoint

    # Calls

    def _call(self, lane: Lane, effect: Invoke) -> None:
        if self._is_stopping:
            return  # the batch comes again when the mapping goes on
        call = _Call(lane, effect, self._now(), self._tools.history.calling(effect))
        running = asyncio.ensure_future(self._called(call))
        self._calls.add(running)
        running.add_done_callback(self._calls.discard)

    async def _called(self, call: _Call) -> None:
        request_id = call.effect.batch.request_id
        try:
            result = await self._tools.call(request_id, call.effect.payload)
        except Exception as error:  # noqa: BLE001 - a mistake of ours: the shard goes on
            self._tools.failed(error)
            result = InvocationResult(error=_mistake(error, request_id))
        event = Throttled() if result is None else InvocationEnded(result)
        self._ended.append((call, event, self._now()))
        self._something.set()

    # Waiting

    async def _wait(self) -> None:
        """Until a call has ended, a wake is due, or it is time to poll.

        For a second at most: the clock may be moved meanwhile.
        """
        now, until = self._now(), POLL_INTERVAL_SECONDS
        if self._wakes:
            until = min(until, self._wakes[0][0] - now)
        if not (self._is_stopping or self._is_at_end) and self._delivery.wants_records:
            until = min(until, self._next_poll - now)
        if until <= 0:
            await asyncio.sleep(0)  # others want to be answered, whatever comes next
        else:
            try:
                async with asyncio.timeout(until):
                    await self._something.wait()
            except TimeoutError:
                pass
        self._something.clear()

    def _now(self) -> float:
        return self._tools.clock.now()


def _mistake(error: Exception, request_id: str) -> FunctionError:
    """The result of a call that kcli could not make or finish: it counts as failed."""
    text = f"a mistake in kcli ended the call: {type(error).__name__}: {error}"
    return FunctionError("ServiceException", text[:1000], request_id=request_id)
