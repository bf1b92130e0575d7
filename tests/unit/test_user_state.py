"""The tests leave alone what the user has."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kinesis_cli.local.state import state_directory
from tests.user_state import VARIABLE, UserStateTouchedError

USERS = Path.home() / ".local" / "state"


def test_a_local_stream_outside_a_project_is_in_a_folder_of_the_run(tmp_path: Path) -> None:
    assert state_directory(directory=tmp_path).is_relative_to(os.environ[VARIABLE])
    assert not state_directory(directory=tmp_path).is_relative_to(USERS)


@pytest.mark.parametrize(
    "environment",
    [{}, {"HOME": str(Path.home())}, {VARIABLE: str(USERS)}, {VARIABLE: "not/absolute"}],
    ids=["empty", "HOME", "the user's own", "relative"],
)
@pytest.mark.parametrize("command", [[sys.executable, "-m", "kinesis_cli"], ["/bin/kcli", "put"]])
def test_kcli_is_not_started_with_the_users_state(
    environment: dict[str, str], command: list[str]
) -> None:
    with pytest.raises(UserStateTouchedError, match=VARIABLE):
        subprocess.run(command, env=environment, check=False)


def test_kcli_is_started_with_a_home_of_the_tests_own(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "kinesis_cli", "--version"]
    environment = {"HOME": str(tmp_path), "PATH": os.environ["PATH"]}
    ran = subprocess.run(command, env=environment, check=False, capture_output=True)
    assert ran.returncode == 0
