"""The result of `kcli invoke`: as tables for people, as JSON for programs."""

import json
import math
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from kinesis_cli.event_source_mapping.invocation import FunctionError, InvocationResult
from kinesis_cli.function_log.lines import LineKind, LogLine, parse_line
from kinesis_cli.handlers.comparison import Absent, Difference
from kinesis_cli.handlers.invoke_once import SingleInvocation
from kinesis_cli.show.ansi import BOLD, DIM, GREEN, RED, YELLOW, coloured, is_styled, width
from kinesis_cli.show.cells import (
    counted,
    cut,
    number_cell,
    payload_cell,
    report_text,
    shard_cell,
    time_cell,
)
from kinesis_cli.show.console import escape, write_document
from kinesis_cli.show.failed_record import (
    NOT_NAMED,
    PASSED_AS_IT_IS,
    SHARED_NUMBER,
    payload_lines,
    share_a_number,
    why_lines,
)
from kinesis_cli.show.function import function_document, function_origin
from kinesis_cli.show.log_text import log_colour, log_texts
from kinesis_cli.show.shapes import invocation as shapes
from kinesis_cli.stream.kinds.known import kind_of

WIDE = 150  # columns from which on whole sequence numbers fit
MAX_FAILED = 16  # records that the table view shows
MAX_RESPONSE = 2_000  # characters that the table view shows


def show_invocation(
    invocation: SingleInvocation, origin: str, folder: Path | None, output: str
) -> None:
    """Print an invocation.

    Args:
        invocation: what was called and what came of it.
        origin: where the code and its settings came from, or where it runs.
        folder: the function's code, where it is on this machine.
        output: "table", "json" or "ndjson".
    """
    if output != "table":
        write_document(as_document(invocation), output)
    elif sys.stdout is not None:
        _Page().show(invocation, origin, folder)


def as_document(invocation: SingleInvocation) -> shapes.Call:
    """An invocation as JSON, version 1."""
    result = invocation.result
    return shapes.Call(
        version=1,
        function=function_document(invocation.handler, invocation.runtime, invocation.interpreter),
        request_id=invocation.request_id,
        response=_json_numbers(result.response),
        batch_item_failures=list(
            dict.fromkeys(record.sequence_number for record in invocation.failed)
        ),
        error=None if result.error is None else _error_document(result.error),
        duration_ms=round(result.elapsed * 1000, 3),
        logs=result.logs,
        report=result.report,
    )


def _error_document(error: FunctionError) -> shapes.FunctionError:
    return shapes.FunctionError(
        error_type=error.error_type,
        error_message=error.error_message,
        stack_trace=error.stack_trace,
    )


def _json_numbers(value: object) -> object:
    """NaN and infinities, which a handler may return and JSON has not, as null."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, list):
        return [_json_numbers(member) for member in value]
    if isinstance(value, dict):
        return {name: _json_numbers(member) for name, member in value.items()}
    return value


class _Page:
    """The table view, from top to bottom, without rich: it takes as long to import as the rest."""

    def __init__(self) -> None:
        self._styled, self._width = is_styled(), width()

    def show(self, invocation: SingleInvocation, origin: str, folder: Path | None) -> None:
        """One invocation."""
        result = invocation.result
        self._head(invocation, function_origin(origin, invocation.interpreter))
        if result.request_id or result.report:
            self._labelled("request", invocation.request_id)
        if invocation.remark:
            self._line(f"! {invocation.remark}", YELLOW)
        if invocation.failed:
            self._heading("Records that failed (batchItemFailures)")
            self._failures(invocation)
        if result.error is not None:
            self._heading("Error")
            for text in _error_lines(result.error, folder):
                self._line(text, RED if text.startswith("[ERROR]") else 0)
        elif not invocation.queued_note:
            self._heading("Response")
            self._line(_shortened(json.dumps(result.response, ensure_ascii=False)))
        if log := _log(result):
            self._heading("Log")
            for line in log:
                for part in log_texts(line):
                    self._line(part, log_colour(line))

    def show_comparison(
        self, here: SingleInvocation, there: SingleInvocation, found: list[Difference]
    ) -> None:
        """Both in short, then what differs."""
        self._head(here)
        self._head(there)
        if not found:
            self._line("")
            self._line("Both answer the same.", GREEN)
            return
        self._heading("Differences")
        for each in found:
            self._line(each.path)
            for place, value in _sides(each, here.runtime, there.runtime).items():
                text = _shortened(json.dumps(value, ensure_ascii=False))
                self._line(f"  {place:11}{text}")

    def _head(self, invocation: SingleInvocation, origin: str = "") -> None:
        self._labelled("handler", f"{invocation.handler} ({invocation.runtime})")
        if origin:
            self._labelled("", origin, DIM)
        self._labelled("call", summary_of(invocation), RED if invocation.has_failures else GREEN)
        if invocation.result.report:
            self._labelled("report", report_text(invocation.result.report))

    def _failures(self, invocation: SingleInvocation) -> None:
        from kinesis_cli.stream.user_records import data_of, opened_data  # start-up counts

        whole = self._width >= WIDE
        numbers = 56 if whole else 15
        key = kind_of(invocation.failed[0]).key_title
        self._line(f"  {'sequence number':{numbers}} {'shard':>5}  {key:24}  arrived", DIM)
        are_packed = False
        for record in invocation.failed[:MAX_FAILED]:
            number = number_cell(record.sequence_number, whole=whole)
            shard, key = cut(shard_cell(record.shard_id), 5), cut(escape(record.partition_key), 24)
            arrived = time_cell(record.arrival)
            self._line(f"  {number:{numbers}} {shard:>5}  {key:24}  {arrived}")
            payload = payload_cell(data_of(record))
            for line in payload_lines(payload, self._width):
                self._line(line, DIM)
            are_packed = are_packed or bool(opened_data(data_of(record)).packing)
            why = invocation.result.why(record.sequence_number) or NOT_NAMED
            for line in why_lines(why, self._width):
                self._line(line)
        left_out = len(invocation.failed) - MAX_FAILED
        if left_out > 0:
            self._line(f"  … {counted(left_out, 'more record')} (--output json names all)", DIM)
        if are_packed:
            self._line(f"  {PASSED_AS_IT_IS}", DIM)
        if share_a_number(invocation.failed):
            self._line(f"  {SHARED_NUMBER}")

    def _heading(self, text: str) -> None:
        self._line("")
        self._line(text, BOLD)

    def _labelled(self, label: str, text: str, colour: int = 0) -> None:
        self._write(f"{label:9}", BOLD)
        self._line(text, colour)

    def _line(self, text: str, colour: int = 0) -> None:
        """A long line stays one line: the terminal wraps it, a pipe does not."""
        self._write(text, colour)
        sys.stdout.write("\n")

    def _write(self, text: str, colour: int) -> None:
        sys.stdout.write(coloured(escape(text), colour if self._styled else 0))


def summary_of(invocation: SingleInvocation) -> str:
    """What came of a call, one clause."""
    records = counted(len(invocation.records), "record")
    if invocation.queued_note:
        return f"{records}: {invocation.queued_note}"
    took = f"{invocation.result.elapsed * 1000:.1f} ms"
    if invocation.result.error is not None:
        return f"{records}: the call failed after {took}"
    if invocation.failed:
        shared = ", or share a number that did" if share_a_number(invocation.failed) else ""
        return f"{records}: {len(invocation.failed)} failed{shared}, in {took}"
    return f"{records}: handled in {took}"


def _log(result: InvocationResult) -> list[LogLine]:
    """The log without what is elsewhere on the page."""
    lines = [line for line in map(parse_line, result.logs) if not _is_elsewhere(line, result.error)]
    while lines and not lines[-1].text:  # Lambda writes an empty line after a time-out
        lines.pop()
    return lines


def _is_elsewhere(line: LogLine, error: FunctionError | None) -> bool:
    """Whether a line has the figures that are above, or the error."""
    if line.kind in (LineKind.END, LineKind.REPORT):
        return True
    if error is None or line.level != "ERROR":
        return False
    shown = f"{error.error_type}: {error.error_message}"
    return line.text in shown if line.kind is LineKind.PLATFORM else line.text.startswith(shown)


def _shortened(text: str) -> str:
    left_out = len(text) - MAX_RESPONSE
    if left_out <= 0:
        return text
    return f"{text[:MAX_RESPONSE]}… ({left_out:,} more characters, --output json shows all)"


def _error_lines(error: FunctionError, folder: Path | None) -> Iterator[str]:
    """As in the function's log, with the frames of the user's own code."""
    yield from f"[ERROR] {error.error_type}: {error.error_message}".split("\n")
    if error.stack_trace:
        yield "Traceback (most recent call last):"
        for frame in _own_frames(error.stack_trace, folder):
            yield from frame.rstrip("\n").split("\n")


def _own_frames(stack: tuple[str, ...], folder: Path | None) -> list[str]:
    """Those of the frames whose file lies in the function's folder; all, where none does."""
    folder = folder or Path("/var/task")  # Lambda's own place
    own = []
    for frame in stack:
        file = re.match(r'  File "(.+?)", line', frame)
        if file and Path(file[1]).is_relative_to(folder) and "site-packages" not in file[1]:
            own.append(frame)
    return own or list(stack)


def show_comparison(
    here: SingleInvocation, there: SingleInvocation, found: list[Difference], output: str
) -> None:
    """Print how two answers to the same event differ.

    Args:
        here: on this machine.
        there: remotely.
        found: their differences.
        output: "table", "json" or "ndjson".
    """
    if output == "table":
        if sys.stdout is not None:
            _Page().show_comparison(here, there, found)
        return
    document = shapes.CallComparison(
        version=1,
        differences=[
            shapes.Difference(each.path, **_sides(each, "here", "remote")) for each in found
        ],
        here=as_document(here),
        remote=as_document(there),
    )
    write_document(document, output)


def _sides(difference: Difference, left: str, right: str) -> dict[str, object]:
    """Both values by name; one that is absent has no member."""
    sides = {left: difference.left, right: difference.right}
    return {
        name: _json_numbers(value) for name, value in sides.items() if not isinstance(value, Absent)
    }
