"""Interpreters and environments for tests of functions that run elsewhere than kcli."""

import shutil
import subprocess
import sys
import venv
from functools import cache
from pathlib import Path

RELEASES = [f"3.{minor}" for minor in range(9, 16)]


def new_environment(folder: Path, **modules: str) -> Path:
    """Make an environment of the Python that runs the tests, without pip. Returns its interpreter.

    Args:
        folder: where it is to be.
        modules: name → code, installed into it.
    """
    venv.create(folder, with_pip=False)
    for name, code in modules.items():
        (site_packages(folder) / f"{name}.py").write_text(code)
    return folder / "bin" / "python"


def site_packages(environment: Path) -> Path:
    """The folder of an environment's packages."""
    (found,) = environment.glob("lib/python*/site-packages")
    return found


@cache
def python_of_release(release: str) -> Path | None:
    """An interpreter of this machine of a release, "3.13"; None: there is none."""
    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    candidates = [sys.executable] if release == here else []
    candidates += [found for found in [shutil.which(f"python{release}")] if found]
    candidates += map(str, Path.home().glob(f".pyenv/versions/{release}.*/bin/python"))
    for candidate in candidates:
        code = "import sys; print('%d.%d' % sys.version_info[:2])"
        said = subprocess.run([candidate, "-c", code], capture_output=True, text=True, check=False)
        if said.stdout.strip() == release:
            return Path(candidate)
    return None


def another_python() -> Path | None:
    """An interpreter of another release than the one that runs the tests."""
    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    others = (python_of_release(release) for release in reversed(RELEASES) if release != here)
    return next((found for found in others if found), None)
