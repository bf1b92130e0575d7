"""A call that a log tells of; apart from what reads it, which a simulation seldom needs."""

from typing import NamedTuple


class MeasuredCall(NamedTuple):
    """How long a call took."""

    seconds: float
    records: int | None = None  # of its batch; None: the log does not say
    init_seconds: float | None = None  # of the start of its process, where it started one
