"""One point of a sweep: a simulation, of which only figures are kept.

A run that falls behind is ended as soon as that is certain.
"""

import math
from collections.abc import Sequence

import msgspec

from kinesis_cli.event_source_mapping.invocation import Handler
from kinesis_cli.event_source_mapping.settings import EventSourceMapping
from kinesis_cli.simulation.run import Simulation, SimulationOptions
from kinesis_cli.simulation.trace import Invocation
from kinesis_cli.simulation.watch import How
from kinesis_cli.stream.record import Record
from kinesis_cli.stream.record_source import RecordSource
from kinesis_cli.sweep.ages import Ages, AgesSeen

PATIENCE = 60.0  # seconds that records may wait in any recording, besides the window
LONGEST_TAIL = 3600.0  # seconds that a run may go on after the last arrival, at least
_QUARTERS = 4
_LITTLE = 1.0  # seconds by which a poll may come later


class Measured(msgspec.Struct, frozen=True):
    """What came of a point."""

    calls: int
    seconds: float  # that Lambda bills for them
    succeeded: int
    redelivered: int
    discarded: int
    expired: int
    undelivered: int
    iterator_age: Ages  # of each call, of its last record, when it ended: as CloudWatch has it
    record_age: Ages  # of each record that was handled, when it was
    longest_block: float  # seconds
    keeps_up: bool | None  # None: the recording has no rate
    is_stopped: bool  # the run was ended early, since it falls behind
    unsure: tuple[str, ...]

    @property
    def lost(self) -> int:
        """Records that were not handled and never will be."""
        return self.discarded + self.expired


def measured(
    source: RecordSource, handler: Handler, mapping: EventSourceMapping, options: SimulationOptions
) -> Measured:
    """Run a point.

    Args:
        source: the records, from the beginning.
        handler: that has not run yet.
        mapping: the settings.
        options: of the simulation.
    """
    records = _RecordAges()
    simulation = Simulation(source, handler, mapping, options)
    simulation.watches.append(records)
    pace = Pace(
        max(source.first_arrival or 0.0, simulation.start_at, simulation.starts_from),
        source.last_arrival or 0.0,
        mapping.maximum_batching_window_in_seconds,
    )
    calls, seconds, is_stopped = AgesSeen(), 0.0, False
    for row in simulation.rows():
        if isinstance(row, Invocation) and row.outcome != "throttled":
            seconds += billed(row.duration_ms)
            if row.sequence_numbers:
                calls.add((row.iterator_age,))
            pace.call(row)
            if pace.is_lost:
                is_stopped = True
                break
    summary = simulation.summary()
    block = summary.longest_block
    end = simulation.start_at + summary.elapsed_seconds
    return Measured(
        calls=summary.invocations,
        seconds=round(seconds, 3),
        succeeded=summary.succeeded,
        redelivered=summary.redelivered,
        discarded=summary.discarded,
        expired=summary.expired,
        undelivered=summary.undelivered,
        iterator_age=calls.result(),
        record_age=records.seen.result(),
        longest_block=0.0 if block is None else round(block.seconds, 6),
        keeps_up=pace.keeps_up(end, has_expired=summary.expired > 0),
        is_stopped=is_stopped,
        unsure=summary.unsure,
    )


class _RecordAges:
    """The age of each record that was handled; see `kinesis_cli.simulation.watch`."""

    def __init__(self) -> None:
        self.seen = AgesSeen()

    def arrived(self, records: Sequence[Record]) -> None:
        """Nothing is to be seen yet."""

    def ended(self, records: Sequence[Record], how: How, now: float) -> None:
        """Measure those that were handled."""
        if how == "succeeded":
            self.seen.add([now - record.arrival for record in records])


def billed(duration_ms: float) -> float:
    """Seconds that Lambda bills for a call, a cold start included: whole milliseconds.

    Source: https://aws.amazon.com/lambda/pricing/, and for cold starts
    https://aws.amazon.com/blogs/compute/aws-lambda-standardizes-billing-for-init-phase/
    """
    return math.ceil(round(duration_ms, 3)) / 1000


class _ShardPace:
    def __init__(self) -> None:
        self.lowest = [math.inf] * _QUARTERS
        self.highest = [-math.inf] * _QUARTERS
        self.failed_at = -math.inf  # when a call last failed


class Pace:
    """Whether calls keep up with the records that arrive.

    A point falls behind where, on a shard, no call in the last quarter of the recording was as
    fresh as those in the second one: what waits grows. Or where much is left when no record comes
    any more. It is lost, and need not be run to its end, where a record has waited for long
    although no call failed meanwhile: then it is the calls that are too slow.

    Args:
        begin: when the first record arrived that is delivered, or the mapping went live.
        end: when the last record arrived.
        window: MaximumBatchingWindowInSeconds.
    """

    def __init__(self, begin: float, end: float, window: float) -> None:
        self._begin, self._end, self._window = begin, end, window
        self._span = max(end - begin, 0.0)
        self._shards: dict[str, _ShardPace] = {}
        self.is_lost = False

    def call(self, row: Invocation) -> None:
        """Take a call that has ended."""
        end = row.at + row.duration_ms / 1000
        if not self._span or not row.sequence_numbers:
            return
        shard = self._shards.setdefault(row.shard_id, _ShardPace())
        waited = min(row.iterator_age, end - self._begin)  # what waited before is no fault of it
        if row.outcome != "success":
            shard.failed_at = end
        quarter = int((end - self._begin) / self._span * _QUARTERS)
        if 0 <= quarter < _QUARTERS:
            shard.lowest[quarter] = min(shard.lowest[quarter], waited)
            shard.highest[quarter] = max(shard.highest[quarter], waited)
        too_slow = waited > self._limit and shard.failed_at < end - waited
        self.is_lost |= too_slow or end > self._end + max(self._span, LONGEST_TAIL)

    def keeps_up(self, finished: float, *, has_expired: bool) -> bool | None:
        """Whether they did; None: the records came all at once, so there is no telling.

        Args:
            finished: when the last call ended, epoch seconds.
            has_expired: whether records left the stream before they were done.
        """
        if self.is_lost or has_expired:
            return False
        if not self._span:
            return None
        return finished - self._end <= self._limit and not any(
            self._grows(shard) for shard in self._shards.values()
        )

    @property
    def _limit(self) -> float:
        return max(self._span / _QUARTERS, PATIENCE + self._window)

    def _grows(self, shard: _ShardPace) -> bool:
        last, second = shard.lowest[-1], shard.highest[1]
        if not math.isfinite(last) or not math.isfinite(second):
            return False  # too few calls to compare
        return last > second * 1.25 + _LITTLE
