"""How old something was, over a whole run: the middle, the 99th percentile and the highest."""

import math
from array import array
from collections.abc import Iterable

import msgspec

MAX_KEPT = 1_000_000  # 8 bytes each


class Ages(msgspec.Struct, frozen=True):
    """Percentiles of ages, seconds."""

    p50: float = 0.0
    p99: float = 0.0
    highest: float = 0.0


class AgesSeen:
    """Takes ages as they come.

    Up to `MAX_KEPT` are kept; of more every second, of twice as many every fourth, and so on, so
    that memory does not grow with the run. The highest is exact.
    """

    def __init__(self, max_kept: int = MAX_KEPT) -> None:
        self._kept = array("d")
        self._max_kept = max_kept
        self._step = 1  # every so many are kept
        self._passed = 0  # since the last one that was
        self._highest = 0.0

    def add(self, ages: Iterable[float]) -> None:
        """Take some."""
        for age in ages:
            if age > self._highest:
                self._highest = age
            self._passed += 1
            if self._passed >= self._step:
                self._passed = 0
                self._kept.append(age)
                if len(self._kept) >= self._max_kept:
                    self._kept = self._kept[1::2]
                    self._step *= 2

    def result(self) -> Ages:
        """What they come to so far."""
        if not self._kept:
            return Ages(highest=self._highest)
        ordered = sorted(self._kept)
        return Ages(
            round(_rank(ordered, 0.5), 6), round(_rank(ordered, 0.99), 6), round(self._highest, 6)
        )


def _rank(ordered: list[float], share: float) -> float:
    """The smallest that is at least as high as this share of all."""
    return ordered[max(math.ceil(share * len(ordered)) - 1, 0)]
