"""The calls of a run: begun when a lane wants one, made, and judged when they have ended."""

from collections.abc import Callable
from functools import partial

import msgspec

from kinesis_cli.event_source_mapping.events import (
    InvocationEnded,
    Invoke,
    Judged,
    Throttled,
)
from kinesis_cli.event_source_mapping.invocation import (
    ENDED_PROCESS,
    TIMED_OUT,
    FunctionError,
    GoesAhead,
    Handler,
    InvocationRequest,
    InvocationResult,
    timed_out,
)
from kinesis_cli.event_source_mapping.lane import Lane
from kinesis_cli.event_source_mapping.metrics import failed_events
from kinesis_cli.event_source_mapping.unsure import named_in, points_of, with_points
from kinesis_cli.simulation.environments import Environments
from kinesis_cli.simulation.faults import Faults
from kinesis_cli.simulation.lane_readings import Lessons
from kinesis_cli.simulation.running.books import Books
from kinesis_cli.simulation.running.plan import Plan
from kinesis_cli.simulation.running.rows import Slot
from kinesis_cli.simulation.running.shard_run import ShardRun
from kinesis_cli.simulation.tally import iterator_age, redelivered
from kinesis_cli.simulation.trace import Invocation, numbers_of

_NO_RESULT = InvocationResult()  # shared: making one takes longer than making a call


class Call(msgspec.Struct):
    """A call in flight, or one that has just ended."""

    run: ShardRun
    lane: Lane
    effect: Invoke
    at: float
    index: int = 0
    slot: Slot | None = None  # None: a throttled call that is not shown
    unsure: list[str] = []  # points that what came of it depends on
    fault: str | None = None
    cold_start: float = 0.0  # seconds
    expected: float | None = None  # seconds besides its own sleeps; None: as long as it took
    result: InvocationResult = _NO_RESULT
    duration: float = 0.0


# A call has ended, or was refused: the call, what its lane is told, and the time.
CallEnded = Callable[[Call, InvocationEnded | Throttled, float], None]


class Calls:
    """Makes the calls of a run.

    Args:
        handler: that is called.
        plan: of the run.
        books: where ends of calls are planned, counted and told.
        ended: called when one has ended.

    Attributes:
        lessons: what they show of the function; None: there is but one lane.
    """

    def __init__(self, handler: Handler, plan: Plan, books: Books, ended: CallEnded) -> None:
        options = plan.options
        self._handler, self._plan, self._options = handler, plan, options
        self._ahead = handler if isinstance(handler, GoesAhead) else None
        self._agenda, self._rows, self._tally = books.agenda, books.rows, books.tally
        self._ended = ended
        self._faults = Faults(options.faults, options.seed)
        self._environments = Environments(options.reserved_concurrency, options.cold_start)
        self.lessons = Lessons() if plan.mapping.parallelization_factor > 1 else None
        self._attempts = 0
        self._calls = 0

    def begin(self, run: ShardRun, lane: Lane, effect: Invoke, now: float) -> None:
        """Call the function with a batch, if it is not throttled."""
        self._attempts += 1
        fault = self._faults.at(self._attempts, run.shard_id)
        cold_start = None if fault == "throttle" else self._environments.begin()
        throttled = cold_start is None
        call = Call(run, lane, effect, now, unsure=self._points_of_batch(run, lane, effect))
        if cold_start == 0.0 and self._options.cold_start:
            call.unsure.append("environment-life")
        if not throttled or self._options.show_throttled:
            call.index, call.slot = self._calls, self._rows.reserve(now)
            self._calls += 1
        if cold_start is None:
            self._tally.throttled(by_reservation=fault is None)
            self._plan_end(call, now, self._agenda.place(), Throttled())
            return
        self._tally.redelivered += redelivered(effect)
        self._tally.metrics.at(now).invoked += len(effect.batch.records)
        call.fault, call.cold_start = fault, cold_start
        call.expected = self._expected_duration(effect)
        self._make(call)

    def _points_of_batch(self, run: ShardRun, lane: Lane, effect: Invoke) -> list[str]:
        """What it depends on that a call is made now, with these records."""
        points, records, plan = [*effect.unsure], effect.batch.records, self._plan
        is_new = effect.attempt == 1 and not effect.batch.is_duplicate
        # When its last record came decides what was there for a batch, unless that is full.
        has_room = 0 < len(records) < plan.mapping.batch_size
        if is_new and has_room and records[-1].arrival > plan.start_at:
            points.append("push-delay" if plan.is_pushed else "poll-phase")
        if len(run.delivery.lanes) > 1:
            others = (other for other in run.delivery.lanes if other is not lane)
            if any(other.blocking_record is not None for other in others):
                points.append("blocked-lane")
        if run.has_aggregates:
            points.append("foreign-inner")
        if plan.doubts is not None:
            points += [point for record in records for point in plan.doubts.of(record)]
        return points

    # Making one

    def _make(self, call: Call) -> None:
        """Make a call; a handler that goes ahead only begins with it.

        What comes in virtual time before the call can have ended is done meanwhile.
        """
        place, injected = self._agenda.place(), self._injected(call)
        if injected is not None:
            self._returned(call, place, injected)
        elif self._ahead is None:
            self._returned(call, place, self._handler.invoke(self._request(call)))
        else:
            result = self._ahead.begin(self._request(call))
            earliest = min(call.expected or 0.0, self._options.function_timeout)
            wait = partial(self._wait, call, place, result)
            at = call.at + (call.cold_start + earliest)
            self._agenda.plan_end(at, call.run.rank, wait, place)

    def _wait(
        self, call: Call, place: int, result: Callable[[], InvocationResult], _now: float
    ) -> None:
        self._returned(call, place, result())

    def _returned(self, call: Call, place: int, result: InvocationResult) -> None:
        """Plan what comes of a call, in the place that it had when it was made."""
        call.result = result
        call.duration = call.cold_start + self._duration(result, call.fault, call.expected)
        event = InvocationEnded(result, deliver_again=call.fault == "duplicate")
        self._plan_end(call, call.at + call.duration, place, event)

    def _plan_end(
        self, call: Call, at: float, place: int, event: InvocationEnded | Throttled
    ) -> None:
        self._agenda.plan_end(at, call.run.rank, partial(self._end, call, event), place)

    def _injected(self, call: Call) -> InvocationResult | None:
        """The result of a call that is not made, for its fault."""
        request_id = call.effect.batch.request_id
        if call.fault == "timeout":
            return InvocationResult(error=timed_out(request_id, self._options.function_timeout))
        if call.fault == "error":
            error = FunctionError("InjectedError", "injected by kcli", request_id=request_id)
            return InvocationResult(error=error)
        return None

    def _request(self, call: Call) -> InvocationRequest:
        return InvocationRequest(
            call.effect.batch.request_id,
            call.effect.payload,
            at=call.at,
            number=self._attempts,
            invocation_duration=call.expected or 0.0,
        )

    def _expected_duration(self, effect: Invoke) -> float | None:
        """Seconds of a call besides its own sleeps; None: as it was measured."""
        duration = self._options.invocation_duration
        if duration is None:
            return None
        return duration.of(len(effect.batch.records), len(effect.payload))

    def _duration(
        self, result: InvocationResult, fault: str | None, expected: float | None
    ) -> float:
        if fault == "timeout":
            return self._options.function_timeout
        if expected is None:
            return result.elapsed + result.slept
        if result.error is not None and result.error.error_type == TIMED_OUT:
            return self._options.function_timeout
        return expected + result.slept

    # Its end

    def _end(self, call: Call, event: InvocationEnded | Throttled, now: float) -> None:
        if isinstance(event, InvocationEnded):  # a throttled attempt never read the records
            error = call.result.error
            is_lost = error is not None and error.error_type in ENDED_PROCESS
            self._environments.end(is_lost=is_lost)
            self._tally.call_ended(call.effect.batch.records, now)
        self._ended(call, event, now)

    def judge(self, call: Call, judged: Judged, now: float) -> None:
        """Count and tell what a call that has ended came to."""
        batch, result = call.effect.batch, call.result
        self._tally.failing(batch, judged, result)
        points = {*call.unsure, *points_of(result), *named_in(judged.reason)}
        self._tally.unsure.update(points)
        if failed := failed_events(judged.outcome, len(batch.records), judged.failures):
            self._tally.metrics.at(now).failed_invoke += failed
        if self.lessons is not None:
            expected = self._expected_duration(call.effect) or 0.0
            when = (now, call.run.rank)
            self.lessons.learn(batch, judged, call.duration - expected, when)
        if judged.warning is not None:
            self._tally.warnings[judged.warning] += 1
        if call.slot is not None:
            call.slot.row = row = _row_of(call, judged, with_points(judged.reason, points), now)
            self._tally.invocation(row)


def _row_of(call: Call, judged: Judged, reason: str, now: float) -> Invocation:
    batch, result = call.effect.batch, call.result
    return Invocation(
        index=call.index,
        request_id=batch.request_id,
        shard_id=call.run.shard_id,
        at=call.at,
        attempt=call.effect.attempt,
        sequence_numbers=numbers_of(batch.records),
        outcome=judged.outcome,
        checkpoint=judged.checkpoint,
        batch_item_failures=judged.failures,
        error=result.error,
        reason=reason,
        duration_ms=round(call.duration * 1000, 6),
        logs=result.logs,
        iterator_age=iterator_age(batch.records, now),
    )
