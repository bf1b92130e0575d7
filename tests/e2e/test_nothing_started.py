"""A command whose input is wrong ends before it starts the local stream."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from kinesis_cli.local.state import SERVER_LOCK
from tests.e2e.programs import Kcli, without_aws

pytestmark = pytest.mark.slow


@pytest.fixture
def environment(tmp_path: Path) -> Mapping[str, str]:
    return {**without_aws(), "HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path)}


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        ("put --from missing.ndjson", "missing.ndjson: no such file"),
        ("put --from missing.ndjson --dry-run", "missing.ndjson: no such file"),
        ("put --from missing.ndjson --jobs 2", "missing.ndjson: no such file"),
        ("put --from missing.ndjson --follow", "missing.ndjson: no such file"),
        ("put --map missing:function", "--map missing:function: ModuleNotFoundError"),
        ("put --model missing:Model --jobs 2", "--model missing:Model: ModuleNotFoundError"),
        ("replay missing.ndjson", "missing.ndjson: no such file"),
        ("replay missing.ndjson --dry-run", "missing.ndjson: no such file"),
        ("replay missing.ndjson --jobs 2", "missing.ndjson: no such file"),
        ("status --find-poison --save here.ndjson", "here.ndjson: it exists"),
    ],
)
def test_wrong_input_starts_no_local_stream(
    command: str, problem: str, kcli: Kcli, tmp_path: Path
) -> None:
    (tmp_path / "here.ndjson").touch()
    run = kcli(*command.split())
    assert (run.returncode, run.stdout) == (2, "")
    assert problem in run.stderr
    assert not list(tmp_path.rglob(SERVER_LOCK))


def test_an_empty_file_is_no_wrong_input(kcli: Kcli, tmp_path: Path) -> None:
    (tmp_path / "empty.ndjson").touch()
    run = kcli("put", "--from", "empty.ndjson")
    assert run.returncode == 0, run.stderr
    assert list(tmp_path.rglob(SERVER_LOCK))


def test_the_record_that_was_looked_at_first_is_put(kcli: Kcli, tmp_path: Path) -> None:
    (tmp_path / "two.ndjson").write_text('{"a": 1}\n{"a": 2}\n')
    run = kcli("put", "--from", "two.ndjson", "--output", "ndjson")
    assert run.returncode == 0, run.stderr
    assert run.stdout.count('"sequenceNumber"') == 2
