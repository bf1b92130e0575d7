"""Slices that are put within this process, one after the other, on a real endpoint."""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from itertools import count
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, cast

import pytest
from botocore.session import Session

from kinesis_cli.aws.producing.in_slices import SlicedPut
from kinesis_cli.aws.producing.producer import STOPPED
from kinesis_cli.aws.producing.put_slice import Stop, listening, put_slice
from kinesis_cli.aws.producing.slice_job import HowToPut, SlicedWork, SliceJob, SliceResult
from kinesis_cli.aws.session import Connection
from kinesis_cli.cli.main import main
from kinesis_cli.payloads.settings import PayloadSettings
from kinesis_cli.project.target import Target, TargetKind
from kinesis_cli.putting.entry import Entry
from kinesis_cli.putting.replay_journal import Replay, ReplayJournal
from kinesis_cli.putting.shared_input import PutInput, RecordedInput, SharedInput
from kinesis_cli.putting.summary import PutSummary
from kinesis_cli.recordings.form import Reading
from kinesis_cli.recordings.writing import write_recording
from kinesis_cli.stream.event import lambda_record
from kinesis_cli.stream.sequence import SequenceNumbers
from kinesis_cli.stream.shards import shard_id
from tests.patience import PATIENCE
from tests.servers import Started, ours

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient

pytestmark = pytest.mark.slow

RECORDS = 30
_names = count()


class LostError(Exception):
    """A process ended."""


class Seat:
    """Does the work here, in the main thread; some of the first tries are lost."""

    lost: tuple[type[BaseException], ...] = (LostError,)

    def __init__(self, losses: Counter[int]) -> None:
        self._losses = losses  # of tries, by the number of the slice

    def submit(self, job: SliceJob) -> "Future[SliceResult]":
        future: Future[SliceResult] = Future()
        if self._losses[job.number]:
            self._losses[job.number] -= 1
            future.set_exception(LostError())
        else:
            future.set_result(put_slice(job))
        return future

    def renew(self) -> None:
        pass


def seats(number: int, losses: Mapping[int, int] = {}) -> list[Seat]:
    """So many seats, on which slices are lost so often."""
    left = Counter(losses)
    return [Seat(left) for _ in range(number)]


class Seen:
    """What a put tells."""

    def __init__(self) -> None:
        self.put: list[int] = []
        self.given_up: list[Entry] = []

    def acknowledged(self, records: Sequence[Entry]) -> None:
        self.put += [each.index for each in records]

    def failed(self, records: Sequence[Entry]) -> None:
        self.given_up += records

    def progress(self, summary: PutSummary) -> None:
        assert summary.acknowledged >= len(self.put)


@pytest.fixture(scope="module")
def server() -> Iterator[Started]:
    with ours("--in-memory") as started:
        yield started


@pytest.fixture
def stream(server: Started) -> str:
    name = f"sliced-{next(_names)}"
    client(server).create_stream(StreamName=name, ShardCount=1)
    return name


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "local")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    numbers = SequenceNumbers(0, 1_700_000_000)
    recorded = (
        lambda_record(
            shard_id=shard_id(0),
            sequence_number=numbers.next(1_700_000_000 + n),
            partition_key=f"key-{n % 7}",
            arrival=1_700_000_000.0 + n,
            data=json.dumps({"n": n, "at": 1_700_000_000 + n}).encode(),
        )
        for n in range(RECORDS)
    )
    write_recording(recorded, tmp_path / "day.ndjson")
    (tmp_path / "sliced_changes.py").write_text(
        "import json\ndef even(data):\n    return None if json.loads(data)['n'] % 2 else data\n"
    )
    return tmp_path


def client(server: Started) -> "KinesisClient":
    session = Session()
    session.set_credentials("local", "local")
    made = session.create_client("kinesis", region_name="us-east-1", endpoint_url=server.endpoint)
    return cast("KinesisClient", made)


def on_stream(server: Started, stream: str) -> list[dict[str, int]]:
    kinesis = client(server)
    iterator = kinesis.get_shard_iterator(
        StreamName=stream, ShardId=shard_id(0), ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    return [
        json.loads(each["Data"]) for each in kinesis.get_records(ShardIterator=iterator)["Records"]
    ]


def payloads(change: str | None = None, rate: float | None = None) -> PutInput:
    settings = PayloadSettings(from_file="day.ndjson")
    return PutInput(
        settings=settings, seed=1, count=None, rate=rate, clock=time.time, change=change
    )


def put(
    server: Started,
    stream: str,
    records: SharedInput,
    where: Sequence[Seat],
    *,
    speed: float | None = None,
    acts: Callable[[SlicedPut], None] = lambda _: None,
) -> tuple[PutSummary, Seen, ReplayJournal]:
    """Put it, and what was told meanwhile; the journal is closed."""
    target = Target(
        kind=TargetKind.ENDPOINT,
        reason="a test",
        endpoint_url=server.endpoint,
        found_by_botocore=False,
        profile=None,
        region="us-east-1",
        stack=None,
        stream=stream,
        function=None,
    )
    replay = Replay(inputs=[], records=None, target=stream, selection=[])
    seen = Seen()
    with ReplayJournal(Path("whole"), replay, 0.0, resume=False) as journal:
        work = SlicedWork(
            input=records,
            target=Connection(target).pinned(),
            stream=stream,
            s3=None,
            replay=replay,
            directory=str(Path.cwd()),
            folder=str(Path("slices").resolve()),
            how=HowToPut(
                ordered=True,
                give_up_after=60.0,
                speed=speed,
                first_arrival=1_700_000_000.0 if isinstance(records, RecordedInput) else 0.0,
                shows_all=True,
            ),
            starts_at=time.time(),
        )
        sliced = SlicedPut(
            work,
            where,
            journal,
            part=None,
            tell=lambda _: None,
            unsure=lambda _: None,
            gives_up_rest=True,
        )
        acts(sliced)
        summary = sliced.put(seen)
        assert sliced.taken == summary.records
        assert sliced.is_timed == (speed is not None)
        assert sliced.behind >= 0.0
    assert not Path("slices").exists()
    return summary, seen, journal


def test_what_the_slices_put_adds_up(server: Started, stream: str) -> None:
    summary, seen, journal = put(server, stream, payloads(), seats(3, {2: 1}))
    assert (summary.records, summary.acknowledged, summary.failed) == (RECORDS, RECORDS, 0)
    assert sorted(seen.put) == list(range(RECORDS))
    assert sorted(each["n"] for each in on_stream(server, stream)) == list(range(RECORDS))
    assert journal.done == RECORDS


def test_records_that_a_function_leaves_out_are_put_by_nobody(server: Started, stream: str) -> None:
    changed = payloads("sliced_changes:even")
    summary, seen, _ = put(server, stream, changed, seats(2))
    assert summary.records == RECORDS // 2
    assert sorted(seen.put) == list(range(0, RECORDS, 2))


def test_a_recording_is_replayed_with_its_times_moved(server: Started, stream: str) -> None:
    records = RecordedInput(
        paths=("day.ndjson",),
        partition_key=None,
        key_field=None,
        reading=Reading(),
        since=1_700_000_002.0,
        until=1_700_000_012.0,
        shift_time="at",
        offset=100.0,
        change="sliced_changes:even",
    )
    summary, _, _ = put(server, stream, records, seats(2), speed=1000.0)
    assert summary.acknowledged == 5
    found = sorted((each["n"], each["at"] - 1_700_000_100) for each in on_stream(server, stream))
    assert found == [(n, n) for n in range(2, 12, 2)]


def test_what_a_lost_slice_has_left_is_given_up(server: Started, stream: str) -> None:
    summary, seen, _ = put(server, stream, payloads(), seats(2, {2: 2}))
    assert "ended, twice" in str(summary.error)
    assert summary.records == RECORDS
    assert 0 < summary.failed == len(seen.given_up) < RECORDS
    assert sorted([*seen.put, *(each.index for each in seen.given_up)]) == list(range(RECORDS))
    assert all("ended, twice" in each.reason for each in seen.given_up)


def test_ctrl_c_before_anything_has_begun_puts_nothing(server: Started, stream: str) -> None:
    slow = payloads(rate=0.01)
    summary, seen, _ = put(
        server, stream, slow, seats(2), speed=1.0, acts=lambda sliced: sliced.interrupt()
    )
    assert summary.interrupted
    put_and_left = sorted([*seen.put, *(each.index for each in seen.given_up)])
    assert put_and_left == list(range(len(put_and_left)))
    assert len(put_and_left) < RECORDS
    assert all(each.reason == STOPPED for each in seen.given_up)


def test_commands_share_what_they_put(
    server: Started, stream: str, capsys: pytest.CaptureFixture[str]
) -> None:
    there = ("--endpoint-url", server.endpoint, "--stream", stream, "--jobs", "2")
    assert main(["put", "--from", "day.ndjson", *there, "--output", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["acknowledged"] == RECORDS
    assert main(["replay", "day.ndjson", "--speed", "max", *there, "--output", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["acknowledged"] == RECORDS
    assert len(on_stream(server, stream)) == 2 * RECORDS
    for wrong in (("--follow",), ("--scheduler", "tcp://127.0.0.1:1")):
        assert main(["put", "--data", "x", *there, *wrong]) == 2
    assert main(["put", "--from", "-", *there]) == 2
    assert "a pipe can be read only once" in " ".join(capsys.readouterr().err.split())
    nobody = ("--endpoint-url", server.endpoint, "--stream", stream)
    assert main(["put", "--data", "x", *nobody, "--scheduler", "tcp://127.0.0.1:1"]) == 3


def test_what_is_said_twice_at_once_is_heard_twice(tmp_path: Path) -> None:
    heard, stop = SimpleQueue[str](), Stop()
    stop.begin(lambda: heard.put("stop"))
    with listening(tmp_path / "stop", stop):
        (tmp_path / "stop").write_bytes(b"xx")
        assert [heard.get(timeout=PATIENCE) for _ in range(2)] == ["stop", "stop"]
    assert heard.empty()
