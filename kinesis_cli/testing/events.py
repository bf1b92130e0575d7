"""Events of any kind of source, as records."""

import json
from collections.abc import Mapping

from kinesis_cli.stream.kinds.kind import SourceKind
from kinesis_cli.stream.kinds.kinesis import KINESIS
from kinesis_cli.stream.kinds.known import KINDS, kind_in
from kinesis_cli.stream.record import Record


def kind_of_event(document: Mapping[str, object]) -> SourceKind | None:
    """The kind of source that an event is of; None: it is not an event of one."""
    for kind in KINDS:
        if kind.records_in(document) is not None:
            return kind
    records = document.get("Records")
    if not isinstance(records, list):
        return None
    return (kind_in(records[0]) if records else None) or KINESIS


def records_of_event(event: bytes | str, place: str) -> list[Record]:
    """The records of an event.

    Args:
        event: JSON.
        place: what to call it in an error.

    Raises:
        InputError: it is not an event of a kind that is delivered.
    """
    try:
        document = json.loads(event)
    except (ValueError, RecursionError):
        document = None  # whoever reads it says why
    kind = kind_of_event(document) if isinstance(document, dict) else None
    return (kind or KINESIS).records_of(event, place)
