"""Delivery in virtual time: a day of retries in milliseconds, the same answer every time.

The driver is dull. It polls each shard when Lambda would, tells the delivery what happened, calls
the function when told to, and moves the clock to whatever comes next.
"""

import math
import random
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from heapq import heappop, heappush
from itertools import count
from typing import TYPE_CHECKING

from kinesis_cli.errors import InputError
from kinesis_cli.event_source_mapping.aggregates import left_whole, opened
from kinesis_cli.event_source_mapping.delivery import Lane, Shard, ShardDelivery
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
    Unsure,
    Wake,
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
from kinesis_cli.event_source_mapping.metrics import failed_events
from kinesis_cli.event_source_mapping.polling import Polls, Pushes
from kinesis_cli.event_source_mapping.settings import EventSourceMapping
from kinesis_cli.event_source_mapping.unsure import named_in, points_of, with_points
from kinesis_cli.simulation.environments import Environments
from kinesis_cli.simulation.families import family_ranks
from kinesis_cli.simulation.faults import Faults
from kinesis_cli.simulation.lane_readings import Lessons, OtherReading
from kinesis_cli.simulation.options import SimulationOptions as SimulationOptions
from kinesis_cli.simulation.other_lanes import other_reading_of, under_other_reading
from kinesis_cli.simulation.summing import Counts, summary_of
from kinesis_cli.simulation.tally import Tally, iterator_age, redelivered
from kinesis_cli.simulation.trace import (
    Attempt,
    Destination,
    Ending,
    ExpiredRecords,
    FilteredRecords,
    Invocation,
    Row,
    Summary,
)
from kinesis_cli.simulation.watch import Watch
from kinesis_cli.stream.kinds.kind import SourceKind
from kinesis_cli.stream.on_failure_document import (
    on_failure_document,
    s3_document,
    s3_key,
    stream_arn_of,
)
from kinesis_cli.stream.record import Record
from kinesis_cli.stream.record_source import RecordSource

if TYPE_CHECKING:
    from kinesis_cli.event_source_mapping.filters.criteria import Filters
    from kinesis_cli.event_source_mapping.filters.doubts import FilterDoubts


LEAST_READ_RECORDS = 500  # so that a small BatchSize does not read the recording in crumbs
EXPLAINED_FILTERED_RECORDS = 10
_LATEST_VERSION = "$LATEST"
_SKIPPED_AT_ONCE, _SKIPPED_BYTES = 10_000, 16 << 20


@dataclass(slots=True)
class _ShardRun:
    """What the driver keeps of a shard."""

    shard_id: str
    rank: int  # of its family
    delivery: ShardDelivery
    polls: Polls
    new_id: Callable[[], str]  # of requests, and of the objects of a bucket
    poll_is_due: bool = False
    is_finished: bool = False
    has_aggregates: bool = False  # some were opened, see UNSURE(foreign-inner)


@dataclass(slots=True)
class _Slot:
    """A place among the rows, and its row as soon as that is known."""

    at: float  # when it was taken
    row: Row | None = None


@dataclass(slots=True)
class _Call:
    """A call in flight, or one that has just ended."""

    run: _ShardRun
    lane: Lane
    effect: Invoke
    at: float
    index: int = 0
    slot: _Slot | None = None  # None: a throttled call that is not shown
    unsure: list[str] = field(default_factory=list)  # points that what came of it depends on
    fault: str | None = None
    cold_start: float = 0.0  # seconds
    expected: float | None = None  # seconds besides its own sleeps; None: as long as it took
    result: InvocationResult = field(default_factory=InvocationResult)
    duration: float = 0.0


def _filters(mapping: EventSourceMapping) -> "tuple[Filters | None, FilterDoubts | None]":
    if not mapping.filter_patterns:
        return None, None
    # A dozen modules, which a mapping without filters need not wait for.
    from kinesis_cli.event_source_mapping.filters.criteria import compile_filters
    from kinesis_cli.event_source_mapping.filters.doubts import FilterDoubts

    filters = compile_filters(mapping.filter_patterns, mapping.kind)
    return filters, FilterDoubts(mapping.filter_patterns, filters)


def _refuse_retention(kind: SourceKind, hours: float) -> None:
    fixed = kind.rules.fixed_retention_hours
    if fixed is not None and hours != fixed:
        raise InputError(
            f"{kind.rules.a_source} keeps a record for {fixed:g} hours, which cannot be changed to "
            f"{hours:g}",
            advice="Leave the retention out.",
        )


class Simulation:
    """One run. Iterate over `rows()`; `summary()` tells how far it came at any moment.

    Args:
        source: the records, from the beginning.
        handler: that gets them.
        mapping: the settings.
        options: how they are delivered.

    Attributes:
        watches: told what becomes of records.

    Raises:
        InputError: a filter pattern of the mapping is not valid, or the mapping and the records
            are of different kinds of source.
    """

    def __init__(
        self,
        source: RecordSource,
        handler: Handler,
        mapping: EventSourceMapping,
        options: SimulationOptions,
    ) -> None:
        self.watches: list[Watch] = []
        self._source, self._handler = source, handler
        self._ahead = handler if isinstance(handler, GoesAhead) else None
        self._mapping, self._options = mapping.reading(source.kind), options
        mapping = self._mapping
        _refuse_retention(source.kind, options.retention_hours)
        self._filters, self._doubts = _filters(mapping)
        first = source.first_record()
        self._is_pushed = first is not None and "/consumer/" in stream_arn_of(first)
        self._executed_version = _executed_version(mapping.function_name, options.executed_version)
        self._ranks = family_ranks(source.shard_ids, options.parents)
        self._faults = Faults(options.faults, options.seed)
        self._lessons = Lessons() if mapping.parallelization_factor > 1 else None
        self._environments = Environments(options.reserved_concurrency, options.cold_start)
        start = options.start_at if options.start_at is not None else source.first_arrival
        self.start_at = start if start is not None else 0.0
        self._until = options.until if options.until is not None else math.inf
        self._now = self.start_at
        # Of what happens at the same time the first shard's comes first, as if each family of
        # shards had been delivered by itself, and the rows put in order afterwards.
        self._agenda: list[tuple[float, int, int, bool, Callable[[float], None]]] = []
        self._order = count()
        self._runs: dict[str, _ShardRun] = {}
        self._unopened = list(source.shard_ids)
        self._attempts = 0
        self._calls = 0
        # Rows in the order of what they tell: a call's place is that of its start, and what comes
        # behind it waits until it has ended.
        self._told: deque[_Slot] = deque()
        self._tally = Tally(source.count)

    def rows(self) -> Iterator[Row]:
        """Run to the end. Rows come as they happen, invocations in the order of their start."""
        for _, row in self.timed_rows():
            yield row

    def timed_rows(self) -> Iterator[tuple[float, Row]]:
        """The same, each row with its time; those of the end of the run have none: infinity."""
        self._open_shards(self.start_at)
        while self._agenda:
            yield from self._drain()
            at, _, _, is_end_of_call, step = heappop(self._agenda)
            if at > self._until and not is_end_of_call:
                continue
            self._now = max(self._now, at)
            step(at)
        if math.isfinite(self._until):
            self._now = max(self._now, self._until)
        waiting = self._tally.give_up_waiting()
        for row in sorted(waiting, key=lambda row: self._ranks[row.shard_id]):
            self._told.append(_Slot(math.inf, row))
        yield from self._drain()
        self._tell_of_unread()

    def _tell_of_unread(self) -> None:
        """Tell who watches of records that have arrived and that no poll brought."""
        for shard_id in self._source.shard_ids if self.watches else ():
            take = partial(self._source.take, shard_id, self._now, _SKIPPED_AT_ONCE, _SKIPPED_BYTES)
            while records := take():
                for watch in self.watches:
                    watch.arrived(opened(records))

    def summary(self) -> Summary:
        """What has come of the records so far."""
        return summary_of([self.counts()], self.start_at)

    def counts(self) -> Counts:
        """The same, so that it can be put together with that of other shards."""
        held = sum(run.delivery.held for run in self._runs.values())
        return self._tally.counts(held, self._now)

    @property
    def lessons(self) -> Lessons | None:
        """What the run shows of the function; None: there is but one lane."""
        return self._lessons

    def other_reading(self, source: RecordSource) -> OtherReading | None:
        """How the run would have gone had keys found their lanes the other way; None: the same.

        Args:
            source: the same records, from the beginning.
        """
        if self._lessons is None:
            return None
        options = under_other_reading(self._options, self._lessons.samples)
        other = Simulation(source, self._lessons.stand_in(), self._mapping, options)
        for _ in other.rows():
            pass
        return other_reading_of(self.summary(), other.summary(), options.lanes)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What AWS may see otherwise in the mapping's filters, a sentence each."""
        return self._filters.warnings if self._filters is not None else ()

    @property
    def starts_from(self) -> float:
        """The arrival from which on records are delivered, epoch seconds."""
        if self._mapping.starting_position == "LATEST":
            return self.start_at
        at = self._mapping.starting_position_timestamp
        return -math.inf if at is None else at

    @property
    def records(self) -> int:
        """All records of the recording."""
        return self._source.count

    @property
    def ended(self) -> int:
        """Records of which it is decided how they end."""
        return self._tally.ended

    def _drain(self) -> Iterator[tuple[float, Row]]:
        while self._told and (row := self._told[0].row) is not None:
            yield self._told.popleft().at, row

    def _tell(self, row: Row) -> None:
        self._told.append(_Slot(self._now, row))

    # Shards

    def _open_shards(self, now: float) -> None:
        """Start reading the shards whose parents are read to their end.

        Source: stackd's reshard capture (a merged child waits for both parents).
        """
        ready = [shard_id for shard_id in self._unopened if self._has_read_parents(shard_id)]
        # Taken off the list first: a shard without records is done at once and opens its children.
        self._unopened = [shard_id for shard_id in self._unopened if shard_id not in ready]
        for shard_id in ready:
            self._open(shard_id, now)

    def _has_read_parents(self, shard_id: str) -> bool:
        return all(self._is_read(parent) for parent in self._options.parents.get(shard_id, ()))

    def _is_read(self, shard_id: str) -> bool:
        # A parent that the recording does not hold has left the stream long ago.
        run = self._runs.get(shard_id)
        return shard_id not in self._unopened if run is None else run.is_finished

    def _open(self, shard_id: str, now: float) -> None:
        shard = Shard(
            shard_id=shard_id,
            retention_seconds=self._options.retention_hours * 3600,
            first_arrival=first if (first := self._source.first_arrival) is not None else 0.0,
        )
        ids = random.Random(f"requests/{self._options.seed}/{shard_id}")
        new_id = partial(_uuid, ids)
        delivery = ShardDelivery(
            shard, self._mapping, self._filters, new_id, now, self._options.lanes
        )
        polls = self._new_polls(shard_id)
        run = _ShardRun(shard_id, self._ranks[shard_id], delivery, polls, new_id)
        self._runs[shard_id] = run
        self._skip_to_starting_position(shard_id)
        self._plan_poll(run, now)
        self._finish_if_done(run, now)

    def _new_polls(self, shard_id: str) -> Polls:
        if self._is_pushed:
            return Pushes()
        phase = random.Random(f"phase/{self._options.seed}/{shard_id}").random()
        rules = self._mapping.kind.polling
        return Polls(self.start_at + phase * rules.interval_seconds, rules)

    def _skip_to_starting_position(self, shard_id: str) -> None:
        before = math.nextafter(self.starts_from, -math.inf)
        while records := self._source.take(shard_id, before, _SKIPPED_AT_ONCE, _SKIPPED_BYTES):
            self._tally.skipped += len(records)

    def _plan_poll(self, run: _ShardRun, now: float) -> None:
        """Plan the next poll that would find something: empty ones are skipped by arithmetic."""
        if run.poll_is_due or run.is_finished or not run.delivery.wants_records:
            return
        arrival = self._source.next_arrival(run.shard_id)
        if arrival is None:
            return
        run.poll_is_due = True
        self._at(run.polls.next_after(arrival, now), run, partial(self._poll, run))

    def _poll(self, run: _ShardRun, now: float) -> None:
        run.poll_is_due = False
        run.polls.reach(now)
        self._read(run, now)
        for lane in run.delivery.lanes:
            self._step(run, lane, RecordsQueued(), now)

    def _read(self, run: _ShardRun, now: float) -> bool:
        """Hand over what the last poll brought, as far as there is room: the rest stays on disk.

        Returns:
            Whether there was anything.
        """
        delivery, polls, has_read = run.delivery, run.polls, False
        at_once = max(self._mapping.batch_size * len(delivery.lanes), LEAST_READ_RECORDS)
        while polls.quota > 0 and polls.quota_bytes > 0 and delivery.wants_records:
            limit = min(polls.quota, at_once)
            records = self._source.take(run.shard_id, polls.visible_until, limit, polls.quota_bytes)
            if not records:
                polls.quota = 0
                break
            has_read = True
            polls.quota -= len(records)
            polls.quota_bytes -= sum([len(record.raw) for record in records])
            delivered = opened(records)
            self._tally.took(len(records), len(delivered), now)
            run.has_aggregates |= len(delivered) != len(records)
            if delivered is not records:
                self._tally.whole_aggregates += left_whole(delivered)
            for watch in self.watches:
                watch.arrived(delivered)
            for effect in delivery.queue(delivered, now):
                if isinstance(effect, Expired):  # these had left the stream: no poll brought them
                    self._tally.metrics.at(now).polled -= len(effect.records)
                self._note(run, effect, now)
        return has_read

    def _finish_if_done(self, run: _ShardRun, now: float) -> None:
        if run.is_finished or not run.delivery.is_idle:
            return
        if self._source.next_arrival(run.shard_id) is None:
            run.is_finished = True
            if self._unopened:
                self._open_shards(now)

    # Telling a lane what happened, and doing what it wants

    def _step(
        self, run: _ShardRun, lane: Lane, event: Event, now: float, call: _Call | None = None
    ) -> None:
        run.polls.go_on(now)
        has_read = self._read(run, now)
        self._handle(run, lane, event, now, call)
        if has_read:
            for other in run.delivery.lanes:
                if other is not lane:
                    self._handle(run, other, RecordsQueued(), now)
        self._plan_poll(run, now)
        self._finish_if_done(run, now)

    def _handle(
        self, run: _ShardRun, lane: Lane, event: Event, now: float, call: _Call | None = None
    ) -> None:
        for effect in lane.handle(event, now):
            match effect:
                case Invoke():
                    self._call(run, lane, effect, now)
                case Unsure(points=points):
                    self._tally.unsure.update(points)
                    if call is not None:
                        call.unsure += points
                case Wake(at=at):
                    self._at(at, run, partial(self._step, run, lane, TimeReached()))
                case Judged():
                    assert call is not None
                    self._judged(call, effect, now)
                case _:
                    self._note(run, effect, now)
        self._tally.follow(run.shard_id, lane, now)

    def _note(self, run: _ShardRun, effect: Effect, now: float) -> None:
        """Keep what was decided about records."""
        match effect:
            case Succeeded(records=records, deliveries=deliveries):
                self._ended(records, "succeeded", deliveries, now)
            case Discarded():
                self._discarded(run, effect, now)
            case Expired(records=records, deliveries=deliveries, unsure=points):
                self._tally.unsure.update(points)
                self._tell(ExpiredRecords(run.shard_id, _numbers(records), now, points))
                self._ended(records, "expired", deliveries, now)
            case Filtered(records=records):
                self._filtered(run, records, now)
            case NotCalled(records=records, attempt=attempt):
                reason = with_points(effect.reason, effect.unsure)
                self._tell(Attempt(run.shard_id, now, attempt, _numbers(records), reason))
            case Judged() | Invoke() | Wake() | Unsure():
                pass

    def _discarded(self, run: _ShardRun, effect: Discarded, now: float) -> None:
        discard = effect.discard
        document = on_failure_document(
            discard,
            at=now,
            shard_id=run.shard_id,
            function_name=self._mapping.function_name or self._options.function_name,
            executed_version=self._executed_version,
        )
        key = None
        if (self._mapping.destination or "").startswith("arn:aws:s3:"):
            document = s3_document(document, effect.payload)
            mapping_id = _uuid(random.Random(f"mapping/{self._options.seed}"))
            unique = run.new_id()
            key = s3_key(mapping_id=mapping_id, shard_id=run.shard_id, at=now, unique=unique)
        self._tally.documents += 1
        numbers = _numbers(discard.records)
        points = effect.unsure
        if (self._mapping.destination or "").startswith("kafka:"):
            points = (*points, "kafka-destination")
        self._tally.unsure.update(points)
        # UNSURE(dropped-count): what a destination is told of is no dropped event, as the guide
        # says; a capture without a destination saw no figure at all.
        minute = self._tally.metrics.at(now)
        refuses_until = self._options.destination_refuses_until
        is_lost = refuses_until is not None and now < refuses_until
        if self._mapping.destination is None:
            minute.dropped += len(numbers)
        elif is_lost:  # never sent again, as stackd's captures show
            minute.dropped += len(numbers)
            minute.destination_failures += 1
        else:
            minute.delivered_on_failure += len(numbers)
        row = Destination(document, key, now, run.shard_id, numbers, points, is_lost=is_lost)
        self._tell(row)
        self._ended(discard.records, "discarded", effect.deliveries, now)

    def _ended(
        self, records: Sequence[Record], ending: Ending, deliveries: int, now: float
    ) -> None:
        for watch in self.watches:
            watch.ended(records, ending, now)
        for row in self._tally.end(records, ending, deliveries):
            self._tell(row)

    def _filtered(self, run: _ShardRun, records: Sequence[Record], now: float) -> None:
        assert self._filters is not None
        explanations: dict[str, str] = {}
        for record in records:
            number = record.sequence_number
            if self._tally.explained < EXPLAINED_FILTERED_RECORDS:
                self._tally.explained += 1
            elif number not in self._options.explain:
                continue
            why = self._filters.explain(record)
            earlier = explanations.get(number, why)  # of another record out of its aggregate
            explanations[number] = why if why == earlier else f"{earlier}; {why}"
        assert self._doubts is not None
        points = dict.fromkeys(point for record in records for point in self._doubts.of(record))
        self._tally.unsure.update(points)
        self._tally.filtered += len(records)
        self._tally.metrics.at(now).filtered_out += len(records)
        for watch in self.watches:
            watch.ended(records, "filtered", now)
        row = FilteredRecords(run.shard_id, _numbers(records), explanations, tuple(points))
        self._tell(row)

    # Calls

    def _call(self, run: _ShardRun, lane: Lane, effect: Invoke, now: float) -> None:
        if now > self._until:
            return  # nothing starts after it: the batch stays undelivered
        self._attempts += 1
        fault = self._faults.at(self._attempts, run.shard_id)
        cold_start = None if fault == "throttle" else self._environments.begin()
        throttled = cold_start is None
        call = _Call(run, lane, effect, now, unsure=self._points_of_batch(run, lane, effect))
        if cold_start == 0.0 and self._options.cold_start:
            call.unsure.append("environment-life")
        if not throttled or self._options.show_throttled:
            call.index, call.slot = self._calls, _Slot(now)
            self._calls += 1
            self._told.append(call.slot)
        if cold_start is None:
            self._tally.throttled(by_reservation=fault is None)
            end = partial(self._end, call, Throttled())
            self._at(now, run, end, ends=next(self._order))
            return
        self._tally.redelivered += redelivered(effect)
        self._tally.metrics.at(now).invoked += len(effect.batch.records)
        call.fault, call.cold_start = fault, cold_start
        call.expected = self._expected_duration(effect)
        self._make(call)

    def _make(self, call: _Call) -> None:
        """Make a call; a handler that goes ahead only begins with it.

        What comes in virtual time before the call can have ended is done meanwhile.
        """
        order, injected = next(self._order), self._injected(call)
        if injected is not None:
            self._plan_end(call, order, injected)
        elif self._ahead is None:
            self._plan_end(call, order, self._handler.invoke(self._request(call)))
        else:
            result = self._ahead.begin(self._request(call))
            earliest = min(call.expected or 0.0, self._options.function_timeout)
            wait = partial(self._wait, call, order, result)
            self._at(call.at + (call.cold_start + earliest), call.run, wait, ends=order)

    def _wait(
        self, call: _Call, order: int, result: Callable[[], InvocationResult], _now: float
    ) -> None:
        self._plan_end(call, order, result())

    def _plan_end(self, call: _Call, order: int, result: InvocationResult) -> None:
        """Plan what comes of a call, in the place that it had when it was made."""
        call.result = result
        call.duration = call.cold_start + self._duration(result, call.fault, call.expected)
        ended = InvocationEnded(result, deliver_again=call.fault == "duplicate")
        end = partial(self._end, call, ended)
        self._at(call.at + call.duration, call.run, end, ends=order)

    def _points_of_batch(self, run: _ShardRun, lane: Lane, effect: Invoke) -> list[str]:
        """What it depends on that a call is made now, with these records."""
        points, records = [*effect.unsure], effect.batch.records
        is_new = effect.attempt == 1 and not effect.batch.is_duplicate
        # When its last record came decides what was there for a batch, unless that is full.
        has_room = 0 < len(records) < self._mapping.batch_size
        if is_new and has_room and records[-1].arrival > self.start_at:
            points.append("push-delay" if self._is_pushed else "poll-phase")
        if len(run.delivery.lanes) > 1:
            others = (other for other in run.delivery.lanes if other is not lane)
            if any(other.blocking_record is not None for other in others):
                points.append("blocked-lane")
        if run.has_aggregates:
            points.append("foreign-inner")
        if self._doubts is not None:
            points += [point for record in records for point in self._doubts.of(record)]
        return points

    def _expected_duration(self, effect: Invoke) -> float | None:
        """Seconds of a call besides its own sleeps; None: as it was measured."""
        duration = self._options.invocation_duration
        if duration is None:
            return None
        return duration.of(len(effect.batch.records), len(effect.payload))

    def _injected(self, call: _Call) -> InvocationResult | None:
        """The result of a call that is not made, for its fault."""
        request_id = call.effect.batch.request_id
        if call.fault == "timeout":
            return InvocationResult(error=timed_out(request_id, self._options.function_timeout))
        if call.fault == "error":
            error = FunctionError("InjectedError", "injected by kcli", request_id=request_id)
            return InvocationResult(error=error)
        return None

    def _request(self, call: _Call) -> InvocationRequest:
        return InvocationRequest(
            call.effect.batch.request_id,
            call.effect.payload,
            at=call.at,
            number=self._attempts,
            invocation_duration=call.expected or 0.0,
        )

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

    def _end(self, call: _Call, event: InvocationEnded | Throttled, now: float) -> None:
        if isinstance(event, InvocationEnded):  # a throttled attempt never read the records
            error = call.result.error
            is_lost = error is not None and error.error_type in ENDED_PROCESS
            self._environments.end(is_lost=is_lost)
            self._tally.call_ended(call.effect.batch.records, now)
        self._step(call.run, call.lane, event, now, call)

    def _judged(self, call: _Call, judged: Judged, now: float) -> None:
        batch, result = call.effect.batch, call.result
        self._tally.failing(batch, judged, result)
        points = {*call.unsure, *points_of(result), *named_in(judged.reason)}
        self._tally.unsure.update(points)
        if failed := failed_events(judged.outcome, len(batch.records), judged.failures):
            self._tally.metrics.at(now).failed_invoke += failed
        if self._lessons is not None:
            expected = self._expected_duration(call.effect) or 0.0
            when = (now, call.run.rank)
            self._lessons.learn(batch, judged, call.duration - expected, when)
        if judged.warning is not None:
            self._tally.warnings[judged.warning] += 1
        if call.slot is None:
            return
        reason = with_points(judged.reason, points)
        call.slot.row = row = Invocation(
            index=call.index,
            request_id=batch.request_id,
            shard_id=call.run.shard_id,
            at=call.at,
            attempt=call.effect.attempt,
            sequence_numbers=_numbers(batch.records),
            outcome=judged.outcome,
            checkpoint=judged.checkpoint,
            batch_item_failures=judged.failures,
            error=result.error,
            reason=reason,
            duration_ms=round(call.duration * 1000, 6),
            logs=result.logs,
            iterator_age=iterator_age(batch.records, now),
        )
        self._tally.invocation(row)

    # Small things

    def _at(
        self, at: float, run: _ShardRun, step: Callable[[float], None], *, ends: int | None = None
    ) -> None:
        """Plan a step, behind those of the same time and shard.

        Args:
            at: when.
            run: the shard.
            step: what to do.
            ends: the place of a call that it is the end of; None: it is none.
        """
        order = next(self._order) if ends is None else ends
        heappush(self._agenda, (at, run.rank, order, ends is not None, step))


def _executed_version(function_name: str | None, known: str) -> str:
    """The version that a mapping's function is called in.

    Source: stackd's captures of a mapping on an alias. Which version that is nobody says here: the
    first that is published.
    """
    qualifier = (function_name or "").rpartition("function:")[2].partition(":")[2]
    if known != _LATEST_VERSION or qualifier in ("", _LATEST_VERSION):
        return known
    return qualifier if qualifier.isdecimal() else "1"


def _numbers(records: Iterable[Record]) -> tuple[str, ...]:
    return tuple([record.sequence_number for record in records])


def _uuid(source: random.Random) -> str:
    """A random UUID, version 4, drawn from a seeded source."""
    digits = f"{source.getrandbits(128):032x}"
    variant = "89ab"[int(digits[16], 16) & 3]
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"
