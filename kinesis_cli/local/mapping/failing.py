"""The batches of a shard whose last call failed, and that are tried again."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from kinesis_cli.event_source_mapping.lane import Lane
from kinesis_cli.poison.stuck_batch import StuckBatch
from kinesis_cli.stream.record import Record


@dataclass(frozen=True, slots=True)
class FailedCall:
    """A call of a function that failed, or that was not made since its event is too large."""

    records: Sequence[Record]  # that come again
    attempt: int
    reason: str  # one sentence
    error: str = ""  # "ValueError: text"; "": the function answered, or was not called


class FailingBatches:
    """What each lane of a shard fails on now."""

    def __init__(self) -> None:
        self._calls: dict[Lane, FailedCall] = {}
        self._since: dict[Lane, float] = {}  # epoch seconds

    def add(self, lane: Lane, call: FailedCall, now: float) -> None:
        """Records have failed."""
        self._calls[lane] = call
        self._since.setdefault(lane, now)

    def end(self, lane: Lane) -> None:
        """What the lane failed on has ended."""
        self._calls.pop(lane, None)
        self._since.pop(lane, None)

    def told(self, mapping: str, shard_id: str, checkpoint: str | None) -> list[StuckBatch]:
        """The batches, those of the earliest records first.

        Args:
            mapping: its UUID.
            shard_id: the shard's.
            checkpoint: of the shard.
        """
        found = [
            StuckBatch(
                mapping,
                shard_id,
                call.records[0].sequence_number,
                call.records[-1].sequence_number,
                len(call.records),
                call.attempt,
                self._since[lane],
                call.error,
                call.reason,
                checkpoint,
            )
            for lane, call in self._calls.items()
            if call.records  # none: a window's final call
        ]
        return sorted(found, key=lambda batch: int(batch.first))


def from_failure_on(call: FailedCall, number: str | None) -> FailedCall:
    """The same, of the records from a number on: what is before is done."""
    numbers = [record.sequence_number for record in call.records]
    start = numbers.index(number) if number in numbers else 0
    return replace(call, records=call.records[start:])
