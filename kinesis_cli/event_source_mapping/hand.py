"""What a lane has in hand: the batch that it works on, and the batches that come after it."""

from collections.abc import Callable, Sequence

from kinesis_cli.event_source_mapping.events import Batch
from kinesis_cli.stream.record import Record


class Hand:
    """The batches of a lane.

    Args:
        new_request_id: a new Lambda request id for each new batch.

    Attributes:
        batch: that is called, or pauses before its next attempt; None: there is none.
    """

    def __init__(self, new_request_id: Callable[[], str]) -> None:
        self.batch: Batch | None = None
        self._pending: list[Batch] = []  # halves and rests, the next one last
        self._new_request_id = new_request_id

    @property
    def is_empty(self) -> bool:
        """Whether there is no batch at all."""
        return not (self._pending or self.batch)

    @property
    def count(self) -> int:
        """Records that the lane has taken and that have not ended."""
        in_batches = sum([len(batch.records) for batch in self._pending])
        batch = self.batch
        if batch is None or batch.is_duplicate:
            return in_batches
        return in_batches + len(batch.records)

    @property
    def blocking_record(self) -> str | None:
        """Sequence number of the first record whose failure keeps the lane from new records.

        Empty where the final call of a window does; None where the lane is free.
        """
        batch = self.batch
        if batch is not None and not self._pending and not (batch.attempts or batch.throttles):
            return None
        if batch is None and not self._pending:
            return None
        first = batch if batch is not None else self._pending[-1]
        return first.records[0].sequence_number if first.records else ""

    def next_pending(self) -> Batch | None:
        """Remove and return the half or the rest that is next."""
        return self._pending.pop() if self._pending else None

    def new(self, records: Sequence[Record]) -> Batch:
        """A batch of records that just came."""
        return Batch(records, self._new_request_id())

    def final_call(self) -> Batch:
        """The batch of a window's final call, which has no records."""
        return Batch((), self._new_request_id(), is_final=True)

    def put_down(self) -> None:
        """The batch is done with, one way or the other."""
        self.batch = None

    def go_on_with(self, *parts: Sequence[Record]) -> None:
        """Put the batch down; parts of it come next, in this order, each a batch of its own."""
        batch = self.batch
        assert batch is not None
        self._pending += [self._part_of(batch, records) for records in reversed(parts)]
        self.batch = None

    def keep(self, records: Sequence[Record]) -> None:
        """Work on with these records of the batch, as a new one; none: put it down."""
        batch = self.batch
        assert batch is not None
        self.batch = self._part_of(batch, records) if records else None

    def repeat(self, batch: Batch) -> Batch:
        """Take up a batch that was handled once more, as at-least-once delivery may."""
        numbers = frozenset(record.sequence_number for record in batch.records)
        self.batch = again = Batch(
            batch.records,
            self._new_request_id(),
            deliveries=batch.deliveries,
            handled=numbers,
            is_duplicate=True,
        )
        return again

    def _part_of(self, batch: Batch, records: Sequence[Record]) -> Batch:
        part = self.new(records)
        part.deliveries, part.handled = batch.deliveries, batch.handled
        return part
