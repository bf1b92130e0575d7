"""A recording written by shard: the same records, and a shard is about its share of the bytes."""

import gzip
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from kinesis_cli.errors import InputError
from kinesis_cli.recordings import by_shard, opening, survey
from kinesis_cli.recordings.by_shard import write_by_shard
from kinesis_cli.recordings.form import Reading
from kinesis_cli.recordings.indexes.part import RecordingPart
from kinesis_cli.recordings.indexes.ranges import FileRanges
from kinesis_cli.recordings.inputs import Input
from kinesis_cli.recordings.making_indexes import make_index
from kinesis_cli.recordings.recording import Recording
from kinesis_cli.recordings.survey import Survey
from kinesis_cli.recordings.writing import write_recording
from kinesis_cli.stream.event import lambda_record
from kinesis_cli.stream.record import Record
from kinesis_cli.stream.sequence import SequenceNumbers
from kinesis_cli.stream.shards import shard_id

NAMES = pytest.mark.parametrize("name", ["new.ndjson", "new.ndjson.gz", "new.ndjson.zst"])
SHARDS, RECORDS = 20, 4_000
MANY = 10**12


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """A window of a quarter of the recording, runs of some ten records."""
    for module in (opening, survey, by_shard):
        monkeypatch.setattr(module, "BLOCK", 16_000)
    for module in (survey, by_shard):
        monkeypatch.setattr(module, "LEAST_RUN", 2_000)
    monkeypatch.setattr(by_shard, "WINDOW", 400_000)


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    """Each record of another shard than the one before it."""
    path = tmp_path / "mixed.ndjson"
    numbers = [SequenceNumbers(shard, 1_700_000_000) for shard in range(SHARDS)]
    made: list[Record] = []
    for index in range(RECORDS):
        shard, at = index * 7 % SHARDS, 1_700_000_000 + index / 10
        made.append(
            lambda_record(
                shard_id=shard_id(shard),
                sequence_number=numbers[shard].next(at),
                partition_key=f"key-{index}",
                arrival=at,
                data=b"%d" % index * 10,
            )
        )
    write_recording(made, path)
    return path


@contextmanager
def part_of(path: Path, shard: str) -> Iterator[Recording]:
    with Input.open_indexed(str(path), Reading()) as found:
        assert found.kept is not None
        both = Survey([found])
        with Recording(both, RecordingPart({shard}, both.indexed)) as part:
            yield part


def lines_of(path: Path) -> Mapping[str, list[bytes]]:
    lines: dict[str, list[bytes]] = {}
    with Recording.open([str(path)]) as recording:
        for record in recording.records():
            lines.setdefault(record.shard_id, []).append(record.line)
    return lines


@NAMES
def test_each_shard_has_the_same_records_in_the_same_order(mixed: Path, name: str) -> None:
    new = mixed.with_name(name)
    assert write_by_shard(str(mixed), new) == RECORDS
    assert lines_of(new) == lines_of(mixed)
    make_index(str(new))
    assert lines_of(new) == lines_of(mixed)


@NAMES
def test_shards_are_still_read_in_the_order_of_time_within_a_window(mixed: Path, name: str) -> None:
    new = mixed.with_name(name)
    write_by_shard(str(mixed), new)
    with Recording.open([str(new)]) as recording:
        arrivals = [record.arrival for record in recording.records()]
    window = max(late - early for early, late in zip(sorted(arrivals), arrivals, strict=True))
    assert 0 < window < (arrivals[-1] - arrivals[0]) / 2


@NAMES
def test_a_part_reads_about_its_share_of_the_bytes(
    mixed: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    new = mixed.with_name(name)
    write_by_shard(str(mixed), new)
    make_index(str(mixed))
    make_index(str(new))
    shares: list[float] = []
    for path in (mixed, new):
        asked: list[int] = []
        read = FileRanges.read

        def counted(self: FileRanges, start: int, length: int) -> bytes:
            if self.place == str(path):  # noqa: B023 - called while this one is read
                asked.append(length)  # noqa: B023
            return read(self, start, length)  # noqa: B023

        with monkeypatch.context() as patch, part_of(path, shard_id(3)) as part:
            patch.setattr(FileRanges, "read", counted)
            assert len(part.take(shard_id(3), MANY, MANY, MANY)) == RECORDS // SHARDS
        shares.append(sum(asked) / path.stat().st_size)
    assert shares[0] == 1.0
    assert shares[1] < 1.5 / SHARDS


def test_the_members_of_a_packed_one_are_whole_lines(mixed: Path) -> None:
    new = mixed.with_name("new.ndjson.gz")
    write_by_shard(str(mixed), new)
    assert sorted(gzip.decompress(new.read_bytes()).splitlines()) == sorted(
        mixed.read_bytes().splitlines()
    )


@pytest.mark.parametrize(
    ("content", "name"),
    [(b'{"a": 1}\n', "new.ndjson"), (b"", "new.ndjson"), (b"any", "new.txt")],
)
def test_what_cannot_be_leaves_nothing(tmp_path: Path, content: bytes, name: str) -> None:
    path, new = tmp_path / "day.ndjson", tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputError):
        write_by_shard(str(path), new)
    assert [each.name for each in tmp_path.iterdir()] == ["day.ndjson"]
