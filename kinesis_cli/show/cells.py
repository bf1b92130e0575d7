"""Texts for table cells: records, shards and times as short as they stay clear."""

import textwrap
from collections.abc import Iterable, Mapping

from kinesis_cli.simulation.words import bytes_cell as bytes_cell
from kinesis_cli.simulation.words import counted as counted
from kinesis_cli.simulation.words import duration_cell as duration_cell
from kinesis_cli.simulation.words import marked as marked
from kinesis_cli.simulation.words import number_cell as number_cell
from kinesis_cli.simulation.words import payload_cell as payload_cell
from kinesis_cli.simulation.words import shard_cell as shard_cell
from kinesis_cli.simulation.words import since_cell as since_cell
from kinesis_cli.simulation.words import time_cell as time_cell


def assumed(points: Iterable[str]) -> str:
    """What a result depends on that AWS does not document, by the names in docs/fidelity.md."""
    return f"assumed, where AWS does not say (docs/fidelity.md): {', '.join(points)}"


def cut(text: str, columns: int) -> str:
    """As much of a text as fits `columns`."""
    if text.isascii():
        return text if len(text) <= columns else f"{text[: max(columns - 1, 0)]}…"
    from rich.cells import cell_len, set_cell_size

    return text if cell_len(text) <= columns else f"{set_cell_size(text, max(columns - 1, 0))}…"


def wrapped(text: str, columns: int) -> list[str]:
    """A text in lines of at most `columns`; at least one line."""
    if text.isascii():
        return textwrap.wrap(text, columns) or [""]
    from rich.cells import cell_len

    if cell_len(text) == len(text):
        return textwrap.wrap(text, columns) or [""]
    return chopped(text, columns)  # with characters two columns wide: between any two of them


def chopped(text: str, columns: int) -> list[str]:
    """A text in lines of at most `columns`, broken anywhere; none of an empty one."""
    if text.isascii():
        return [text[start : start + columns] for start in range(0, len(text), columns)]
    from rich.cells import chop_cells

    return chop_cells(text, columns)


def report_text(report: Mapping[str, object]) -> str:
    """`3.01 ms, billed 4 ms, 36 of 128 MB, init 110.10 ms` of a report's figures."""
    parts = []
    for name, before, unit in (
        ("durationMs", "", " ms"),
        ("billedDurationMs", "billed ", " ms"),
        ("maxMemoryUsedMB", "", ""),
        ("initDurationMs", "init ", " ms"),
        ("restoreDurationMs", "restore ", " ms"),
        ("errorType", "", ""),
        ("xrayTraceId", "X-Ray ", ""),
    ):
        if (value := report.get(name)) is not None:
            if name == "maxMemoryUsedMB":
                value = f"{value} of {report.get('memorySizeMB', '?')} MB"
            parts.append(f"{before}{value}{unit}")
    status = report.get("status")
    if isinstance(status, str) and status != "success":
        parts.insert(0, status)
    return ", ".join(parts)
