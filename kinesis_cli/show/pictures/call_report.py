"""One call of a function as a page: `kcli invoke --report`."""

import json
from collections.abc import Sequence

from kinesis_cli.handlers.invoke_once import SingleInvocation
from kinesis_cli.places.url import Place
from kinesis_cli.show.cells import bytes_cell, counted, report_text, shard_cell, time_cell
from kinesis_cli.show.failed_record import NOT_NAMED, why_in_words
from kinesis_cli.show.function import function_origin
from kinesis_cli.show.pictures.one_file import write_page
from kinesis_cli.show.pictures.told import Part, told_page
from kinesis_cli.stream.kinds.known import kind_of
from kinesis_cli.stream.record import SHOWN_DATA_BYTES, Record
from kinesis_cli.stream.user_records import data_of

MAX_RECORDS = 500  # that are shown
MAX_TEXT = 100_000  # characters of a log or a response


def write_call_report(
    path: Place, invocation: SingleInvocation, origin: str, summary: str, command: str
) -> None:
    """Write the page of a call.

    Args:
        path: of the file.
        invocation: what was called and what came of it.
        origin: where the code and its settings came from, or where it runs.
        summary: one sentence.
        command: that makes it again.

    Raises:
        InputError: it cannot be written.
    """
    write_page(path, call_page(invocation, origin, summary, command))


def call_page(invocation: SingleInvocation, origin: str, summary: str, command: str) -> str:
    """The page."""
    result = invocation.result
    lead = [function_origin(origin, invocation.interpreter), summary]
    lead += [f"! {invocation.remark}"] if invocation.remark else []
    lead += [report_text(result.report)] if result.report else []
    figures = [
        ("records", f"{len(invocation.records):,}"),
        ("failed", f"{len(invocation.failed):,}"),
        ("took", f"{result.elapsed * 1000:,.1f} ms"),
    ]
    parts: list[Part] = []
    if invocation.failed:
        parts.append(_failed(invocation))
    if result.error is not None:
        trace = "".join(result.error.stack_trace)
        error = f"{result.error.error_type}: {result.error.error_message}"
        parts.append(Part("Error", text=_cut("\n".join(filter(None, [error, trace.rstrip()])))))
    elif not invocation.queued_note:
        response = json.dumps(result.response, indent=2, ensure_ascii=False)
        parts.append(Part("Response", text=_cut(response)))
    parts += _records(invocation)
    if result.logs:
        parts.append(Part("Log", text=_cut("\n".join(result.logs))))
    parts.append(Part("The same again", text=command))
    return told_page(f"{invocation.handler} ({invocation.runtime})", lead, figures, parts)


def _failed(invocation: SingleInvocation) -> Part:
    shown = invocation.failed[:MAX_RECORDS]
    rows = [
        [*_cells(record), why_in_words(invocation.result.why(record.sequence_number) or NOT_NAMED)]
        for record in shown
    ]
    heading = "Records that failed (batchItemFailures)"
    return Part(heading, _left_out(invocation.failed), [*_head(shown), "Why"], rows)


def _records(invocation: SingleInvocation) -> list[Part]:
    if not invocation.records:
        return []
    failed = {id(record) for record in invocation.failed}
    all_failed = invocation.result.error is not None
    rows = [
        [*_cells(record), "failed" if all_failed or id(record) in failed else "handled"]
        for record in invocation.records[:MAX_RECORDS]
    ]
    head = [*_head(invocation.records), "Ended"]
    return [Part("All records of the call", _left_out(invocation.records), head, rows)]


def _head(records: Sequence[Record]) -> list[str]:
    key = kind_of(records[0]).key_title.capitalize()
    return ["Shard", "Sequence number", key, "Arrived", "Payload"]


def _cells(record: Record) -> list[str]:
    return [
        shard_cell(record.shard_id),
        record.sequence_number,
        record.partition_key,
        time_cell(record.arrival),
        bytes_cell(data_of(record)[:SHOWN_DATA_BYTES]),
    ]


def _left_out(records: Sequence[Record]) -> list[str]:
    left = len(records) - MAX_RECORDS
    return [f"{counted(left, 'more record')}: --output json names all"] if left > 0 else []


def _cut(text: str) -> str:
    left = len(text) - MAX_TEXT
    return text if left <= 0 else f"{text[:MAX_TEXT]}… ({left:,} more characters)"
