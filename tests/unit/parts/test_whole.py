"""A simulation in parts, within this process: the same rows and summary, whoever runs a part."""

import gzip
import pickle
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Future
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from kinesis_cli.errors import InputError
from kinesis_cli.event_source_mapping.settings import EventSourceMapping
from kinesis_cli.handlers import handler_of
from kinesis_cli.handlers.options import HandlerOptions
from kinesis_cli.parts.alone import alone
from kinesis_cli.parts.job import PartJob, PartResult
from kinesis_cli.parts.simulate_part import simulate_part
from kinesis_cli.parts.whole import Ran, Whole, run_whole
from kinesis_cli.project.find import find_function
from kinesis_cli.recordings.form import Reading
from kinesis_cli.recordings.making_indexes import make_index
from kinesis_cli.recordings.recording import opened_inputs
from kinesis_cli.recordings.writing import write_recording
from kinesis_cli.simulation.faults import Fault
from kinesis_cli.simulation.options import SimulationOptions
from kinesis_cli.simulation.run import Simulation
from kinesis_cli.simulation.trace import Row, Summary
from kinesis_cli.stream.event import lambda_record
from kinesis_cli.stream.record import Record
from kinesis_cli.stream.sequence import SequenceNumbers
from kinesis_cli.stream.shards import shard_id

SHARDS = 5
HANDLER = """
import base64

def handler(event, context):
    if any(b"bad" in base64.b64decode(each["kinesis"]["data"]) for each in event["Records"]):
        raise ValueError("bad")
"""
MAPPING = EventSourceMapping(
    batch_size=30, maximum_retry_attempts=2, bisect_batch_on_function_error=True
)


def records() -> list[Record]:
    numbers = [SequenceNumbers(shard, 1_700_000_000) for shard in range(SHARDS)]
    return [
        lambda_record(
            shard_id=shard_id(shard),
            sequence_number=numbers[shard].next(1_700_000_000 + index / 20),
            partition_key=f"key-{index % 30}",
            arrival=1_700_000_000 + index / 20,
            data=b'{"bad": 1}' if index % 171 == 0 else b'{"fine": 1}',
        )
        for index in range(600)
        for shard in [index * 2 % SHARDS]
    ]


class HereSeat:
    """A part runs where it is begun, as it would after its journey."""

    lost: tuple[type[BaseException], ...] = (BrokenExecutor,)

    def __init__(self, losses: int = 0) -> None:
        self.losses = losses  # of the next parts
        self.renewed = 0

    def submit(self, job: PartJob) -> "Future[PartResult]":
        future: Future[PartResult] = Future()
        try:
            if self.losses:
                self.losses -= 1
                raise BrokenExecutor
            future.set_result(simulate_part(pickle.loads(pickle.dumps(job))))
        except Exception as error:  # noqa: BLE001 - as an executor does
            future.set_exception(error)
        return future

    def renew(self) -> None:
        self.renewed += 1


@pytest.fixture
def app(tmp_path: Path) -> Path:
    (tmp_path / "app.py").write_text(HANDLER)
    return tmp_path


@contextmanager
def opened(
    app: Path,
    paths: Sequence[Path],
    options: SimulationOptions,
    mapping: EventSourceMapping = MAPPING,
) -> Iterator[Whole]:
    function = find_function(handler=f"{app}/app.py:handler")
    folder = app / "parts"
    folder.mkdir(exist_ok=True)
    with opened_inputs([str(path) for path in paths], Reading()) as inputs:
        recording = inputs.recording(keeps_tables=True)
        yield Whole(recording, mapping, options, function, HandlerOptions(), folder)


def alone_in_one(whole: Whole) -> tuple[list[Row], Summary]:
    options = HandlerOptions(at=whole.start_at)
    with closing(handler_of(whole.function, options, None)) as handler:
        simulation = Simulation(whole.recording.rewound(), handler, whole.mapping, whole.options)
        rows = list(simulation.rows())
        other = simulation.other_reading(whole.recording.rewound())
        return rows, msgspec.structs.replace(simulation.summary(), other_reading=other)


def in_parts(whole: Whole, parts: int) -> Ran:
    return run_whole(whole, [HereSeat(), HereSeat()], parts, lambda _: None, lambda _: None)


def written(folder: Path, how: str) -> list[Path]:
    """The records, as one of the ways that a user has them."""
    made = records()
    match how:
        case "plain":
            write_recording(made, folder / "day.ndjson")
            return [folder / "day.ndjson"]
        case "packed as one piece":
            write_recording(made, folder / "plain")
            (folder / "day.ndjson.gz").write_bytes(gzip.compress((folder / "plain").read_bytes()))
            return [folder / "day.ndjson.gz"]
        case "with a blank line":
            write_recording(made, folder / "day.ndjson")
            text = (folder / "day.ndjson").read_bytes().replace(b"\n", b"\n\n", 1)
            (folder / "day.ndjson").write_bytes(text)
            return [folder / "day.ndjson"]
    names = ["a.ndjson", "b.ndjson.zst"]
    for name, some in zip(names, (made[:200], made[200:]), strict=True):
        write_recording(some, folder / name)
    for name in names if how == "all indexed" else names[1:]:
        make_index(str(folder / name))
    return [folder / name for name in names]


@pytest.mark.parametrize(
    "how",
    ["plain", "packed as one piece", "with a blank line", "all indexed", "one of two indexed"],
)
def test_parts_give_the_rows_and_the_summary_of_one_run(app: Path, how: str) -> None:
    options = SimulationOptions(faults=(Fault.parse("error@p=0.1"),), seed=3)
    with opened(app, written(app, how), options) as whole:
        rows, summary = alone_in_one(whole)
        for parts in (1, 3, 9):
            ran = in_parts(whole, parts)
            assert len(ran.jobs) == min(parts, SHARDS)
            assert list(ran.rows()) == rows
            assert ran.summary() == summary


def test_another_reading_of_lanes_is_that_of_one_run(app: Path) -> None:
    mapping = replace(MAPPING, parallelization_factor=3)
    with opened(app, written(app, "plain"), SimulationOptions(), mapping) as whole:
        rows, summary = alone_in_one(whole)
        ran = in_parts(whole, 2)
        assert list(ran.rows()) == rows
        assert ran.summary() == summary


def test_families_of_a_resharded_stream_stay_together(app: Path) -> None:
    options = SimulationOptions(parents={shard_id(3): [shard_id(0)], shard_id(4): [shard_id(0)]})
    with opened(app, written(app, "plain"), options) as whole:
        shares = [set(job.shards) for job in whole.jobs(5)]
    assert {shard_id(0), shard_id(3), shard_id(4)} in shares
    assert len(shares) == 3


def test_a_part_that_is_lost_once_runs_again_and_twice_is_named(app: Path) -> None:
    with opened(app, written(app, "plain"), SimulationOptions()) as whole:
        told: list[str] = []
        seat = HereSeat(losses=1)
        ran = run_whole(whole, [seat], 2, told.append, lambda _: None)
        assert list(ran.rows()) == alone_in_one(whole)[0]
        [again] = told
        assert again.endswith("ended: that part runs again.")
        assert again.startswith(f"The process that ran {ran.jobs[0].name}")
        assert seat.renewed == 1
        with pytest.raises(InputError, match=r"part . of 2 .* was not done: .* ended, twice"):
            run_whole(whole, [HereSeat(losses=2)], 2, told.append, lambda _: None)


def changed_text(paths: Sequence[Path]) -> None:
    paths[0].write_bytes(paths[0].read_bytes() + b" ")


def changed_index(paths: Sequence[Path]) -> None:
    beside = Path(f"{paths[0]}.kidx")
    beside.write_bytes(beside.read_bytes()[:-3])


def absent_index(paths: Sequence[Path]) -> None:
    Path(f"{paths[0]}.kidx").unlink()


@pytest.mark.parametrize("change", [changed_text, changed_index, absent_index])
def test_what_changed_meanwhile_is_refused_by_whoever_runs_a_part(
    app: Path, change: Callable[[Sequence[Path]], None]
) -> None:
    paths = written(app, "all indexed")
    with opened(app, paths, SimulationOptions()) as whole:
        [job] = whole.jobs(1)
        change(paths)
        with pytest.raises(InputError) as refused:
            simulate_part(job)
        assert str(paths[0]) in refused.value.place


def test_a_part_alone_in_its_process_gives_its_result_or_why_there_is_none(app: Path) -> None:
    paths = written(app, "all indexed")
    with opened(app, paths, SimulationOptions()) as whole:
        [job] = whole.jobs(1)
        assert alone(simulate_part, job, app).counts.records == 600
        absent_index(paths)
        with pytest.raises(InputError, match="no such file or directory") as refused:
            alone(simulate_part, job, app)
    assert refused.value.place == f"{paths[0]}.kidx"
