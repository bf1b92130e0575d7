"""Events of any kind of source, as records."""

import json

from kinesis_cli.stream.kinds.kinesis import KINESIS
from kinesis_cli.stream.kinds.known import kind_in
from kinesis_cli.stream.record import Record


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
    records = document.get("Records") if isinstance(document, dict) else None
    first = records[0] if isinstance(records, list) and records else None
    return (kind_in(first) or KINESIS).records_of(event, place)
