"""Delivery in virtual time: a day of retries in milliseconds, the same answer every time.

The driver is dull. It polls each shard when Lambda would, tells the delivery what happened, calls
the function when told to, and moves the clock to whatever comes next.
"""

import math
from collections.abc import Iterator
from functools import partial

from kinesis_cli.event_source_mapping.events import (
    Event,
    InvocationEnded,
    Invoke,
    Judged,
    RecordsQueued,
    Throttled,
    TimeReached,
    Unsure,
    Wake,
)
from kinesis_cli.event_source_mapping.invocation import Handler
from kinesis_cli.event_source_mapping.lane import Lane
from kinesis_cli.event_source_mapping.settings import EventSourceMapping
from kinesis_cli.simulation.lane_readings import Lessons, OtherReading
from kinesis_cli.simulation.options import SimulationOptions as SimulationOptions
from kinesis_cli.simulation.other_lanes import other_reading_of, under_other_reading
from kinesis_cli.simulation.running.books import Books
from kinesis_cli.simulation.running.calls import Call, Calls
from kinesis_cli.simulation.running.endings import Endings
from kinesis_cli.simulation.running.plan import plan_of
from kinesis_cli.simulation.running.shard_run import ShardRun
from kinesis_cli.simulation.running.shards import Shards
from kinesis_cli.simulation.summing import Counts, summary_of
from kinesis_cli.simulation.trace import Row, Summary
from kinesis_cli.stream.record_source import RecordSource


class Simulation:
    """One run. Iterate over `rows()`; `summary()` tells how far it came at any moment.

    Args:
        source: the records, from the beginning.
        handler: that gets them.
        mapping: the settings.
        options: how they are delivered.

    Attributes:
        start_at: when the mapping goes live, epoch seconds of virtual time.
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
        self._source, self._options = source, options
        plan = self._plan = plan_of(source, mapping, options)
        books = self._books = Books(plan.start_at, source.count)
        self.start_at, self.watches = plan.start_at, books.watches
        self._until = options.until if options.until is not None else math.inf
        self._endings = Endings(plan, books)
        self._shards = Shards(source, plan, books, self._endings, self._queued)
        self._calls = Calls(handler, plan, books, self._ended)

    def rows(self) -> Iterator[Row]:
        """Run to the end. Rows come as they happen, invocations in the order of their start."""
        for _, row in self.timed_rows():
            yield row

    def timed_rows(self) -> Iterator[tuple[float, Row]]:
        """The same, each row with its time; those of the end of the run have none: infinity."""
        agenda, rows = self._books.agenda, self._books.rows
        self._shards.open(self.start_at)
        while agenda:
            yield from rows.ready()
            agenda.go_on(self._until)
        if math.isfinite(self._until):
            agenda.pass_time(self._until)
        waiting, ranks = self._books.tally.give_up_waiting(), self._shards.ranks
        for row in sorted(waiting, key=lambda row: ranks[row.shard_id]):
            rows.tell_at(math.inf, row)
        yield from rows.ready()
        self._shards.tell_of_unread(agenda.now)

    def summary(self) -> Summary:
        """What has come of the records so far."""
        return summary_of([self.counts()], self.start_at)

    def counts(self) -> Counts:
        """The same, so that it can be put together with that of other shards."""
        return self._books.tally.counts(self._shards.held, self._books.agenda.now)

    @property
    def lessons(self) -> Lessons | None:
        """What the run shows of the function; None: there is but one lane."""
        return self._calls.lessons

    def other_reading(self, source: RecordSource) -> OtherReading | None:
        """How the run would have gone had keys found their lanes the other way; None: the same.

        Args:
            source: the same records, from the beginning.
        """
        if self.lessons is None:
            return None
        options = under_other_reading(self._options, self.lessons.samples)
        other = Simulation(source, self.lessons.stand_in(), self._plan.mapping, options)
        for _ in other.rows():
            pass
        return other_reading_of(self.summary(), other.summary(), options.lanes)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What AWS may see otherwise in the mapping's filters, a sentence each."""
        filters = self._plan.filters
        return filters.warnings if filters is not None else ()

    @property
    def starts_from(self) -> float:
        """The arrival from which on records are delivered, epoch seconds."""
        return self._shards.starts_from

    @property
    def records(self) -> int:
        """All records of the recording."""
        return self._source.count

    @property
    def ended(self) -> int:
        """Records of which it is decided how they end."""
        return self._books.tally.ended

    # Telling a lane what happened, and doing what it wants

    def _queued(self, run: ShardRun, now: float) -> None:
        for lane in run.delivery.lanes:
            self._step(run, lane, RecordsQueued(), now)

    def _ended(self, call: Call, event: InvocationEnded | Throttled, now: float) -> None:
        self._step(call.run, call.lane, event, now, call)

    def _step(
        self, run: ShardRun, lane: Lane, event: Event, now: float, call: Call | None = None
    ) -> None:
        run.polls.go_on(now)
        has_read = self._shards.read(run, now)
        self._handle(run, lane, event, now, call)
        if has_read:
            for other in run.delivery.lanes:
                if other is not lane:
                    self._handle(run, other, RecordsQueued(), now)
        self._shards.look_ahead(run, now)

    def _handle(
        self, run: ShardRun, lane: Lane, event: Event, now: float, call: Call | None = None
    ) -> None:
        for effect in lane.handle(event, now):
            match effect:
                case Invoke():
                    if now <= self._until:  # nothing starts after it: the batch is undelivered
                        self._calls.begin(run, lane, effect, now)
                case Unsure(points=points):
                    self._books.tally.unsure.update(points)
                    if call is not None:
                        call.unsure += points
                case Wake(at=at):
                    wake = partial(self._step, run, lane, TimeReached())
                    self._books.agenda.plan(at, run.rank, wake)
                case Judged():
                    assert call is not None
                    self._calls.judge(call, effect, now)
                case _:
                    self._endings.note(run, effect, now)
        self._books.tally.follow(run.shard_id, lane, now)
