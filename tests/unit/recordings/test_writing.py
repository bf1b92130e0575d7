import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from kinesis_cli.errors import InputError
from kinesis_cli.recordings.writing import is_recording_name, write_event, write_recording
from kinesis_cli.stream.event import lambda_record
from kinesis_cli.stream.record import Record

RECORD = lambda_record(
    shard_id="shardId-000000000000", sequence_number="1", partition_key="k", arrival=1, data=b""
)


@pytest.mark.parametrize("name", ["a.ndjson", "a.ndjson.gz", "A.NDJSON.ZST"])
def test_these_names_are_recordings(name: str) -> None:
    assert is_recording_name(Path(name))
    assert not is_recording_name(Path(f"{name}.json"))


@pytest.mark.parametrize("name", ["a.ndjson", "a.ndjson.gz", "a.ndjson.zst", "a.json"])
def test_a_file_that_could_not_be_finished_leaves_the_old_one(tmp_path: Path, name: str) -> None:
    def failing() -> Iterator[Record]:
        yield RECORD
        raise InputError("no more")

    path = tmp_path / name
    path.write_text("old")
    with pytest.raises(InputError, match="no more"):
        (write_event if name == "a.json" else write_recording)(failing(), path)
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == [name]  # noqa: PTH208


def test_the_same_records_are_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a.ndjson.gz", "b.ndjson.gz"):
        write_recording([RECORD] * 3, tmp_path / name)
    assert (tmp_path / "a.ndjson.gz").read_bytes() == (tmp_path / "b.ndjson.gz").read_bytes()


def test_a_link_stays_a_link_and_permissions_stay(tmp_path: Path) -> None:
    target, link = tmp_path / "target.ndjson", tmp_path / "link.ndjson"
    target.touch(mode=0o600)
    link.symlink_to(target)
    write_recording([RECORD], link)
    assert link.is_symlink()
    assert target.read_bytes() == RECORD.raw + b"\n"
    assert target.stat().st_mode & 0o777 == 0o600


def test_a_named_pipe_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.ndjson"
    os.mkfifo(pipe)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    write_recording([RECORD], pipe)
    reader.join()
    assert read == [RECORD.raw + b"\n"]
    assert pipe.is_fifo()


@pytest.mark.parametrize("path", ["no/such/directory/a.ndjson", "."])
def test_a_file_that_cannot_be_written_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="cannot be written") as caught:
        write_event([RECORD], Path(path))
    assert caught.value.place == path
