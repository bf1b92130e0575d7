"""The records that an on-failure document names, read back from their stream."""

from collections.abc import Callable, Collection
from contextlib import closing
from dataclasses import dataclass, replace

from kinesis_cli.aws.consumer import Consumer, ReadPlan
from kinesis_cli.aws.session import Connection
from kinesis_cli.errors import EndpointError, InputError
from kinesis_cli.event_source_mapping.failure_documents import FailureDocument
from kinesis_cli.stream.record import Record
from kinesis_cli.stream.selection import Start, StartKind

# Records of one call: what a shard gives a second is shared with the function. Not just as many as
# the batch has, because filters may have left out most of what lies between.
_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class NamedRecords:
    """The records of a document."""

    records: tuple[Record, ...]  # in stream order
    missing: int = 0  # that have left the stream
    others: int = 0  # of the records, those that were not of the batch that was given up
    left_out: int = 0  # that were not selected
    problem: str = ""  # why they cannot be had from their stream

    def only(self, wanted: Collection[str]) -> "NamedRecords":
        """The same, of which only some sequence numbers are meant."""
        records = tuple(each for each in self.records if each.sequence_number in wanted)
        return replace(self, records=records, others=0, left_out=len(self.records) - len(records))


def named_records(
    document: FailureDocument,
    connection: Connection,
    stream: str | None,
    warn: Callable[[str], None],
) -> NamedRecords:
    """The records that a document names: its own payload's, else those of the stream.

    Args:
        document: which.
        connection: to the stream.
        stream: where they are; None: the stream that the document names.
        warn: told of trouble that lasts.

    Raises:
        EndpointError: the stream cannot be read, or there is none of the name `stream`.
    """
    if document.payload is not None:
        return NamedRecords(document.payload)
    if not document.start:  # a window's final call
        return NamedRecords(())
    if stream is None and document.region != connection.region:
        return NamedRecords((), problem=f"its stream is in region {document.region or 'unknown'}")
    try:
        records = tuple(_read_back(document, connection, stream or document.stream, warn))
    except EndpointError as error:
        if stream is not None or error.code != "ResourceNotFoundException":
            raise
        return NamedRecords((), problem=f"its records cannot be read: {error.problem}")
    size = document.batch_size or 1
    # Between the first and the last there may be more: what filters left out, and with a
    # ParallelizationFactor what went another way. The document does not tell them apart. So their
    # number alone does not say that all are there, but the first is the first to leave.
    first_is_there = bool(records) and records[0].sequence_number == document.start
    missing = max(size - len(records), 0 if first_is_there else 1)
    others = len(records) - size if document.batch_size else 0
    return NamedRecords(records, missing, max(others, 0))


def _read_back(
    document: FailureDocument, connection: Connection, stream: str, warn: Callable[[str], None]
) -> list[Record]:
    try:
        start = Start(StartKind.AT_SEQUENCE_NUMBER, sequence_number=document.start)
        return _read(document, connection, stream, start, warn)
    except EndpointError as error:
        if error.code != "InvalidArgumentException":
            raise
        # UNSURE(trimmed-number): a number that has left the stream is refused; or it means the
        # oldest record that is there?
        return _read(document, connection, stream, Start(StartKind.TRIM_HORIZON), warn)
    except InputError:  # the shard has left the stream
        return []


def _read(
    document: FailureDocument,
    connection: Connection,
    stream: str,
    start: Start,
    warn: Callable[[str], None],
) -> list[Record]:
    first, last = int(document.start), int(document.end)
    is_one = first == last and start.kind is StartKind.AT_SEQUENCE_NUMBER
    limit = 1 if is_one else _AT_ONCE
    plan = ReadPlan(start, follow=False, shard_ids=frozenset({document.shard_id}), limit=limit)
    found: list[Record] = []
    with closing(Consumer(connection, stream, plan, warn).poll()) as batches:
        for batch in batches:
            if batch.shard_id not in ("", document.shard_id):
                continue
            numbers = [int(record.sequence_number) for record in batch.records]
            pairs = zip(numbers, batch.records, strict=True)
            found += [record for number, record in pairs if first <= number <= last]
            if numbers and numbers[-1] >= last:
                break
    return found
