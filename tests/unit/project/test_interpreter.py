"""Which Python runs a function: the first that applies, and why."""

import base64
import hashlib
import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from kinesis_cli.errors import InputError
from kinesis_cli.project import interpreter as interpreters
from kinesis_cli.project.find import find_function
from kinesis_cli.project.interpreter import Interpreter, choose_interpreter, project_root

NONE: Mapping[str, str] = {}
VERSION = tuple(sys.version_info[:3])


def environment_in(folder: Path, version: str = "3.12.4") -> Path:
    """What looks like an environment of Python. Returns its interpreter."""
    python = folder / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    (folder / "pyvenv.cfg").write_text(f"home = /usr/bin\nversion = {version}\n")
    return python


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with a template and a function in `src`."""
    for name in ("VIRTUAL_ENV", "CONDA_PREFIX", "CONDA_DEFAULT_ENV", "KCLI_PYTHON"):
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "project"
    (folder / "src").mkdir(parents=True)
    (folder / ".git").mkdir()
    (folder / "src" / "app.py").write_text("def handler(event, context): pass")
    (folder / "template.yaml").write_text(
        "Resources: {F: {Type: AWS::Serverless::Function, "
        "Properties: {Runtime: python3.12, Handler: app.handler, CodeUri: src}}}"
    )
    monkeypatch.chdir(folder)
    return folder


def chosen(project: Path, environment: Mapping[str, str] = NONE) -> Interpreter:
    return choose_interpreter([project / "src", project], environment=environment)


def test_without_any_environment_it_is_kclis_own(project: Path) -> None:
    found = chosen(project)
    assert (found.path, found.version, found.is_own) == (Path(sys.executable), VERSION, True)
    assert str(found).endswith("(kcli's own)")


def test_the_nearest_environment_of_the_project_comes_before_kclis_own(project: Path) -> None:
    outside = environment_in(project.parent / ".venv")
    assert chosen(project).is_own  # above the project's root nothing counts
    above = environment_in(project / "venv")
    assert (chosen(project).path, chosen(project).why) == (above, "venv")
    beside = environment_in(project / "src" / ".venv")
    found = chosen(project)
    assert (found.path, found.version, found.is_own) == (beside, (3, 12, 4), False)
    assert str(found) == "Python 3.12.4 (src/.venv)"
    assert outside.exists()


def test_an_activated_environment_comes_before_those_of_the_project(project: Path) -> None:
    environment_in(project / ".venv")
    active = environment_in(project.parent / "active")
    found = chosen(project, {"VIRTUAL_ENV": str(project.parent / "active")})
    assert (found.path, found.why) == (active, "VIRTUAL_ENV")
    found = chosen(project, {"CONDA_PREFIX": str(project.parent / "active")})
    assert (found.path, found.why) == (active, "CONDA_PREFIX")
    base = {"CONDA_PREFIX": str(project.parent / "active"), "CONDA_DEFAULT_ENV": "base"}
    assert chosen(project, base).why == ".venv"
    assert chosen(project, {"VIRTUAL_ENV": str(project / "gone")}).why == ".venv"


def test_an_environment_whose_python_is_gone_is_passed_over(project: Path) -> None:
    python = environment_in(project / ".venv")
    python.unlink()
    python.symlink_to(project / "no longer there")
    assert chosen(project).is_own


def test_the_activated_environment_may_be_kclis_own(project: Path) -> None:
    found = chosen(project, {"VIRTUAL_ENV": sys.prefix})
    assert found.is_own
    assert found.why == "VIRTUAL_ENV"


def test_what_is_named_comes_first(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    environment_in(project / ".venv")
    environment_in(project / "named")
    (project / "pyproject.toml").write_text("[tool.kcli]\npython = 'named/bin/python'\n")

    def found(**options: str) -> tuple[Path, str]:
        interpreter = find_function(directory=project / "src", **options).interpreter  # type: ignore[arg-type]
        assert interpreter is not None
        return interpreter.path, interpreter.why

    assert found() == (project / "named" / "bin" / "python", "pyproject.toml")
    monkeypatch.setenv("KCLI_PYTHON", str(project / ".venv"))
    assert found() == (project / ".venv" / "bin" / "python", "KCLI_PYTHON")
    assert found(python=sys.executable) == (Path(sys.executable), "--python")
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent))
    assert found(python="python3") == (Path(sys.executable).parent / "python3", "--python")


@pytest.mark.parametrize(
    ("named", "problem"),
    [
        ("nowhere/python", "there is no Python nowhere/python"),
        ("src", "src is not an environment"),
        ("template.yaml", "does not run as a Python"),
        ("no-such-command", "there is no Python no-such-command"),
    ],
)
def test_what_is_named_and_cannot_run_is_one_sentence(
    project: Path, named: str, problem: str
) -> None:
    with pytest.raises(InputError, match=problem) as caught:
        find_function(python=named)
    assert caught.value.place == "--python"


def test_a_python_that_is_too_old_is_refused(project: Path) -> None:
    old = project / "old"
    old.write_text("#!/bin/sh\necho 3.6.15\n")
    old.chmod(0o755)
    with pytest.raises(InputError, match=r"is Python 3\.6\.15, kcli runs functions in 3\.9"):
        find_function(python=str(old))


def test_a_difference_to_the_templates_runtime_is_one_note(project: Path) -> None:
    python = environment_in(project / ".venv", version="3.10.1")
    found = find_function()
    assert found.notes == (
        "The template says python3.12, and this is Python 3.10.1; --python names another one.",
    )
    (python.parent.parent / "pyvenv.cfg").write_text("version_info = 3.12.0.final.0\n")
    assert find_function().notes == ()


def test_the_function_that_kcli_ships_runs_in_kclis_own_python(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment_in(tmp_path / ".venv")
    monkeypatch.setenv("VIRTUAL_ENV", str(tmp_path / ".venv"))
    assert find_function(directory=tmp_path).interpreter is None


def _mark(path: Path) -> str:
    digest = hashlib.sha256(str(path).encode()).digest()
    return base64.urlsafe_b64encode(digest).decode()[:8]


def test_environments_that_package_managers_keep_elsewhere_are_found(project: Path) -> None:
    home = project.parent / "home"
    poetry = home / "pypoetry" / f"app-{_mark(project.resolve())}-py3.12"
    pipenv = home / "pipenv" / f"project-{_mark(project / 'Pipfile')}"
    for folder in (poetry, pipenv, home / "pdm"):
        environment_in(folder)
    variables = {
        "POETRY_VIRTUALENVS_PATH": str(home / "pypoetry"),
        "WORKON_HOME": str(home / "pipenv"),
    }
    assert chosen(project, variables).is_own  # none of their files is there
    (project / "Pipfile").touch()
    assert chosen(project, variables).path == pipenv / "bin" / "python"
    (project / "poetry.lock").touch()
    assert chosen(project, variables).path == poetry / "bin" / "python"
    (project / ".pdm-python").write_text(str(home / "pdm" / "bin" / "python"))
    assert str(chosen(project, variables)) == "Python 3.12.4 (PDM's environment of .)"
    environment_in(project / "of-uv")
    assert chosen(project, {**variables, "UV_PROJECT_ENVIRONMENT": "of-uv"}).why == "of-uv"


def test_a_command_in_an_environment_of_its_own_lends_it_to_no_function(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool = project.parent / "tool"
    tool.mkdir()
    (tool / "uv-receipt.toml").touch()
    monkeypatch.setattr(sys, "prefix", str(tool))
    found = chosen(project)
    assert not found.is_own
    assert found.is_bare  # nothing can be installed there for this project
    assert found.path == Path(interpreters._base_interpreter())
    assert "no environment of the project was found" in str(found)


def test_the_root_is_the_repositorys_or_the_highest_marked_folder(tmp_path: Path) -> None:
    deep = tmp_path / "a" / "b" / "c"
    deep.mkdir(parents=True)
    assert project_root(deep) == deep
    (tmp_path / "a" / "b" / "requirements.txt").touch()
    (tmp_path / "a" / "pyproject.toml").touch()
    assert project_root(deep) == tmp_path / "a"
    (tmp_path / "a" / "b" / ".git").mkdir()
    assert project_root(deep) == tmp_path / "a" / "b"


def test_asking_an_interpreter_for_its_version_starts_it_only_where_no_file_says_it(
    project: Path,
) -> None:
    python = environment_in(project / ".venv")
    python.unlink()
    python.write_text("#!/bin/sh\nexit 1\n")
    python.chmod(0o755)
    assert chosen(project).version == (3, 12, 4)
    (project / ".venv" / "pyvenv.cfg").unlink()
    assert chosen(project).is_own  # it does not run
    shutil.rmtree(project / ".venv")
    assert os.environ.get("VIRTUAL_ENV") is None
