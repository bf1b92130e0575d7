"""What one call of a function is given: all records of an input as one event."""

import json
import math
import os
from collections.abc import Iterator

import msgspec

from kinesis_cli.errors import InputError
from kinesis_cli.recordings.form import Form
from kinesis_cli.recordings.index import compact, fault_error, line_error
from kinesis_cli.recordings.inputs import Input
from kinesis_cli.recordings.opening import BOM
from kinesis_cli.recordings.payload_lines import PayloadLines
from kinesis_cli.stream.event import kinesis_event
from kinesis_cli.stream.lines import fault_for
from kinesis_cli.stream.record import Record

_CHECKED = ("data",)  # a function decodes it, and what is not base64 is a slip; all else may be


def event_in(found: Input, limit: int) -> tuple[tuple[Record, ...], bytes]:
    """The records of an input, and the event of them all.

    Args:
        found: of which nothing was read yet.
        limit: bytes that a function takes at once.

    Raises:
        InputError: it holds no record, something else, or more than the limit.
    """
    as_given = _document(found, limit)
    records: list[Record] = []
    size = 0
    for record in _records(found):
        records.append(record)
        size += len(record.raw) + 1
        if as_given is None and size > limit:
            raise _too_large(found, limit)
    found.count = len(records)
    if as_given is not None:
        return tuple(records), as_given
    if not records:
        problem = "no records, so there is nothing to call the function with"
        raise InputError(problem, place=found.name)
    return tuple(records), kinesis_event(records)


def _document(found: Input, limit: int) -> bytes | None:
    """The one event that an input is, byte for byte; None: it is something else."""
    if found.look.form is not Form.EVENT:
        return None
    descriptor = found.file.fileno()
    size = os.fstat(descriptor).st_size
    if size > 2 * limit:  # white space may be left out; so much of it is unlikely
        return None
    text = os.pread(descriptor, size, 0).removeprefix(BOM).strip()
    try:
        document = msgspec.json.decode(text, type=dict[str, msgspec.Raw])
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None  # several, a list of records, or a mistake that is found as they are read
    if "Records" not in document:
        return None
    if len(document) == 1 and not bytes(document["Records"]).strip(b"[] \t\r\n"):
        return None  # a call without records is a window's last, and says so
    if len(text) > limit:
        raise _too_large(found, limit)
    return text


def _too_large(found: Input, limit: int) -> InputError:
    return InputError(
        f"more than the {limit:,} bytes that a function takes at once",
        place=found.name,
        advice="`kcli simulate` delivers it in batches.",
    )


def _records(found: Input) -> Iterator[Record]:
    if not found.has_records:
        payload_lines = PayloadLines()
        yield from map(payload_lines.record, found.payloads())
    elif found.look.form is Form.RECORDING:
        for number, line in found.lines():
            if text := line.strip():
                yield _of_line(text, found.name, number)
    else:
        for number, value in found.values():
            if fault := fault_for(value, (), _CHECKED):
                where = filter(None, (found.name, f"record {number}", fault.field))
                raise fault_error(fault, ", ".join(where))
            assert isinstance(value, dict)
            yield as_record(value, compact(value))


def _of_line(line: bytes, name: str, number: int) -> Record:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise line_error(line, name, number, ()) from error
    if fault_for(value, (), _CHECKED):
        raise line_error(line, name, number, _CHECKED)
    return as_record(value, line)


def as_record(value: dict[str, object], raw: bytes) -> Record:
    """A record of which members may be missing, as far as it tells what it is."""
    kinesis, event_id = value["kinesis"], value.get("eventID")
    assert isinstance(kinesis, dict)
    number, key = kinesis.get("sequenceNumber"), kinesis.get("partitionKey")
    arrival = kinesis.get("approximateArrivalTimestamp")
    is_time = isinstance(arrival, int | float) and not isinstance(arrival, bool)
    return Record(
        event_id.rpartition(":")[0] if isinstance(event_id, str) else "",
        "" if number is None else str(number),
        key if isinstance(key, str) else "",
        float(arrival) if is_time and arrival is not None else math.nan,
        raw,
    )
