"""How far a long run has come: on standard error, on a terminal only, after its first second.

What is quick shows nothing, and a pipe or a log file never sees it.
"""

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

PATIENCE = 1.0  # seconds without a sign of life that nobody minds
_REFRESH = 0.1  # seconds between two texts of a line


class Progress:
    """Told how much is done; shows it once that has taken longer than `PATIENCE`.

    Args:
        label: what is going on, a few words.
        total: how much there is to do, in the unit of `update`; None: not known.
    """

    def __init__(self, label: str, total: int | None = None) -> None:
        self._label, self._total = label, total
        self._visible = sys.stderr is not None and sys.stderr.isatty()
        self._shown_from = time.monotonic() + PATIENCE
        self._bar: Bar | None = None
        self._task: TaskID | None = None

    def update(self, done: int) -> None:
        """So much is done in all. Cheap enough to call for every batch."""
        if not self._visible or (self._bar is None and time.monotonic() < self._shown_from):
            return
        if self._bar is None or self._task is None:
            self._bar, self._task = self._start()
        self._bar.update(self._task, completed=done)

    def close(self) -> None:
        """Take the bar off the screen; what follows is printed as if it had not been there."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None
        self._visible = False

    def _start(self) -> "tuple[Bar, TaskID]":
        from rich.console import Console
        from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        from kinesis_cli.show.console import escape

        of_total = "" if self._total is None else "/{task.total:,}"
        bar = Bar(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.completed:,}" + of_total),
            TimeRemainingColumn(),
            # of its own, for it writes from a thread, and a call's standard error goes to its log
            console=Console(file=os.fdopen(os.dup(2), "w", errors="backslashreplace")),
            transient=True,
            # Results go to standard output while the bar is up; rich must not take them over.
            redirect_stdout=False,
            redirect_stderr=False,
        )
        bar.start()
        return bar, bar.add_task(escape(self._label), total=self._total)


@contextmanager
def progress(label: str, total: int | None = None) -> Iterator[Progress]:
    """A `Progress` for the length of a `with` block."""
    shown = Progress(label, total)
    try:
        yield shown
    finally:
        shown.close()


class ProgressLine:
    """One line of text, where it is not known how much there is to do."""

    def __init__(self) -> None:
        self._visible = sys.stderr is not None and sys.stderr.isatty()
        self._next = time.monotonic() + PATIENCE
        self._bar: Bar | None = None

    def say(self, text: Callable[[], str]) -> None:
        """Show what `text` gives, which is asked for seldom enough."""
        if not self._visible or time.monotonic() < self._next:
            return
        self._next = time.monotonic() + _REFRESH
        if self._bar is None:
            self._bar = _line()
            self._bar.start()
            self._bar.add_task("", total=None)
        self._bar.update(self._bar.task_ids[0], description=text())

    def close(self) -> None:
        """Take it off the screen."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None


def _line() -> "Bar":
    from rich.console import Console
    from rich.progress import Progress as Bar
    from rich.progress import TextColumn

    return Bar(
        TextColumn("{task.description}", markup=False),
        console=Console(file=sys.stderr),
        transient=True,
        # Results go to standard output meanwhile; rich must not take them over.
        redirect_stdout=False,
        redirect_stderr=False,
    )
