"""Environments of a project that its package manager keeps elsewhere.

Each is found as the manager finds it, without running it: Poetry's and Pipenv's folders are named
after the project's path.
"""

import base64
import hashlib
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path


def environments_elsewhere(
    folder: Path, environment: Mapping[str, str]
) -> Iterator[tuple[Path, str]]:
    """The environments of the project whose folder this is, each with its manager's name."""
    if (folder / ".pdm-python").is_file():
        yield from _of_pdm(folder)
    if (folder / "poetry.lock").is_file() or _is_of_poetry(folder / "pyproject.toml"):
        yield from _of_poetry(folder, environment)
    if (folder / "Pipfile").is_file():
        yield from _of_pipenv(folder, environment)


def _of_pdm(folder: Path) -> Iterator[tuple[Path, str]]:
    """PDM notes the interpreter's path in a file.

    Source: https://pdm-project.org/latest/usage/project/#remember-in-pdm-python
    """
    python = Path((folder / ".pdm-python").read_text("utf-8", "replace").strip())
    if python.is_file():
        yield python.parent.parent, "PDM"


def _is_of_poetry(file: Path) -> bool:
    try:
        return "[tool.poetry" in file.read_text("utf-8", "replace")
    except OSError:
        return False


def _of_poetry(folder: Path, environment: Mapping[str, str]) -> Iterator[tuple[Path, str]]:
    """`<cache>/virtualenvs/<name>-<hash of the path>-py3.11`.

    Source: https://github.com/python-poetry/poetry/blob/main/src/poetry/utils/env/env_manager.py,
    generate_env_name
    """
    if named := environment.get("POETRY_VIRTUALENVS_PATH"):
        environments = Path(named)
    elif named := environment.get("POETRY_CACHE_DIR"):
        environments = Path(named) / "virtualenvs"
    else:
        environments = _cache(environment) / "pypoetry" / "virtualenvs"
    mark = _hash(os.path.normcase(os.path.realpath(folder)))
    yield from ((found, "Poetry") for found in _newest(environments, f"*-{mark}-py*"))


def _of_pipenv(folder: Path, environment: Mapping[str, str]) -> Iterator[tuple[Path, str]]:
    """`<data>/virtualenvs/<name>-<hash of the Pipfile's path>`.

    Source: https://github.com/pypa/pipenv/blob/main/pipenv/project.py, _get_virtualenv_hash
    """
    if named := environment.get("WORKON_HOME"):
        environments = Path(named).expanduser()
    else:
        data = environment.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
        environments = Path(data) / "virtualenvs"
    mark = _hash(str(folder / "Pipfile"))
    yield from ((found, "Pipenv") for found in _newest(environments, f"*-{mark}*"))


def _cache(environment: Mapping[str, str]) -> Path:
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    return Path(environment.get("XDG_CACHE_HOME") or Path.home() / ".cache")


def _hash(path: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(path.encode()).digest()[:6]).decode()


def _newest(folder: Path, pattern: str) -> list[Path]:
    """The environment that was made last comes first: it is the one in use as a rule."""
    found = [each for each in folder.glob(pattern) if each.is_dir()]
    return sorted(found, key=lambda each: each.stat().st_mtime, reverse=True)
