"""What waits for a process by a pipe ends when that can tell nothing any more."""

import os
import subprocess
from pathlib import Path

import pytest

from tests import named_pipes
from tests.named_pipes import opened_for_its_reader, told_in


def told_by(program: str, path: Path) -> str:
    with told_in(path) as told:
        process = subprocess.Popen(["sh", "-c", program, "sh", str(path)])
        try:
            return told.line(process)
        finally:
            process.wait()


def test_a_line_is_heard_also_of_who_has_ended_since(tmp_path: Path) -> None:
    assert told_by('printf "a b\\n" > "$1"', tmp_path / "told") == "a b"


def test_who_ends_before_it_tells_is_not_waited_for(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="ended with 7 before it told told"):
        told_by("exit 7", tmp_path / "told")


def test_what_never_comes_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(named_pipes, "PATIENCE", 0.0)
    with told_in(tmp_path / "told") as told, pytest.raises(AssertionError, match="nothing told"):
        told.line()
    os.mkfifo(tmp_path / "gate")
    with pytest.raises(AssertionError, match="nobody read gate"):
        opened_for_its_reader(tmp_path / "gate")
