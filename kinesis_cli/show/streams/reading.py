"""How far reading a stream has come: one line on a terminal, written over as it goes on.

Elsewhere there is a line now and then where reading is far behind.
"""

import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from kinesis_cli.show.cells import counted, cut, duration_cell
from kinesis_cli.show.console import note, warn
from kinesis_cli.show.progress import PATIENCE

BEHIND = 10.0  # seconds behind the tip that are worth a line, and between two such lines
REFRESH = 0.1  # seconds
_ERASE = "\r\x1b[K"


class ReadingProgress:
    """Use it through `reading_progress`.

    Args:
        done: what is done with the records: "showed", "recorded".
        is_seen: whether a line that is written over disturbs nobody.
    """

    def __init__(self, done: str, *, is_seen: bool) -> None:
        self._done, self._is_seen = done, is_seen
        self._records = 0
        self._behind: dict[str, int | None] = {}  # shard → milliseconds; None: not known
        self._has_line = False
        self._due = time.monotonic() + (PATIENCE if is_seen else BEHIND)

    def update(self, shard_id: str, millis_behind: int | None, records: int) -> None:
        """A shard is so far behind, and so many records are done in all."""
        self._behind[shard_id], self._records = millis_behind, records
        now = time.monotonic()
        if now < self._due:
            return
        if self._is_seen:
            self._due = now + REFRESH
            self._write(cut(self._text(), shutil.get_terminal_size().columns - 1))
            self._has_line = True
        elif self._seconds >= BEHIND:
            self._due = now + BEHIND
            note(f"{duration_cell(self._seconds)} behind the tip")

    def hide(self) -> None:
        """Something else is to be written; the next `update` shows the line again."""
        if self._has_line:
            self._has_line, self._due = False, 0.0
            self._write("")

    def warn(self, sentence: str) -> None:
        """Tell of trouble."""
        self.hide()
        warn(sentence)

    def finish(self, *, is_cut: bool) -> None:
        """Say what was done.

        Args:
            is_cut: whether reading ended in the midst, where the user wanted no more.
        """
        if self._is_seen:
            self._write("")  # the terminal may have written ^C there
        self._has_line = False
        note(self._text(is_cut=is_cut))

    @property
    def _seconds(self) -> float:
        """How far the shard is behind that is farthest."""
        return max((millis or 0 for millis in self._behind.values()), default=0) / 1000

    def _text(self, *, is_cut: bool = False) -> str:
        of_shards = f"of {counted(len(self._behind), 'shard')}"
        text = f"{self._done} {counted(self._records, 'record')} {of_shards}"
        if self._seconds:
            return f"{text}, {duration_cell(self._seconds)} behind the tip"
        return f"{text}, at the tip" if self._behind and not is_cut else text

    def _write(self, text: str) -> None:
        sys.stderr.write(_ERASE + text)
        sys.stderr.flush()


@contextmanager
def reading_progress(done: str, *, beside_output: bool) -> Iterator[ReadingProgress]:
    """A `ReadingProgress` whose line is gone in the end.

    Args:
        done: what is done with the records: "showed", "recorded".
        beside_output: records are printed meanwhile. Where another program prints them, it would
            write into the line, so there is none.
    """
    streams = (sys.stderr, sys.stdout) if beside_output else (sys.stderr,)
    is_seen = all(stream is not None and stream.isatty() for stream in streams)
    progress = ReadingProgress(done, is_seen=is_seen and os.environ.get("TERM") != "dumb")
    try:
        yield progress
    finally:
        progress.hide()
