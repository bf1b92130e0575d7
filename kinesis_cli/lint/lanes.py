"""How many calls at once the mappings of a function may want. Pure."""

from collections.abc import Iterable, Mapping

from kinesis_cli.lint.facts import StreamFacts

# Of a new stream that nobody warmed: 4 MB/s and 4,000 records/s.
# Source: https://docs.aws.amazon.com/streams/latest/dev/how-do-i-size-a-stream.html
SHARDS_ON_DEMAND = 4


def lanes_of(mappings: Iterable[tuple[Mapping[str, object], StreamFacts | None]]) -> int:
    """At least so many: shards × ParallelizationFactor of each; one shard where it is not known."""
    lanes = 0
    for values, stream in mappings:
        factor = values.get("ParallelizationFactor", 1)
        shards = stream.shards if stream else None
        if shards is None:
            shards = SHARDS_ON_DEMAND if stream and stream.is_on_demand else 1
        lanes += shards * (factor if isinstance(factor, int) and factor > 0 else 1)
    return lanes
