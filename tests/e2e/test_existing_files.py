"""A file that the user named is never written over, unless they say so."""

from pathlib import Path

import pytest

from kinesis_cli.errors import InputError
from kinesis_cli.recordings.resumable import Progress, new, progress_path
from tests.e2e.programs import Kcli

NOBODY = ("--stream", "s", "--endpoint-url", "http://127.0.0.1:1")
WRITING = [
    ("event", "-o", "kept"),
    ("event", "--output", "ndjson", "-o", "kept"),
    ("put", "--count", "1", "--failed", "kept", *NOBODY),
    ("replay", "event.json", "--failed", "kept", *NOBODY),
    ("record", "-o", "kept", *NOBODY),
    ("redrive", "event.json", "--save", "kept", *NOBODY),
]


@pytest.mark.parametrize("arguments", WRITING, ids=" ".join)
def test_a_file_that_exists_is_refused_before_anything_is_done(
    arguments: tuple[str, ...], kcli: Kcli, tmp_path: Path
) -> None:
    (tmp_path / "event.json").write_text(kcli("event").stdout)
    (tmp_path / "kept").write_text("mine")
    found = kcli(*arguments)
    assert (found.returncode, "kept: it exists" in found.stderr) == (2, True)
    assert found.stdout == ""
    assert (tmp_path / "kept").read_text() == "mine"


@pytest.mark.parametrize("arguments", WRITING[2:5], ids=" ".join)
def test_overwrite_lets_the_command_begin(
    arguments: tuple[str, ...], kcli: Kcli, tmp_path: Path
) -> None:
    (tmp_path / "event.json").write_text(kcli("event").stdout)
    (tmp_path / "kept").write_text("mine")
    assert kcli(*arguments, "--overwrite").returncode == 3  # nobody answers there
    assert (tmp_path / "kept").read_text() == "mine"  # nothing was to be written yet


def test_an_event_is_written_over_a_file_where_it_is_said(kcli: Kcli, tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("mine")
    assert kcli("event", "-o", "kept", "--overwrite").returncode == 0
    assert "Records" in (tmp_path / "kept").read_text()


@pytest.mark.parametrize("name", ["-", "/dev/stdout"])
def test_standard_output_is_no_file_that_exists(name: str, kcli: Kcli) -> None:
    found = kcli("event", "-o", name)
    assert found.returncode == 0
    assert "Records" in found.stdout


def test_a_recording_that_is_begun_anew_keeps_nothing(tmp_path: Path) -> None:
    path = tmp_path / "day.ndjson"
    path.write_text("old\n")
    progress_path(path).write_text("{}")
    with pytest.raises(InputError, match="it exists"):
        new(path, Progress("stream", "TRIM_HORIZON"))
    with new(path, Progress("stream", "TRIM_HORIZON"), overwrite=True):
        assert path.read_bytes() == b""
        assert not progress_path(path).exists()
