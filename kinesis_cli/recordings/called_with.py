"""What one call of a function is given: all records of an input as one event."""

import json
import os
from collections.abc import Iterator

import msgspec

from kinesis_cli.errors import InputError
from kinesis_cli.recordings.faults import fault_error, line_error
from kinesis_cli.recordings.form import Form
from kinesis_cli.recordings.inputs import Input
from kinesis_cli.recordings.opening import BOM
from kinesis_cli.recordings.payload_lines import PayloadLines
from kinesis_cli.recordings.survey import compact
from kinesis_cli.stream.kinds.kind import SourceKind
from kinesis_cli.stream.kinds.kinesis import KINESIS
from kinesis_cli.stream.kinds.known import kind_in, records_in
from kinesis_cli.stream.lines import Fault
from kinesis_cli.stream.record import Record


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
    reader = _Reader()
    size = 0
    for record in reader.records(found):
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
    return tuple(records), reader.kind.event(records)


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
    if not {"Records", "records"} & document.keys():
        return None
    if "Records" not in document and records_in(msgspec.json.decode(text)) is None:
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


class _Reader:
    """Reads records of one kind of source: that of the first of them."""

    def __init__(self) -> None:
        self._kind: SourceKind | None = None

    @property
    def kind(self) -> SourceKind:
        return self._kind or KINESIS

    def records(self, found: Input) -> Iterator[Record]:
        if not found.has_records:
            payload_lines = PayloadLines()
            yield from map(payload_lines.record, found.payloads())
        elif found.look.form is Form.RECORDING:
            for number, line in found.lines():
                if text := line.strip():
                    yield self._of_line(text, found.name, number)
        else:
            for number, value in found.values():
                if fault := self._fault_in(value):
                    where = filter(None, (found.name, f"record {number}", fault.field))
                    raise fault_error(fault, ", ".join(where))
                assert isinstance(value, dict)
                yield self.kind.loose_record(value, compact(value))

    def _of_line(self, line: bytes, name: str, number: int) -> Record:
        try:
            value = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise line_error(line, name, number, self.kind.loose_fault_in) from error
        if self._fault_in(value):
            raise line_error(line, name, number, self.kind.loose_fault_in)
        return self.kind.loose_record(value, line)

    def _fault_in(self, value: object) -> Fault | None:
        if self._kind is None:
            self._kind = kind_in(value)
        return self.kind.loose_fault_in(value)
