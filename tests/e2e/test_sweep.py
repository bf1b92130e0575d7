"""`kcli simulate --sweep`, as a person runs it."""

import json
import os
import select
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.programs import KCLI, Completed, Kcli, without_aws
from tests.patience import PATIENCE

pytestmark = pytest.mark.slow

HANDLER = """
def handler(event, context):
    return {"batchItemFailures": []}
"""
MODEL = ("--invocation-duration", "0.05+0.002/record")
TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Readings:
    Type: AWS::Kinesis::Stream
    Properties: { ShardCount: 2, RetentionPeriodHours: 48 }
  Worker:
    Type: AWS::Serverless::Function
    Properties:
      Handler: app.handler
      Runtime: python3.13
      CodeUri: .
      MemorySize: 512
      Architectures: [arm64]
      Events:
        Stream:
          Type: Kinesis
          Properties:
            Stream: !GetAtt Readings.Arn
            StartingPosition: TRIM_HORIZON
            BatchSize: 5
"""


@pytest.fixture
def project(kcli: Kcli, tmp_path: Path) -> Kcli:
    """A project with a recording of a minute."""
    (tmp_path / "template.yaml").write_text(TEMPLATE)
    (tmp_path / "app.py").write_text(HANDLER)
    made = kcli(
        "event", "--count", "1200", "--shards", "2", "--sensors", "9", "--interval", "0.05",
        "--output", "ndjson", "-o", "day.ndjson",
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    return kcli


def swept(project: Kcli, *options: str, **environment: str) -> Completed:
    return project("simulate", "day.ndjson", *MODEL, *options, **environment)


GRID = ("--sweep", "BatchSize=1,10,100", "--sweep", "ParallelizationFactor=1..2")


def document(project: Kcli, *options: str) -> dict[str, Any]:
    run = swept(project, *GRID, "--output", "json", *options)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)  # type: ignore[no-any-return]


def test_the_table_has_a_row_for_each_point_and_ends_with_a_sentence(project: Kcli) -> None:
    run = swept(project, *GRID)
    assert run.returncode == 0, run.stderr
    assert run.stdout.count("yes") == 7  # six of the grid, and the template's own
    assert "◆ the template's settings" in run.stdout
    text = " ".join(run.stdout.split())
    assert "A call takes 0.05+0.002/record s, 512 MB arm64." in text
    assert "(2 provisioned shards, 48 h)" in text
    assert "at prices of us-east-1 of 20" in text
    assert "% cheaper, p99 age" in text
    assert max(map(len, run.stdout.splitlines())) <= 80


def test_a_wide_terminal_has_every_figure(project: Kcli) -> None:
    run = swept(project, *GRID, COLUMNS="200")
    head = " ".join(run.stdout.split("─")[0].split())
    for word in ("expired", "iterator", "p50", "max"):
        assert word in head


def test_programs_get_every_figure_of_every_point(project: Kcli) -> None:
    found = document(project)
    assert found["sweep"]["grid"] == {
        "BatchSize": [1, 10, 100],
        "ParallelizationFactor": [1, 2],
    }
    assert found["sweep"]["invocationDuration"] == "0.05+0.002/record"
    assert found["sweep"]["stream"]["retentionHours"] == 48
    assert found["sweep"]["prices"]["sources"]
    assert len(found["points"]) == 7
    assert [point["settings"]["BatchSize"] for point in found["points"] if point["own"]] == [5]
    assert sum(point["recommended"] for point in found["points"]) == 1
    best = next(point for point in found["points"] if point["recommended"])
    assert best["settings"] == found["recommendation"]["settings"]
    assert best["front"]
    for point in found["points"]:
        assert point["succeeded"] == 1200
        assert set(point["recordAgeSeconds"]) == {"p50", "p99", "max"}
        parts = sum(point["cost"][name] for name in ("requests", "compute", "stream"))
        assert point["cost"]["total"] == pytest.approx(parts, abs=1e-5)


def test_lines_say_what_they_are(project: Kcli) -> None:
    run = swept(project, *GRID, "--output", "ndjson")
    lines = [json.loads(line) for line in run.stdout.splitlines()]
    assert [line["type"] for line in lines] == ["sweep", *["point"] * 7, "recommendation"]
    whole = document(project)
    assert [{"type": "point", **point} for point in whole["points"]] == lines[1:-1]


def test_one_process_and_many_find_the_same(project: Kcli) -> None:
    assert document(project, "--jobs", "1") == document(project, "--jobs", "3")


def test_other_prices_are_paid_and_named(project: Kcli, tmp_path: Path) -> None:
    file = tmp_path / "prices.yaml"
    file.write_text("region: eu-west-1\nlambda: {millionRequests: 0.4}\n")
    dear, cheap = document(project, "--prices", str(file)), document(project)
    assert dear["sweep"]["prices"]["region"] == "eu-west-1"
    for one, other in zip(dear["points"], cheap["points"], strict=True):
        assert one["cost"]["requests"] == pytest.approx(2 * other["cost"]["requests"], abs=1e-5)
        assert one["cost"]["compute"] == other["cost"]["compute"]


def test_a_log_says_how_long_calls_take(project: Kcli, tmp_path: Path) -> None:
    lines = []
    for number, (records, duration) in enumerate([(10, 70.0), (100, 250.0), (10, 70.0)]):
        request = f"00000000-0000-4000-8000-00000000000{number}"
        lines += [
            f"START RequestId: {request} Version: $LATEST",
            f'{{"requestId": "{request}", "records": {records}}}',
            f"END RequestId: {request}",
            f"REPORT RequestId: {request}\tDuration: {duration} ms\t"
            f"Billed Duration: {duration} ms\tMemory Size: 128 MB\tMax Memory Used: 40 MB",
        ]
    (tmp_path / "function.log").write_text("\n".join(lines) + "\n")
    run = project(
        "simulate", "day.ndjson", *GRID, "--duration-from", "function.log", "--output", "json"
    )
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout)["sweep"]["invocationDuration"] == "0.05+0.002/record"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "--sweep must be told how long a call takes"),
        (["--invocation-duration", "measured"], "--sweep does not measure calls"),
        ([*MODEL, "--timeline"], "--sweep and --timeline cannot be used together"),
        ([*MODEL, "--fail-on", "error"], "--sweep and --fail-on"),
        ([*MODEL, "--explain", "1"], "--sweep and --explain"),
        ([*MODEL, "--compare", "x.yaml"], "--sweep and --compare"),
        ([*MODEL, "--trace", "x.json"], "--sweep and --trace"),
        ([*MODEL, "--sweep", "BatchSize=2"], "BatchSize is swept twice"),
        ([*MODEL, "--prices", "none.yaml"], "none.yaml: no such file"),
        ([*MODEL, "--jobs", "0"], "--jobs"),
    ],
)
def test_what_cannot_be_swept_is_a_sentence(project: Kcli, options: list[str], said: str) -> None:
    run = project("simulate", "day.ndjson", "--sweep", "BatchSize=1,10", *options)
    assert run.returncode == 2
    assert said in run.stderr
    assert "Traceback" not in run.stderr
    assert run.stdout == ""


def test_options_of_a_sweep_are_for_one(project: Kcli) -> None:
    run = project("simulate", "day.ndjson", "--prices", "mine.yaml")
    assert (run.returncode, "--prices is for --sweep" in run.stderr) == (2, True)


def test_a_constant_duration_is_used_and_said_to_favour_large_batches(project: Kcli) -> None:
    run = project("simulate", "day.ndjson", *GRID, "--invocation-duration", "0.1")
    assert run.returncode == 0
    assert "favours large batches" in " ".join(run.stderr.split())


def test_a_handler_that_cannot_be_loaded_is_one_sentence(project: Kcli, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("import no_such_module\n")
    run = swept(project, *GRID)
    assert run.returncode == 2
    assert run.stderr.count("kcli: ") == 1
    assert "no_such_module" in run.stderr
    assert "Traceback" not in run.stderr


def test_a_handler_that_ends_its_process_is_a_sentence(project: Kcli, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("import os\ndef handler(e, c): os._exit(7)\n")
    run = swept(project, *GRID, "--jobs", "2")
    assert run.returncode == 2
    assert "ended with exit code 7" in run.stderr
    assert "--isolated" in run.stderr


def test_ctrl_c_shows_what_was_finished(project: Kcli, tmp_path: Path) -> None:
    # The template's own settings are run first; any larger batch waits for ever. When two wait, one
    # of them was begun after the own settings were done.
    (tmp_path / "app.py").write_text(
        "import threading\n"
        "def handler(event, context):\n"
        "    if len(event['Records']) > 5:\n"
        "        with open('waiting', 'w') as pipe: pipe.write('!')\n"
        "        threading.Event().wait()\n"
    )
    os.mkfifo(tmp_path / "waiting")
    told = os.open(tmp_path / "waiting", os.O_RDWR)
    grid = ("--sweep", "BatchSize=5,50,100", "--jobs", "2")
    process = subprocess.Popen(
        [*KCLI, "simulate", "day.ndjson", *MODEL, *grid],
        cwd=tmp_path,
        env=without_aws(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    for _ in range(2):
        assert select.select([told], [], [], PATIENCE)[0]
        os.read(told, 1)
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=PATIENCE)
    os.close(told)
    assert process.returncode == 130
    assert "1 of 3 points were run" in stderr
    assert stdout.count("yes") == 1


def test_a_page_that_exists_stays_and_its_name_tells_what_it_is(
    project: Kcli, tmp_path: Path
) -> None:
    (tmp_path / "old.html").write_text("mine")
    run = swept(project, *GRID, "--report", "old.html")
    assert run.returncode == 2
    assert "--overwrite" in run.stderr
    assert (tmp_path / "old.html").read_text() == "mine"
    assert swept(project, *GRID, "--report", "new.json").returncode == 2


def test_the_same_sweep_gives_the_same_page(project: Kcli, tmp_path: Path) -> None:
    pages = []
    for _ in range(2):
        run = swept(project, *GRID, "--report", "sweep.html", "--overwrite")
        assert run.returncode == 0, run.stderr
        pages.append((tmp_path / "sweep.html").read_bytes())
    assert pages[0] == pages[1]
