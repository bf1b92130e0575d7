"""All kinds of source that there are, and which of them something is of."""

import copyreg
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from kinesis_cli.errors import InputError
from kinesis_cli.stream.kinds.dynamodb import DYNAMODB
from kinesis_cli.stream.kinds.kafka import KAFKA, SELF_MANAGED_KAFKA
from kinesis_cli.stream.kinds.kind import SourceKind
from kinesis_cli.stream.kinds.kinesis import KINESIS
from kinesis_cli.stream.record import Record

KINDS: tuple[SourceKind, ...] = (KINESIS, DYNAMODB, KAFKA, SELF_MANAGED_KAFKA)

_BY_SOURCE = {kind.event_source: kind for kind in KINDS}


def kind_named(name: str) -> SourceKind | None:
    """The kind of source of a `SourceKind.name`; None: there is none."""
    return next((kind for kind in KINDS if kind.name == name), None)


def _own(name: str) -> SourceKind:
    return next(kind for kind in KINDS if kind.name == name)


for _kind in KINDS:  # in another process it is that one's own, for there is one of each
    copyreg.pickle(type(_kind), lambda kind: (_own, (kind.name,)))


def kind_of(record: Record) -> SourceKind:
    """The kind of source that a record is of."""
    return _BY_SOURCE[record.event_source]


def kind_of_records(records: Iterable[Record]) -> SourceKind:
    """The one kind of source that some records are of; Kinesis where there is none.

    Raises:
        InputError: they are of several.
    """
    kinds = list(dict.fromkeys(kind_of(record) for record in records)) or [KINESIS]
    if len(kinds) > 1:
        both = " and ".join(kind.title for kind in kinds)
        raise InputError(f"records of {both} cannot be delivered together")
    return kinds[0]


def kind_in(value: object) -> SourceKind | None:
    """The kind of source that a decoded JSON value is a record of; None: it is none."""
    if not isinstance(value, Mapping):
        return None
    return next((kind for kind in KINDS if kind.holds(value)), None)


def kind_of_line(line: bytes) -> SourceKind | None:
    """The kind of source that a line of a recording is of; None: it is none."""
    try:
        return kind_in(msgspec.json.decode(line))
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None


def kind_of_arn(arn: str | None) -> SourceKind | None:
    """The kind of source that an ARN names; None: another one, or it is no ARN."""
    service = ((arn or "").split(":") + [""] * 3)[2]
    return next((kind for kind in KINDS if service and kind.service == service), None)


def records_in(document: Mapping[str, object]) -> Iterator[object] | None:
    """The records of an event that is no list of them; None: it is no such event."""
    found = (kind.records_in(document) for kind in KINDS)
    return next((records for records in found if records is not None), None)
