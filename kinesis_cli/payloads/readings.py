"""Readings of temperature sensors, as the bundled function expects them."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from random import Random

from kinesis_cli.errors import InputError
from kinesis_cli.payloads.series import Series
from kinesis_cli.stream.payload import Payload

HOT = (100.01, 150.0)  # above 100.00 the bundled function fails
MAX_SENSORS = 1_000_000
_INT64 = 2**63


@dataclass(frozen=True, slots=True, kw_only=True)
class Readings:
    """Readings of one or more sensors, in turn.

    Args:
        sensors: how many; their records have the partition keys sensor-1, sensor-2, …
        series: how the temperature of each sensor changes.
        temperature: the temperature of every reading, instead of a series.
        timestamp: the `readingTimestamp` of every reading; None: when the record arrives.
        hot_rate: share of readings that are too hot, 0 to 1.

    Raises:
        InputError: a number is out of its range.
    """

    sensors: int = 1
    series: Series = field(default_factory=Series)
    temperature: float | None = None
    timestamp: int | None = None
    hot_rate: float = 0.0

    def __post_init__(self) -> None:
        if not 1 <= self.sensors <= MAX_SENSORS:
            raise InputError(f"{self.sensors} sensors: from 1 to {MAX_SENSORS:,} are possible")
        if not 0 <= self.hot_rate <= 1:
            raise InputError(
                f"{self.hot_rate} is not a share of hot readings; it is between 0 and 1"
            )
        if self.temperature is not None and not math.isfinite(self.temperature):
            raise InputError(f"{self.temperature} is no temperature; JSON has only finite numbers")
        if self.timestamp is not None and not -_INT64 <= self.timestamp < _INT64:
            raise InputError(f"timestamp {self.timestamp} does not fit into 64 bits")

    def payloads(self, random: Random, times: Iterable[float]) -> Iterator[Payload]:
        """A reading for each of the times, epoch seconds."""
        # Beyond ten thousand, sensors share their temperatures: nobody would see it.
        series = self.series
        values = [series.values(random) for _ in range(min(self.sensors, 10_000))]
        for index, at in enumerate(times):
            sensor = index % self.sensors
            turn = index // self.sensors
            if self.hot_rate and random.random() < self.hot_rate:
                temperature = round(random.uniform(*HOT), 2)
            elif self.temperature is not None:
                temperature = self.temperature
            else:
                temperature = round(values[sensor % len(values)](turn), 2)
            timestamp = round(at * 1000) if self.timestamp is None else self.timestamp
            yield Payload(f"sensor-{sensor + 1}", None, reading(temperature, timestamp))


def reading(temperature: float, timestamp: int) -> bytes:
    """One reading as JSON.

    Args:
        temperature: degrees.
        timestamp: epoch milliseconds.
    """
    # repr of a finite float is what json.dumps writes, in a tenth of the time
    return f'{{"temperature":{temperature!r},"readingTimestamp":{timestamp}}}'.encode()
