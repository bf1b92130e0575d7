"""What the streams and functions measure of themselves, as CloudWatch keeps it: by the minute.

Sources: https://docs.aws.amazon.com/streams/latest/dev/monitoring-with-cloudwatch.html and
https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

KEPT_MINUTES = 180


class Series(NamedTuple):
    """A metric of one stream or function."""

    account: str
    region: str
    namespace: str  # "AWS/Lambda"
    dimension: str  # "FunctionName"
    resource: str  # its value
    name: str
    unit: str  # CloudWatch's


@dataclass(slots=True)
class Figures:
    """What was measured of a series in one minute."""

    count: int
    total: float
    least: float
    greatest: float


class Metrics:
    """The figures of the last three hours, in memory."""

    def __init__(self) -> None:
        self._minutes: dict[int, dict[Series, Figures]] = {}

    def add(self, series: Series, value: float, times: int = 1) -> None:
        """Something was measured, now, so many times."""
        minute = int(time.time() // 60)
        figures = self._minutes.get(minute)
        if figures is None:
            figures = self._minutes[minute] = {}
            for old in [each for each in self._minutes if each <= minute - KEPT_MINUTES]:
                del self._minutes[old]
        found = figures.get(series)
        if found is None:
            figures[series] = Figures(times, value * times, value, value)
            return
        found.count += times
        found.total += value * times
        found.least = min(found.least, value)
        found.greatest = max(found.greatest, value)

    def of(self, account: str, region: str) -> Iterator[tuple[int, Series, Figures]]:
        """All figures of an account in a region; with each the minute's begin, epoch seconds."""
        for minute, figures in sorted(self._minutes.items()):
            for series, found in list(figures.items()):  # another thread may add to it
                if (series.account, series.region) == (account, region):
                    yield minute * 60, series, found
