"""Reports as files: their size, their bytes, and that nothing in a record gets out of its place."""

import base64
import hashlib
import json
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from kinesis_cli import EventSourceMapping
from kinesis_cli.event_source_mapping.events import Outcome
from kinesis_cli.picture.calls import MAX_CALLS
from kinesis_cli.show.pictures.report import About, Report, write_comparison
from kinesis_cli.show.simulation.run import Run
from kinesis_cli.simulation.trace import FailedRecord, Invocation, Row, Summary
from tests.unit.streams import START

# a million was tried too: it is drawn together, and no larger
MANY = int(os.environ.get("KCLI_REPORT_CALLS", "20000"))
NUMBERS = tuple(str(10**55 + n) for n in range(100))
HOSTILE = "</script><script>alert(1)</script><!-- \u202e\x1b[2J @DATA@ @SCRIPT@ &amp;"


def about(handler: str = "app.handler") -> About:
    mapping = EventSourceMapping.from_aws({})
    run = Run(
        handler=handler,
        runtime="in-process",
        handler_origin="template.yaml",
        mapping=mapping.to_aws(),
        mapping_origin="template.yaml",
        source="day.ndjson",
        records=1,
        shards=1,
        start_at=START,
    )
    return About(run, mapping, "kcli simulate day.ndjson")


def call(
    number: int, outcome: Outcome = "success", shard: int = 0, jitter: float = 0.0
) -> Invocation:
    return Invocation(
        index=number,
        request_id="9a4f1c5e-0000-4000-8000-000000000000",
        shard_id=f"shardId-{shard:012d}",
        at=START + number * 0.137 + jitter * (number * 7919 % 97),
        attempt=1 + (outcome == "failed") * (number % 4),
        sequence_numbers=NUMBERS,  # of which a report has no more than how many
        outcome=outcome,
        checkpoint=None,
        batch_item_failures=(),
        error=None,
        reason=f"reported 1 of 100; retry from {10**55 + number}",
        duration_ms=100.0 + number % 7,
        logs=(),
        iterator_age=number % 13,
    )


def failed(payload: str) -> FailedRecord:
    return FailedRecord(
        "1", "shardId-000000000000", payload, START, payload.encode(), 4, "discarded", payload
    )


def written(path: Path, rows: Sequence[Row], of: About | None = None) -> str:
    report = Report(path, of or about())
    for row in rows:
        report.row(row)
    report.finish(Summary(records=1))
    return path.read_text()


def data_in(page: str) -> Any:  # noqa: ANN401 - JSON
    (text,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page)
    return json.loads(text)


@pytest.mark.unmeasured
@pytest.mark.slow
@pytest.mark.parametrize("bad", [0, 1, 3, 10])
def test_a_report_of_ten_thousand_calls_is_at_most_300_kb(tmp_path: Path, bad: int) -> None:
    rows: list[Row] = [
        call(n, "failed" if n % 10 < bad else "success", shard=n % 16, jitter=0.001234)
        for n in range(MAX_CALLS)
    ]
    rows += [failed("x" * 900) for _ in range(500)]
    path = tmp_path / "run.html"
    page = written(path, rows)
    assert path.stat().st_size <= 300_000
    assert len(data_in(page)["calls"]["at"]) == data_in(page)["count"] == MAX_CALLS
    assert data_in(page)["leftOut"]["failed"] > 0


@pytest.mark.slow
@pytest.mark.parametrize("shards", [1, pytest.param(200, marks=pytest.mark.unmeasured)])
def test_a_report_of_many_calls_draws_them_together(tmp_path: Path, shards: int) -> None:
    path = tmp_path / "run.html"
    rows = [call(n, "failed" if n % 5 == 0 else "success", shard=n % shards) for n in range(11_000)]
    data = data_in(written(path, rows))
    assert "calls" not in data
    assert data["count"] == 11_000
    assert path.stat().st_size <= 3_000_000


def test_the_same_run_gives_the_same_bytes(tmp_path: Path) -> None:
    rows = [call(n, "partial") for n in range(50)]
    assert written(tmp_path / "a.html", rows) == written(tmp_path / "b.html", rows)


def test_the_columns_say_what_the_calls_were(tmp_path: Path) -> None:
    rows = [call(n, "failed" if n == 2 else "success") for n in range(4)]
    calls = data_in(written(tmp_path / "run.html", rows))["calls"]
    assert calls["at"] == [0, 137_000, 137_000, 137_000]
    assert calls["length"] == [100_000, 101_000, 102_000, 103_000]
    assert calls["outcome"] == [0, 0, 2, 0]
    assert calls["size"] == {"runs": [100, 4]}


def test_record_data_stays_data(tmp_path: Path) -> None:
    page = written(tmp_path / "run.html", [call(0), failed(HOSTILE)], about(HOSTILE))
    assert page.count("<script") == 2
    assert "\x1b" not in page
    assert "\u202e" not in page
    (record,) = data_in(page)["failed"]
    assert record["payload"].startswith("</script><script>alert(1)")
    assert r"\u202e\x1b[2J" in record["payload"]


def test_only_the_reports_own_script_and_style_may_run(tmp_path: Path) -> None:
    page = written(tmp_path / "run.html", [call(0)])
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', page)
    (script,) = re.findall(r"<script>(.*?)</script>", page, re.S)
    (style,) = re.findall(r"<style>(.*?)</style>", page, re.S)
    for kind, text in (("script-src", script), ("style-src", style)):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{kind} 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'")
    assert not re.search(r"https?://", page.replace(data_text(page), ""))


def data_text(page: str) -> str:
    (text,) = re.findall(r'id="data">(.*?)</script>', page)
    return str(text)


def test_several_runs_stand_side_by_side_on_one_time(tmp_path: Path) -> None:
    reports = []
    for count in (3, 30):
        report = Report(None, about())
        for number in range(count):
            report.row(call(number))
        report.finish(Summary(records=count))
        reports.append(report)
    path = tmp_path / "both.html"
    write_comparison(path, [HOSTILE, "other.yaml"], reports, [["invocations", "3", "30"]])
    page = path.read_text()
    data = data_in(page)
    assert page.count("<script") == 2
    assert [run["count"] for run in data["runs"]] == [3, 30]
    assert data["end"] == data["runs"][1]["end"] > data["runs"][0]["end"]
    assert data["comparison"]["rows"] == [["invocations", "3", "30"]]
    assert data["runs"][1]["head"]["name"] == "other.yaml"


@pytest.mark.unmeasured
@pytest.mark.slow
def test_a_report_of_very_many_calls_is_at_most_3_mb(tmp_path: Path) -> None:
    """As large as it gets: many lanes, failures everywhere, all kept records large."""
    path = tmp_path / "run.html"
    report = Report(path, about())
    numbers = (str(10**55),)
    for number in range(MANY):
        row = msgspec.structs.replace(
            call_of_one, at=START + number * 0.01, shard_id=f"shardId-{number % 64:012d}",
            outcome="failed" if number % 3 == 0 else "success", attempt=1 + number % 9,
            sequence_numbers=numbers, duration_ms=900.0 + number % 90,
        )  # fmt: skip
        report.row(row)
    for _ in range(1_000):
        report.row(failed("x" * 900))
    report.finish(Summary(records=MANY))
    assert path.stat().st_size <= 3_000_000
    assert data_in(path.read_text())["count"] == MANY


call_of_one = call(0)
