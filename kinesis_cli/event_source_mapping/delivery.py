"""The delivery of one shard: what an event source mapping does next.

Two rules hold in this file. All that changes the state of a delivery is here, but for what waits
(`gathering`). And it knows neither clock nor function: it is told what happened and when
(`handle`), and answers with effects.

One shard has as many lanes as ParallelizationFactor says. A lane works on one batch at a time:

    gather ──▶ call ──▶ handled ───────────────────────────────▶ next batch
      ▲         ▲  └──▶ reported, with progress ─▶ the rest, a new batch
      │         │  └──▶ failed ─▶ bisect ─▶ left half, then right half, new batches
      │         └─────────────────▶ retry after a pause
      └───────────────────────────▶ give up: on-failure document

The retry budget belongs to the batch, not to the record: a rest or a half starts afresh.

Sources: the pages named in `response`, `stream.on_failure_document` and `windows`;
https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html (batching, order, one call at a time)
and LocalStack's and stackd's recordings (`tests/unit/data/esm_cases.json`).
"""

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Literal, assert_never

import msgspec

from kinesis_cli.event_source_mapping.events import (
    Batch,
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
    Unsure,
    Wake,
)
from kinesis_cli.event_source_mapping.gathering import (
    PAYLOAD_LIMIT_BYTES,
    KeyLane,
    KeyQueues,
    LaneQueue,
    LaneReading,
    Queue,
    compact_size,
    lane_of,
)
from kinesis_cli.event_source_mapping.invocation import InvocationResult
from kinesis_cli.event_source_mapping.misread import misread_report
from kinesis_cli.event_source_mapping.response import (
    Handled,
    Malformed,
    Reported,
    judge,
)
from kinesis_cli.event_source_mapping.settings import EventSourceMapping
from kinesis_cli.event_source_mapping.settings_document import UNLIMITED
from kinesis_cli.event_source_mapping.windows import TumblingWindow, has_state
from kinesis_cli.stream.on_failure_document import (
    Condition,
    Discard,
    stream_arn_of,
)
from kinesis_cli.stream.record import Record

if TYPE_CHECKING:
    from kinesis_cli.event_source_mapping.filters.criteria import Filters


# UNSURE(back-off): not documented for streams. Recorded pauses of 0.19 to 0.27 s, then 0.39 s, and
# eight calls within 60 s fit this curve; its cap is a guess.
FIRST_PAUSE_SECONDS, MAX_PAUSE_SECONDS = 0.2, 60.0
# How many records a shard may hold in memory: what one GetRecords can bring.
BUFFER_LIMIT_RECORDS = 10_000
TOO_LARGE = "its event is larger than 6 MB: Lambda never calls the function with it"
_EVENT_ROOM_BYTES = PAYLOAD_LIMIT_BYTES - len(b'{"Records":[]}')


class Shard(msgspec.Struct, frozen=True, kw_only=True):
    """What a delivery needs to know of its shard."""

    shard_id: str
    retention_seconds: float
    # No record of the shard arrived before (epoch seconds): spares looking for old ones in vain.
    first_arrival: float = -math.inf
    hash_range: tuple[int, int] | None = None  # both inclusive; None: not known


class ShardDelivery:
    """Delivery of one shard. Told what happened and when; answers what to do next.

    Args:
        shard: the shard.
        settings: the mapping.
        filters: compiled from the mapping's patterns; None where it has none.
        new_request_id: a new Lambda request id for each new batch.
        opened_at: when the mapping goes live for this shard, epoch seconds.
        reading: how partition keys find their lanes.
    """

    def __init__(
        self,
        shard: Shard,
        settings: EventSourceMapping,
        filters: "Filters | None",
        new_request_id: Callable[[], str],
        opened_at: float,
        reading: LaneReading = "keys",
    ) -> None:
        self._shard, self._filters = shard, filters
        count = settings.parallelization_factor
        self._by_key: KeyQueues | None = None  # shared by all lanes
        self._own: list[LaneQueue] = []  # or one for each lane
        queues: Sequence[Queue]
        if count > 1 and reading == "keys":
            self._by_key = KeyQueues(settings, opened_at)
            queues = [KeyLane(self._by_key) for _ in range(count)]
        else:
            queues = self._own = [LaneQueue(settings, opened_at) for _ in range(count)]
        self.lanes = [Lane(shard, settings, new_request_id, queue) for queue in queues]
        self._buffer_limit = max(BUFFER_LIMIT_RECORDS, settings.batch_size * count)

    @property
    def held(self) -> int:
        """Records that arrived and have not ended."""
        waiting = self._by_key.held if self._by_key else sum(queue.held for queue in self._own)
        return waiting + sum(lane.in_hand for lane in self.lanes)

    @property
    def hash_range(self) -> tuple[int, int] | None:
        """The shard's, both inclusive; None: not known."""
        return self._shard.hash_range

    @property
    def windows_from(self) -> float:
        """Since when batching windows are counted: one that goes on later is opened at it."""
        return (self._by_key or self._own[0]).windows_from

    @property
    def is_idle(self) -> bool:
        """Whether nothing is left to do for the records that arrived."""
        return all(lane.is_idle for lane in self.lanes) and not self.held

    @property
    def wants_records(self) -> bool:
        """Whether a poll has room for what it would bring."""
        own = self._own
        if len(own) == 1:
            return own[0].has_room
        has_room = self._by_key.has_room if self._by_key else any(q.has_room for q in own)
        return has_room and self.held < self._buffer_limit

    def queue(self, records: Sequence[Record], now: float) -> list[Effect]:
        """Put arriving records, in stream order, behind those that wait.

        The lanes look at them when they are told (`RecordsQueued`) or when their call has ended.

        Returns:
            What is decided at once: records expired or filtered.
        """
        records, expired = self._without_expired(records, now)
        records, filtered = self._without_filtered(records)
        if self._by_key is not None:
            self._by_key.put(records, now)
        elif len(self._own) == 1:
            self._own[0].put(records)
        else:
            for record in records:
                self._own[self._lane_of(record)].put((record,))
        return expired + filtered

    def _without_expired(
        self, records: Sequence[Record], now: float
    ) -> tuple[Sequence[Record], list[Effect]]:
        horizon = now - self._shard.retention_seconds
        if self._shard.first_arrival > horizon or _oldest(records) > horizon:
            return records, []
        expired = [record for record in records if record.arrival <= horizon]
        return [record for record in records if record.arrival > horizon], [Expired(expired)]

    def _without_filtered(self, records: Sequence[Record]) -> tuple[Sequence[Record], list[Effect]]:
        if self._filters is None:
            return records, []
        kept: list[Record] = []
        filtered: list[Record] = []
        for record in records:
            (kept if self._filters.matches(record) else filtered).append(record)
        return kept, [Filtered(filtered)] if filtered else []

    def _lane_of(self, record: Record) -> int:
        return lane_of(record.partition_key, len(self._own), self._shard.hash_range)


class Lane:
    """Serial delivery: one batch at a time, in stream order."""

    def __init__(
        self,
        shard: Shard,
        settings: EventSourceMapping,
        new_request_id: Callable[[], str],
        queue: Queue,
    ) -> None:
        self._settings, self._new_request_id = settings, new_request_id
        self._retention, self._first_arrival = shard.retention_seconds, shard.first_arrival
        self._age_limit = _or_infinity(settings.maximum_record_age_in_seconds)
        self._retry_limit = _or_infinity(settings.retry_limit)
        self._queue = queue
        self._pending: list[Batch] = []  # halves and rests, the next one last
        self._batch: Batch | None = None  # being called, or pausing before the next attempt
        self._is_calling = False
        self._wake_at: float | None = None
        self._unsure: list[str] = []  # points that what is being decided depends on
        length = settings.tumbling_window_in_seconds
        self._window = TumblingWindow(length, shard.shard_id) if length else None

    @property
    def in_hand(self) -> int:
        """Records that the lane has taken and that have not ended."""
        in_batches = sum([len(batch.records) for batch in self._pending])
        batch = self._batch
        if batch is None or batch.is_duplicate:
            return in_batches
        return in_batches + len(batch.records)

    @property
    def is_idle(self) -> bool:
        """Whether neither a batch nor an open window is in hand."""
        window_open = self._window is not None and self._window.close_when_idle_at is not None
        return not (self._pending or self._batch or window_open)

    @property
    def blocking_record(self) -> str | None:
        """Sequence number of the first record whose failure keeps the lane from new records.

        Empty where the final call of a window does; None where the lane is free.
        """
        batch = self._batch
        if batch is not None and not self._pending and not (batch.attempts or batch.throttles):
            return None
        if batch is None and not self._pending:
            return None
        first = batch if batch is not None else self._pending[-1]
        return first.records[0].sequence_number if first.records else ""

    def handle(self, event: Event, now: float) -> list[Effect]:
        """What to do after `event`, which happened at `now` (epoch seconds)."""
        effects = self._after(event, now)
        while self._batch is None and (batch := self._next_batch(now)) is not None:
            self._batch = batch
            effects += self._attempt(now)  # leaves no batch where all of it expired
        if self._batch is None:
            effects += self._wait()
        return effects + self._take_doubts()

    def _after(self, event: Event, now: float) -> list[Effect]:
        """What to do with the batch in hand."""
        match event:
            case RecordsQueued():
                return []
            case TimeReached():
                return self._wake(now)
            case Throttled():
                effects = self._throttled(now)
            case InvocationEnded():
                effects = self._ended(event, now)
            case _:
                assert_never(event)
        return self._take_doubts() + effects

    def _take_doubts(self) -> list[Effect]:
        return [Unsure(self._taken_unsure())] if self._unsure else []

    def _taken_unsure(self) -> tuple[str, ...]:
        points = tuple(dict.fromkeys(self._unsure))
        self._unsure.clear()
        return points

    # Gathering

    def _next_batch(self, now: float) -> Batch | None:
        if self._pending:
            return self._pending.pop()
        queue, window, most, room = self._queue, self._window, None, _EVENT_ROOM_BYTES
        if window is not None:
            assert isinstance(queue, LaneQueue)
            if window.final_call_is_due(queue.records, now):
                self._unsure += ["window-close"] * window.is_idle(queue.records)
                return Batch((), self._new_request_id(), is_final=True)
            if most := window.admit(queue.records):
                room -= len(self._window_members(final=False))
        if records := queue.take(now, room, most):
            self._unsure += queue.unsure
            if window is not None:
                self._unsure += window.unsure
            return self._new_batch(records)
        return None

    def _new_batch(self, records: Sequence[Record], parent: Batch | None = None) -> Batch:
        batch = Batch(records, self._new_request_id())
        if parent is not None:
            batch.deliveries, batch.handled = parent.deliveries, parent.handled
        return batch

    # Calling

    def _attempt(self, now: float) -> list[Effect]:
        dropped = self._drop_old(now)
        batch = self._batch
        if batch is None:
            return dropped
        if batch.is_too_large and self._window is None:  # a window's state may get smaller
            return dropped + self._not_called(batch, now)
        payload = self._payload(batch)
        if len(payload) > PAYLOAD_LIMIT_BYTES and compact_size(payload) > PAYLOAD_LIMIT_BYTES:
            batch.is_too_large = True
            return dropped + self._not_called(batch, now)
        self._is_calling = True
        return [*dropped, Invoke(batch, payload, batch.attempts + 1, self._taken_unsure())]

    def _not_called(self, batch: Batch, now: float) -> list[Effect]:
        """Too large an event is never handed to the function, yet uses up the retries."""
        self._unsure.append("payload-limit")
        attempt = batch.attempts + 1
        plan, effects = self._retry_or_discard(batch, now, function_error=None)
        points = tuple(dict.fromkeys(self._unsure))
        return [NotCalled(batch.records, attempt, f"{TOO_LARGE}; {plan}", points), *effects]

    def _payload(self, batch: Batch) -> bytes:
        event = self._settings.kind.event(batch.records)
        members = self._window_members(final=batch.is_final)
        return event[:-1] + members + b"}" if members else event

    def _window_members(self, *, final: bool) -> bytes:
        if self._window is None:
            return b""
        return b"," + msgspec.json.encode(self._window.members(final=final))[1:-1]

    def _drop_old(self, now: float) -> list[Effect]:
        """Take out of the batch what left the stream or is older than MaximumRecordAge allows.

        UNSURE(retention-in-buffer): what left the stream while it waited here keeps its place
        until its batch's turn comes; or it is gone before the batch is gathered.
        """
        batch = self._batch
        assert batch is not None
        horizon = now - min(self._age_limit, self._retention)
        if self._first_arrival > horizon:
            return []
        if batch.is_final:
            return self._drop_old_final_call(now)
        if _oldest(batch.records) > horizon:
            return []
        if batch.is_duplicate:  # its records have ended, only once
            self._batch = None
            return []
        kept: list[Record] = []
        dropped: list[Effect] = []
        for fate, run in groupby(batch.records, key=lambda record: self._fate(record.arrival, now)):
            records = list(run)
            match fate:
                case "kept":
                    kept += records
                case "expired":
                    dropped.append(Expired(records, batch.deliveries, ("retention-in-buffer",)))
                case "too old":
                    # UNSURE(age-documents): one document for each contiguous run.
                    self._unsure += ["age-documents"] * (len(records) > 1)
                    dropped.append(self._aged(batch, records))
        if len(kept) < len(batch.records):
            # UNSURE(age-counter): what is left is a new batch with a fresh budget.
            self._unsure += ["age-counter"] * bool(kept and batch.attempts)
            self._batch = self._new_batch(kept, batch) if kept else None
        return dropped

    def _drop_old_final_call(self, now: float) -> list[Effect]:
        """A final call is as old as the last record of its window.

        UNSURE(window-final-age): the age limit counts for its retries only. The wait for late
        records may be longer than the limit, and would leave a window without any final call.
        """
        batch = self._batch
        assert batch is not None
        assert self._window is not None
        fate = self._fate(self._window.last_arrival, now)
        self._unsure += ["window-final-age"] * (fate == "too old")
        if fate == "too old" and not (batch.attempts or batch.throttles):
            return []
        dropped: list[Effect] = [self._aged(batch, ())] if fate == "too old" else []
        if fate != "kept":
            self._window.close()
            self._batch = None
        return dropped

    def _fate(self, arrival: float, now: float) -> Literal["kept", "expired", "too old"]:
        age = now - arrival
        if age >= self._retention:
            return "expired"
        return "too old" if age > self._age_limit else "kept"

    def _aged(self, batch: Batch, records: Sequence[Record]) -> Discarded:
        # UNSURE(age-count): 1 is recorded for records that were never called, 8 for a case that
        # fits eight calls.
        waits = self._settings.maximum_batching_window_in_seconds
        self._unsure += ["age-count"] if batch.attempts else ["age-in-window"] * bool(waits)
        count = max(1, batch.attempts)
        return self._discard(batch, records, "RecordAgeExceeded", count, function_error=None)

    # After a call

    def _throttled(self, now: float) -> list[Effect]:
        """Refused before the function ran: not counted, the same batch again after a pause."""
        batch = self._batch
        assert batch is not None
        self._is_calling = False
        batch.throttles += 1
        self._unsure.append("back-off")
        pause = _pause(batch.throttles)
        judged = Judged("throttled", f"throttled; again in {pause:g} s, not counted")
        return [judged, *self._ask_to_wake(now + pause)]

    def _ended(self, event: InvocationEnded, now: float) -> list[Effect]:
        batch = self._batch
        assert batch is not None
        self._is_calling = False
        batch.deliveries += 1
        if batch.is_duplicate:
            # Its records have ended: whatever this call answers changes nothing.
            self._batch = None
            return [Judged("success", "delivered again, as at-least-once delivery may")]
        result = event.result
        match self._verdict(result):
            case Handled(remark=remark):
                effects = self._handled(batch, result, remark, now)
                is_again = event.deliver_again and not batch.is_final
                return [*effects, self._deliver_again(batch)] if is_again else effects
            case Reported() as report:
                return self._reported(batch, result, report, now)
            case Malformed(why=why):
                is_error = result.error is not None
                plan, effects = self._failed(batch, now, function_error=is_error)
                warning = self._warning(result.response)
                return [Judged("failed", f"{why}; {plan}", warning=warning), *effects]
            case _ as never:
                assert_never(never)

    def _verdict(self, result: InvocationResult) -> Handled | Reported | Malformed:
        assert self._batch is not None
        if (error := result.error) is not None:
            return Malformed(f"{error.error_type}: {_first_line(error.error_message)}")
        if self._window is not None and not has_state(result.response):
            return Malformed("the answer has no state, which a tumbling window needs")
        if not self._settings.report_batch_item_failures:
            return Handled()
        return judge(result.response, self._batch.records, self._settings.kind)

    def _handled(
        self, batch: Batch, result: InvocationResult, remark: str, now: float
    ) -> list[Effect]:
        self._batch = None
        self._queue.count_windows_from(now)
        if batch.is_final:
            assert self._window is not None
            self._window.close()
            return [Judged("success", "the window is closed")]
        if self._window is not None:
            self._window.keep_state(result.response)
        warning = self._warning(result.response)
        is_object = isinstance(result.response, Mapping)
        if warning and is_object and self._settings.report_batch_item_failures:
            self._unsure.append("wrong-top-level-key")
        reason = f"{_records(len(batch.records))} handled"
        for addition in (remark, warning):
            reason += f"; {addition}" if addition else ""
        checkpoint = batch.records[-1].sequence_number
        judged = Judged("success", reason, checkpoint, warning=warning)
        return [judged, Succeeded(batch.records, batch.deliveries)]

    def _deliver_again(self, batch: Batch) -> Invoke:
        """At-least-once delivery: hand over once more what was handled already."""
        numbers = frozenset(record.sequence_number for record in batch.records)
        self._batch = Batch(
            batch.records,
            self._new_request_id(),
            deliveries=batch.deliveries,
            handled=numbers,
            is_duplicate=True,
        )
        self._is_calling = True
        return Invoke(self._batch, self._payload(self._batch), attempt=1)

    def _reported(
        self, batch: Batch, result: InvocationResult, report: Reported, now: float
    ) -> list[Effect]:
        records, first = batch.records, report.first
        checkpoint = records[first].sequence_number
        counted = f"reported {len(set(report.failures))} of {len(records)}"
        batch.handled = _handled_after(batch, report)
        if not first:
            plan, effects = self._failed(batch, now, function_error=False)
            reason = f"{counted}, no progress; {plan}"
            return [Judged("partial", reason, checkpoint, report.failures), *effects]
        if self._window is not None:
            # UNSURE(window-partial): the state of a partly failed call is kept.
            self._unsure.append("window-partial")
            self._window.keep_state(result.response)
        # UNSURE(suffix-top-up): only the rest of the batch, no newer records.
        self._unsure += ["suffix-top-up"] * bool(self._queue.held)
        self._pending.append(self._new_batch(records[first:], batch))
        self._batch = None
        reason = f"{counted}; retry from {checkpoint}"
        judged = Judged("partial", reason, checkpoint, report.failures)
        return [judged, Succeeded(records[:first], batch.deliveries)]

    def _failed(
        self, batch: Batch, now: float, *, function_error: bool
    ) -> tuple[str, list[Effect]]:
        """Split a batch that has failed as a whole, or see `_retry_or_discard`."""
        # UNSURE(bisect-without-retries): MaximumRetryAttempts 0 still splits, since a split does
        # not consume the quota.
        if self._settings.bisect_batch_on_function_error and len(batch.records) > 1:
            middle = len(batch.records) // 2
            left, right = batch.records[:middle], batch.records[middle:]
            # UNSURE(window-bisect): inside a window both halves work on from the state before.
            self._unsure += ["window-bisect"] * (self._window is not None)
            self._unsure += ["bisect-without-retries"] * (not self._retry_limit)
            self._pending += [self._new_batch(right, batch), self._new_batch(left, batch)]
            self._batch = None
            return f"split into {len(left)} + {len(right)}", []
        return self._retry_or_discard(batch, now, function_error=function_error)

    def _retry_or_discard(
        self, batch: Batch, now: float, *, function_error: bool | None
    ) -> tuple[str, list[Effect]]:
        """Plan the next attempt, or give the batch up. Returns the plan, also in words."""
        batch.attempts += 1
        if batch.attempts <= self._retry_limit:
            pause = _pause(batch.attempts)
            self._unsure.append("back-off")
            limit = "" if math.isinf(self._retry_limit) else f" of {self._retry_limit:g}"
            plan = f"retry {batch.attempts}{limit} in {pause:g} s"
            return plan, self._ask_to_wake(now + pause)
        # UNSURE(suffix-discard): the whole batch goes, good records behind the bad one as well.
        self._unsure += ["suffix-discard"] * (len(batch.records) > 1)
        discarded = self._discard(
            batch, batch.records, "RetryAttemptsExhausted", batch.attempts, function_error
        )
        self._batch = None
        self._queue.count_windows_from(now)
        if batch.is_final and self._window is not None:
            self._window.close()
            plan = "retries exhausted, the final call of the window is given up"
        else:
            plan = f"retries exhausted, {_records(len(batch.records))} discarded"
        return plan, [discarded]

    def _discard(
        self,
        batch: Batch,
        records: Sequence[Record],
        condition: Condition,
        count: int,
        function_error: bool | None,
    ) -> Discarded:
        window = self._window
        discard = Discard(
            records,
            condition,
            batch.request_id,
            count,
            window.stream_arn if window is not None else stream_arn_of(records[0]),
            function_error,
            window.info(final=batch.is_final) if window is not None else None,
            self._settings.kind,
        )
        event = self._settings.kind.event(records)
        return Discarded(discard, batch.deliveries, event, tuple(dict.fromkeys(self._unsure)))

    def _warning(self, response: object) -> str | None:
        if not self._settings.report_batch_item_failures:
            ignored = isinstance(response, dict) and response.get("batchItemFailures")
            return (
                "batchItemFailures ignored: the mapping lacks ReportBatchItemFailures"
                if ignored
                else None
            )
        return misread_report(response)

    # Waiting

    def _wake(self, now: float) -> list[Effect]:
        if self._wake_at is None or now < self._wake_at or self._is_calling:
            return []  # asked for earlier, no longer needed
        self._wake_at = None
        return self._attempt(now) if self._batch is not None else []

    def _wait(self) -> list[Effect]:
        """Ask to be woken when the next batch is due, also without new records."""
        if (at := self._queue.look_again_at) is not None:
            return self._ask_to_wake(at)
        if self._window is not None and (at := self._window.close_when_idle_at) is not None:
            return self._ask_to_wake(at)
        return []

    def _ask_to_wake(self, at: float) -> list[Effect]:
        if at == self._wake_at:
            return []
        self._wake_at = at
        return [Wake(at)]


def _or_infinity(limit: int) -> float:
    return math.inf if limit == UNLIMITED else float(limit)


def _pause(failures: int) -> float:
    # 2**30 is far beyond the cap: no need for larger powers
    return min(FIRST_PAUSE_SECONDS * 2.0 ** min(failures - 1, 30), MAX_PAUSE_SECONDS)


def _oldest(records: Sequence[Record]) -> float:
    return min([record.arrival for record in records], default=math.inf)


def _handled_after(batch: Batch, report: Reported) -> frozenset[str]:
    """The records that go on being delivered although a call has not failed them."""
    rest = {record.sequence_number for record in batch.records[report.first :]}
    return (batch.handled | rest) - frozenset(report.failures)


def _first_line(message: str) -> str:
    return message.split("\n", 1)[0][:200]


def _records(count: int) -> str:
    return f"{count} record" if count == 1 else f"{count} records"
