"""Which mappings are stuck, and where in the stream that is. Pure.

`kcli local` knows the batch that fails. Lambda tells only of its function, by the minute: how old
the last record of a batch was when the function was called with it.

Source: https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kinesis_cli.aws.status import MappingState, Metric, Status
from kinesis_cli.poison.stuck_batch import StuckBatch

MINUTE = 60.0
LEAST_MINUTES = 5  # in which the same record was the last one: a slow function looks alike in fewer
UNSURE_MINUTES = 2  # of these the oldest ones, which may still be of a record before it
NEWEST_AGE = 10 * MINUTE  # seconds: figures that ended longer ago are of something that is over
SLACK = 2.0  # seconds by which two clocks may differ
PROBLEM = "PROBLEM"  # what LastProcessingResult begins with where a call failed


@dataclass(frozen=True, slots=True)
class Estimate:
    """When the last record of the batch that fails arrived, epoch seconds."""

    earliest: float
    latest: float


@dataclass(frozen=True, slots=True)
class StuckMapping:
    """A mapping with a shard that stands still."""

    mapping: MappingState
    batches: tuple[StuckBatch, ...] = ()  # that fail, where these are known
    estimate: Estimate | None = None  # where they are not


def stuck_as_told(status: Status, batches: Iterable[StuckBatch]) -> list[StuckMapping]:
    """The stuck mappings of a stream on this machine."""
    told = list(batches)
    return [
        StuckMapping(mapping, found)
        for mapping in status.mappings.value or ()
        if (found := tuple(each for each in told if each.mapping == mapping.uuid))
    ]


def stuck_by_metrics(status: Status, now: float) -> list[StuckMapping]:
    """The mappings of a stream that seem to be stuck by what CloudWatch tells, see `estimated`.

    LastProcessingResult alone does not say it: it is of one call, and the shards that go on call
    the function, too.

    Args:
        status: of the stream.
        now: epoch seconds.
    """
    found = []
    for mapping in status.mappings.value or ():
        metrics = [m for m in status.metrics.value or () if m.of == mapping.function]
        if mapping.state != "Enabled" or not _has_problem(mapping, metrics):
            continue
        ages = [each for each in metrics if each.label == "iterator age"]
        if ages and (estimate := estimated(ages[0], now)) is not None:
            found.append(StuckMapping(mapping, estimate=estimate))
    return found


def _has_problem(mapping: MappingState, metrics: Sequence[Metric]) -> bool:
    # Source: stackd's captures: a reported failure counts as OK, and is no error of the function.
    if mapping.settings.report_batch_item_failures or mapping.last_result.startswith(PROBLEM):
        return True
    errors = [each for each in metrics if each.label == "function errors"]
    return any(value for each in errors for value in each.measured)


def estimated(ages: Metric, now: float) -> Estimate | None:
    """When the record arrived that the iterator age is about, if it has been the same for minutes.

    A minute's highest age is of its last call, so it says within a minute when that record arrived.
    As long as a shard stands still all minutes mean the same record: what they have in common is
    where it is.

    UNSURE(iterator-age-moment): the age is that of the call's beginning; or of its end?

    Args:
        ages: iterator age, in seconds, for each minute.
        now: epoch seconds.
    """
    points = [
        (ages.since + minute * MINUTE, age)
        for minute, age in enumerate(ages.values)
        if age is not None
    ]
    if not points or points[-1][0] + MINUTE < now - NEWEST_AGE:
        return None
    chain: list[tuple[float, float]] = []  # the newest minute first
    earliest, latest = -math.inf, math.inf
    for begin, age in reversed(points):
        earliest, latest = max(earliest, begin - age), min(latest, begin + MINUTE - age)
        if earliest > latest:
            break
        chain.append((begin - age, begin + MINUTE - age))
    if len(chain) < LEAST_MINUTES:
        return None
    sure = chain[:-UNSURE_MINUTES]
    return Estimate(max(each[0] for each in sure) - SLACK, min(each[1] for each in sure) + SLACK)
