"""How fast a number grows that is looked at now and then."""

from collections import deque

OVER_SECONDS = 3.0  # shorter looks would show every put as a peak
LEAST_SECONDS = 1.0  # the same


class Rate:
    """Told a total that grows, and when; tells how much it grew a second lately."""

    def __init__(self) -> None:
        self._looks: deque[tuple[float, int]] = deque()

    def add(self, at: float, total: int) -> None:
        """The total at a moment, seconds of any clock that does not go back."""
        if self._looks and total < self._looks[-1][1]:
            self._looks.clear()  # something was counted anew
        self._looks.append((at, total))
        while len(self._looks) > 2 and self._looks[1][0] <= at - OVER_SECONDS:
            self._looks.popleft()

    @property
    def per_second(self) -> float:
        """0.0: it is not known yet."""
        if len(self._looks) < 2:
            return 0.0
        (began, first), (ended, last) = self._looks[0], self._looks[-1]
        return (last - first) / max(ended - began, LEAST_SECONDS)
