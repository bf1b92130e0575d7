"""What a run keeps: what is planned, what is told, and what was counted."""

from kinesis_cli.simulation.running.agenda import Agenda
from kinesis_cli.simulation.running.rows import RowsInOrder
from kinesis_cli.simulation.tally import Tally
from kinesis_cli.simulation.watch import Watch


class Books:
    """The agenda, the rows and the counts of a run, which all of its parts write in.

    Args:
        start_at: when the run begins, epoch seconds.
        records: of the recording.

    Attributes:
        watches: whoever else wants to know what becomes of records.
    """

    def __init__(self, start_at: float, records: int) -> None:
        self.agenda = Agenda(start_at)
        self.rows = RowsInOrder(self.agenda)
        self.tally = Tally(records)
        self.watches: list[Watch] = []
