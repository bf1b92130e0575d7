"""A simulation as it goes. All faces read the same rows."""

from typing import Protocol

from kinesis_cli.show.simulation.run import Run
from kinesis_cli.show.simulation.table import TableView
from kinesis_cli.simulation.trace import (
    Row,
    Summary,
)


class View(Protocol):
    """Shows a run: `row` for each row as it comes, `finish` once."""

    def row(self, row: Row) -> None:
        """Show, or keep for the end, what happened."""
        ...

    def finish(self, summary: Summary) -> None:
        """Show the rest."""
        ...


def simulation_view(run: Run, output: str, *, show_all: bool) -> View:
    """The view for `--output`: "table", "json" or "ndjson"."""
    if output == "table":
        return TableView(run, show_all=show_all)
    from kinesis_cli.show.simulation.documents import JsonView, LinesView  # start-up counts

    return JsonView(run) if output == "json" else LinesView(run)


class SilentView:
    """Shows nothing: of compared runs only the summaries count."""

    def row(self, row: Row) -> None:
        """Show nothing."""

    def finish(self, summary: Summary) -> None:
        """Show nothing."""
