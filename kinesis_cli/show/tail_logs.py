"""What `kcli tail-logs` prints: a line for each event, grouped and coloured by request."""

import os
import sys
import zlib
from collections.abc import Iterator
from enum import StrEnum

from kinesis_cli.handlers.log_events import Block, LogEntry
from kinesis_cli.handlers.log_lines import LineKind, LogLine
from kinesis_cli.show.cells import report_text, time_cell
from kinesis_cli.show.console import escape, write_line

ID_LENGTH = 8  # characters of a request id that tell requests apart
# Of the 8 colours that every terminal has, those that can be read on light and dark.
_COLOURS = (36, 35, 34, 33, 32)
_LEVEL_COLOURS = {"ERROR": 31, "FATAL": 31, "WARN": 33}


class LogFace(StrEnum):
    """How events are printed."""

    TABLE = "table"
    RAW = "raw"  # the bare messages
    NDJSON = "ndjson"


class LogView:
    """Prints blocks of log entries as they come."""

    def __init__(self, face: LogFace) -> None:
        self._face = face
        on_terminal = sys.stdout is not None and sys.stdout.isatty()
        forced = bool(os.environ.get("FORCE_COLOR"))
        self._styled = (on_terminal or forced) and "NO_COLOR" not in os.environ

    def show(self, block: Block) -> None:
        """Print a block and hand it to the reader at once."""
        if sys.stdout is None:
            return
        for entry in block:
            if self._face is LogFace.NDJSON:
                write_line(as_document(entry))
            elif self._face is LogFace.RAW:
                for text in _lines(entry.event.message):
                    sys.stdout.write(f"{escape(text)}\n")
            else:
                for text in self._table_lines(entry):
                    sys.stdout.write(f"{text}\n")

    def flush(self) -> None:
        """What was shown is there now: somebody may be looking, or piping."""
        if sys.stdout is not None:
            sys.stdout.flush()

    def _table_lines(self, entry: LogEntry) -> Iterator[str]:
        if entry.line.kind is LineKind.END:
            return  # its report says more
        texts = list(_texts(entry))
        head = f"{time_cell(entry.event.timestamp / 1000)} {self._request(entry)} "
        if entry.continues:
            head = " " * _HEAD
        level = entry.line.level or ""
        for text in texts:
            yield head + self._coloured(escape(text), _LEVEL_COLOURS.get(level, 0))
            head = " " * _HEAD

    def _request(self, entry: LogEntry) -> str:
        short = (entry.request_id or "")[:ID_LENGTH]
        colour = _COLOURS[zlib.crc32(short.encode()) % len(_COLOURS)] if short else 0
        return self._coloured(f"{escape(short):{ID_LENGTH}}", colour)

    def _coloured(self, text: str, colour: int) -> str:
        return f"\x1b[{colour}m{text}\x1b[0m" if self._styled and colour else text


_HEAD = len("2026-01-31 12:00:00.000Z ") + ID_LENGTH + 1  # columns before the text


def as_document(entry: LogEntry) -> dict[str, object]:
    """An event as JSON, see the contract of `kcli tail-logs --output ndjson`."""
    event = entry.event
    return {
        "timestamp": event.timestamp,
        "ingestionTime": event.ingestion_time,
        "logGroup": event.log_group,
        "logStream": event.log_stream,
        "eventId": event.event_id,
        "requestId": entry.request_id,
        "level": entry.line.level,
        "message": event.message,
    }


def _texts(entry: LogEntry) -> Iterator[str]:
    """An entry as lines, the first one with what sort of line it is."""
    line = entry.line
    late = "(late) " if entry.is_late and not entry.continues else ""
    if line.kind is LineKind.REPORT:
        yield f"{late}REPORT {report_text(line.report or {})}"
        return
    first, *rest = _lines(_body(line)) or [""]
    yield f"{late}{_label(line)}{first}"
    yield from rest


def _body(line: LogLine) -> str:
    return line.text.replace("\t", " ") if line.kind is not LineKind.APPLICATION else line.text


def _label(line: LogLine) -> str:
    match line.kind:
        case LineKind.APPLICATION:
            return f"{line.level} " if line.level else ""
        case LineKind.PLATFORM:
            return ""
    return f"{line.kind.name} "


def _lines(text: str) -> list[str]:
    r"""The lines of a message; AWS's runtime joins those of a traceback with \r."""
    text = text.rstrip("\r\n").replace("\r\n", "\n").replace("\r", "\n")
    return [
        line.replace("\N{NO-BREAK SPACE}", " ").replace("\t", "    ") for line in text.split("\n")
    ]
