"""`kcli local start` in the foreground: what the functions do, as it happens.

On a terminal a table that stays below, and above it what went wrong; elsewhere lines only.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from kinesis_cli.local.function.activity import Activity, ShardCounts
from kinesis_cli.local.function.activity_lines import Lines
from kinesis_cli.show.cells import number_cell, shard_cell, wrapped
from kinesis_cli.show.console import escape, plain, stdout_console
from kinesis_cli.show.local import show_lines

if TYPE_CHECKING:
    from rich.live import Live
    from rich.table import Table

_INDENT = len("12:34:56 ")
_MAX_SHARDS = 20  # that the table shows, the busiest first


class LiveView:
    """Shows what the functions do, from `start` to `close`."""

    def __init__(self, *, on_terminal: bool) -> None:
        self._on_terminal = on_terminal
        self._lines = Lines(self._write, sums=not on_terminal)
        self._live: Live | None = None
        self._shown: list[ShardCounts] = []

    def start(self) -> None:
        """Begin, below what was printed so far."""
        if self._on_terminal:
            from rich.live import Live

            self._live = Live(console=stdout_console(), auto_refresh=False)
            self._live.start()

    def told(self, activity: Activity) -> None:
        """Something happened."""
        self._lines.told(activity)

    def refresh(self, shards: Iterable[ShardCounts]) -> None:
        """Show it."""
        self._lines.refresh(())
        counts = [replace(each) for each in shards]
        if self._live is not None and counts != self._shown:
            self._shown = counts
            self._live.update(_table(counts), refresh=True)

    def close(self) -> None:
        """End; the table stays as it was last."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _write(self, line: str) -> None:
        if self._live is None:
            show_lines([line])
        else:
            for part in _folded(escape(line), self._live.console.width):
                self._live.console.print(plain(part), soft_wrap=True)


@contextmanager
def live_view() -> Iterator[LiveView]:
    """A view for the length of a `with` block."""
    view = LiveView(on_terminal=stdout_console().is_terminal)
    try:
        yield view
    finally:
        view.close()


def _table(shards: list[ShardCounts]) -> "Table":
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    functions = {each.function for each in shards}
    table = Table(box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    if len(functions) > 1:
        table.add_column("Function", overflow="fold")
    table.add_column("Shard", overflow="fold")
    for name in ("In", "Held", "Batches", "Failed", "Handled", "Discarded", "Age"):
        table.add_column(name, justify="right", no_wrap=True)
    # The order stays: a table whose rows jump cannot be read.
    busiest = sorted(shards, key=lambda each: (each.held, each.records), reverse=True)
    shown = {id(each) for each in busiest[:_MAX_SHARDS]}
    for each in shards:
        if id(each) not in shown:
            continue
        table.add_row(
            *([plain(each.function)] if len(functions) > 1 else []),
            plain(f"{each.stream}/{shard_cell(each.shard_id)}"),
            f"{each.records:,}",
            f"{each.held:,}",
            f"{each.batches:,}",
            _marked(each.failed, "yellow"),
            f"{each.succeeded:,}",
            _marked(each.discarded, "red"),
            f"{each.iterator_age:,.1f} s",
        )
    if len(shards) > _MAX_SHARDS:
        table.caption = f"and {len(shards) - _MAX_SHARDS:,} more shards, less busy"
    return table


def _folded(line: str, columns: int) -> list[str]:
    """A line as short as it stays clear, what follows its time beside it."""
    line = re.sub(r"shardId-\d{12}", lambda shard: f"shard {shard_cell(shard[0])},", line)
    line = re.sub(r"\d{20,}", lambda number: number_cell(number[0]), line)
    first, *others = wrapped(line, columns - _INDENT) if len(line) > columns else [line]
    return [first, *(" " * _INDENT + other for other in others)]


def _marked(count: int, style: str) -> str:
    """A count of what should not be; it stands out unless it is 0."""
    return f"[{style}]{count:,}[/]" if count else "0"
