"""The parts of the local function that need no server."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinesis_cli.errors import InputError
from kinesis_cli.local.function.activity import Called, GivenUp, Remark
from kinesis_cli.local.function.activity_lines import Lines
from kinesis_cli.local.function.code import CodeWatch, ProjectWatch, fingerprint
from kinesis_cli.local.mapping.progress import Progress
from kinesis_cli.local.mapping.store import FILE, MappingStore, StoredMapping
from kinesis_cli.local.place import Place
from kinesis_cli.project.template.file import TemplateFile
from kinesis_cli.stream.record import Record

ARN = "arn:aws:kinesis:us-east-1:000000000000:stream/orders"


def records(count: int) -> list[Record]:
    return [Record("shardId-000000000000", str(n + 1), "k", 0.0, b"{}") for n in range(count)]


def called(outcome: str = "success", count: int = 3) -> Called:
    return Called("fn", "orders", "shard", 1, count, outcome, "why", "", 1.0)  # type: ignore[arg-type]


# The checkpoint


@given(st.permutations(range(12)), st.lists(st.integers(1, 4), min_size=12, max_size=12))
def test_the_checkpoint_is_the_last_record_before_the_first_that_has_not_ended(
    order: list[int], sizes: list[int]
) -> None:
    taken = records(12)
    progress, ended, rest = Progress(None), set[int](), list(order)
    progress.took(taken[:5])
    progress.took(taken[5:])
    for size in sizes:
        batch, rest = rest[:size], rest[size:]
        progress.end([taken[place] for place in batch])
        ended.update(batch)
        first_open = next((place for place in range(12) if place not in ended), 12)
        expected = taken[first_open - 1].sequence_number if first_open else None
        assert progress.checkpoint == expected


def test_the_checkpoint_waits_for_all_records_of_an_aggregate() -> None:
    before, aggregate, after = records(3)
    progress = Progress(None)
    progress.took([before, aggregate, aggregate, aggregate, after])
    progress.end([before, aggregate])
    progress.end([aggregate])
    assert progress.checkpoint == before.sequence_number
    progress.end([after, aggregate])
    assert progress.checkpoint == after.sequence_number


def test_in_windows_the_checkpoint_waits_for_the_window_to_close() -> None:
    taken = records(3)
    progress = Progress("0", in_windows=True)
    progress.took(taken)
    progress.end(taken[:2])
    assert progress.checkpoint == "0"
    progress.window_closed()
    assert progress.checkpoint == "2"


# The file


def mapping(uuid: str = "one") -> StoredMapping:
    return StoredMapping(
        uuid, "fn", {"EventSourceArn": ARN, "BatchSize": 7}, True, 1.0, 1.0, "Fn/In"
    )


def test_mappings_and_checkpoints_are_kept(tmp_path: Path) -> None:
    store = MappingStore(tmp_path)
    store.save(mapping())
    store.save_checkpoint("one", 5.0, "a", "17", finished=False)
    store.save_checkpoint("one", 5.0, "a", "18", finished=False)
    store.save_checkpoint("one", 5.0, "b", None, finished=True)
    store.save(mapping().changed(enabled=False, modified=2.0))
    store.close()
    store = MappingStore(tmp_path)
    (kept,) = store.mappings()
    assert kept == mapping().changed(enabled=False, modified=2.0)
    assert kept.settings.batch_size == 7
    found = store.checkpoints("one", 5.0)
    assert (found.sequence_numbers, found.finished) == ({"a": "18"}, {"b"})
    assert not store.checkpoints("one", 6.0).sequence_numbers  # another stream of that name
    store.delete("one")
    assert not store.checkpoints("one", 5.0).finished
    store.close()


def test_a_foreign_file_is_refused_and_unchanged(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("my notes")
    with pytest.raises(InputError, match=FILE):
        MappingStore(tmp_path)
    assert (tmp_path / FILE).read_text() == "my notes"


# Code


def test_a_change_of_a_file_is_noticed_once(tmp_path: Path) -> None:
    code = tmp_path / "app.py"
    code.write_text("1")
    watch = CodeWatch(tmp_path)
    assert not watch.has_changed()
    code.write_text("22")
    while not watch.has_changed():  # it is not looked at all the time
        pass
    assert not watch.has_changed()


def test_a_zip_counts_as_changed_once_it_is_written_whole(tmp_path: Path) -> None:
    template, archive, later = (tmp_path / name for name in ("template.yaml", "a.zip", "b.zip"))
    template.write_text("Resources: {}")
    archive.write_bytes(b"whole")
    watch = ProjectWatch(TemplateFile(template))
    watch.follow([archive, later])
    assert watch.what_changed() == ""
    archive.write_bytes(b"h")
    assert watch.what_changed() == ""  # it may be half of it
    archive.write_bytes(b"half and")
    assert watch.what_changed() == ""
    watch.follow([archive, later])
    assert watch.what_changed() == "a.zip"
    assert watch.what_changed() == ""
    later.write_bytes(b"built now")
    archive.unlink()  # as while it is replaced
    assert [watch.what_changed() for _ in range(3)] == ["", "b.zip", ""]
    template.write_text("Resources: {A: {}}")
    assert watch.what_changed() == "the template"


def test_what_is_no_code_changes_nothing(tmp_path: Path) -> None:
    before = fingerprint(tmp_path)
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "app.pyc").write_text("x")
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / "x.py").write_text("x")
    assert fingerprint(tmp_path) == before
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "x.py").write_text("x")
    changed = fingerprint(tmp_path)
    assert changed != before
    os.utime(tmp_path / "below" / "x.py", ns=(1, 1))
    assert fingerprint(tmp_path) not in (before, changed)


# Lines


def lines_of(lines: Lines, written: list[str]) -> list[str]:
    written.clear()
    lines.refresh(())
    return [line.partition(" ")[2] for line in written]  # without the time


def test_what_goes_well_is_summed_up_and_what_does_not_is_told() -> None:
    written: list[str] = []
    lines = Lines(written.append)
    lines.told(called())
    lines.told(called(count=1))
    lines.told(called("failed"))
    lines.told(Remark("look"))
    lines.told(GivenUp("fn", "orders", "shard", 1, "RecordAgeExceeded", None, ""))
    assert lines_of(lines, written) == [
        "fn shard 3 records: failed, why",
        "look",
        "fn shard 1 record discarded, RecordAgeExceeded, no destination is configured",
        "fn: 4 records in 2 batches",
    ]
    assert lines_of(lines, written) == []  # quiet where nothing happens


def test_thousands_of_failures_are_a_few_lines() -> None:
    written: list[str] = []
    lines = Lines(written.append)
    for _ in range(5000):
        lines.told(called("failed"))
    told = lines_of(lines, written)
    assert len(told) == 21
    assert told[-1] == "... and 4,980 more like these"


# Where things are


def test_what_stands_in_for_aws_becomes_what_is_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    place = Place("http://127.0.0.1:1", "eu-west-1")
    assert place.localised(
        {
            "arn": ["arn:aws:sqs:eu-west-1:123456789012:q"],
            "url": "https://sqs.eu-west-1.amazonaws.com/123456789012/q",
            "other": 123456789012,
        }
    ) == {
        "arn": ["arn:aws:sqs:eu-west-1:000000000000:q"],
        "url": "http://127.0.0.1:1/000000000000/q",
        "other": 123456789012,
    }
