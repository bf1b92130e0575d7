"""The rows of all parts as those of one run."""

from collections.abc import Iterable, Iterator, Mapping
from heapq import merge

import msgspec

from kinesis_cli.parts.rows_file import TimedRow
from kinesis_cli.simulation.running.endings import EXPLAINED_FILTERED_RECORDS
from kinesis_cli.simulation.trace import FilteredRecords, Invocation, Row


def merged(parts: Iterable[Iterable[TimedRow]], ranks: Mapping[str, int]) -> Iterator[Row]:
    """All rows in the order of one run: by time, family of shards, and call.

    Args:
        parts: the rows of each, in its order.
        ranks: of the families of all shards.
    """

    def order(timed: TimedRow) -> tuple[float, int]:
        return timed[0], ranks[timed[1].shard_id]

    calls = explained = 0
    for _, row in merge(*parts, key=order):
        if isinstance(row, Invocation):
            yield msgspec.structs.replace(row, index=calls)
            calls += 1
        elif isinstance(row, FilteredRecords) and row.explanations:
            left = max(0, EXPLAINED_FILTERED_RECORDS - explained)
            explained += len(row.sequence_numbers)
            yield _explaining(row, left)
        else:
            yield row


def _explaining(row: FilteredRecords, most: int) -> FilteredRecords:
    """The row with the explanations of its first records only; each part has its own first ones."""
    kept = set(row.sequence_numbers[:most])
    found = {number: why for number, why in row.explanations.items() if number in kept}
    return msgspec.structs.replace(row, explanations=found)
