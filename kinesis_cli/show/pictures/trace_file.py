"""A run as a file of trace events."""

import sys
from collections.abc import Iterable
from contextlib import ExitStack

from kinesis_cli.picture.trace_events import TraceEvent, TraceEvents
from kinesis_cli.picture.waiting import Waiting
from kinesis_cli.places.url import Place
from kinesis_cli.recordings.files import appearing_whole
from kinesis_cli.show.console import json_text, note
from kinesis_cli.simulation.trace import Row, Summary
from kinesis_cli.stream.packing import SUFFIXES, packing_writer

_BETWEEN = b",\n"


class TraceFile:
    """Takes the rows of a run, writes their trace events. The file appears whole, at the end.

    Args:
        path: packed if the name ends in `.gz`.
        start_at: from when on times are told, epoch seconds.

    Raises:
        InputError: the file cannot be written.
    """

    def __init__(self, path: Place, start_at: float) -> None:
        self._path = path
        self._events = TraceEvents(start_at)
        self._opened = ExitStack()
        file = self._opened.enter_context(appearing_whole(path))
        if path.name.lower().endswith(".gz"):
            file = self._opened.enter_context(packing_writer(file, SUFFIXES[".gz"]))
        self._file, self._before = file, b'{"displayTimeUnit": "ms", "traceEvents": [\n'
        self._is_broken = False

    @property
    def waiting(self) -> Waiting:
        """To be told of records."""
        return self._events.waiting

    def row(self, row: Row) -> None:
        """Write what happened."""
        self._write(self._events.of(row))

    def finish(self, _summary: Summary) -> None:
        """Write the rest; the file is there then."""
        if self._is_broken:
            return
        self._write(self._events.finish())
        self._write_bytes((self._before if self._before != _BETWEEN else b"") + b"\n]}\n")
        self._opened.close()
        note(f"trace events in {self._path}: open it in https://ui.perfetto.dev")

    def _write(self, events: Iterable[TraceEvent]) -> None:
        for event in events:
            self._write_bytes(self._before + json_text(event).encode())
            self._before = _BETWEEN

    def _write_bytes(self, data: bytes) -> None:
        """Write, or leave no file behind.

        Raises:
            InputError: it cannot be written.
        """
        try:
            self._file.write(data)
        except OSError:
            self._is_broken = True
            if not self._opened.__exit__(*sys.exc_info()):
                raise
