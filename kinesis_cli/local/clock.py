"""The clock of the endpoint: an argument of all that asks the time, so that it can be moved."""

import time
from typing import Protocol


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> float:
        """The time in epoch seconds."""


class ShiftableClock:
    """The real time plus an offset: five minutes pass at once when it is moved by 300 seconds."""

    def __init__(self) -> None:
        self.offset = 0.0  # seconds

    def now(self) -> float:
        """The time in epoch seconds."""
        return time.time() + self.offset

    def shift(self, seconds: float) -> None:
        """Move the clock, on or back."""
        self.offset += seconds

    def reset(self) -> None:
        """Back to the real time."""
        self.offset = 0.0
