"""The execution environments of a function: how many calls run at once, and which start cold.

Source: https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html
"""


class Environments:
    """Told of each call's beginning and end.

    UNSURE(environment-life): an environment is kept, idle, until the run ends; Lambda takes idle
    ones away, when is not documented.

    Args:
        reserved: calls that may run at the same time; None: as many as there are.
        cold_start: seconds that a call takes longer for which no environment is idle.
    """

    def __init__(self, reserved: int | None, cold_start: float) -> None:
        self._reserved, self._cold_start = reserved, cold_start
        self._idle = self._busy = 0

    def begin(self) -> float | None:
        """A call begins: seconds of a cold start, 0 where none is needed; None: throttled."""
        if self._reserved is not None and self._busy >= self._reserved:
            return None
        self._busy += 1
        if self._idle:
            self._idle -= 1
            return 0.0
        return self._cold_start

    def end(self, *, is_lost: bool) -> None:
        """A call has ended; an environment that timed out or crashed is lost with it."""
        self._busy -= 1
        self._idle += not is_lost
