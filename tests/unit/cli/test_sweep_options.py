"""The options of a sweep and what they run, in this process."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from kinesis_cli import InputError
from kinesis_cli.cli.options.durations import Duration
from kinesis_cli.cli.options.handler import HandlerRun, handler_maker
from kinesis_cli.cli.options.report_file import ReportFile, report_path, typed
from kinesis_cli.cli.options.scale import ScaleOptions
from kinesis_cli.cli.options.shared import Output
from kinesis_cli.cli.options.sweep import Sweep, SweepOptions
from kinesis_cli.cli.running.cores import cores
from kinesis_cli.cli.running.many_cores import on_many_cores
from kinesis_cli.cli.running.sweep import SweepJob
from kinesis_cli.project.find import find_function
from kinesis_cli.project.mapping import choose_mapping
from kinesis_cli.recordings.recording import Recording
from kinesis_cli.show import console
from kinesis_cli.simulation.durations import CallDuration
from kinesis_cli.simulation.run import SimulationOptions
from tests.unit.streams import record

MODEL = Duration(invocation_duration="0.05+0.002/record")


@pytest.fixture(autouse=True)
def width(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """A terminal of 80 columns, whose console is made for the test."""
    monkeypatch.setenv("COLUMNS", "80")
    console.stdout_console.cache_clear()
    yield monkeypatch
    console.stdout_console.cache_clear()


@pytest.fixture
def job(tmp_path: Path) -> Iterator[SweepJob]:
    """Ten records a second for a minute, and a function of a batch size of 5."""
    (tmp_path / "app.py").write_text("def handler(event, context):\n    return None\n")
    (tmp_path / "day.ndjson").write_bytes(
        b"".join(record(n, at=n / 10, key=f"key-{n % 3}").raw + b"\n" for n in range(600))
    )
    function = find_function(handler=f"{tmp_path}/app.py:handler")
    with Recording.open([str(tmp_path / "day.ndjson")]) as recording:
        yield SweepJob(
            function,
            choose_mapping(function, None, {"BatchSize": 5}),
            recording,
            ["day.ndjson", "-"],
            SimulationOptions(
                invocation_duration=CallDuration(0.05, 0.002), start_at=recording.first_arrival
            ),
            handler_maker(function, HandlerRun(), lambda sentence: None),
            [],
        )


def sweep(*grid: str, jobs: int = 1, max_age: float | None = None) -> Sweep:
    found = Sweep.of(
        SweepOptions(sweep=list(grid), max_age=max_age), MODEL, ScaleOptions(str(jobs))
    )
    assert found is not None
    return found


def test_without_a_grid_there_is_no_sweep() -> None:
    assert Sweep.of(SweepOptions(), Duration(), ScaleOptions()) is None


@pytest.mark.parametrize(
    ("options", "duration", "said"),
    [
        (SweepOptions(max_age=1.0), MODEL, "--max-age is for --sweep"),
        (SweepOptions(sweep=["BatchSize=1"]), Duration(), "must be told how long a call takes"),
        (
            SweepOptions(sweep=["BatchSize=1"]),
            Duration(invocation_duration="measured"),
            "does not measure calls",
        ),
        (SweepOptions(sweep=["BatchSize=x"]), MODEL, "'x' is neither a whole number"),
    ],
)
def test_what_a_sweep_cannot_do_is_refused(
    options: SweepOptions, duration: Duration, said: str
) -> None:
    with pytest.raises(InputError, match=said):
        Sweep.of(options, duration, ScaleOptions())


def test_given_prices_are_read_from_json_and_yaml(tmp_path: Path) -> None:
    for name, text in {"a.yaml": "region: eu-west-1", "b.json": '{"region": "eu-west-1"}'}.items():
        (tmp_path / name).write_text(text)
        options = SweepOptions(sweep=["BatchSize=1"], prices=tmp_path / name)
        found = Sweep.of(options, MODEL, ScaleOptions())
        assert found is not None
        assert found.prices.region == "eu-west-1"


def test_the_grid_is_run_shown_and_written(
    job: SweepJob, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "sweep.html"
    grid = sweep("BatchSize=1,20,100", "BisectBatchOnFunctionError=true,false")
    grid.run(job, Output.TABLE, page, show_all=False)
    out, err = capsys.readouterr()
    assert out.count("yes") == 7
    assert "◆ the given settings" in out
    assert "1 provisioned shard, as the recording" in " ".join(err.split())
    assert "report in" in err
    assert "Sweep: day.ndjson, standard input" in page.read_text()


def test_every_output_tells_the_same(job: SweepJob, capsys: pytest.CaptureFixture[str]) -> None:
    grid = sweep("BatchSize=5,50", max_age=3.0)
    grid.run(job, Output.JSON, None, show_all=False)
    whole = json.loads(capsys.readouterr().out)
    grid.run(job, Output.NDJSON, None, show_all=False)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["settings"] for line in lines[1:-1]] == [p["settings"] for p in whole["points"]]
    assert lines[-1]["sentence"] == whole["recommendation"]["sentence"]
    assert whole["recommendation"]["maxAgeSeconds"] == 3.0
    assert whole["sweep"]["costIsOf"] == "month"


def test_many_points_are_folded_and_a_wide_terminal_shows_all_figures(
    job: SweepJob, width: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    grid = sweep("BatchSize=2,5,10,20,30,40,50,60", "MaximumBatchingWindowInSeconds=0,1,2")
    grid.run(job, Output.TABLE, None, show_all=False)
    folded = capsys.readouterr().out
    assert "4 more points" in folded
    width.setenv("COLUMNS", "200")
    console.stdout_console.cache_clear()
    grid.run(job, Output.TABLE, None, show_all=True)
    whole = capsys.readouterr().out
    assert "more points" not in whole
    assert "iterator" in whole


def test_what_falls_behind_has_no_cost(job: SweepJob, capsys: pytest.CaptureFixture[str]) -> None:
    slow = Sweep.of(SweepOptions(sweep=["BatchSize=1"]), MODEL, ScaleOptions("1"))
    assert slow is not None
    slower = replace(job, options=replace(job.options, invocation_duration=CallDuration(5.0)))
    slow.run(slower, Output.TABLE, None, show_all=False)
    out, err = capsys.readouterr()
    assert "None of the 2 points keeps up" in " ".join(out.split())
    assert "–" in out
    assert "favours large batches" in err


def test_one_process_works_in_the_order_of_the_places() -> None:
    assert list(on_many_cores(lambda place: place * place, [3, 1, 2], 1)) == [
        (3, 9),
        (1, 1),
        (2, 4),
    ]
    assert cores() >= 1


def test_a_page_must_be_meant_and_must_not_be_lost(tmp_path: Path) -> None:
    assert report_path(ReportFile()) is None
    assert report_path(ReportFile(report=str(tmp_path / "new.html"))) == tmp_path / "new.html"
    (tmp_path / "old.html").write_text("mine")
    old = tmp_path / "old.html"
    assert report_path(ReportFile(report=str(old), overwrite=True)) == old
    for given in (
        ReportFile(report=str(old)),
        ReportFile(report=str(tmp_path / "page.txt")),
        ReportFile(overwrite=True),
    ):
        with pytest.raises(InputError):
            report_path(given)


def test_a_page_shows_the_command_as_it_was_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["/usr/bin/kcli", "simulate", "my day.ndjson"])
    assert typed() == "kcli simulate 'my day.ndjson'"


def test_many_settings_leave_room_for_cost_and_age(
    job: SweepJob, capsys: pytest.CaptureFixture[str]
) -> None:
    grid = sweep(
        *("BatchSize=5,10000", "MaximumBatchingWindowInSeconds=0,10", "ParallelizationFactor=10"),
        *("MaximumRetryAttempts=-1,10000", "MaximumRecordAgeInSeconds=604800"),
        *("BisectBatchOnFunctionError=true", "ReportBatchItemFailures=false"),
    )
    grid.run(job, Output.TABLE, None, show_all=True)
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= 80
    table = out.split("★")[0]
    assert "…" not in table
    assert "cost" in table
    assert "p99" in table
