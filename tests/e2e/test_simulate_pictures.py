"""`kcli simulate --timeline` and `--trace`, as a person runs them."""

import gzip
import json
import re
from pathlib import Path

import pytest

from tests.e2e.programs import Completed, Kcli

ROOT = Path(__file__).parents[2]
POISON = (
    "simulate",
    str(ROOT / "fixtures" / "poison.ndjson"),
    "--handler",
    f"{ROOT / 'fixtures' / 'strict.py'}:handler",
    "--mapping",
    str(ROOT / "fixtures" / "mappings" / "bisect.yaml"),
    "--start-at",
    "+600",
)


def refused(run: Completed) -> str:
    assert run.returncode == 2
    assert run.stdout == ""
    return run.stderr


def rows(run: Completed) -> list[str]:
    """The rows of the timelines."""
    assert run.returncode == 0, run.stderr
    return re.findall(r"^shard 0 +(.*)$", run.stdout, re.M)


def test_the_timeline_stands_below_the_summary(kcli: Kcli) -> None:
    run = kcli(*POISON, "--timeline", COLUMNS="80")
    (row,) = rows(run)
    assert len(row) == 70
    assert run.stdout.index("Summary") < run.stdout.index("Timeline")
    assert [digit for digit in row if digit.isdigit()] == list("234")


def test_a_zoomed_timeline_shows_its_part_at_the_full_width(kcli: Kcli) -> None:
    (row,) = rows(kcli(*POISON, "--timeline", "--from", "+1.9", "--to", "+3.0", COLUMNS="80"))
    assert len(row) == 70
    assert [digit for digit in row if digit.isdigit()] == ["2", "3"]


def test_compared_mappings_have_their_timelines_above_each_other(kcli: Kcli) -> None:
    run = kcli(*POISON, "--timeline", "--compare", str(ROOT / "fixtures/mappings/bisect.yaml"))
    first, second = rows(run)
    assert first == second


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--timeline", "--output", "json"], "--timeline draws for people"),
        (["--timeline", "--explain", "1"], "--timeline and --explain"),
        (["--from", "+1"], "--from and --to are for --timeline"),
        (["--timeline", "--from", "+2", "--to", "+1"], "would end before it begins"),
        (["--timeline", "--from", "soon"], "'soon' is not a time"),
        (["--trace", "run.txt"], "ends neither in .json nor in .json.gz"),
        (["--trace", "no/such/folder/run.json"], "no/such/folder"),
        (["--overwrite"], "--overwrite is for --trace and --report"),
        (["--trace", "run.json", "--compare", "x.yaml"], "--trace and --compare"),
        (["--report", "run.json"], "ends neither in .html nor in .htm"),
    ],
)
def test_what_cannot_be_drawn_is_refused_in_a_sentence(
    kcli: Kcli, options: list[str], said: str
) -> None:
    assert said in refused(kcli(*POISON, *options))


def test_a_trace_file_holds_each_call_and_is_the_same_each_time(kcli: Kcli, tmp_path: Path) -> None:
    for name in ("one.json", "two.json.gz", "three.json.gz"):
        run = kcli(*POISON, "--trace", name, "--output", "ndjson")
        assert run.returncode == 0, run.stderr
        assert "ui.perfetto.dev" in run.stderr
    calls = sum(json.loads(line)["type"] == "invocation" for line in run.stdout.splitlines())
    text = (tmp_path / "one.json").read_bytes()
    assert gzip.decompress((tmp_path / "two.json.gz").read_bytes()) == text
    assert (tmp_path / "two.json.gz").read_bytes() == (tmp_path / "three.json.gz").read_bytes()
    events = json.loads(text)["traceEvents"]
    assert sum(event["ph"] == "X" for event in events) == calls


def test_a_trace_file_that_exists_stays_unless_it_may_go(kcli: Kcli, tmp_path: Path) -> None:
    file = tmp_path / "run.json"
    file.write_text("mine")
    assert "--overwrite" in refused(kcli(*POISON, "--trace", "run.json"))
    assert file.read_text() == "mine"
    assert kcli(*POISON, "--trace", "run.json", "--overwrite").returncode == 0
    assert json.loads(file.read_text())["traceEvents"]


def test_a_full_disk_is_a_sentence(kcli: Kcli) -> None:
    run = kcli(*POISON, "--trace", "/dev/full")
    assert run.returncode == 2
    assert "/dev/full" in run.stderr
    assert "Traceback" not in run.stderr
