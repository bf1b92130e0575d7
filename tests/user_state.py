"""Keeps what the tests start out of the user's own state directory.

Outside a project, `kcli local` keeps its stream with the user: in XDG_STATE_HOME, or below
~/.local/state. A run of the tests has a folder of its own for that, in the environment of all that
it starts; and where a test starts kcli without it, the start itself fails.
"""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

VARIABLE = "XDG_STATE_HOME"
_OURS = "kcli-tests-"  # what our folders are called
_HOME = Path.home()  # before any test changes the variable
_OF_USER = _HOME / ".local" / "state"

_folders = pytest.StashKey[str]()


class UserStateTouchedError(BaseException):
    """No `Exception`: nobody between here and the test takes it for one of its own."""


def pytest_configure(config: pytest.Config) -> None:
    """Name the folder, before anything is started; workers have the one of the main process."""
    if not hasattr(config, "workerinput"):
        os.environ[VARIABLE] = config.stash[_folders] = tempfile.mkdtemp(prefix=_OURS)
    sys.addaudithook(_guard)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove the folder; nothing that was started runs any more."""
    if folder := config.stash.get(_folders, None):
        shutil.rmtree(folder, ignore_errors=True)


def apart() -> dict[str, str]:
    """What an environment needs of the tests' own."""
    return {VARIABLE: os.environ[VARIABLE]}


def is_kept_apart(environment: Mapping[str, str]) -> bool:
    """Whether a kcli of this environment leaves the user's state alone."""
    named = environment.get(VARIABLE, "")
    if Path(named).is_absolute():
        return Path(named) != _OF_USER
    return Path(environment.get("HOME", _HOME)) != _HOME


def _guard(event: str, arguments: tuple[object, ...]) -> None:
    if event != "subprocess.Popen":
        return
    _, command, _, environment = arguments
    if not _is_kcli(command):
        return
    given = environment if isinstance(environment, Mapping) else os.environ
    if not is_kept_apart({os.fsdecode(name): os.fsdecode(value) for name, value in given.items()}):
        raise UserStateTouchedError(
            f"{command} would keep its stream in {_OF_USER}: give it {VARIABLE}, which the"
            " environment of the tests has"
        )


def _is_kcli(command: object) -> bool:
    parts = [command] if isinstance(command, str | bytes | os.PathLike) else command
    assert isinstance(parts, Iterable)
    texts = [os.fsdecode(part) for part in parts]
    return any(text.split(".")[0] == "kinesis_cli" or Path(text).name == "kcli" for text in texts)
