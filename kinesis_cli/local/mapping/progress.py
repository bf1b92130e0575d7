"""How far the records of a shard have ended: its checkpoint."""

from collections import Counter, deque
from collections.abc import Iterable, Sequence

from kinesis_cli.stream.record import Record


class Progress:
    """The checkpoint of a shard: every record up to it has ended.

    Lanes end records out of order; the checkpoint waits for the slowest.

    Args:
        checkpoint: where a former process came to; None: nothing has ended.
        in_windows: whether it moves only when a tumbling window is closed. UNSURE(window-restart):
            the state of an open window is gone with the process; so its records come again. Or
            does AWS keep the state, and go on behind the last call?
    """

    def __init__(self, checkpoint: str | None, *, in_windows: bool = False) -> None:
        self.checkpoint = checkpoint
        self._reached, self._in_windows = checkpoint, in_windows
        self._open: deque[str] = deque()  # sequence numbers, in stream order
        self._ended: Counter[str] = Counter()  # of these; the records of an aggregate share one

    def took(self, records: Sequence[Record]) -> None:
        """Records were read, in stream order."""
        self._open.extend([record.sequence_number for record in records])

    def end(self, records: Iterable[Record]) -> None:
        """Records have ended, each once."""
        self._ended.update([record.sequence_number for record in records])
        open_, ended = self._open, self._ended
        while open_ and open_[0] in ended:
            number = open_.popleft()
            ended[number] -= 1
            if not ended[number]:
                del ended[number]
            if not open_ or open_[0] != number:
                self._reached = number
        if not self._in_windows:
            self.checkpoint = self._reached

    def window_closed(self) -> None:
        """Nothing of what has ended will be needed again."""
        self.checkpoint = self._reached
