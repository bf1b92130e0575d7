"""The rows of a run, in the order of what they tell."""

from collections import deque
from collections.abc import Iterator

import msgspec

from kinesis_cli.simulation.running.agenda import Agenda
from kinesis_cli.simulation.trace import Row


class Slot(msgspec.Struct):
    """A place among the rows, and its row as soon as that is known."""

    at: float  # when it was taken
    row: Row | None = None


class RowsInOrder:
    """Rows that were told and not yet read.

    A call's place is that of its start, and what comes behind it waits until it has ended.
    """

    def __init__(self, agenda: Agenda) -> None:
        self._agenda = agenda
        self._told: deque[Slot] = deque()

    def tell(self, row: Row) -> None:
        """Add a row of this moment."""
        self._told.append(Slot(self._agenda.now, row))

    def tell_at(self, at: float, row: Row) -> None:
        """Add a row of another time."""
        self._told.append(Slot(at, row))

    def reserve(self, at: float) -> Slot:
        """Take a place for a row that is not known yet."""
        slot = Slot(at)
        self._told.append(slot)
        return slot

    def ready(self) -> Iterator[tuple[float, Row]]:
        """Remove and return the rows that nothing before them keeps, each with its time."""
        told = self._told
        while told and (row := told[0].row) is not None:
            yield told.popleft().at, row
