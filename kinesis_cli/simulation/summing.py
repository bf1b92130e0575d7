"""What was counted of some shards, and the summary of all of them."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from kinesis_cli.event_source_mapping.metrics import MinuteMetrics, added
from kinesis_cli.simulation.trace import Blocked, Summary


class Standing(msgspec.Struct, frozen=True):
    """A shard that failures keep from new records."""

    shard_id: str
    since: float
    sequence_number: str

    def until(self, now: float) -> Blocked:
        """How long by `now`."""
        return Blocked(self.shard_id, now - self.since, self.sequence_number)


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """What was counted of some shards; members as in `Summary`."""

    now: float  # how far the run came
    records: int
    succeeded: int
    discarded: int
    filtered: int
    expired: int
    skipped: int
    undelivered: int
    invocations: int
    redelivered: int
    oldest: float  # the greatest iterator age, seconds
    failures: int
    errors: int
    longest_block: Blocked | None  # of those that have ended
    blocked_now: tuple[Standing, ...]
    discarded_bystanders: int
    documents: int
    throttles: int
    whole_aggregates: int
    unsure: frozenset[str]
    metrics: tuple[MinuteMetrics, ...]
    warnings: Mapping[str, int]


def longest(blocks: Iterable[Blocked | None]) -> Blocked | None:
    """The longest block; of several the first by shard and record."""
    found = [block for block in blocks if block is not None]
    order = sorted(found, key=lambda each: (-each.seconds, each.shard_id, each.sequence_number))
    return order[0] if order else None


def summary_of(counts: Sequence[Counts], start_at: float) -> Summary:
    """The summary of runs of different shards that began at the same time.

    Args:
        counts: at least one.
        start_at: when they began, epoch seconds.
    """

    def total(name: str) -> int:
        return sum(getattr(each, name) for each in counts)

    now = max(each.now for each in counts)
    blocks = [each.longest_block for each in counts]
    blocks += [standing.until(now) for each in counts for standing in each.blocked_now]
    warnings: Counter[str] = Counter()
    for each in counts:
        warnings.update(each.warnings)
    return Summary(
        records=total("records"),
        succeeded=total("succeeded"),
        discarded=total("discarded"),
        filtered=total("filtered"),
        expired=total("expired"),
        skipped=total("skipped"),
        undelivered=total("undelivered"),
        invocations=total("invocations"),
        redelivered=total("redelivered"),
        max_iterator_age_seconds=round(max(each.oldest for each in counts), 6),
        elapsed_seconds=round(now - start_at, 6),
        failures=total("failures"),
        errors=total("errors"),
        longest_block=longest(blocks),
        discarded_bystanders=total("discarded_bystanders"),
        documents=total("documents"),
        throttles=total("throttles"),
        whole_aggregates=total("whole_aggregates"),
        unsure=tuple(sorted(frozenset().union(*(each.unsure for each in counts)))),
        metrics=added(each.metrics for each in counts),
        warnings=dict(sorted(warnings.items())),
    )
