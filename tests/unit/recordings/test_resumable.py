from pathlib import Path

import pytest

from kinesis_cli.errors import InputError
from kinesis_cli.recordings.recording import Recording
from kinesis_cli.recordings.resumable import (
    GrowingRecording,
    Progress,
    kept_progress,
    new,
    progress_path,
)
from kinesis_cli.stream.event import lambda_record
from kinesis_cli.stream.record import Record
from kinesis_cli.stream.sequence import SequenceNumbers
from kinesis_cli.stream.shards import shard_id

FORMATS = ["day.ndjson", "day.ndjson.gz", "day.ndjson.zst"]
ARN = "arn:aws:kinesis:us-east-1:000000000000:stream/orders"


def made(count: int) -> list[Record]:
    numbers = SequenceNumbers(0, 1_700_000_000)
    return [
        lambda_record(
            shard_id=shard_id(0),
            sequence_number=numbers.next(1_700_000_000),
            partition_key="a",
            arrival=1_700_000_000 + index,
            data=b"%d" % index,
        )
        for index in range(count)
    ]


def begun(path: Path) -> GrowingRecording:
    return new(path, Progress(ARN, "TRIM_HORIZON"))


def continued(path: Path) -> GrowingRecording:
    kept = kept_progress(path)
    assert kept is not None
    return GrowingRecording(path, kept)


def append(file: GrowingRecording, records: list[Record]) -> None:
    file.append(records, shard_id(0), records[-1].sequence_number)


def read(path: Path) -> list[bytes]:
    with Recording.open([str(path)]) as recording:
        return [record.raw for record in recording.records()]


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("left", [0, 1, 40, -1])
def test_what_is_torn_is_dropped_and_what_is_whole_is_kept(
    tmp_path: Path, name: str, left: int
) -> None:
    path, records = tmp_path / name, made(30)
    with begun(path) as file:
        append(file, records[:10])
        file.commit()
        committed = path.stat().st_size
        progress = progress_path(path).read_bytes()
        append(file, records[10:20])
        file.commit()
    written = path.read_bytes()
    # as if it had been killed within the second write, or before its progress was noted
    path.write_bytes(written[: committed + left if left >= 0 else None])
    progress_path(path).write_bytes(progress)
    with continued(path) as file:
        position = file.progress.positions[shard_id(0)]
        rest = [each for each in records if int(each.sequence_number) > int(position)]
        append(file, rest)
        file.commit()
        assert file.progress.records == 30
    assert read(path) == [each.raw for each in records]


def test_whole_lines_after_the_last_commit_are_kept(tmp_path: Path) -> None:
    path, records = tmp_path / "day.ndjson", made(3)
    with begun(path) as file:
        file.commit()
        append(file, records[:2])
    with path.open("ab") as torn:
        torn.write(records[2].raw[:50])
    with continued(path) as file:
        assert file.progress.records == 2
        assert file.progress.positions == {shard_id(0): records[1].sequence_number}
    assert read(path) == [each.raw for each in records[:2]]


def test_an_existing_file_is_not_written_over(tmp_path: Path) -> None:
    path = tmp_path / "day.ndjson"
    path.write_text("precious\n")
    with pytest.raises(InputError, match="it exists"):
        begun(path)
    with pytest.raises(InputError, match="is missing"):
        kept_progress(path)
    assert path.read_text() == "precious\n"


def test_one_recording_has_one_writer(tmp_path: Path) -> None:
    path = tmp_path / "day.ndjson"
    with begun(path) as file:
        file.commit()
        with pytest.raises(InputError, match="another kcli"):
            continued(path)


def test_a_recording_that_lost_its_end_is_not_continued(tmp_path: Path) -> None:
    path = tmp_path / "day.ndjson"
    with begun(path) as file:
        append(file, made(2))
        file.commit()
    path.write_bytes(b"")
    with pytest.raises(InputError, match="shorter"):
        kept_progress(path)


def test_there_is_nothing_to_continue_at_first(tmp_path: Path) -> None:
    assert kept_progress(tmp_path / "day.ndjson") is None


def test_what_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be written"):
        begun(tmp_path / "no" / "day.ndjson")


def test_a_damaged_progress_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "day.ndjson"
    path.write_text("x")
    progress_path(path).write_text("{")
    with pytest.raises(InputError, match="damaged"):
        kept_progress(path)


def test_a_line_that_is_no_record_is_not_continued(tmp_path: Path) -> None:
    path = tmp_path / "day.ndjson"
    with begun(path) as file:
        file.commit()
    path.write_text("no record\n")
    with pytest.raises(InputError, match="a line is not a record"):
        continued(path)


@pytest.mark.parametrize("name", FORMATS[1:])
def test_what_is_packed_before_the_next_commit_is_in_members_that_survive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr("kinesis_cli.stream.packing.MEMBER_BYTES", 1_000)
    path, records = tmp_path / name, made(31)  # three in each member
    with begun(path) as file:
        file.commit()
        for each in records:
            append(file, [each])
    with continued(path) as file:  # it was killed before it could commit
        kept = file.progress.records
        assert kept == 30
        append(file, records[kept:])
        file.commit()
    assert read(path) == [each.raw for each in records]
