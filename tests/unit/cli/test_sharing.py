"""`--jobs`, `--scheduler` and `kcli index` within this process: what they take and say."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from kinesis_cli.cli.main import main
from kinesis_cli.cli.options.durations import Duration
from kinesis_cli.cli.options.handler import HandlerRun
from kinesis_cli.cli.options.pictures import PictureOptions
from kinesis_cli.cli.options.scale import (
    ScaleOptions,
    refuse_beside_jobs,
    refuse_what_shards_share,
)
from kinesis_cli.cli.options.simulated import Assumed
from kinesis_cli.cli.running.cores import cores
from kinesis_cli.errors import InputError
from kinesis_cli.project.find import find_function
from kinesis_cli.recordings.writing import write_recording
from kinesis_cli.stream.event import lambda_record
from kinesis_cli.stream.record import Record
from kinesis_cli.stream.sequence import SequenceNumbers
from kinesis_cli.stream.shards import shard_id

HANDLER = """
def handler(event, context):
    if any("3" in each["kinesis"]["partitionKey"] for each in event["Records"]):
        raise ValueError("three")
"""


def records() -> Iterator[Record]:
    """Readings on four shards."""
    numbers = [SequenceNumbers(shard, 1_700_000_000) for shard in range(4)]
    for index in range(60):
        yield lambda_record(
            shard_id=shard_id(index % 4),
            sequence_number=numbers[index % 4].next(1_700_000_000 + index),
            partition_key=f"key-{index % 7}",
            arrival=1_700_000_000 + index,
            data=b"{}",
        )


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "app.py").write_text(HANDLER)
    write_recording(records(), tmp_path / "day.ndjson")
    return tmp_path


@pytest.mark.parametrize(("given", "number"), [("1", 1), ("17", 17), (" auto ", cores())])
def test_a_number_of_processes_or_auto_is_taken(given: str, number: int) -> None:
    scale = ScaleOptions(jobs=given)
    assert scale.processes(5) == number
    assert scale.option == ("--jobs" if number > 1 else "")
    assert ScaleOptions().processes(5) == 5


@pytest.mark.parametrize("given", ["0", "-1", "1.5", "２", "1025", "", "all"])
def test_what_is_no_number_of_processes_is_refused(given: str) -> None:
    with pytest.raises(InputError, match="is no number of processes"):
        ScaleOptions(jobs=given).processes(1)


@pytest.mark.parametrize(
    ("scale", "is_sweep", "said"),
    [
        (ScaleOptions(worker_project=Path("x")), False, "--worker-project is for --scheduler"),
        (ScaleOptions(scheduler="tcp://x:1"), True, "--sweep and --scheduler"),
        (ScaleOptions(jobs="2", scheduler="tcp://x:1"), False, "--jobs and --scheduler"),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    scale: ScaleOptions, is_sweep: bool, said: str
) -> None:
    assert scale.jobs is not None or scale.option in ("", "--scheduler")
    with pytest.raises(InputError, match=said):
        scale.check(is_sweep=is_sweep)


@pytest.mark.parametrize(
    ("assumed", "duration", "said"),
    [
        (Assumed(inject=["error@2"]), Duration(), "counts the attempts of all shards"),
        (Assumed(), Duration(cold_start=1.0), "environments that calls of all shards"),
        (Assumed(), Duration(invocation_duration="measured"), "how busy the cores are"),
    ],
)
def test_what_shards_share_is_named_with_the_option(
    assumed: Assumed, duration: Duration, said: str
) -> None:
    function = find_function(handler="app.py:handler")
    with pytest.raises(InputError, match=f"--scheduler delivers shards apart.*{said}") as caught:
        refuse_what_shards_share("--scheduler", function, assumed, duration, 1, 4)
    assert "leave --scheduler out" in caught.value.advice.lower()
    apart = Assumed(inject=["error@p=0.5"])
    refuse_what_shards_share("--jobs", function, apart, Duration(), 10, 1000)


def test_what_looks_at_single_calls_is_refused_beside_jobs() -> None:
    with pytest.raises(InputError, match="--trace looks at records and calls as they come"):
        refuse_beside_jobs("--jobs", PictureOptions(trace="a.json"), HandlerRun(), None)
    refuse_beside_jobs("--jobs", PictureOptions(), HandlerRun(), None)


@pytest.mark.slow
def test_shared_and_alone_the_same_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    command = ["simulate", "day.ndjson", "--handler", "app.py:handler", "--output", "ndjson"]
    settings = ["--maximum-retry-attempts", "1", "--parallelization-factor", "2"]
    capsys.readouterr()
    assert main([*command, *settings]) == 0
    alone = capsys.readouterr()
    assert main([*command, *settings, "--jobs", "2"]) == 0
    shared = capsys.readouterr()
    assert shared.out == alone.out
    assert '"outcome":"failed"' in shared.out
    assert "2 processes, each with a function of its own" in " ".join(shared.err.split())


def test_an_index_is_shown_and_used_and_a_stale_one_told(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert main(["index", "day.ndjson"]) == 0
    assert "day.ndjson.kidx: 60 records on 4 shards" in capsys.readouterr().out
    # without an end of the tries a day of them is simulated
    tries = ["--maximum-retry-attempts", "1"]
    command = ["simulate", "day.ndjson", "--handler", "app.py:handler", *tries]
    assert main(command) == 0
    assert "kidx" not in capsys.readouterr().err
    with (project / "day.ndjson").open("ab") as file:
        file.write(b"\n")
    assert main(command) == 0
    assert "not of the recording as it is now" in " ".join(capsys.readouterr().err.split())
    assert time.time() > 1e9  # the clock is the real one again


def test_without_an_index_a_cluster_is_not_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    command = ["simulate", "day.ndjson", "--handler", "app.py:handler"]
    assert main([*command, "--scheduler", "tcp://127.0.0.1:1"]) == 2
    assert "reads the recording by its index, and there is none" in " ".join(
        capsys.readouterr().err.split()
    )
