import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from kinesis_cli.local.failures import Failures
from kinesis_cli.local.logs import MAX_LOG_BYTES


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
    assert "test_failures.py" in written


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


def test_the_same_trouble_of_the_event_loop_is_told_once_and_counted(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    monkeypatch.setattr("kinesis_cli.local.failures.time.monotonic", lambda: now)
    failures, loop = Failures(), asyncio.new_event_loop()
    context = {"message": "no descriptors are left", "exception": OSError(24, "Too many")}
    for _ in range(5000):
        failures.of_loop(loop, context)
    failures.of_loop(loop, {"message": "another"})
    now += 11
    failures.of_loop(loop, context)
    loop.close()
    told = capsys.readouterr().err
    assert told.count("no descriptors are left") == 2
    assert "and 4,999 times before failed" in told
    assert told.count("another") == 1


def test_a_long_log_starts_anew_while_the_server_writes_it(tmp_path: Path) -> None:
    log = tmp_path / "server.log"
    code = f"""
import asyncio, sys
from pathlib import Path
from kinesis_cli.local import failures
failures._LOOK_SECONDS = 0.0
async def main():
    keeping = asyncio.create_task(failures.keep_log_small(Path({str(log)!r})))
    print("x" * {MAX_LOG_BYTES + 1}, flush=True)
    while not Path({str(log)!r} + ".1").exists() and not keeping.done():
        await asyncio.sleep(0)
    keeping.cancel()
    print("after", flush=True)
    print("error", file=sys.stderr, flush=True)
asyncio.run(main())
"""
    with log.open("ab") as output:
        subprocess.run([sys.executable, "-c", code], stdout=output, stderr=output, check=True)
    assert log.read_text() == "after\nerror\n"
    assert (tmp_path / "server.log.1").stat().st_size == MAX_LOG_BYTES + 2
    assert log.stat().st_mode & 0o777 == 0o600
