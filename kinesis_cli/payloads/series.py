"""How values change over time."""

import math
from collections.abc import Callable
from enum import StrEnum
from random import Random

import msgspec

from kinesis_cli.errors import InputError


class SeriesKind(StrEnum):
    """The shape of a series."""

    CONSTANT = "constant"  # the middle
    UNIFORM = "uniform"  # anywhere between minimum and maximum
    SINE = "sine"  # up and down once each period
    WALK = "walk"  # at most a step away from the last value
    SPIKE = "spike"  # the minimum, and once each period the maximum


class Series(msgspec.Struct, frozen=True):
    """Values between a minimum and a maximum.

    Args:
        kind: their shape.
        minimum: smallest value.
        maximum: largest value.
        period: values from one peak to the next (sine, spike).
        step: most that a walk changes from one value to the next.

    Raises:
        InputError: the numbers do not describe a series.
    """

    kind: SeriesKind = SeriesKind.UNIFORM
    minimum: float = 10.0
    maximum: float = 40.0
    period: int = 60
    step: float = 1.0

    def __post_init__(self) -> None:
        if not all(map(math.isfinite, (self.minimum, self.maximum, self.step))):
            raise InputError("minimum, maximum and step must be finite numbers")
        if self.minimum > self.maximum:
            raise InputError(f"minimum {self.minimum} is larger than maximum {self.maximum}")
        if self.period < 1 or self.step < 0:
            raise InputError("the period is at least 1 and the step not negative")

    def values(self, random: Random) -> Callable[[int], float]:
        """A function that gives the value at an index 0, 1, 2, …, asked for in this order.

        Series of one kind start at places of their own, so that sensors differ.
        """
        low, high, period = self.minimum, self.maximum, self.period
        middle, amplitude = (low + high) / 2, (high - low) / 2
        match self.kind:
            case SeriesKind.CONSTANT:
                return lambda _: middle
            case SeriesKind.UNIFORM:
                return lambda _: random.uniform(low, high)
            case SeriesKind.SINE:
                phase = random.random()
                return lambda index: (
                    middle + amplitude * math.sin(2 * math.pi * (index / period + phase))
                )
            case SeriesKind.SPIKE:
                offset = random.randrange(period)
                return lambda index: high if (index + offset) % period == 0 else low
            case SeriesKind.WALK:
                return self._walk(random)

    def _walk(self, random: Random) -> Callable[[int], float]:
        value = random.uniform(self.minimum, self.maximum)

        def next_value(_: int) -> float:
            nonlocal value
            value += random.uniform(-self.step, self.step)
            value = min(max(value, self.minimum), self.maximum)
            return value

        return next_value
