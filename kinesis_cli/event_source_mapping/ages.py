"""How old a record may get: MaximumRecordAgeInSeconds, and the stream's retention.

Source: https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html
"""

import math
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Literal

from kinesis_cli.event_source_mapping.retries import or_infinity
from kinesis_cli.event_source_mapping.settings import EventSourceMapping
from kinesis_cli.event_source_mapping.shard import Shard
from kinesis_cli.stream.record import Record

# What age makes of a record: it left the stream, or the mapping gives it up.
Fate = Literal["kept", "expired", "too old"]


class AgeLimits:
    """The limits of a lane.

    Args:
        shard: says how long its stream keeps records.
        settings: say how old the mapping lets them get.
    """

    def __init__(self, shard: Shard, settings: EventSourceMapping) -> None:
        self._retention, self._first_arrival = shard.retention_seconds, shard.first_arrival
        self._maximum_age = or_infinity(settings.maximum_record_age_in_seconds)
        self._lowest = min(self._maximum_age, self._retention)

    def spare_the_shard(self, now: float) -> bool:
        """Whether no record of the shard can be too old: spares looking at them."""
        return self._first_arrival > now - self._lowest

    def spare(self, records: Sequence[Record], now: float) -> bool:
        """Whether none of these records is too old."""
        return oldest(records) > now - self._lowest

    def fate(self, arrival: float, now: float) -> Fate:
        """What age makes of a record."""
        age = now - arrival
        if age >= self._retention:
            return "expired"
        return "too old" if age > self._maximum_age else "kept"

    def runs(self, records: Sequence[Record], now: float) -> Iterator[tuple[Fate, list[Record]]]:
        """The records in order, those together that follow each other and share their fate."""
        for fate, run in groupby(records, key=lambda record: self.fate(record.arrival, now)):
            yield fate, list(run)


def oldest(records: Sequence[Record]) -> float:
    """The earliest arrival, epoch seconds; infinity where there are no records."""
    return min([record.arrival for record in records], default=math.inf)
