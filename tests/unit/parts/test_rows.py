"""Rows of parts: kept on disk, merged, and told as if the function had run from its own folder."""

from pathlib import Path

import pytest

from kinesis_cli.event_source_mapping.invocation import FunctionError
from kinesis_cli.parts.merging import merged
from kinesis_cli.parts.project_upload import ElsewhereProject, project_folder
from kinesis_cli.parts.renaming import renamed
from kinesis_cli.parts.rows_file import read_rows, write_rows
from kinesis_cli.project.find import find_function
from kinesis_cli.simulation.trace import (
    Attempt,
    Destination,
    ExpiredRecords,
    FailedRecord,
    FilteredRecords,
    Invocation,
    Row,
)


def filtered(shard: str, numbers: list[str]) -> FilteredRecords:
    return FilteredRecords(shard, tuple(numbers), {number: f"why {number}" for number in numbers})


def test_only_the_first_filtered_records_of_all_parts_are_explained() -> None:
    parts = [
        [(1.0, filtered("a", [f"a{n}" for n in range(8)]))],
        [(1.0, filtered("b", [f"b{n}" for n in range(8)]))],
        [(2.0, filtered("c", ["c0"]))],
    ]
    rows = list(merged(parts, {"a": 0, "b": 1, "c": 2}))
    explained = [sorted(row.explanations) for row in rows if isinstance(row, FilteredRecords)]
    assert explained == [[f"a{n}" for n in range(8)], ["b0", "b1"], []]


@pytest.mark.parametrize("count", [0, 1, 199, 200, 1_001])
def test_rows_come_back_from_disk_as_they_were(tmp_path: Path, count: int) -> None:
    rows: list[tuple[float, Row]] = [
        (float(n), ExpiredRecords("s", ("1",) * (n % 90), float(n))) for n in range(count)
    ]
    write_rows(tmp_path / "rows", rows)
    assert list(read_rows(tmp_path / "rows")) == rows


THERE, HERE = "/there/kcli-1/0", "/home/me/app"


@pytest.mark.parametrize(
    "row",
    [
        Invocation(
            index=0,
            request_id="r",
            shard_id="s",
            at=1.0,
            attempt=1,
            sequence_numbers=("1",),
            outcome="failed",
            checkpoint=None,
            batch_item_failures=(),
            error=FunctionError("E", f"in {THERE}/a.py", (f"File {THERE}/a.py, line 1",)),
            reason=f"failed in {THERE}/a.py",
            duration_ms=1.0,
            logs=(f"reading {THERE}/data",),
        ),
        Attempt("s", 1.0, 1, ("1",), f"because of {THERE}/a.py"),
        FailedRecord("1", "s", "key", 1.0, b"", 1, "discarded", f"{THERE}/a.py said so"),
        Destination({"a": [{"b": f"{THERE}/x"}], "n": 1, "z": None}, None, 1.0, "s", ("1",)),
        ExpiredRecords("s", ("1",), 1.0),
    ],
    ids=lambda row: type(row).__name__,
)
def test_a_row_names_the_code_where_it_is_here(row: Row) -> None:
    at, found = renamed((7.0, row), THERE, HERE)
    assert at == 7.0
    assert THERE not in repr(found)
    assert repr(found) == repr(row).replace(THERE, HERE)


def test_files_of_the_project_are_where_workers_have_it(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("def handler(event, context): pass")
    function = find_function(handler=f"{tmp_path}/app.py:handler")
    elsewhere = ElsewhereProject(project_folder(function), Path("/srv/app"))
    assert elsewhere.path(str(tmp_path / "data" / "day.ndjson")) == "/srv/app/data/day.ndjson"
    assert elsewhere.path("/elsewhere/day.ndjson") == "/elsewhere/day.ndjson"
    assert elsewhere.function(function).code_uri == Path("/srv/app")
