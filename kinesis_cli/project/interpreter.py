"""Which Python runs the user's function, and why that one.

The first that applies: the one that was named; the environment that is activated; `.venv` or `venv`
beside the function's code, beside its template, or above them up to the project's root; that of a
project of Poetry, PDM or Pipenv; kcli's own.
"""

import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import msgspec

from kinesis_cli.errors import InputError

OLDEST = (3, 9)  # what kcli's runner needs
_ASK_SECONDS = 30.0

# What marks a project's folder; a repository's ends the search.
_REPOSITORY = (".git", ".hg", ".svn")
_PROJECT = (
    *("cdk.json", "kcli.toml", "package.json", "Pipfile", "pyproject.toml", "requirements.txt"),
    *("samconfig.toml", "serverless.yml", "setup.cfg", "setup.py", "uv.lock"),
    *("template.json", "template.yaml", "template.yml"),
)


class Interpreter(msgspec.Struct, frozen=True):
    """A Python, and why the function runs in it."""

    path: Path  # not resolved: an environment's python is a link to another one
    version: tuple[int, ...]  # (3, 11, 7)
    why: str  # "--python", ".venv beside template.yaml", for people
    is_own: bool = False  # its environment is that of kcli, and kcli may run the function itself
    is_bare: bool = False  # no environment, and so no place for a project's packages

    @property
    def name(self) -> str:
        """For people: "Python 3.11.7"."""
        return f"Python {'.'.join(map(str, self.version))}"

    @property
    def has_pip(self) -> bool:
        """Whether packages can be installed with its own pip; uv's environments have none."""
        folder = self.path.parent.parent
        if not (folder / "pyvenv.cfg").is_file():
            return True
        return any(folder.glob("lib/python*/site-packages/pip"))

    def difference(self, runtime: str) -> str:
        """Return a sentence if a template names another Python than this; else "".

        Args:
            runtime: as the template names it, "python3.13".
        """
        own = f"python{self.version[0]}.{self.version[1]}"
        if not runtime.startswith("python") or runtime in ("python", own):
            return ""
        return f"The template says {runtime}, and this is {self.name}; --python names another one."

    def __str__(self) -> str:
        return f"{self.name} ({self.why})"


def own_interpreter(why: str = "kcli's own") -> Interpreter:
    """The one that runs kcli."""
    return Interpreter(Path(sys.executable), tuple(sys.version_info[:3]), why, is_own=True)


def choose_interpreter(
    folders: Iterable[Path],
    *,
    named: tuple[str, str] | None = None,
    environment: Mapping[str, str] | None = None,
) -> Interpreter:
    """The interpreter of a function.

    Args:
        folders: of its code and of its template.
        named: where it was named, and the path.
        environment: default: this process's.

    Raises:
        InputError: what was named is not a Python that can be used.
    """
    environment = os.environ if environment is None else environment
    if named is not None:
        return _named(*reversed(named))
    for path, why in _candidates(list(folders), environment):
        if (version := _version_of_environment(path)) is None:
            continue  # its Python is gone, as after an upgrade of the system's
        return Interpreter(path, version, why, is_own=_is_own(path))
    if _is_tool_environment():
        path = _base_interpreter()
        why = "the one that kcli was installed with; no environment of the project was found"
        return Interpreter(path, tuple(sys.version_info[:3]), why, is_bare=True)
    return own_interpreter()


def named_python(
    directory: Path, environment: Mapping[str, str] | None = None
) -> tuple[str, str] | None:
    """Where `KCLI_PYTHON` or the project's settings name an interpreter, and its path.

    Args:
        directory: where the settings are looked for, upwards.
        environment: default: this process's.
    """
    environment = os.environ if environment is None else environment
    if named := environment.get("KCLI_PYTHON"):
        return "KCLI_PYTHON", named
    from kinesis_cli.project.settings import project_setting  # which knows this module

    return project_setting(directory, "python")


def python_of(folder: Path) -> Path | None:
    """The interpreter of an environment's folder; None: it is not an environment."""
    for name in ("bin/python", "bin/python3", "Scripts/python.exe"):
        if (folder / name).is_file():
            return folder / name
    return None


def project_root(folder: Path) -> Path:
    """The project's folder that holds `folder`: its repository's, else the highest marked one."""
    root, home = folder, Path.home()
    for parent in (folder, *folder.parents):
        if any((parent / name).exists() for name in _REPOSITORY):
            return parent
        if parent == home or parent.parent == parent:
            break
        if any((parent / name).is_file() for name in _PROJECT):
            root = parent
    return root


def _named(path: str, source: str) -> Interpreter:
    """What the user named: an interpreter, the folder of an environment, or a command."""
    python = Path(path).expanduser()
    if python.is_dir():
        found = python_of(python)
        if found is None:
            raise InputError(f"{path} is not an environment: it has no bin/python", place=source)
        python = found
    elif os.sep not in path and not python.is_file():
        from shutil import which

        python = Path(which(path) or path)
    python = python.absolute()
    if not python.is_file():
        raise InputError(
            f"there is no Python {path}",
            place=source,
            advice="Name an interpreter or the folder of an environment, such as .venv.",
        )
    return Interpreter(python, _checked_version(python, source), source, is_own=_is_own(python))


def _candidates(folders: list[Path], environment: Mapping[str, str]) -> Iterator[tuple[Path, str]]:
    """Interpreters of environments, the most wanted first, each with the reason."""
    if python := _activated(environment.get("VIRTUAL_ENV")):
        yield python, "VIRTUAL_ENV"
    # conda's base is activated by every shell, and says nothing about this project
    in_base = environment.get("CONDA_DEFAULT_ENV") in ("base", "root")
    if not in_base and (python := _activated(environment.get("CONDA_PREFIX"))):
        yield python, "CONDA_PREFIX"
    looked_at = []
    for folder in folders:
        root = project_root(folder)
        for parent in (folder, *folder.parents):
            if parent not in looked_at:
                looked_at.append(parent)
                yield from _environments_in(parent, environment)
            if parent == root:
                break


def _activated(folder: str | None) -> Path | None:
    return python_of(Path(folder)) if folder else None


def _environments_in(folder: Path, environment: Mapping[str, str]) -> Iterator[tuple[Path, str]]:
    named_by_uv = environment.get("UV_PROJECT_ENVIRONMENT")
    for name in (*([named_by_uv] if named_by_uv else []), ".venv", "venv"):
        if python := python_of(folder / name):
            yield python, _shown(folder / name)
    from kinesis_cli.project.package_managers import environments_elsewhere  # seldom needed

    for environment_folder, manager in environments_elsewhere(folder, environment):
        if python := python_of(environment_folder):
            yield python, f"{manager}'s environment of {_shown(folder)}"


def _shown(folder: Path) -> str:
    """Return a folder as it is named from here, where it is below."""
    here = Path().absolute()
    return str(folder.relative_to(here)) if folder.is_relative_to(here) else str(folder)


def _is_own(python: Path) -> bool:
    """Whether it has the packages of the Python that runs kcli."""
    return _environment_of(python) == _environment_of(Path(sys.executable))


def _environment_of(python: Path) -> Path:
    """What tells two environments apart: a virtual one's folder, else the interpreter's file."""
    folder = python.parent.parent
    if (folder / "pyvenv.cfg").is_file():
        return folder.resolve()
    return python.resolve()


def _is_tool_environment() -> bool:
    """Whether kcli is alone in its environment, as uv and pipx install commands.

    The packages there are kcli's, and no function may count on them.
    """
    prefix = Path(sys.prefix)
    receipts = ("uv-receipt.toml", "pipx_metadata.json")
    return any((prefix / name).is_file() for name in receipts) or "archive-v0" in prefix.parts


def _base_interpreter() -> Path:
    """The Python that kcli's environment was made of: it has none of kcli's packages."""
    return Path(getattr(sys, "_base_executable", "") or sys.executable)


_VERSION = re.compile(r"^version(?:_info)?\s*=\s*(\d+)\.(\d+)\.(\d+)", re.MULTILINE)


def _version_of_environment(python: Path) -> tuple[int, ...] | None:
    """The version of an environment's interpreter; None: it does not run."""
    if not python.exists():  # a link to what is not there any more
        return None
    try:
        found = _VERSION.search((python.parent.parent / "pyvenv.cfg").read_text("utf-8"))
    except (OSError, UnicodeDecodeError):
        found = None
    if found:
        return tuple(map(int, found.groups()))
    return _asked_version(python)


def _checked_version(python: Path, source: str) -> tuple[int, ...]:
    version = _asked_version(python)
    if version is None:
        raise InputError(f"{python} does not run as a Python", place=source)
    if version < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        raise InputError(
            f"{python} is Python {'.'.join(map(str, version))}, kcli runs functions in {oldest} "
            "and newer",
            place=source,
        )
    return version


def _asked_version(python: Path) -> tuple[int, ...] | None:
    """The version that an interpreter says it has; None: it says none."""
    import subprocess  # start-up counts

    code = "import sys; print('%d.%d.%d' % sys.version_info[:3])"
    try:
        said = subprocess.run(
            [python, "-I", "-S", "-c", code],
            capture_output=True,
            text=True,
            timeout=_ASK_SECONDS,
            stdin=subprocess.DEVNULL,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.fullmatch(r"(\d+)\.(\d+)\.(\d+)\s*", said.stdout)
    return tuple(map(int, found.groups())) if found else None
