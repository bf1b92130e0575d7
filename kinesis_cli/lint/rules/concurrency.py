"""How fast the function can be called, against what the stream brings. Pure."""

from collections.abc import Iterator

from kinesis_cli.lint.checks import checks
from kinesis_cli.lint.facts import MappingFacts
from kinesis_cli.lint.lanes import SHARDS_ON_DEMAND
from kinesis_cli.lint.rule import Finding, Rule, Severity
from kinesis_cli.lint.words import counted, rate, span
from kinesis_cli.stream.shards import RECORDS_PER_SECOND

SLOW = 1.0  # records a second of a shard: fewer than that is worth a word

RESERVED_TOO_LOW = Rule(
    "K015",
    "reserved-too-low",
    Severity.WARNING,
    "Reserved concurrency is lower than the calls that the shards want at once",
    "https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-parameters.html",
)
FALLS_BEHIND = Rule(
    "K016",
    "falls-behind",
    Severity.NOTE,
    "A shard falls behind where calls take as long as they may",
    "https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html",
)
UNORDERED = Rule(
    "K023",
    "order-lost",
    Severity.WARNING,
    "The stream distributes records itself: the order of a key is lost",
    "https://docs.aws.amazon.com/kinesis/latest/APIReference/API_UpdateStreamRecordDistributionStrategy.html",
)


@checks(RESERVED_TOO_LOW)
def reserved_too_low(mapping: MappingFacts) -> Iterator[Finding]:
    """Fewer calls at once than lanes, of all mappings of the function."""
    function = mapping.function
    if function is None or function.reserved is None:
        return
    reserved, lanes = function.reserved, function.lanes
    at = (*function.place, "ReservedConcurrentExecutions")
    if reserved == 0:
        yield Finding(
            RESERVED_TOO_LOW,
            "Reserved concurrency is 0: the function is never called.",
            "Each attempt is throttled; records wait, and leave the stream after "
            f"{mapping.retention_hours or 24:,} h.",
            "Raise ReservedConcurrentExecutions, or leave it out.",
            at,
        )
    elif lanes is not None and reserved < lanes:
        yield Finding(
            RESERVED_TOO_LOW,
            f"{_wanted(mapping, lanes)} at once, and {reserved:,} are reserved.",
            f"While all shards are busy, {lanes - reserved:,} of {lanes:,} calls are throttled: "
            f"{100 * reserved // lanes} % of the pace is left, and the iterator age "
            "grows.",
            f"Raise ReservedConcurrentExecutions to {lanes:,} or more.",
            at,
        )


def _wanted(mapping: MappingFacts, lanes: int) -> str:
    stream, factor = mapping.stream, mapping.number("ParallelizationFactor") or 1
    shards = stream.shards if stream else None
    if shards is None and stream and stream.is_on_demand:
        shards = SHARDS_ON_DEMAND
    if shards is None or shards * factor != lanes:
        return f"The function's mappings want {lanes:,} calls"
    begin = "The first " if stream and stream.is_on_demand else ""
    return (
        f"{begin}{counted(shards, 'shard')} × ParallelizationFactor {factor} want {lanes:,} calls"
    )


@checks(FALLS_BEHIND)
def falls_behind(mapping: MappingFacts) -> Iterator[Finding]:
    """BatchSize × ParallelizationFactor records in Timeout seconds."""
    timeout = mapping.function.timeout if mapping.function else None
    size, factor = mapping.number("BatchSize"), mapping.number("ParallelizationFactor")
    if timeout is None or size is None or factor is None or size < 1 or factor < 1:
        return
    pace = size * factor / max(timeout, 1.0)  # a shard is polled once a second
    if pace >= SLOW:
        return
    lanes = f" × ParallelizationFactor {factor}" if factor > 1 else ""
    yield Finding(
        FALLS_BEHIND,
        f"A call may take {span(timeout)} for {counted(size, 'record')} (Timeout, BatchSize"
        f"{lanes}).",
        f"Where calls take that long, a shard falls behind at more than {rate(pace)} records/s; "
        f"it takes up to {RECORDS_PER_SECOND:,}.",
        "Raise BatchSize or ParallelizationFactor, or lower Timeout to what calls need.",
        mapping.at("BatchSize"),
    )


@checks(UNORDERED)
def unordered(mapping: MappingFacts) -> Iterator[Finding]:
    """RecordDistributionStrategy AUTO ignores partition keys."""
    stream = mapping.stream
    if stream is None or stream.distribution != "AUTO":
        return
    shards = stream.shards or SHARDS_ON_DEMAND
    yield Finding(
        UNORDERED,
        "RecordDistributionStrategy is AUTO: Kinesis ignores partition keys.",
        f"Records of one key are on up to {shards:,} shards, and as many calls handle them at the "
        "same time, in no order.",
        "Set it to USER_PARTITION_KEY where the order of a key matters.",
        (*stream.place, "RecordDistributionStrategy"),
    )
