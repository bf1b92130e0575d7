"""One lane of a shard's delivery: it works on one batch at a time.

Two rules hold here. All that changes the state of a lane is in this file, but for what waits
(`gathering`) and what is in hand (`hand`). And a lane knows neither clock nor function: it is told
what happened and when (`handle`), and answers with effects.

    gather ──▶ call ──▶ handled ───────────────────────────────▶ next batch
      ▲         ▲  └──▶ reported, with progress ─▶ the rest, a new batch
      │         │  └──▶ failed ─▶ bisect ─▶ left half, then right half, new batches
      │         └─────────────────▶ retry after a pause
      └───────────────────────────▶ give up: on-failure document

The retry budget belongs to the batch, not to the record: a rest or a half starts afresh.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import assert_never

import msgspec

from kinesis_cli.event_source_mapping.ages import AgeLimits
from kinesis_cli.event_source_mapping.events import (
    Batch,
    Discarded,
    Effect,
    Event,
    Expired,
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
    LaneQueue,
    Queue,
    compact_size,
)
from kinesis_cli.event_source_mapping.hand import Hand
from kinesis_cli.event_source_mapping.invocation import InvocationResult
from kinesis_cli.event_source_mapping.response import (
    Handled,
    Malformed,
    Reported,
    verdict,
    warning_about,
)
from kinesis_cli.event_source_mapping.retries import or_infinity, pause_after, retry_in_words
from kinesis_cli.event_source_mapping.settings import EventSourceMapping
from kinesis_cli.event_source_mapping.shard import Shard
from kinesis_cli.event_source_mapping.windows import TumblingWindow
from kinesis_cli.stream.on_failure_document import Condition, Discard, stream_arn_of
from kinesis_cli.stream.record import Record

TOO_LARGE = "its event is larger than 6 MB: Lambda never calls the function with it"
_EVENT_ROOM_BYTES = PAYLOAD_LIMIT_BYTES - len(b'{"Records":[]}')


class Lane:
    """Serial delivery: one batch at a time, in stream order."""

    def __init__(
        self,
        shard: Shard,
        settings: EventSourceMapping,
        new_request_id: Callable[[], str],
        queue: Queue,
    ) -> None:
        self._settings, self._queue = settings, queue
        self._ages = AgeLimits(shard, settings)
        self._retry_limit = or_infinity(settings.retry_limit)
        self._hand = Hand(new_request_id)
        self._is_calling = False
        self._wake_at: float | None = None
        self._unsure: list[str] = []  # points that what is being decided depends on
        length = settings.tumbling_window_in_seconds
        self._window = TumblingWindow(length, shard.shard_id) if length else None

    @property
    def in_hand(self) -> int:
        """Records that the lane has taken and that have not ended."""
        return self._hand.count

    @property
    def is_idle(self) -> bool:
        """Whether neither a batch nor an open window is in hand."""
        window_open = self._window is not None and self._window.close_when_idle_at is not None
        return self._hand.is_empty and not window_open

    @property
    def blocking_record(self) -> str | None:
        """Sequence number of the first record whose failure keeps the lane from new records.

        Empty where the final call of a window does; None where the lane is free.
        """
        return self._hand.blocking_record

    def handle(self, event: Event, now: float) -> list[Effect]:
        """What to do after `event`, which happened at `now` (epoch seconds)."""
        hand, effects = self._hand, self._after(event, now)
        while hand.batch is None and (batch := self._next_batch(now)) is not None:
            hand.batch = batch
            effects += self._attempt(batch, now)  # leaves no batch where all of it expired
        if hand.batch is None:
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
                effects = self._throttled(self._called(), now)
            case InvocationEnded():
                effects = self._ended(self._called(), event, now)
            case _:
                assert_never(event)
        return self._take_doubts() + effects

    def _called(self) -> Batch:
        """The batch whose call has just ended."""
        batch = self._hand.batch
        assert batch is not None
        self._is_calling = False
        return batch

    def _take_doubts(self) -> list[Effect]:
        return [Unsure(self._taken_unsure())] if self._unsure else []

    def _taken_unsure(self) -> tuple[str, ...]:
        points = tuple(dict.fromkeys(self._unsure))
        self._unsure.clear()
        return points

    # Gathering

    def _next_batch(self, now: float) -> Batch | None:
        if (pending := self._hand.next_pending()) is not None:
            return pending
        queue, window, most, room = self._queue, self._window, None, _EVENT_ROOM_BYTES
        if window is not None:
            assert isinstance(queue, LaneQueue)
            if window.final_call_is_due(queue.records, now):
                self._unsure += ["window-close"] * window.is_idle(queue.records)
                return self._hand.final_call()
            if most := window.admit(queue.records):
                room -= len(self._window_members(final=False))
        if records := queue.take(now, room, most):
            self._unsure += queue.unsure
            if window is not None:
                self._unsure += window.unsure
            return self._hand.new(records)
        return None

    # Calling

    def _attempt(self, batch: Batch, now: float) -> list[Effect]:
        dropped = self._drop_old(batch, now)
        left = self._hand.batch
        if left is None:
            return dropped
        if left.is_too_large and self._window is None:  # a window's state may get smaller
            return dropped + self._not_called(left, now)
        payload = self._payload(left)
        if len(payload) > PAYLOAD_LIMIT_BYTES and compact_size(payload) > PAYLOAD_LIMIT_BYTES:
            left.is_too_large = True
            return dropped + self._not_called(left, now)
        self._is_calling = True
        return [*dropped, Invoke(left, payload, left.attempts + 1, self._taken_unsure())]

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

    def _drop_old(self, batch: Batch, now: float) -> list[Effect]:
        """Take out of the batch what left the stream or is older than MaximumRecordAge allows.

        UNSURE(retention-in-buffer): what left the stream while it waited here keeps its place
        until its batch's turn comes; or it is gone before the batch is gathered.
        """
        ages = self._ages
        if ages.spare_the_shard(now):
            return []
        if batch.is_final:
            return self._drop_old_final_call(batch, now)
        if ages.spare(batch.records, now):
            return []
        if batch.is_duplicate:  # its records have ended, only once
            self._hand.put_down()
            return []
        kept: list[Record] = []
        dropped: list[Effect] = []
        for fate, records in ages.runs(batch.records, now):
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
            self._hand.keep(kept)
        return dropped

    def _drop_old_final_call(self, batch: Batch, now: float) -> list[Effect]:
        """A final call is as old as the last record of its window.

        UNSURE(window-final-age): the age limit counts for its retries only. The wait for late
        records may be longer than the limit, and would leave a window without any final call.
        """
        assert self._window is not None
        fate = self._ages.fate(self._window.last_arrival, now)
        self._unsure += ["window-final-age"] * (fate == "too old")
        if fate == "too old" and not (batch.attempts or batch.throttles):
            return []
        dropped: list[Effect] = [self._aged(batch, ())] if fate == "too old" else []
        if fate != "kept":
            self._window.close()
            self._hand.put_down()
        return dropped

    def _aged(self, batch: Batch, records: Sequence[Record]) -> Discarded:
        # UNSURE(age-count): 1 is recorded for records that were never called, 8 for a case that
        # fits eight calls.
        waits = self._settings.maximum_batching_window_in_seconds
        self._unsure += ["age-count"] if batch.attempts else ["age-in-window"] * bool(waits)
        count = max(1, batch.attempts)
        return self._discard(batch, records, "RecordAgeExceeded", count, function_error=None)

    # After a call

    def _throttled(self, batch: Batch, now: float) -> list[Effect]:
        """Refused before the function ran: not counted, the same batch again after a pause."""
        batch.throttles += 1
        self._unsure.append("back-off")
        pause = pause_after(batch.throttles)
        judged = Judged("throttled", f"throttled; again in {pause:g} s, not counted")
        return [judged, *self._ask_to_wake(now + pause)]

    def _ended(self, batch: Batch, event: InvocationEnded, now: float) -> list[Effect]:
        batch.deliveries += 1
        if batch.is_duplicate:
            # Its records have ended: whatever this call answers changes nothing.
            self._hand.put_down()
            return [Judged("success", "delivered again, as at-least-once delivery may")]
        result = event.result
        match verdict(result, batch.records, self._settings):
            case Handled(remark=remark):
                effects = self._handled(batch, result, remark, now)
                is_again = event.deliver_again and not batch.is_final
                return [*effects, self._deliver_again(batch)] if is_again else effects
            case Reported() as report:
                return self._reported(batch, result, report, now)
            case Malformed(why=why):
                is_error = result.error is not None
                plan, effects = self._failed(batch, now, function_error=is_error)
                warning = warning_about(result.response, self._settings)
                return [Judged("failed", f"{why}; {plan}", warning=warning), *effects]
            case _ as never:
                assert_never(never)

    def _handled(
        self, batch: Batch, result: InvocationResult, remark: str, now: float
    ) -> list[Effect]:
        self._hand.put_down()
        self._queue.count_windows_from(now)
        if batch.is_final:
            assert self._window is not None
            self._window.close()
            return [Judged("success", "the window is closed")]
        if self._window is not None:
            self._window.keep_state(result.response)
        warning = warning_about(result.response, self._settings)
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
        again = self._hand.repeat(batch)
        self._is_calling = True
        return Invoke(again, self._payload(again), attempt=1)

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
        self._hand.go_on_with(records[first:])
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
            self._hand.go_on_with(left, right)
            return f"split into {len(left)} + {len(right)}", []
        return self._retry_or_discard(batch, now, function_error=function_error)

    def _retry_or_discard(
        self, batch: Batch, now: float, *, function_error: bool | None
    ) -> tuple[str, list[Effect]]:
        """Plan the next attempt, or give the batch up. Returns the plan, also in words."""
        batch.attempts += 1
        if batch.attempts <= self._retry_limit:
            pause = pause_after(batch.attempts)
            self._unsure.append("back-off")
            plan = retry_in_words(batch.attempts, self._retry_limit, pause)
            return plan, self._ask_to_wake(now + pause)
        # UNSURE(suffix-discard): the whole batch goes, good records behind the bad one as well.
        self._unsure += ["suffix-discard"] * (len(batch.records) > 1)
        discarded = self._discard(
            batch, batch.records, "RetryAttemptsExhausted", batch.attempts, function_error
        )
        self._hand.put_down()
        self._queue.count_windows_from(now)
        if batch.is_final and self._window is not None:
            self._window.close()
            return "retries exhausted, the final call of the window is given up", [discarded]
        return f"retries exhausted, {_records(len(batch.records))} discarded", [discarded]

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

    # Waiting

    def _wake(self, now: float) -> list[Effect]:
        if self._wake_at is None or now < self._wake_at or self._is_calling:
            return []  # asked for earlier, no longer needed
        self._wake_at = None
        batch = self._hand.batch
        return self._attempt(batch, now) if batch is not None else []

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


def _handled_after(batch: Batch, report: Reported) -> frozenset[str]:
    """The records that go on being delivered although a call has not failed them."""
    rest = {record.sequence_number for record in batch.records[report.first :]}
    return (batch.handled | rest) - frozenset(report.failures)


def _records(count: int) -> str:
    return f"{count} record" if count == 1 else f"{count} records"
