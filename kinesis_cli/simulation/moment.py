"""Moments of virtual time as a user writes them."""

import math
import re
from dataclasses import dataclass

from kinesis_cli.errors import InputError
from kinesis_cli.event_source_mapping.settings import epoch_seconds


@dataclass(frozen=True, slots=True)
class Moment:
    """A point in time: absolute, or so many seconds after another one."""

    seconds: float
    is_relative: bool = False

    @classmethod
    def parse(cls, text: str, place: str, after: str = "after the first arrival") -> "Moment":
        """Read epoch seconds, an ISO 8601 time, or `+SECONDS` after something.

        Args:
            text: what the user wrote.
            place: where, "--start".
            after: what a relative moment counts from, for people.

        Raises:
            InputError: it has another form.
        """
        try:
            if text.startswith("+"):
                return cls(_finite(text[1:]), is_relative=True)
            return cls(epoch_seconds(text))
        except (ValueError, OverflowError):
            raise InputError(
                f"{text!r} is no time",
                place=place,
                advice="Write epoch seconds, an ISO time such as 2026-01-31T12:00:00Z, or "
                f"+SECONDS {after}.",
            ) from None

    def after(self, origin: float | None) -> float:
        """The moment in epoch seconds."""
        return self.seconds + (origin or 0.0) if self.is_relative else self.seconds


def _finite(text: str) -> float:
    if not re.fullmatch(r"\d+(\.\d*)?|\.\d+", text.strip()):
        raise ValueError(text)
    seconds = float(text)
    if math.isinf(seconds):
        raise ValueError(text)
    return seconds
