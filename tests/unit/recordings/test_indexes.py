"""Indexes: what they tell is what reading finds, and one of another file is never believed."""

import gzip
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import pytest

from kinesis_cli.errors import InputError
from kinesis_cli.recordings import opening, survey
from kinesis_cli.recordings.form import Reading
from kinesis_cli.recordings.indexes.form import numbers
from kinesis_cli.recordings.indexes.index import open_index
from kinesis_cli.recordings.indexes.part import RecordingPart
from kinesis_cli.recordings.inputs import Input
from kinesis_cli.recordings.making_indexes import make_index
from kinesis_cli.recordings.recording import Recording
from kinesis_cli.recordings.survey import Survey
from kinesis_cli.recordings.writing import write_recording
from kinesis_cli.stream import packing
from kinesis_cli.stream.event import lambda_record
from kinesis_cli.stream.record import Record
from kinesis_cli.stream.sequence import SequenceNumbers
from kinesis_cli.stream.shards import shard_id
from tests.examples import examples

MANY = 10**9
SHARDS = 7


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks and members of a few records, so that there are many of them."""
    for module in (opening, survey):
        monkeypatch.setattr(module, "BLOCK", 4_000)
    monkeypatch.setattr(packing, "MEMBER_BYTES", 9_000)


def records(count: int, seed: int = 0) -> list[Record]:
    """Records of some shards, in runs and alone."""
    random = Random(seed)
    numbers_of = [SequenceNumbers(shard, 1_700_000_000) for shard in range(SHARDS)]
    made: list[Record] = []
    while len(made) < count:
        shard = random.randrange(SHARDS)
        for _ in range(random.choice((1, 1, 2, 30))):
            at = 1_700_000_000.0 + len(made) / 10
            made.append(
                lambda_record(
                    shard_id=shard_id(shard),
                    sequence_number=numbers_of[shard].next(at),
                    partition_key=f"key-{len(made)}",
                    arrival=at,
                    data=random.randbytes(random.choice((1, 40, 700))),
                )
            )
    return made


@contextmanager
def part_of(path: Path, shards: set[str]) -> Iterator[Recording]:
    """Some shards of an indexed recording."""
    with Input.open_indexed(str(path), Reading()) as found:
        assert found.kept is not None
        survey = Survey([found])
        with Recording(survey, RecordingPart(shards, survey.indexed)) as recording:
            yield recording


def index_path(path: Path) -> Path:
    return Path(f"{path}.kidx")


def taken(recording: Recording) -> dict[str, list[bytes]]:
    """All lines of each shard, taken in steps of time, as a simulation takes them."""
    lines: dict[str, list[bytes]] = {each: [] for each in recording.shard_ids}
    now = recording.first_arrival or 0.0
    while any(recording.next_arrival(each) is not None for each in recording.shard_ids):
        now += 3
        for each in recording.shard_ids:
            lines[each] += [r.line for r in recording.take(each, now, MANY, MANY)]
    return lines


@pytest.mark.parametrize("name", ["day.ndjson", "day.ndjson.gz", "day.ndjson.zst"])
def test_a_part_has_its_own_records_and_no_others(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    write_recording(records(900), path)
    with Recording.open([str(path)]) as whole:
        expected = taken(whole)
    make_index(str(path))
    for wanted in ({shard_id(2)}, {shard_id(0), shard_id(6)}, set(expected)):
        with part_of(path, wanted) as part:
            assert taken(part) == {each: expected[each] for each in part.shard_ids}
            assert set(part.shard_ids) == wanted
            assert part.count == sum(len(expected[each]) for each in wanted)
            assert (part.first_arrival, part.last_arrival) == (
                whole.first_arrival,
                whole.last_arrival,
            )


@pytest.mark.parametrize("name", ["day.ndjson", "day.ndjson.gz", "day.ndjson.zst"])
def test_an_indexed_recording_is_the_same_recording(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    write_recording(records(400), path)
    with Recording.open([str(path)]) as read:
        expected = [record.line for record in read.records()], read.shard_ids, read.count
        by_shard = taken(read)
    make_index(str(path))
    with Recording.open([str(path)]) as indexed:
        found = [record.line for record in indexed.records()], indexed.shard_ids, indexed.count
        assert found == expected
        assert taken(indexed) == by_shard
        assert indexed.notes == []


def test_the_lines_of_an_indexed_recording_are_not_checked_again(tmp_path: Path) -> None:
    path = tmp_path / "day.ndjson"
    write_recording(records(400), path)
    make_index(str(path))
    kept = os.stat(path)  # noqa: PTH116
    data = path.read_bytes()
    path.write_bytes(data[:-2] + b"!\n")  # what only a lie about its time could hide
    os.utime(path, ns=(kept.st_atime_ns, kept.st_mtime_ns))
    with Recording.open([str(path)]) as recording, pytest.raises(InputError, match="changed"):
        list(recording.records())


@pytest.mark.parametrize(
    ("change", "is_kept"),
    [
        (lambda path: os.utime(path, ns=(1, 1)), True),  # a copy: the same bytes, another time
        (lambda path: path.write_bytes(path.read_bytes() + path.read_bytes()[-1:]), False),
        (lambda path: path.write_bytes(path.read_bytes().replace(b"key-1", b"key-2")), False),
    ],
)
def test_an_index_of_other_bytes_is_refused_with_a_word_and_not_used(
    tmp_path: Path, change: Callable[[Path], object], is_kept: bool
) -> None:
    path = tmp_path / "day.ndjson"
    write_recording(records(100), path)
    make_index(str(path))
    change(path)
    with Recording.open([str(path)]) as recording:
        assert [record.line for record in recording.records()] == path.read_bytes().split()
        sentence = f"{path}.kidx: not of the recording as it is now; `kcli index` makes it anew."
        assert recording.notes == ([] if is_kept else [sentence])


def test_a_damaged_index_is_never_believed(tmp_path: Path) -> None:
    path = tmp_path / "day.ndjson"
    write_recording(records(300), path)
    make_index(str(path))
    sound, random = index_path(path).read_bytes(), Random(7)
    with Recording.open([str(path)]) as whole:
        expected = taken(whole)
    wanted = {shard_id(1), shard_id(4)}
    for _ in range(examples(100)):
        damaged = bytearray(sound)
        place = random.randrange(len(damaged))
        match random.randrange(3):
            case 0:
                damaged[place] ^= 1 << random.randrange(8)
            case 1:
                del damaged[place : place + random.choice((1, 50))]
            case _:
                del damaged[place:]
        index_path(path).write_bytes(damaged)
        with Recording.open([str(path)]) as recording:
            assert taken(recording) == expected
            if recording.notes:
                assert "of no use" in recording.notes[0]
                continue
        refused = ""
        try:  # its tables are looked at when a part is read
            with part_of(path, wanted) as part:
                assert taken(part) == {each: expected[each] for each in part.shard_ids}
        except InputError as error:
            refused = error.problem
        assert refused in ("", "some of its bytes are not what they were")


def test_the_records_of_two_indexed_files_follow_each_other(tmp_path: Path) -> None:
    made, paths = records(600), [tmp_path / "a.ndjson", tmp_path / "b.ndjson.zst"]
    for path, some in zip(paths, (made[:300], made[300:]), strict=True):
        write_recording(some, path)
        make_index(str(path))
    with Recording.open([str(path) for path in paths]) as recording:
        assert [record.line for record in recording.records()] == [r.line for r in made]
        assert recording.count == len(made)
    with pytest.raises(InputError, match="is smaller than the number of") as turned:
        Recording.open([str(path) for path in reversed(paths)])
    for path in paths:
        index_path(path).unlink()
    with pytest.raises(InputError) as read:
        Recording.open([str(path) for path in reversed(paths)])
    assert turned.value.problem == read.value.problem
    assert turned.value.place == read.value.place


def test_one_piece_of_gzip_has_no_index_if_it_is_large(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, plain = tmp_path / "day.ndjson.gz", tmp_path / "day.ndjson"
    write_recording(records(300), plain)
    path.write_bytes(gzip.compress(plain.read_bytes()))
    make_index(str(path))
    monkeypatch.setattr("kinesis_cli.recordings.indexes.texts.MAX_MEMBER", 10_000)
    with pytest.raises(InputError, match="packed as one piece"):
        make_index(str(path))


def test_a_packed_recording_is_written_in_members_of_whole_lines(tmp_path: Path) -> None:
    path = tmp_path / "day.ndjson.gz"
    write_recording(records(3_500), path)
    make_index(str(path))
    index = open_index(index_path(path))
    members = numbers("Q", index.head.files[0].members_in_text)
    index.close()
    text = gzip.decompress(path.read_bytes())
    assert len(members) > 3
    assert all(text[end - 1 : end] == b"\n" for end in members[1:])
    assert members[-1] == len(text)


@pytest.mark.parametrize("content", [b'{"a": 1}\n{"a": 2}\n', b"\x1f\x8b\x08 torn", b""])
def test_what_is_no_recording_gets_no_index(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "day.ndjson"
    path.write_bytes(content)
    with pytest.raises(InputError):
        make_index(str(path))
    assert not index_path(path).exists()
