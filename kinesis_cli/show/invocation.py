"""The result of `kcli invoke`: as tables for people, as JSON for programs."""

import json
import math
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec

from kinesis_cli.event_source_mapping.invocation import FunctionError
from kinesis_cli.handlers.comparison import Absent, Difference
from kinesis_cli.handlers.single import SingleInvocation
from kinesis_cli.show.cells import (
    counted,
    cut,
    number_cell,
    payload_cell,
    report_text,
    shard_cell,
    time_cell,
)
from kinesis_cli.show.console import escape, plain, stdout_console, write_json, write_line
from kinesis_cli.stream.event import KinesisEventRecord
from kinesis_cli.stream.record import Record

WIDE = 150  # columns from which on sequence numbers, times and payloads fit side by side
LONGEST_RESPONSE = 2_000  # characters that the table view shows


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
    if output == "json":
        write_json(as_document(invocation))
    elif output == "ndjson":
        write_line(as_document(invocation))
    elif sys.stdout is not None:
        _Page().show(invocation, origin, folder)


def as_document(invocation: SingleInvocation) -> dict[str, object]:
    """An invocation as JSON, version 1."""
    result = invocation.result
    return {
        "version": 1,
        "function": {"handler": invocation.handler, "runtime": invocation.runtime},
        "requestId": invocation.request_id,
        "response": _json_numbers(result.response),
        "batchItemFailures": [record.sequence_number for record in invocation.failed],
        "error": None if result.error is None else _error_document(result.error),
        "durationMs": round(result.elapsed * 1000, 3),
        "logs": list(result.logs),
        "report": result.report,
    }


def _error_document(error: FunctionError) -> dict[str, object]:
    return {
        "errorType": error.error_type,
        "errorMessage": error.error_message,
        "stackTrace": list(error.stack_trace),
    }


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
    """The table view, from top to bottom.

    Where nothing is styled, lines are written as they are: rich takes as long to import as half
    of all the rest, and only a table needs it.
    """

    def __init__(self) -> None:
        self._styled = sys.stdout.isatty() or bool(os.environ.get("FORCE_COLOR"))

    def show(self, invocation: SingleInvocation, origin: str, folder: Path | None) -> None:
        result = invocation.result
        self._line(f"{invocation.handler}, {invocation.runtime}", style="bold")
        self._line(f"from {origin}", style="dim")
        self._line(_summary(invocation), style="red" if invocation.has_failures else "green")
        if result.report:
            self._line(report_text(result.report), style="dim")
        if invocation.remark:
            self._line(invocation.remark, style="yellow")
        if invocation.failed:
            self._heading("Batch item failures")
            self._failures(invocation.failed)
        if result.error is not None:
            self._heading("Error")
            for line in _error_lines(result.error, folder):
                self._line(line)
        elif not invocation.instead:
            self._heading("Response")
            self._line(_shortened(json.dumps(result.response, ensure_ascii=False)))
        if result.logs:
            self._heading("Log")
            for line in result.logs:
                for part in line.split("\r"):  # so AWS's client writes a traceback: in one line
                    self._line(part.replace("\N{NO-BREAK SPACE}", " "))

    def show_comparison(
        self, here: SingleInvocation, there: SingleInvocation, found: list[Difference]
    ) -> None:
        """Both in one line each, then what differs."""
        for invocation in (here, there):
            self._line(f"{invocation.handler}, {invocation.runtime}", style="bold")
            self._line(_summary(invocation), style="red" if invocation.has_failures else "green")
            if invocation.result.report:
                self._line(report_text(invocation.result.report), style="dim")
        if not found:
            self._line("Both answer the same.", style="green")
            return
        self._heading("Differences")
        for each in found:
            self._line(each.path)
            for place, value in _sides(each, "in-process", "remote").items():
                text = _shortened(json.dumps(value, ensure_ascii=False))
                self._line(f"  {place:11}{text}")

    def _heading(self, text: str) -> None:
        self._line("")
        self._line(text, style="bold")

    def _line(self, text: str, style: str = "") -> None:
        if self._styled:
            # a long line stays one line: the terminal wraps it, a pipe does not
            stdout_console().print(plain(text), style=style, soft_wrap=True)
        else:
            sys.stdout.write(f"{escape(text)}\n")

    def _failures(self, records: tuple[Record, ...]) -> None:
        from rich.box import SIMPLE_HEAD
        from rich.table import Table

        console = stdout_console()
        wide = console.width >= WIDE
        headings = ("Sequence number", "Shard", "Partition key", "Arrival", "Payload")
        rows = [[escape(cell) for cell in _cells(record, wide=wide)] for record in records]
        others = [max(map(len, column)) for column in zip(headings, *rows, strict=True)][:-1]
        room = console.width - sum(others) - 3 * len(headings)
        table = Table(*headings, box=SIMPLE_HEAD, pad_edge=False)
        for *cells, payload in rows:
            table.add_row(*map(plain, cells), plain(cut(payload, max(room, 8))))
        console.print(table)


def _cells(record: Record, *, wide: bool) -> list[str]:
    arrival = time_cell(record.arrival)
    return [
        number_cell(record.sequence_number, whole=wide),
        shard_cell(record.shard_id),
        cut(record.partition_key, 40 if wide else 13),
        arrival if wide else arrival[11:-1],
        _payload(record),
    ]


def _payload(record: Record) -> str:
    data = msgspec.json.decode(record.raw, type=KinesisEventRecord).kinesis.data
    return payload_cell(data[:300])  # more is never shown


def _summary(invocation: SingleInvocation) -> str:
    records = counted(len(invocation.records), "record")
    if invocation.instead:
        return f"{records}: {invocation.instead}"
    took = f"{invocation.result.elapsed * 1000:.1f} ms"
    if invocation.result.error is not None:
        return f"{records}: the call failed after {took}"
    if invocation.failed:
        return f"{records}: {len(invocation.failed)} failed, in {took}"
    return f"{records}: handled in {took}"


def _shortened(text: str) -> str:
    left_out = len(text) - LONGEST_RESPONSE
    if left_out <= 0:
        return text
    return f"{text[:LONGEST_RESPONSE]}… ({left_out:,} more characters, --output json shows all)"


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
        here: in this process.
        there: remotely.
        found: their differences.
        output: "table", "json" or "ndjson".
    """
    if output == "table":
        if sys.stdout is not None:
            _Page().show_comparison(here, there, found)
        return
    document = {
        "version": 1,
        "differences": [
            {"path": each.path, **_sides(each, "inProcess", "remote")} for each in found
        ],
        "inProcess": as_document(here),
        "remote": as_document(there),
    }
    (write_json if output == "json" else write_line)(document)


def _sides(difference: Difference, left: str, right: str) -> dict[str, object]:
    """Both values by name; one that is absent has no member."""
    sides = {left: difference.left, right: difference.right}
    return {
        name: _json_numbers(value) for name, value in sides.items() if not isinstance(value, Absent)
    }
