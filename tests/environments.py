"""Environments for tools that do not belong into the project's own."""

import fcntl
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def environment_with() -> Callable[..., Path]:
    """`environment_with(name, *requirements)`: the bin folder of `.venv-<name>`.

    It is made on first use, and anew when its requirements have changed.
    """

    def environment_with(name: str, *requirements: str) -> Path:
        environment = ROOT / f".venv-{name}"
        ready = environment / ".ready"
        wanted = "\n".join([sys.executable, *requirements])
        with Path(__file__).open() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # another worker, or another run, may be making it
            if not ready.is_file() or ready.read_text() != wanted:
                _make(environment, requirements)
                ready.write_text(wanted)
        return environment / "bin"

    return environment_with


def _make(environment: Path, requirements: tuple[str, ...]) -> None:
    uv = [sys.executable, "-m", "uv", "--quiet", "--system-certs"]
    python = str(environment / "bin" / "python")
    subprocess.run(
        [*uv, "venv", "--clear", "--seed", "--python", sys.executable, environment], check=True
    )
    subprocess.run([*uv, "pip", "install", "--python", python, *requirements], check=True)


@pytest.fixture(scope="session")
def aws_cli(environment_with: Callable[..., Path]) -> Path:
    """The AWS CLI, in an environment of its own: its botocore is not ours."""
    return environment_with("aws-cli", "awscli==1.46.3") / "aws"
