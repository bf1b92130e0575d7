"""What `kcli tail-logs` prints: a line for each event, grouped and coloured by request."""

import sys
import zlib
from collections.abc import Iterator
from enum import StrEnum

from kinesis_cli.function_log.entries import Block, LogEntry
from kinesis_cli.function_log.lines import LineKind
from kinesis_cli.show.ansi import DIM, coloured, is_styled, width
from kinesis_cli.show.cells import time_cell
from kinesis_cli.show.console import escape, write_line
from kinesis_cli.show.log_text import log_colour, log_texts, message_lines
from kinesis_cli.show.shapes.tail_logs import LogEvent

WIDE = 120  # columns from which on each line has its date
ID_LENGTH = 8  # characters of a request id that tell requests apart
# Of the 8 colours that every terminal has, those that can be read on light and dark.
_COLOURS = (36, 35, 34, 33, 32)


class LogFace(StrEnum):
    """How events are printed."""

    TABLE = "table"
    RAW = "raw"  # the bare messages
    NDJSON = "ndjson"


class LogView:
    """Prints blocks of log entries as they come."""

    def __init__(self, face: LogFace) -> None:
        self._face = face
        self._styled = is_styled()
        self._has_dates = width() >= WIDE
        self._date = ""  # that stands above the lines, where they have none

    def show(self, block: Block) -> None:
        """Print a block and hand it to the reader at once."""
        if sys.stdout is None:
            return
        for entry in block:
            if self._face is LogFace.NDJSON:
                write_line(as_document(entry))
            elif self._face is LogFace.RAW:
                for text in message_lines(entry.event.message):
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
        date, at, time = time_cell(entry.event.timestamp / 1000).partition("T")
        if self._has_dates:
            time = f"{date}{at}{time}"
        elif date != self._date:
            self._date = date
            yield self._coloured(f"{date}, UTC", DIM)
        margin = " " * (len(time) + ID_LENGTH + 2)
        head = margin if entry.continues else f"{time} {self._request(entry)} "
        if entry.is_late and not entry.continues:
            head += "(late) "
        colour = log_colour(entry.line)
        for text in log_texts(entry.line):
            yield head + self._coloured(escape(text), colour)
            head = margin

    def _request(self, entry: LogEntry) -> str:
        short = (entry.request_id or "")[:ID_LENGTH]
        colour = _COLOURS[zlib.crc32(short.encode()) % len(_COLOURS)] if short else 0
        return self._coloured(f"{escape(short):{ID_LENGTH}}", colour)

    def _coloured(self, text: str, colour: int) -> str:
        return coloured(text, colour if self._styled else 0)


def as_document(entry: LogEntry) -> LogEvent:
    """An event as JSON."""
    event = entry.event
    return LogEvent(
        timestamp=event.timestamp,
        ingestion_time=event.ingestion_time,
        log_group=event.log_group,
        log_stream=event.log_stream,
        event_id=event.event_id,
        request_id=entry.request_id,
        level=entry.line.level,
        message=event.message,
    )
