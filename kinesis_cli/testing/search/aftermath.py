"""What Lambda would do with a batch: a simulation under the function's own mapping."""

from collections.abc import Sequence

from kinesis_cli.event_source_mapping.invocation import InvocationRequest, InvocationResult
from kinesis_cli.event_source_mapping.settings import EventSourceMapping
from kinesis_cli.library import simulate
from kinesis_cli.simulation.trace import Summary
from kinesis_cli.stream.record import Record
from kinesis_cli.testing.checks.observing import Batch, Seen, Subject
from kinesis_cli.testing.events import records_of_event
from kinesis_cli.testing.search.report import Aftermath


class _Remembering:
    """The function, called once for each batch: a day of retries takes no longer than one call.

    Args:
        subject: the function.
        records: that batches are made of.
        before: batches that its environment has seen already.
    """

    def __init__(
        self, subject: Subject, records: Sequence[Record], before: Sequence[Batch]
    ) -> None:
        self.name, self.runtime = subject.name, subject.runtime
        self._subject, self._before = subject, before
        self._records = {record.sequence_number: record for record in records}
        self._results: dict[bytes, InvocationResult] = {}

    def invoke(self, request: InvocationRequest) -> InvocationResult:
        """Call the function, or remember what it did with these records."""
        if request.payload not in self._results:
            numbers = [
                each.sequence_number for each in records_of_event(request.payload, "the event")
            ]
            batch = [self._records[number] for number in numbers]
            *_, seen = self._subject.deliver(*self._before, batch)
            self._results[request.payload] = seen.result
        return self._results[request.payload]

    def close(self) -> None:
        """Nothing: the subject is somebody else's."""


def aftermath(
    subject: Subject, records: Sequence[Record], seed: int, before: Sequence[Batch] = ()
) -> Aftermath | None:
    """Deliver a batch as Lambda would; None: its mapping delivers in a way that tells nothing.

    Args:
        subject: the function.
        records: the batch.
        seed: of the simulation.
        before: batches that its environment has seen already.
    """
    mapping = subject.mapping
    if mapping.tumbling_window_in_seconds or len(records) > mapping.batch_size:
        return None
    at_once = _at_once(mapping)
    result = simulate(list(records), _Remembering(subject, records, before), at_once, seed=seed)
    alone = [subject.deliver([record])[0] for record in records[:10]]
    return Aftermath(_sentence(result.summary, alone, result.discarded, mapping), result.summary)


def _at_once(mapping: EventSourceMapping) -> EventSourceMapping:
    """The mapping from the stream's beginning: the records have arrived."""
    document = mapping.to_aws()
    document.pop("StartingPositionTimestamp", None)
    return EventSourceMapping.from_aws(
        {**document, "StartingPosition": "TRIM_HORIZON"}, kind=mapping.kind
    )


def _sentence(
    summary: Summary, alone: Sequence[Seen], discarded: Sequence[str], mapping: EventSourceMapping
) -> str:
    parts = []
    if summary.discarded:
        parts.append(_discarded(summary, alone, discarded, mapping))
    if summary.expired:
        parts.append(
            f"{_of(summary.expired, summary.records)} never handled, until the stream drops "
            f"{'it' if summary.expired == 1 else 'them'} after {_calls(summary)}"
        )
    if summary.filtered:
        parts.append(f"{_of(summary.filtered, summary.records)} filtered out")
    if not parts:
        lost = _lost(alone, discarded)
        what = f"{_of(summary.succeeded, summary.records)} counted as handled"
        parts.append(f"{what} after {_calls(summary)}")
        if lost:
            parts.append(f"{lost} of them lost without a word")
    if summary.longest_block is not None and summary.longest_block.seconds >= 0.05:
        parts.append(f"{_seconds(summary.longest_block.seconds)} of blocked shard")
    return ", ".join(parts)


def _discarded(
    summary: Summary, alone: Sequence[Seen], discarded: Sequence[str], mapping: EventSourceMapping
) -> str:
    text = f"{_of(summary.discarded, summary.records)} discarded after {_calls(summary)}"
    good = sum(
        each.first_failed is None and each.batch[0].sequence_number in discarded for each in alone
    )
    if good:
        text += f", {good} of them good"
    return text + (", to the on-failure destination" if mapping.destination else "")


def _lost(alone: Sequence[Seen], discarded: Sequence[str]) -> int:
    """How many records fail alone and were never discarded."""
    return sum(
        each.first_failed is not None and each.batch[0].sequence_number not in discarded
        for each in alone
    )


def _of(count: int, all_: int) -> str:
    if count == all_:
        return {1: "the record", 2: "both records"}.get(count, f"all {count:,} records")
    return f"{count:,} of {all_:,} records"


def _calls(summary: Summary) -> str:
    return f"{summary.invocations:,} call{'' if summary.invocations == 1 else 's'}"


def _seconds(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s" if seconds >= 1 else f"{seconds:.1f} s"
    minutes = seconds / 60
    return f"{minutes:.0f} min" if minutes < 120 else f"{minutes / 60:.0f} h"
