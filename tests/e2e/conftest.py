import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.programs import KCLI, Completed, Kcli, Terminal


@pytest.fixture(scope="session")
def root() -> Path:
    """The project's folder."""
    return Path(__file__).parent.parent.parent


@pytest.fixture
def kcli(tmp_path: Path) -> Kcli:
    """Runs the command in an empty folder, as a script would."""

    def run(*arguments: str, cwd: Path = tmp_path, **environment: str) -> Completed:
        return subprocess.run(
            [*KCLI, *arguments],
            cwd=cwd,
            env={**os.environ, "COLUMNS": "80", **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
        )

    return run


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Callable[..., Terminal]]:
    """Starts programs on a pseudo-terminal, and ends them after the test."""
    started: list[Terminal] = []

    def start(*command: str, cwd: Path = tmp_path) -> Terminal:
        started.append(Terminal(command, cwd))
        return started[-1]

    yield start
    for each in started:
        each.close()


@pytest.fixture(scope="session")
def aws_cli(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The AWS CLI, in an environment of its own: its botocore is not ours."""
    folder = tmp_path_factory.mktemp("aws-cli") / "venv"
    uv = shutil.which("uv", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    assert uv, "uv is in the dev group"
    venv.create(folder, symlinks=True)
    subprocess.run(
        [uv, "pip", "install", "--quiet", "--python", folder, "awscli==1.46.3"],
        env={**os.environ, "UV_SYSTEM_CERTS": "1"},
        check=True,
    )
    return folder / "bin" / "aws"
