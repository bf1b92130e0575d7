from pathlib import Path

import pytest

from kinesis_cli.local.failures import Failures


def failure() -> Exception:
    try:
        raise KeyError("the \x1b[31m reason")
    except KeyError as error:
        return error


def test_in_the_foreground_the_log_has_the_traceback_and_the_terminal_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / "server.log"
    log.write_text("before\n")
    Failures(log).report("PutRecord", failure())

    out, err = capsys.readouterr()
    assert out == f"PutRecord failed: KeyError; the traceback is in {log}\n"
    assert err == ""
    written = log.read_text()
    assert written.startswith("before\nPutRecord failed:\nTraceback")
    assert "test_local_failures.py" in written


def test_a_detached_server_writes_the_traceback_to_its_log(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Failures().report("PutRecord", failure())
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("PutRecord failed:\nTraceback")


def test_a_log_that_cannot_be_written_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Failures(tmp_path).report("PutRecord", failure())
    assert f"{tmp_path} cannot be written: Is a directory\n" in capsys.readouterr().out
