"""What is on disk: restarts, kills, damaged files, a full disk, the size of the file."""

import os
import resource
import signal
import sqlite3
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import pytest

from kinesis_cli.errors import InputError
from kinesis_cli.local.kinesis.storage.store import FILE_NAME
from tests.unit.local_plane import HOUR, START, Plane, StoppedClock, refused

KILLS = int(os.environ.get("KCLI_KILLS", "10"))  # more of them: `make soak`
ROOT = Path(__file__).parents[4]
ARN = "arn:aws:kinesis:eu-west-1:123456789012:stream/s"


def test_everything_is_there_after_a_restart(tmp_path: Path) -> None:
    plane = Plane(tmp_path)
    plane.create(shards=2)
    plane.put(b"1", ExplicitHashKey="0")
    iterator = plane.iterator()
    plane.call("AddTagsToStream", StreamName="s", Tags={"a": "b"})
    plane.call("RegisterStreamConsumer", StreamARN=ARN, ConsumerName="c")
    plane.call(
        "SplitShard",
        StreamName="s",
        ShardToSplit="shardId-000000000000",
        NewStartingHashKey="1000",
    )
    described = [
        plane.call(operation, StreamARN=ARN)
        for operation in ("DescribeStream", "DescribeStreamSummary", "ListStreamConsumers")
    ]
    plane.close()

    again = Plane(tmp_path)

    assert [r["Data"] for r in again.get(iterator)["Records"]] == [b"1"]
    assert described == [
        again.call(operation, StreamARN=ARN)
        for operation in ("DescribeStream", "DescribeStreamSummary", "ListStreamConsumers")
    ]
    listed = again.call("ListTagsForStream", StreamName="s")
    assert listed["Tags"] == [{"Key": "a", "Value": "b"}]
    again.close()


@pytest.mark.parametrize("synchronous", ["normal", "full"])
def test_numbers_grow_across_restarts_and_clock_steps(tmp_path: Path, synchronous: str) -> None:
    numbers: list[int] = []
    for offset in (0, -HOUR, 30 * HOUR, 0, 60 * HOUR):
        plane = Plane(
            tmp_path,
            clock=StoppedClock(START + offset),
            synchronous="full" if synchronous == "full" else "normal",
        )
        if not numbers:
            plane.create()
        numbers += [int(plane.put(b"x")) for _ in range(3)]
        plane.data.sweep()
        plane.close()

    assert numbers == sorted(set(numbers))


def test_a_change_that_takes_its_time_is_done_after_a_restart(tmp_path: Path) -> None:
    plane = Plane(tmp_path, delays=True)
    plane.create()
    plane.clock.at += 10
    request = {"StreamName": "s", "TargetShardCount": 2, "ScalingType": "UNIFORM_SCALING"}
    plane.request("UpdateShardCount", request)
    plane.close()

    again = Plane(tmp_path, delays=True, clock=StoppedClock(START + 20))

    assert len(again.open_shards()) == 2
    again.close()


@pytest.mark.slow
def test_a_kill_loses_nothing_acknowledged_and_doubles_nothing(tmp_path: Path) -> None:
    random = Random(4)
    acknowledged: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for round_number in range(KILLS):
        for line in killed_writer(tmp_path, round_number, lines=random.randrange(1, 2000)):
            shard, number, data = line.split()
            acknowledged[shard].append((int(number), data))

    plane = Plane(tmp_path, clock=StoppedClock(sys.maxsize / 1e10))
    for shard, lines in acknowledged.items():
        stored = [
            (int(record["SequenceNumber"]), record["Data"].decode())
            for record in plane.records(int(shard[-1]))
        ]
        assert [number for number, _ in stored] == sorted({number for number, _ in stored})
        assert len({data for _, data in stored}) == len(stored)
        assert set(lines) <= set(stored)
        assert in_order_of_each_writer(stored)
    assert len(acknowledged) == 2
    plane.close()


def killed_writer(state: Path, round_number: int, lines: int) -> list[str]:
    """What a writer had acknowledged when it was killed, after so many lines or a few more."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.unit.local_writer", str(state), str(round_number)],
        stdout=subprocess.PIPE,
        cwd=ROOT,
        text=True,
    ) as writer:
        assert writer.stdout is not None
        read = [writer.stdout.readline() for _ in range(lines)]
        writer.send_signal(signal.SIGKILL)
        rest = writer.stdout.read()
    return [*read, *rest.splitlines()]


def in_order_of_each_writer(stored: list[tuple[int, str]]) -> bool:
    seen: dict[str, list[int]] = defaultdict(list)
    for _, data in stored:
        writer, number = data.split(":")
        seen[writer].append(int(number))
    return all(numbers == list(range(len(numbers))) for numbers in seen.values())


def filled(state: Path) -> Path:
    """A store with some pages; its file."""
    plane = Plane(state)
    plane.create()
    for _ in range(20):
        plane.put(bytes(10_000))
    plane.close()
    return state / FILE_NAME


def cut_off(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def overwrite_a_page(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[4096 * 4 : 4096 * 5] = b"\xff" * 4096
    file.write_bytes(content)


def another_schema(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[60:64] = (99).to_bytes(4, "big")
    file.write_bytes(content)


def no_database(file: Path) -> None:
    file.write_text("hello")


def empty(file: Path) -> None:
    file.write_bytes(b"")


def foreign_database(file: Path) -> None:
    file.unlink()
    connection = sqlite3.connect(file)
    connection.execute("CREATE TABLE mine (a)")
    connection.close()


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (cut_off, r"damaged \(cut off\); it was left as it is"),
        (overwrite_a_page, r"damaged \(.+\); it was left as it is"),
        (another_schema, r"written by another version of kcli \(schema 99, this one has 1\)"),
        (no_database, "not a store of kcli; it was left as it is"),
        (empty, "not a store of kcli; it was left as it is"),
        (foreign_database, "not a store of kcli; it was left as it is"),
    ],
)
def test_a_file_that_is_not_ours_or_not_whole_is_refused_and_left_alone(
    tmp_path: Path, damage: Callable[[Path], None], message: str
) -> None:
    file = filled(tmp_path)
    damage(file)
    before = file.read_bytes()

    with pytest.raises(InputError, match=message) as refusal:
        Plane(tmp_path)

    assert str(file) in str(refusal.value)
    assert file.read_bytes() == before
    assert not (tmp_path / f"{FILE_NAME}-wal").exists()


def test_a_start_that_was_killed_while_it_made_the_file_begins_anew(tmp_path: Path) -> None:
    (tmp_path / f"{FILE_NAME}.new").write_bytes(b"half a file")

    plane = Plane(tmp_path)
    plane.create()

    assert [path.name for path in tmp_path.glob("*.new")] == []
    plane.close()


def test_two_cannot_use_one_state_directory(tmp_path: Path) -> None:
    plane = Plane(tmp_path)
    with pytest.raises(InputError, match="another process uses this state directory"):
        Plane(tmp_path)
    plane.close()
    Plane(tmp_path).close()


def test_a_state_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"file/state: cannot be used: "):
        Plane(tmp_path / "file" / "state")


@contextmanager
def no_file_may_grow_beyond(size: int) -> Iterator[None]:
    """As on a full disk; Python ignores the signal, so that writing fails."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_answers_500_and_stays_readable(tmp_path: Path) -> None:
    plane = Plane(tmp_path)
    plane.create()
    plane.put(b"before")
    with no_file_may_grow_beyond(200_000):
        with refused("InternalFailure", "Internal service failure."):
            plane.put(bytes(500_000))
        with refused("InternalFailure"):
            entries = [{"Data": bytes(100_000), "PartitionKey": "a"}] * 5
            plane.call("PutRecords", StreamName="s", Records=entries)
        assert plane.read() == [b"before"]
    plane.put(b"after")
    assert plane.read() == [b"before", b"after"]
    plane.close()

    again = Plane(tmp_path)
    assert again.read() == [b"before", b"after"]
    again.close()


def test_expired_records_leave_the_disk(tmp_path: Path) -> None:
    plane = Plane(tmp_path)
    plane.create()
    record = {"Data": bytes(100_000), "PartitionKey": "a"}
    for _ in range(10):
        plane.call("PutRecords", StreamName="s", Records=[record] * 50)
    plane.clock.at += 25 * HOUR
    plane.put(b"new")
    plane.data.sweep()
    assert plane.read() == [b"new"]
    plane.close()

    # A part of the file is kept for the next records.
    assert (tmp_path / FILE_NAME).stat().st_size < 20 * 2**20


@pytest.mark.slow
def test_the_log_is_moved_into_the_file_while_records_are_written(tmp_path: Path) -> None:
    plane = Plane(tmp_path)
    plane.create()
    record = {"Data": bytes(1_000_000), "PartitionKey": "a"}
    for _ in range(12):
        plane.call("PutRecords", StreamName="s", Records=[record] * 10)
    log = (tmp_path / f"{FILE_NAME}-wal").stat().st_size
    plane.close()

    assert log < 100 * 2**20
    again = Plane(tmp_path)
    assert len(again.records()) == 120
    again.close()
