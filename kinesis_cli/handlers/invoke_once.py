"""One call of a function with one event: what `kcli invoke` does."""

import json
import time
import uuid
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import msgspec

from kinesis_cli.event_source_mapping.invocation import (
    FunctionError,
    Handler,
    InvocationRequest,
    InvocationResult,
)
from kinesis_cli.event_source_mapping.misread import misread_report
from kinesis_cli.event_source_mapping.response import Malformed, Reported, judge
from kinesis_cli.project.interpreter import Interpreter
from kinesis_cli.recordings.form import Reading
from kinesis_cli.stream.event import kinesis_event, lambda_record
from kinesis_cli.stream.kinds.known import kind_of_records
from kinesis_cli.stream.record import Record
from kinesis_cli.stream.sequence import SequenceNumbers
from kinesis_cli.stream.shards import shard_id

if TYPE_CHECKING:
    from kinesis_cli.recordings.inputs import Input

# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
MAX_EVENT_BYTES = 6 * 1024 * 1024
# Of a call that is not waited for.
# UNSURE(event-payload-limit): 1 MB in the model since late 2025, 256 KB before; its exact bytes?
MAX_QUEUED_EVENT_BYTES = 1_048_576

DEFAULT_TEMPERATURE = 21.5


class Event(msgspec.Struct, frozen=True):
    """What a function is called with."""

    records: tuple[Record, ...]
    payload: bytes
    notes: tuple[str, ...] = ()  # what people should know of where it came from


class SingleInvocation(msgspec.Struct, frozen=True):
    """One call, and what it means for each record."""

    handler: str  # "new_message_processor.handler.function_handler"
    runtime: str  # "in-process"
    request_id: str
    records: tuple[Record, ...]
    result: InvocationResult
    failed: tuple[Record, ...]  # those that the function's report names or may mean, in its order
    remark: str  # what is wrong with the answer, one sentence; "" if nothing is
    interpreter: Interpreter | None = None  # of a Python function on this machine
    queued_note: str = ""  # of a call that was not waited for: what happens instead

    @property
    def has_failures(self) -> bool:
        """Whether a record has failed, alone or with its whole batch."""
        return bool(self.failed or self.result.error)


def read_event(path: str, reading: Reading | None = None) -> Event:
    """All records of a file as one event; one that is an event already is kept byte for byte.

    One call needs no order, no numbers and no arrivals: they may be missing, or repeated.

    Args:
        path: an event, a recording, payloads, …; "-" is standard input.
        reading: how it is to be read; default: as what it is found to be.

    Raises:
        InputError: the file is not usable, empty, or more than Lambda takes in one call.
    """
    with opened_event(path, reading) as found:
        return event_in(found)


def opened_event(path: str, reading: Reading | None = None) -> "Input":
    """A file that holds an event, to be looked at before it is read with `event_in`.

    Raises:
        InputError: nobody can tell what the file is.
    """
    from kinesis_cli.places.expanding import one_file  # not needed for an event of one reading
    from kinesis_cli.recordings.inputs import Input

    return Input.open(one_file(path), reading or Reading())


def event_in(found: "Input") -> Event:
    """All records of a file that was opened as one event; see `read_event`."""
    from kinesis_cli.recordings.called_with import event_in as all_in

    records, payload = all_in(found, MAX_EVENT_BYTES)
    return Event(records, payload, tuple(found.notes(found.count)))


def reading_event(temperature: float | None = None, timestamp: int | None = None) -> Event:
    """An event of one reading, which has just arrived.

    Args:
        temperature: degrees Celsius.
        timestamp: epoch milliseconds of the reading; default: now.
    """
    arrival = round(time.time(), 3)
    reading = {
        "temperature": DEFAULT_TEMPERATURE if temperature is None else temperature,
        "readingTimestamp": round(arrival * 1000) if timestamp is None else timestamp,
    }
    record = lambda_record(
        shard_id=shard_id(0),
        sequence_number=SequenceNumbers(0, created=int(arrival)).next(arrival),
        partition_key="sensor-1",
        arrival=arrival,
        data=json.dumps(reading).encode(),
    )
    return Event((record,), kinesis_event([record]))


def invoke_once(handler: Handler, event: Event) -> SingleInvocation:
    """Call `handler` with `event` and read its answer as Lambda would."""
    request_id = str(uuid.uuid4())
    result = handler.invoke(InvocationRequest(request_id, event.payload))
    failed: tuple[Record, ...] = ()
    if result.error is None:
        failed, remark = _answer(result, event.records)
    else:
        remark = _memory_remark(result.error, result.report or {})
    return SingleInvocation(
        handler.name,
        handler.runtime,
        result.request_id or request_id,
        event.records,
        result,
        failed,
        remark,
    )


def _answer(
    result: InvocationResult, records: tuple[Record, ...]
) -> tuple[tuple[Record, ...], str]:
    match judge(result.response, records, kind_of_records(records)):
        case Reported(failures=failures):
            return tuple(_in_order(failures, records)), ""
        case Malformed(why=why):
            return (), f"the whole batch counts as failed: {why}"
        case _:
            return (), misread_report(result.response) or ""


def _memory_remark(error: FunctionError, report: Mapping[str, object]) -> str:
    """What the kill of a process that took too much memory means: its error does not say it."""
    size = report.get("memorySizeMB")
    if error.error_type == "Runtime.ExitError" and report.get("maxMemoryUsedMB") == size:
        return f"{size} MB of memory (MemorySize) were not enough: Lambda kills such a process"
    return ""


def _in_order(numbers: Iterable[str], records: Iterable[Record]) -> list[Record]:
    """The records that some numbers name: all of those that share one."""
    by_number: dict[str, list[Record]] = {}
    for record in records:
        by_number.setdefault(record.sequence_number, []).append(record)
    return [record for number in dict.fromkeys(numbers) for record in by_number[number]]
