"""What came of a delivery: every call, how each record ended, and why."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from kinesis_cli.event_source_mapping.unsure import without_points
from kinesis_cli.simulation.life import Life
from kinesis_cli.simulation.trace import (
    Destination,
    ExpiredRecords,
    FailedRecord,
    FilteredRecords,
    Invocation,
    Row,
    Summary,
)
from kinesis_cli.simulation.words import counted, since_cell
from kinesis_cli.stream.record import Record
from kinesis_cli.testing.watched import Watched

if TYPE_CHECKING:
    from types import TracebackType

    from kinesis_cli.event_source_mapping.events import Outcome
    from kinesis_cli.event_source_mapping.invocation import FunctionError
    from kinesis_cli.event_source_mapping.settings import EventSourceMapping
    from kinesis_cli.testing.repeat import Repeat


_NUMBER = re.compile(r"\d{20,}")  # as Kinesis writes sequence numbers


class Records(list[Record]):
    """The records of a run that ended in one way: a list that says why when a test fails.

    Attributes:
        run: whose.
        how: "discarded", "filtered", …
    """

    def __init__(self, records: Iterable[Record], run: RunFacts, how: str) -> None:
        super().__init__(records)
        self.run, self.how = run, how


class Count(int):
    """A number of a run that says why when a test fails.

    Attributes:
        run: whose.
        what: "deliveries", "succeeded".
        record: that was counted; None: the whole run was.
    """

    run: RunFacts
    what: str
    record: Record | None

    @classmethod
    def of(cls, number: int, run: RunFacts, what: str, record: Record | None = None) -> Count:
        """Return `number` with what it tells."""
        count = cls(number)
        count.run, count.what, count.record = run, what, record
        return count


@dataclass(frozen=True, slots=True)
class Call:
    """One call of the function."""

    index: int  # 0-based, by start
    at: float  # start, epoch seconds of virtual time
    attempt: int  # 1-based, of this batch
    shard_id: str
    records: tuple[Record, ...]
    outcome: Outcome  # "success", "partial", "failed", "throttled"
    reported: tuple[Record, ...]  # records that the response named in batchItemFailures
    checkpoint: str | None  # where the shard goes on
    reason: str  # one sentence: why this outcome, and what follows
    duration_ms: float  # virtual
    error: FunctionError | None  # as Lambda reports it
    log: tuple[str, ...]  # lines of standard output and messages of logging
    request_id: str
    response: object = None  # what the function returned, where it is a function of the test's
    exception: BaseException | None = field(default=None, compare=False)
    traceback: TracebackType | None = field(default=None, compare=False, repr=False)

    def __repr__(self) -> str:
        failed = f", {self.error.error_type}" if self.error is not None else ""
        many = counted(len(self.records), "record")
        return f"<Call {self.index}, attempt {self.attempt}, {many}: {self.outcome}{failed}>"


@dataclass(frozen=True, eq=False, repr=False)
class RunFacts:
    """A delivery from its first record to its end, as far as it speaks for itself.

    Attributes:
        records: all records of the stream, in the order in which they were given.
        handler: the function's name, "app.lambda_handler".
        mapping: the settings that were in force.
        mapping_origin: where they came from, for people.
        start_at: when the mapping went live, epoch seconds of virtual time.
        summary: the same numbers as `kcli simulate` shows.
        rows: the trace that all of this is made of.
        repeat: how to see it again with `kcli simulate`; None: nothing is known of that.
        watched: when records came and were done, in a test that pytest runs.
    """

    records: Sequence[Record]
    handler: str
    mapping: EventSourceMapping
    mapping_origin: str
    start_at: float
    starts_from: float
    summary: Summary
    rows: Sequence[Row]
    seen: Mapping[str, Any] = field(default_factory=dict)
    warnings: Sequence[str] = ()
    repeat: Repeat | None = None
    watched: Watched = field(default_factory=Watched)

    @cached_property
    def calls(self) -> list[Call]:
        """The calls of the function, in the order of their start."""
        return [self._call(row) for row in self.rows if isinstance(row, Invocation)]

    @cached_property
    def documents(self) -> list[dict[str, Any]]:
        """The on-failure documents as AWS writes them, whether or not there is a destination."""
        return [dict(row.document) for row in self.rows if isinstance(row, Destination)]

    @property
    def succeeded(self) -> int:
        """How many records were handled."""
        return Count.of(self.summary.succeeded, self, "succeeded")

    @property
    def discarded(self) -> list[Record]:
        """The records that were given up, in the order in which that happened."""
        return self._ended(Destination, "discarded")

    @property
    def filtered(self) -> list[Record]:
        """The records that match no filter."""
        return self._ended(FilteredRecords, "filtered")

    @property
    def expired(self) -> list[Record]:
        """The records whose retention ended before they were done."""
        return self._ended(ExpiredRecords, "expired")

    def deliveries(self, record: Record) -> int:
        """Return how often the function was called with a record.

        Raises:
            ValueError: it is not a record of this run.
        """
        number = self._known(record).sequence_number
        rows = self._rows_of.get((record.shard_id, number), ())
        calls = sum(isinstance(row, Invocation) for row in rows)
        return Count.of(calls, self, "deliveries", record)

    def ending(self, record: Record) -> str:
        """Return how a record ended.

        "succeeded", "discarded", "filtered", "expired", "skipped" (before the starting position)
        or "undelivered" (still waiting at the end).

        Raises:
            ValueError: it is not a record of this run.
        """
        return self._life(record).ending()

    def life(self, record: Record) -> str:
        """Return what happened to a record, a line for each step.

        Raises:
            ValueError: it is not a record of this run.
        """
        return "\n".join(self.life_lines(record))

    def life_lines(self, record: Record, most: int | None = None) -> list[str]:
        """Return the lines of `life`; of more than `most` the middle is left out."""
        life = self._life(record)
        steps = [
            (since_cell(step.at - self.start_at), self.with_places(step.text))
            for step in life.steps
        ]
        width = max(len(since) for since, _ in steps)
        lines = [f"{since:>{width}}  {text}" for since, text in steps]
        if most is not None and len(lines) > most:
            left_out = len(lines) - most + 1
            head = most // 2
            lines[head : head + left_out] = [f"{'':{width}}  … {counted(left_out, 'more step')}"]
        return [*lines, f"{'':{width}}  ended: {life.ending()}"]

    @property
    def last_exception(self) -> BaseException | None:
        """The exception of the last call that ended with one; None: it is not known, or none did.

        With its traceback from the function's own frame on.
        """
        for call in reversed(self.calls):
            if call.exception is not None:
                return call.exception.with_traceback(call.traceback)
        return None

    def has(self, record: Record) -> bool:
        """Return whether a record is one of this run."""
        return (record.shard_id, record.sequence_number) in self._places

    def number_of(self, record: Record) -> int:
        """Return the place of a record among all of them, from 1."""
        return self._places[record.shard_id, record.sequence_number]

    def with_places(self, text: str) -> str:
        """Return a text with the places of records, "record 3", for their sequence numbers."""
        return _NUMBER.sub(self._place_in_words, text)

    def _place_in_words(self, found: re.Match[str]) -> str:
        places = self._places_of_numbers.get(found[0], ())
        return f"record {places[0]}" if len(places) == 1 else found[0]

    @cached_property
    def _places_of_numbers(self) -> dict[str, list[int]]:
        """Sequence number → places; in two shards of a recording there may be the same one."""
        places: dict[str, list[int]] = {}
        for (_, number), place in self._places.items():
            places.setdefault(number, []).append(place)
        return places

    def __repr__(self) -> str:
        return f"<Run of {self.in_short()}>"

    def in_short(self) -> str:
        """Return the run in a line."""
        summary = self.summary
        ends = {
            "succeeded": summary.succeeded,
            "discarded": summary.discarded,
            "filtered": summary.filtered,
            "expired": summary.expired,
            "skipped": summary.skipped,
            "undelivered": summary.undelivered,
        }
        told = ", ".join(f"{number:,} {name}" for name, number in ends.items() if number)
        calls = counted(summary.invocations, "call")
        many = counted(summary.records, "record")
        return f"{many}: {told or 'nothing'}; {calls} of {self.handler}"

    @cached_property
    def _places(self) -> dict[tuple[str, str], int]:
        return {
            (record.shard_id, record.sequence_number): place
            for place, record in enumerate(self.records, 1)
        }

    def _of(self, shard_id: str, numbers: Iterable[str]) -> list[Record]:
        """The records of these numbers, each once: those out of one aggregate share theirs."""
        places = self._places
        return [
            self.records[places[shard_id, number] - 1]
            for number in dict.fromkeys(numbers)
            if (shard_id, number) in places
        ]

    def _ended(
        self, kind: type[Destination | FilteredRecords | ExpiredRecords], how: str
    ) -> Records:
        rows = (row for row in self.rows if isinstance(row, kind))
        found = (each for row in rows for each in self._of(row.shard_id, row.sequence_numbers))
        unique = {(each.shard_id, each.sequence_number): each for each in found}
        return Records(unique.values(), self, how)

    def _call(self, row: Invocation) -> Call:
        seen = self.seen.get(row.request_id)
        return Call(
            index=row.index,
            at=row.at,
            attempt=row.attempt,
            shard_id=row.shard_id,
            records=tuple(self._of(row.shard_id, row.sequence_numbers)),
            outcome=row.outcome,
            reported=tuple(self._of(row.shard_id, row.batch_item_failures)),
            checkpoint=row.checkpoint,
            reason=without_points(row.reason),
            duration_ms=row.duration_ms,
            error=row.error,
            log=row.logs,
            request_id=row.request_id,
            response=seen.response if seen else None,
            exception=seen.exception if seen else None,
            traceback=seen.traceback if seen else None,
        )

    def _known(self, record: Record) -> Record:
        if self.has(record):
            return record
        raise ValueError(f"{record!r} is not a record of this run, which has {self.in_short()}")

    def _life(self, record: Record) -> Life:
        number = self._known(record).sequence_number
        from kinesis_cli.event_source_mapping.aggregates import opened

        packed = self.records[self._places[record.shard_id, number] - 1]
        life = Life(opened([packed]), self.starts_from)
        for row in self._rows_of.get((record.shard_id, number), ()):
            life.row(row)
        return life

    @cached_property
    def _rows_of(self) -> dict[tuple[str, str], list[Row]]:
        """Shard and sequence number → what the trace says of that record, in order."""
        found: dict[tuple[str, str], list[Row]] = {}
        for row in self.rows:
            if isinstance(row, FailedRecord):
                numbers = {row.sequence_number}
            else:
                numbers = set(row.sequence_numbers)
            for number in numbers:
                found.setdefault((row.shard_id, number), []).append(row)
        return found
