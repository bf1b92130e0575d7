"""The state directory against what others, or other versions, may have put there."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from kinesis_cli.errors import InputError
from kinesis_cli.local.client.process import open_log
from kinesis_cli.local.database import check, opened
from kinesis_cli.local.state import (
    LOG_FILE,
    PORT_FILE,
    SERVER_FILE,
    SERVER_LOCK,
    START_LOCK,
    Server,
    is_alive,
    kept_port,
    locked,
    make_directory,
    only_server,
    process_identity,
    published_server,
    read_server,
)


def server(state: Path, pid: int, process: str) -> Server:
    return Server(
        pid=pid,
        process=process,
        port=4567,
        token="t",
        started=0.0,
        state=str(state),
        region="us-east-1",
        in_memory=False,
        tls=False,
        arguments=[],
    )


def test_a_server_without_a_process_is_not_alive(tmp_path: Path) -> None:
    pid = os.getpid()
    assert is_alive(server(tmp_path, pid, process_identity(pid)))
    assert not is_alive(server(tmp_path, pid, ""))
    assert not is_alive(server(tmp_path, 2**22 + 1, ""))  # no process has this pid


@pytest.mark.parametrize("name", [PORT_FILE, f"{PORT_FILE}.new", SERVER_FILE, f"{SERVER_FILE}.new"])
def test_a_link_in_the_place_of_a_file_is_not_followed(tmp_path: Path, name: str) -> None:
    target = tmp_path / "precious"
    target.write_text("precious")
    state = tmp_path / "state"
    make_directory(state)
    (state / name).symlink_to(target)

    with published_server(server(state, os.getpid(), process_identity(os.getpid()))) as _:
        assert kept_port(state) == 4567
        assert read_server(state) is not None
        for written in (PORT_FILE, SERVER_FILE):
            assert (state / written).stat().st_mode & 0o777 == 0o600

    assert target.read_text() == "precious"
    assert state.stat().st_mode & 0o777 == 0o700


OPENERS: dict[str, Callable[[Path], object]] = {
    SERVER_LOCK: lambda state: only_server(state).__enter__(),
    START_LOCK: lambda state: locked(state / START_LOCK).__enter__(),
    LOG_FILE: open_log,
}


@pytest.mark.parametrize("kind", ["link", "directory"])
@pytest.mark.parametrize("name", OPENERS)
def test_what_is_no_file_in_the_place_of_a_lock_or_log_is_refused(
    tmp_path: Path, name: str, kind: str
) -> None:
    target, file = tmp_path / "precious", tmp_path / name
    target.write_text("precious")
    if kind == "link":
        file.symlink_to(target)
    else:
        file.mkdir()
    with pytest.raises(InputError) as refused:
        OPENERS[name](tmp_path)
    assert refused.value.place == str(file)
    assert ("it is a link" if kind == "link" else "Is a directory") in refused.value.problem
    assert target.read_text() == "precious"


def test_a_state_directory_that_others_may_write_is_closed_to_them(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    make_directory(tmp_path)
    assert tmp_path.stat().st_mode & 0o777 == 0o755


def test_a_journal_of_another_version_is_refused_before_it_is_needed(tmp_path: Path) -> None:
    file = tmp_path / "messages.sqlite3"
    check(file, 1)
    assert not file.exists()
    opened(file, "CREATE TABLE t (a)", 2).close()
    before = file.read_bytes()
    check(file, 2)
    with pytest.raises(InputError, match="not made by this version"):
        check(file, 1)
    assert file.read_bytes() == before
    file.write_bytes(b"not a database" * 100)
    with pytest.raises(InputError, match="cannot be read"):
        check(file, 1)


def test_a_server_that_a_later_version_described_is_read(tmp_path: Path) -> None:
    (tmp_path / SERVER_FILE).write_text(
        json.dumps({**{"pid": 1, "process": "p", "port": 1, "token": "t", "started": 0.0},
                    **{"state": "s", "region": "r", "in_memory": False, "tls": False},
                    **{"arguments": [], "invented later": 1}})
    )  # fmt: skip
    found = read_server(tmp_path)
    assert found is not None
    assert found.pid == 1
