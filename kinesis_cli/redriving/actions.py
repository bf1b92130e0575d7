"""Taking on-failure documents up again: their records shown, handled, put again or saved.

A document is deleted only when each record that it names was dealt with. Whatever interrupts it,
what is not deleted is there the next time.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from itertools import zip_longest
from operator import attrgetter
from pathlib import Path
from random import Random
from typing import Literal, Protocol

from kinesis_cli.aws.failure_sources import FoundDocument
from kinesis_cli.aws.producing.producer import Producer
from kinesis_cli.aws.session import Connection
from kinesis_cli.errors import InputError, KcliError
from kinesis_cli.event_source_mapping.invocation import Handler
from kinesis_cli.event_source_mapping.settings import EventSourceMapping
from kinesis_cli.handlers.invoke_once import Event, invoke_once
from kinesis_cli.places.url import Place, Url
from kinesis_cli.places.writing import is_taken
from kinesis_cli.putting.entry import Entry
from kinesis_cli.putting.plan import PutPlan
from kinesis_cli.putting.rated_source import RatedSource
from kinesis_cli.putting.summary import PutSummary
from kinesis_cli.recordings.recording import Recording
from kinesis_cli.recordings.writing import write_recording
from kinesis_cli.redriving.failed_records import NamedRecords
from kinesis_cli.simulation.run import Simulation, SimulationOptions
from kinesis_cli.simulation.trace import FailedRecord
from kinesis_cli.stream.kinds.known import kind_of_records
from kinesis_cli.stream.on_failure_reading import FailureDocument
from kinesis_cli.stream.payload import Payload
from kinesis_cli.stream.record import Record
from kinesis_cli.stream.record_source import RecordList
from kinesis_cli.stream.user_records import data_of

Outcome = Literal["shown", "handled", "failed", "replayed", "saved", "expired"]
DONE: tuple[Outcome, ...] = ("handled", "replayed", "saved")
GIVE_UP_AFTER = 60.0  # seconds until a record that cannot be put is left


@dataclass(frozen=True, slots=True)
class ActionResult:
    """What came of an action."""

    outcome: Outcome
    remark: str = ""  # one clause
    failed: tuple[Record, ...] = ()  # those that the function reported
    whys: Mapping[str, str] = field(default_factory=dict)  # sequence number → log line or error


@dataclass(frozen=True, slots=True)
class Redriven:
    """A document that was taken up."""

    id: str
    document: FailureDocument
    records: tuple[Record, ...]
    outcome: Outcome
    remark: str
    failed: tuple[Record, ...]  # of the records, those that the function reported
    whys: Mapping[str, str]  # sequence number → the log line or error that names it; "": none does
    missing: int  # records that have left the stream
    is_whole: bool  # each record that it names is in `records`
    deleted: bool = False

    @property
    def is_done(self) -> bool:
        """Whether each record that it names was dealt with."""
        return self.outcome in DONE and bool(self.records) and self.is_whole


class Action(Protocol):
    """What is done with the records of one document."""

    def take(self, document: FailureDocument, records: Sequence[Record], /) -> ActionResult:
        """Do it; there is at least one record."""
        ...


@dataclass(frozen=True, slots=True)
class KeepForNow:
    """The records are shown or saved by whoever gets them."""

    outcome: Outcome

    def take(self, _document: FailureDocument, _records: Sequence[Record], /) -> ActionResult:
        """See `Action`."""
        return ActionResult(self.outcome)


@dataclass(frozen=True, slots=True)
class InvokeOnce:
    """Call a function with them, once."""

    handler: Handler

    def take(self, _document: FailureDocument, records: Sequence[Record], /) -> ActionResult:
        """See `Action`. Any failure in the answer counts, with ReportBatchItemFailures or without.

        Raises:
            EndpointError, InputError: the function could not be called.
        """
        event = kind_of_records(records).event(records)
        invocation = invoke_once(self.handler, Event(tuple(records), event))
        if error := invocation.result.error:
            return ActionResult("failed", f"{error.error_type}: {error.error_message}")
        if invocation.failed:
            numbers = list(dict.fromkeys(each.sequence_number for each in invocation.failed))
            remark = f"{len(invocation.failed)} of {len(records)} reported as failed"
            if len(numbers) < len(invocation.failed):
                remark = f"{remark}, or share a number that was"
            whys = {number: invocation.result.why(number) for number in numbers}
            return ActionResult("failed", remark, invocation.failed, whys)
        if invocation.remark:  # the answer says something that Lambda would not understand
            return ActionResult("failed", invocation.remark)
        return ActionResult("handled")


@dataclass(frozen=True, slots=True)
class Simulate:
    """Deliver them to a function in virtual time."""

    handler: Handler
    mapping: EventSourceMapping
    options: SimulationOptions

    def take(self, _document: FailureDocument, records: Sequence[Record], /) -> ActionResult:
        """See `Action`."""
        mapping = replace(
            self.mapping, starting_position="TRIM_HORIZON", starting_position_timestamp=None
        )
        simulation = Simulation(RecordList(records), self.handler, mapping, self.options)
        whys = {
            row.sequence_number: row.why
            for row in simulation.rows()
            if isinstance(row, FailedRecord) and row.ended != "succeeded"
        }
        summary = simulation.summary()
        done = summary.succeeded + summary.filtered
        calls = f"{summary.invocations} invocation{'' if summary.invocations == 1 else 's'}"
        if done == len(records):
            return ActionResult("handled", calls)
        remark = f"{len(records) - done} of {len(records)} not handled, {calls}"
        return ActionResult("failed", remark, whys=whys)


@dataclass(frozen=True, slots=True)
class Replay:
    """Put them on a stream again, in their order.

    Explicit hash keys are not known any more: the partition key chooses the shard.
    """

    connection: Connection
    stream: str | None  # None: the one that the document names

    def take(self, document: FailureDocument, records: Sequence[Record], /) -> ActionResult:
        """See `Action`.

        Raises:
            KcliError: nothing can be put there.
        """
        kind = document.kind
        if not kind.has_data:
            return ActionResult("failed", f"records of {kind.title} cannot be put on a stream")
        plan = PutPlan(Random(), give_up_after=GIVE_UP_AFTER, ordered=True)
        stream = self.stream or document.stream
        payloads = (Payload(each.partition_key, None, data_of(each)) for each in records)
        view = _Reasons()
        summary = Producer(self.connection, stream, plan).put(RatedSource(payloads), view)
        if summary.error and not summary.acknowledged:
            raise summary.error
        if summary.acknowledged == len(records):
            return ActionResult("replayed")
        reason = summary.error or view.reason
        return ActionResult("failed", f"{summary.acknowledged} of {len(records)} put; {reason}")


class _Reasons:
    """Remembers why records could not be put."""

    reason = ""

    def acknowledged(self, records: Sequence[Entry]) -> None:
        """Nothing to remember."""

    def failed(self, records: Sequence[Entry]) -> None:
        self.reason = records[-1].reason

    def progress(self, summary: PutSummary) -> None:
        """Nothing to remember."""


Named = tuple[FoundDocument, NamedRecords]
Delete = Callable[[FoundDocument], None]


def wanted_records(
    documents: Iterable[FoundDocument],
    wanted: Sequence[str],
    read: Callable[[FailureDocument], NamedRecords],
) -> Iterator[Named]:
    """Documents with the records that they name, or with some of them.

    Args:
        documents: all that there are.
        wanted: request ids for the documents of a call, sequence numbers for single records;
            empty: everything.
        read: the records of a document.
    """
    for found in documents:
        document = found.document
        if wanted and not any(document.names(each) for each in wanted):
            continue
        records = read(document)
        if wanted and document.request_id not in wanted:
            records = records.only(wanted)
            # A number between the first and the last may be none of a record.
            if not (records.records or records.missing or records.problem):
                continue
        yield found, records


def redrive(
    named: Iterable[Named],
    action: Action,
    delete: Delete | None,
    unbroken: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> Iterator[Redriven]:
    """Take up documents one after the other.

    Args:
        named: documents and their records.
        action: what is done with them.
        delete: takes a document away whose records were all dealt with; None: they stay.
        unbroken: lets nobody interrupt what is done for a document, until it is told.
    """
    for found, records in named:
        with unbroken():
            yield from _deleted(found, _taken(found, records, action), delete)


def refuse_saved(path: Place) -> None:
    """Refuse a file that may hold what an interrupted run saved, whose documents are deleted.

    Raises:
        InputError: there is one, or nothing can be written there.
        EndpointError: a service refused, or was not reached.
    """
    if is_taken(path) if isinstance(path, Url) else path.is_file():
        raise InputError("it exists", place=str(path), advice="Name another file.")


def save(named: Iterable[Named], path: Place, delete: Delete | None) -> Iterator[Redriven]:
    """Write the records of all documents to a new recording, each once; then delete.

    What was written is read back before the first document is deleted.

    Raises:
        InputError: the file is there already, cannot be written, or does not hold what it should.
    """
    refuse_saved(path)
    if delete is not None and isinstance(path, Path) and path.exists():
        raise InputError(
            "cannot be read back, so nothing may be deleted",
            place=str(path),
            advice="Name a new file, or leave --delete out.",
        )
    everything = list(named)
    pairs = [(found, _taken(found, records, KeepForNow("saved"))) for found, records in everything]
    distinct: dict[Hashable, Record] = {}
    for _, records in everything:
        distinct |= zip(records.identities, records.records, strict=True)
    # Recordings have each shard's records in their order; a queue keeps none. Those that share a
    # number stay as they came.
    by_number = sorted(distinct.values(), key=lambda record: int(record.sequence_number))
    wanted = sorted(by_number, key=attrgetter("shard_id"))
    write_recording(wanted, path)
    if isinstance(path, Url) or path.is_file():  # not a pipe, whose reader has it
        _check_saved(wanted, path)
    for found, redriven in pairs:
        yield from _deleted(found, redriven, delete)


def _check_saved(wanted: Sequence[Record], path: Place) -> None:
    """Read a recording back, and compare it with what it should hold.

    Raises:
        InputError: it holds something else.
    """
    if not wanted:  # no recording is empty
        return
    with Recording.open([str(path)]) as recording:
        same = all(
            each is not None and read is not None and read.raw == each.raw
            for each, read in zip_longest(wanted, recording.records())
        )
        if same and recording.count == len(wanted):
            return
        raise InputError(
            f"{len(wanted):,} records were saved, and {recording.count:,} or others read back",
            place=str(path),
            advice="No document was deleted.",
        )


def _deleted(found: FoundDocument, redriven: Redriven, delete: Delete | None) -> Iterator[Redriven]:
    """The same, deleted if each of its records was dealt with and that is wanted."""
    if delete is not None and redriven.is_done:
        try:
            delete(found)
        except KcliError:
            yield redriven  # what was done is told all the same
            raise
        redriven = replace(redriven, deleted=True)
    yield redriven


def _of_others(document: FailureDocument, named: NamedRecords) -> str:
    """Why there are more records than the document counts."""
    if len({record.sequence_number for record in named.records}) < len(named.records):
        return (
            f"{named.others} share a sequence number with the {document.batch_size} of the batch "
            "or stand between them, and the document does not tell which"
        )
    return f"{named.others} between them were not of the batch"


def _taken(found: FoundDocument, named: NamedRecords, action: Action) -> Redriven:
    if named.records:
        taken = action.take(found.document, named.records)
    elif named.problem:
        taken = ActionResult("failed", named.problem)
    elif named.missing:
        taken = ActionResult("expired")
    else:
        taken = ActionResult("shown", "names no record: a window's final call")
    remarks = (
        named.discrepancy,
        f"{named.missing} left the stream" if named.missing else "",
        _of_others(found.document, named) if named.others else "",
        f"{named.left_out} not selected" if named.left_out else "",
        taken.remark,
    )
    return Redriven(
        found.id,
        found.document,
        named.records,
        taken.outcome,
        ", ".join(filter(None, remarks)),
        taken.failed,
        taken.whys,
        missing=named.missing,
        is_whole=not (named.missing or named.left_out or named.discrepancy),
    )
