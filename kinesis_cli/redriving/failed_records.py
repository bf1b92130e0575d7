"""The records that an on-failure document names, read back from their stream."""

from collections.abc import Callable, Collection, Hashable
from contextlib import closing
from dataclasses import dataclass, replace

from kinesis_cli.aws.consuming.consumer import Consumer, ReadPlan
from kinesis_cli.aws.session import Connection
from kinesis_cli.aws.streams import hash_range
from kinesis_cli.errors import EndpointError, InputError
from kinesis_cli.event_source_mapping.aggregates import inside
from kinesis_cli.stream.event import from_source
from kinesis_cli.stream.on_failure_reading import FailureDocument
from kinesis_cli.stream.record import Record
from kinesis_cli.stream.selection import Start, StartKind

# Records of one call: what a shard gives a second is shared with the function. Not just as many as
# the batch has, because filters may have left out most of what lies between.
_AT_ONCE = 1_000

# Codes that say that a document's stream is gone, or another account's: the other documents count.
_NOT_OURS = {"ResourceNotFoundException", "AccessDeniedException"}


# What Kinesis and DynamoDB Streams say of a number that has left the stream.
_LEFT_THE_STREAM = {"InvalidArgumentException", "TrimmedDataAccessException"}


@dataclass(frozen=True, slots=True)
class NamedRecords:
    """The records of a document."""

    records: tuple[Record, ...]  # in stream order
    # What tells each record from all others of the same source of documents: the sequence number
    # does not, since the user records of an aggregate share it.
    identities: tuple[Hashable, ...] = ()
    missing: int = 0  # that have left the stream
    others: int = 0  # of the records, those that were not of the batch that was given up
    left_out: int = 0  # that were not selected
    problem: str = ""  # why they cannot be had from their stream
    discrepancy: str = ""  # why these cannot be all that the document is about

    def __post_init__(self) -> None:
        assert len(self.identities) == len(self.records)

    def only(self, wanted: Collection[str]) -> "NamedRecords":
        """The same, of which only some sequence numbers are meant."""
        kept = [
            (each, identity)
            for each, identity in zip(self.records, self.identities, strict=True)
            if each.sequence_number in wanted
        ]
        return replace(
            self,
            records=tuple(each for each, _ in kept),
            identities=tuple(identity for _, identity in kept),
            others=0,
            left_out=len(self.records) - len(kept),
        )


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
        return _of_payload(document, document.payload)
    if not document.start:  # a window's final call
        return NamedRecords(())
    if stream is None and document.region != connection.region:
        return NamedRecords((), problem=f"its stream is in region {document.region or 'unknown'}")
    try:
        found = _read_back(document, connection, stream or document.stream, warn)
        records, identities = _opened(document, found, connection, stream or document.stream)
    except EndpointError as error:
        if stream is not None or error.code not in _NOT_OURS:
            raise
        return NamedRecords((), problem=f"its records cannot be read: {error.problem}")
    size = document.batch_size or 1
    # Between the first and the last there may be more: what filters left out, and with a
    # ParallelizationFactor what went another way. The document does not tell them apart. So their
    # number alone does not say that all are there, but the first is the first to leave.
    first_is_there = bool(records) and records[0].sequence_number == document.start
    missing = max(size - len(records), 0 if first_is_there else 1)
    others = len(records) - size if document.batch_size else 0
    discrepancy = ""
    if document.is_consumers and first_is_there and missing:  # out of aggregates that are there
        discrepancy = f"its batchSize is {size}, and the stream holds {len(records)} of them"
        missing = 0
    return NamedRecords(records, identities, missing, max(others, 0), discrepancy=discrepancy)


def _of_payload(document: FailureDocument, records: tuple[Record, ...]) -> NamedRecords:
    """The records that a document holds itself."""
    counted = document.batch_size
    discrepancy = ""
    if counted and counted != len(records):
        discrepancy = f"its batchSize is {counted}, and it holds {len(records)}"
    # The user records of a consumer's document do not say their place in the aggregate: two that
    # look alike may be two. Two documents that look alike in all are one that came twice.
    # Another stream, and one that was made anew under the same name, may have the same numbers.
    whole = (document.request_id, document.condition, document.start, document.end, records)
    identities = tuple(
        (
            document.stream,
            record.shard_id,
            record.sequence_number,
            record.raw,
            *((whole, place) if document.is_consumers else ()),
        )
        for place, record in enumerate(records)
    )
    if len(set(identities)) < len(records):  # a stream's own records have numbers of their own
        identities = tuple((*each, whole, place) for place, each in enumerate(identities))
    return NamedRecords(records, identities, discrepancy=discrepancy)


def _opened(
    document: FailureDocument, found: list[Record], connection: Connection, stream: str
) -> tuple[tuple[Record, ...], tuple[Hashable, ...]]:
    """Records of the stream as the document's mapping delivers them, and what tells them apart."""
    if not document.is_consumers:
        return tuple(found), tuple(
            (document.stream, each.shard_id, each.sequence_number) for each in found
        )
    range_ = hash_range(connection, stream, document.shard_id) if found else None
    pairs = [
        (inner, (document.stream, each.shard_id, each.sequence_number, place))
        for each in found
        for place, inner in enumerate(inside(from_source(each, document.stream_arn), range_))
    ]
    return tuple(inner for inner, _ in pairs), tuple(identity for _, identity in pairs)


def _read_back(
    document: FailureDocument, connection: Connection, stream: str, warn: Callable[[str], None]
) -> list[Record]:
    try:
        start = Start(StartKind.AT_SEQUENCE_NUMBER, sequence_number=document.start)
        return _read(document, connection, stream, start, warn)
    except EndpointError as error:
        if error.code not in _LEFT_THE_STREAM:
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
