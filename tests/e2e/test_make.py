import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(not shutil.which("make"), reason="make is not installed")


def test_make_lists_its_targets(root: Path) -> None:
    listed = subprocess.run(["make"], cwd=root, capture_output=True, text=True, check=True).stdout
    for target in ("demo", "test", "quick", "lint", "bench", "build"):
        assert re.search(rf"^  make {target} +\w", listed, re.MULTILINE)


@pytest.fixture
def fresh(root: Path, tmp_path: Path) -> Path:
    """A project folder as it is before the first `make`, as far as set-up reads it."""
    (tmp_path / ".ci").mkdir()
    for name in ("Makefile", "pyproject.toml", "requirements.lock", ".ci/environment"):
        shutil.copy(root / name, tmp_path / name)
    return tmp_path


def set_up(folder: Path, *variables: str, path: str = os.environ["PATH"]) -> str:
    """What `make` says when set-up fails."""
    run = subprocess.run(
        [shutil.which("make") or "make", ".venv/.ready", *variables],
        cwd=folder,
        env={"PATH": path},
        capture_output=True,
        text=True,
    )
    assert run.returncode != 0
    assert not (folder / ".venv").exists()
    return run.stderr.splitlines()[0]


def test_without_a_python_set_up_says_so(fresh: Path) -> None:
    tools = fresh / "tools"
    tools.mkdir()
    for name in ("sh", "dirname"):
        (tools / name).symlink_to(shutil.which(name) or "")
    assert set_up(fresh, path=str(tools)) == (
        "make: no Python 3.11 or newer was found. "
        "Install one, or name it: make PYTHON=/path/to/python3."
    )


def test_a_named_python_that_is_too_old_is_refused(fresh: Path) -> None:
    old = fresh / "python3.8"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    assert set_up(fresh, f"PYTHON={old}") == (
        f"make: PYTHON={old} is not a Python 3.11 or newer that runs here."
    )


def test_a_python_without_venv_is_told_what_to_install(fresh: Path) -> None:
    tools = fresh / "tools"
    tools.mkdir()
    for name in ("sh", "dirname", "rm"):
        (tools / name).symlink_to(shutil.which(name) or "")
    bare = tools / "python3"  # as Debian's without python3-venv
    bare.write_text(
        f'#!/bin/sh\n[ "$1" = -m ] && {{ echo "ensurepip is not available"; exit 1; }}\n'
        f'exec {sys.executable} "$@"\n'
    )
    bare.chmod(0o755)
    assert "ensurepip" in subprocess.run([bare, "-m"], capture_output=True, text=True).stdout
    run = subprocess.run(
        [tools / "sh", ".ci/environment"],
        cwd=fresh,
        env={"PATH": str(tools)},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 1
    assert run.stderr.splitlines()[-1] == (
        "make: python3 cannot make a virtual environment. "
        "On Debian and Ubuntu: apt install python3-venv. Or install uv."
    )
