"""The same recording under several mappings, summaries side by side."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kinesis_cli.event_source_mapping.settings import EventSourceMapping
from kinesis_cli.show.cells import cut, duration_cell, wrapped
from kinesis_cli.show.console import escape, plain, stdout_console, write_json, write_line
from kinesis_cli.show.shapes import runs as shapes
from kinesis_cli.show.simulation.documents import summary_document
from kinesis_cli.show.simulation.words import mapping_in_words
from kinesis_cli.simulation.trace import Summary


@dataclass(frozen=True, slots=True)
class Compared:
    """One of the runs."""

    name: str  # where its mapping came from
    mapping: EventSourceMapping
    summary: Summary


def show_comparison(runs: Sequence[Compared], output: str) -> None:
    """Print the runs: a column each, or an object each."""
    if output == "json":
        compared = [_document(run, shapes.Compared) for run in runs]
        write_json(shapes.Comparison(version=1, comparison=compared))
    elif output == "ndjson":
        for run in runs:
            write_line(_document(run, shapes.ComparedRow))
    else:
        _table(runs)


def _document(run: Compared, shape: type[shapes.Compared]) -> shapes.Compared:
    return shape(name=run.name, mapping=run.mapping.to_aws(), summary=summary_document(run.summary))


def _table(runs: Sequence[Compared]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    console = stdout_console()
    for letter, run in zip(_letters(runs), runs, strict=True):
        words = f"{run.name}: {mapping_in_words(run.mapping.to_aws())}"
        label, indent = f"{letter}  ", len(letter) + 2
        for line in wrapped(escape(words), max(console.width - indent, 20)):
            console.print(plain(label + line), soft_wrap=True)
            label = " " * indent
    table = Table("", *_letters(runs), box=SIMPLE_HEAD, pad_edge=False)
    for column in table.columns[1:]:
        column.justify = "right"
    for name, cells in comparison_rows(runs):
        best = len(set(cells)) > 1
        table.add_row(plain(name), *map(plain, cells), style="" if best else "dim")
    console.print(table)


def _letters(runs: Sequence[Compared]) -> list[str]:
    return [cut(escape(f"[{number}]"), 4) for number in range(1, len(runs) + 1)]


def comparison_rows(runs: Sequence[Compared]) -> list[tuple[str, list[str]]]:
    """Each figure by its name, with a cell for each run."""
    summaries = [run.summary for run in runs]
    return [
        ("invocations", [f"{s.invocations:,}" for s in summaries]),
        ("records succeeded", [f"{s.succeeded:,}" for s in summaries]),
        ("records discarded", [f"{s.discarded:,}" for s in summaries]),
        ("records expired", [f"{s.expired:,}" for s in summaries]),
        ("records filtered", [f"{s.filtered:,}" for s in summaries]),
        ("records undelivered", [f"{s.undelivered:,}" for s in summaries]),
        ("redelivered", [f"{s.redelivered:,}" for s in summaries]),
        ("answers ignored", [f"{sum(s.warnings.values()):,}" for s in summaries]),
        ("iterator age up to", [duration_cell(s.max_iterator_age_seconds) for s in summaries]),
        ("longest block", [_block(s) for s in summaries]),
        ("virtual time", [duration_cell(s.elapsed_seconds) for s in summaries]),
        *_seldom(summaries),
    ]


def _seldom(summaries: Sequence[Summary]) -> Iterator[tuple[str, list[str]]]:
    """What few runs have: rows where one of them does."""
    if any(s.other_reading for s in summaries):
        # where keys find their lanes the other way, see `--lanes`
        yield "  with other lanes", [_other_time(s) for s in summaries]
    if any(s.throttles for s in summaries):
        yield "calls throttled", [f"{s.throttles:,}" for s in summaries]


def _other_time(summary: Summary) -> str:
    other = summary.other_reading
    return "same" if other is None else duration_cell(other.elapsed_seconds)


def _block(summary: Summary) -> str:
    return duration_cell(summary.longest_block.seconds) if summary.longest_block else "none"
