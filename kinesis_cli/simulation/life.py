"""The life of one record: arrival, filter, every attempt and why, how it ended.

The user records of an aggregate share their sequence number, which is all that Lambda tells of
them: their lives are told together, with how many of them each step concerns.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kinesis_cli.event_source_mapping.unsure import without_points
from kinesis_cli.function_log.words import why_in_words
from kinesis_cli.simulation.trace import (
    Attempt,
    Destination,
    ExpiredRecords,
    FailedRecord,
    FilteredRecords,
    Invocation,
    Row,
)
from kinesis_cli.simulation.words import counted
from kinesis_cli.stream.record import Record


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happened to the record."""

    at: float  # epoch seconds
    text: str


class Life:
    """Follows one record through a run, row by row.

    Args:
        records: the record, or those that share its shard and sequence number; at least one.
        starts_from: the arrival from which on records are delivered, epoch seconds.

    Attributes:
        told: the steps, in the order in which the rows told them.
    """

    def __init__(self, records: Sequence[Record], starts_from: float) -> None:
        self.records, self.record = records, records[0]
        self._number = self.record.sequence_number
        self.told = [Step(self.record.arrival, "arrived on the stream")]
        self._otherwise = "skipped" if self.record.arrival < starts_from else "undelivered"
        self._endings: Counter[str] = Counter()
        self._never_called: Attempt | None = None  # the first attempt that was none

    @property
    def steps(self) -> list[Step]:
        """What happened to the record so far, in the order of time."""
        return sorted(self.told, key=lambda step: step.at)

    def row(self, row: Row) -> None:
        """Keep what concerns the record."""
        match row:
            case Invocation() if meant := self._meant(row):
                self._called(row, meant)
            case Attempt() if self._meant(row):
                self._not_called(row)
            case FilteredRecords(explanations=explanations) if meant := self._meant(row):
                why = explanations.get(self._number, "it matches no filter")
                self._end(self.record.arrival, "filtered", meant, f"matches no filter: {why}")
            case Destination() if meant := self._meant(row):
                self._discarded(row, meant)
            case ExpiredRecords() if meant := self._meant(row):
                self._end(row.at, "expired", meant, "left the stream: its retention ended")
            case FailedRecord() if self._is_of(row) and row.why:
                step = Step(self.told[-1].at, f"why: {why_in_words(row.why)}")
                if step != self.told[-1]:  # those that share a number share the line that names it
                    self.told.append(step)
            case _:
                pass

    def ended(self) -> dict[str, int]:
        """Return how the records ended → how many of them."""
        left = len(self.records) - self._endings.total()
        every = self._endings + Counter({self._otherwise: max(left, 0)})
        return dict(every)

    def ending(self) -> str:
        """Return how the record ended, in words."""
        ended = self.ended()
        if len(self.records) == 1:
            return next(iter(ended))
        return ", ".join(f"{count:,} {ending}" for ending, count in ended.items())

    def _is_of(self, row: FailedRecord) -> bool:
        return (row.shard_id, row.sequence_number) == (self.record.shard_id, self._number)

    def _meant(
        self, row: Invocation | Attempt | FilteredRecords | Destination | ExpiredRecords
    ) -> int:
        """How many of the records a row is about."""
        of_shard = row.shard_id == self.record.shard_id
        return row.sequence_numbers.count(self._number) if of_shard else 0

    def _called(self, row: Invocation, meant: int) -> None:
        others = len(row.sequence_numbers) - meant
        company = "alone" if not others else f"with {counted(others, 'other')}"
        if len(self.records) > 1:
            company = f"{meant:,} of the {len(self.records):,}, {company}"
        reason = without_points(row.reason)
        text = f"call {row.index}, attempt {row.attempt}, {company}: {row.outcome}: {reason}"
        if self._number in row.batch_item_failures:
            text += " (reported by the handler)"
        self.told.append(Step(row.at, text))
        handled = row.outcome == "success" or (
            row.outcome == "partial"
            and row.checkpoint is not None
            and int(self._number) < int(row.checkpoint)
        )
        if handled:  # once; at-least-once delivery may hand them over again
            known = self._endings["succeeded"]
            others = self._endings.total() - known
            self._endings["succeeded"] = min(known + meant, len(self.records) - others)

    def _not_called(self, row: Attempt) -> None:
        if self._never_called and row.attempt > self._never_called.attempt + 1:
            # a day of retries: the first and the last tell it
            self.told.pop()
        many = f"attempts 2 to {row.attempt:,}" if row.attempt > 2 else f"attempt {row.attempt}"
        self.told.append(Step(row.at, f"{many}, never called: {without_points(row.reason)}"))
        if row.attempt == 1:
            self._never_called = row

    def _discarded(self, row: Destination, meant: int) -> None:
        context = row.document["requestContext"]
        assert isinstance(context, Mapping)
        company = counted(len(row.sequence_numbers), "record")
        text = f"given up: {context['condition']}, one on-failure document for {company}"
        self._end(row.at, "discarded", meant, text)

    def _end(self, at: float, ending: str, meant: int, text: str) -> None:
        many = f"{meant:,} of the {len(self.records):,}: " if len(self.records) > 1 else ""
        self.told.append(Step(at, many + text))
        self._endings[ending] += meant
