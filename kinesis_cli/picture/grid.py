"""Cells of equal length, in which a picture keeps what happened: they grow with the run."""

import math

from kinesis_cli.picture.lanes import SAME_MOMENT

CELLS = 2048  # of a lane, at most
FINEST = 0.001  # seconds of a cell, at least
ROUGHLY = 1e-3  # of a column: what epoch seconds as floats cannot tell


class Grid:
    """Where time is cut: from `start` on, in stretches that double when the run grows too long."""

    def __init__(self, start: float) -> None:
        self.start = start
        self.width = FINEST

    def index(self, at: float) -> int:
        """The cell that a moment is in."""
        return max(0, int((at - self.start + SAME_MOMENT) / self.width))

    def last_index(self, start: float, end: float) -> int:
        """The last cell of a stretch, whose end is not in it."""
        return max(self.index(start), math.ceil((end - self.start - SAME_MOMENT) / self.width) - 1)

    def doublings(self, at: float) -> int:
        """Make the cells wide enough to reach a moment; return how often they were doubled."""
        doublings = 0
        while self.index(at) >= CELLS:
            self.width *= 2
            doublings += 1
        return doublings
