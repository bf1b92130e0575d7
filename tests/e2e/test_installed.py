import json
import os
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from tests.e2e.programs import Completed, Kcli

pytestmark = [pytest.mark.slow, pytest.mark.builds]


@pytest.fixture(scope="module")
def wheel(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built by way of the source distribution, as an index would serve it."""
    folder = tmp_path_factory.mktemp("built")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", folder],
        cwd=root,
        check=True,
        capture_output=True,
    )
    subprocess.run(["tar", "-xzf", next(folder.glob("*.tar.gz")), "-C", folder], check=True)
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder],
        cwd=next(path for path in folder.iterdir() if path.is_dir()),
        check=True,
        capture_output=True,
    )
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def wheel_environment(root: Path, wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment that holds the wheel and its dependencies, at their locked versions."""
    folder = tmp_path_factory.mktemp("clean") / "venv"
    uv = shutil.which("uv", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    assert uv, "uv is in the dev group"
    venv.create(folder, symlinks=True)
    locked = folder.parent / "constraints.txt"
    lines = (root / "requirements.lock").read_text().splitlines()
    locked.write_text(
        "\n".join(line.removesuffix("\\") for line in lines if not line.startswith((" ", "#")))
    )
    subprocess.run(
        [uv, "pip", "install", "--quiet", "--python", folder, "--constraints", locked, wheel],
        env={**os.environ, "UV_SYSTEM_CERTS": "1"},
        check=True,
    )
    return folder


@pytest.fixture
def installed(wheel_environment: Path, tmp_path: Path) -> Kcli:
    """Runs the installed command in an empty folder, with nothing of the project around."""

    variables = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "COLUMNS": "80"}
    return Kcli(tmp_path, variables, [wheel_environment / "bin" / "kcli"])


def test_the_wheel_holds_the_function_its_template_and_no_leftovers(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert "kinesis_cli/_bundled/template.yaml" in names
    assert "kinesis_cli/_bundled/lambda_function/new_message_processor/handler.py" in names
    assert "kinesis_cli/py.typed" in names
    assert [name for name in names if "__pycache__" in name or name.startswith("tests")] == []


def test_the_installed_command_starts(installed: Kcli) -> None:
    assert installed("--version").stdout.startswith("kcli ")
    assert installed("--help").returncode == 0


def test_the_installed_command_has_its_pages_and_schemas(installed: Kcli) -> None:
    assert "Ten minutes" in installed("docs", "tutorial").stdout
    assert json.loads(installed("schema", "config").stdout)["title"].startswith("kcli config")


def test_the_wheel_stays_small(wheel: Path) -> None:
    assert wheel.stat().st_size < 2_000_000


def test_in_an_empty_folder_the_bundled_function_is_simulated(installed: Kcli) -> None:
    event = installed("event", "--count", "3", "--temperature", "20", "--seed", "1").stdout
    run = installed("simulate", "-", "--output", "json", given=event)
    assert run.returncode == 0, run.stderr
    result = json.loads(run.stdout)
    assert result["function"]["handler"] == "new_message_processor.handler.function_handler"
    assert (result["summary"]["records"], result["summary"]["succeeded"]) == (3, 3)


def test_in_an_empty_folder_the_bundled_function_is_invoked(installed: Kcli) -> None:
    run = installed("invoke", "--temperature", "150", "--output", "json")
    assert run.returncode == 0, run.stderr
    assert len(json.loads(run.stdout)["batchItemFailures"]) == 1


@pytest.mark.parametrize("tool", ["uv tool", "pipx", "pip"])
def test_what_is_missing_is_said_with_a_line_that_installs_it(
    tool: str, root: Path, wheel: Path, tmp_path: Path
) -> None:
    """Run that line in a shell, and the command again."""
    uv = shutil.which("uv", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    assert uv, "uv is in the dev group"
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "uv").symlink_to(uv)
    environment = {
        **{name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"},
        "PATH": f"{folder}:{os.environ['PATH']}",
        "UV_SYSTEM_CERTS": "1",
        "UV_TOOL_DIR": str(tmp_path / "tools"),
        "UV_TOOL_BIN_DIR": str(folder),
        "PIPX_HOME": str(tmp_path / "pipx"),
        "PIPX_BIN_DIR": str(folder),
        "PIPX_DEFAULT_BACKEND": "pip",
        "COLUMNS": "1000",
    }

    def sh(line: str) -> Completed:
        return subprocess.run(
            ["sh", "-c", line], cwd=tmp_path, env=environment, capture_output=True, text=True
        )

    if tool == "pipx":
        (folder / "pipx").write_text('#!/bin/sh\nexec uv tool run --quiet pipx "$@"\n')
        (folder / "pipx").chmod(0o755)
    first = {
        "uv tool": f"uv tool install {wheel}",
        "pipx": f"pipx install {wheel}",
        "pip": f"{sys.executable} -m venv env && env/bin/pip install {wheel}"
        " && ln -s ../env/bin/kcli bin",
    }[tool]
    installed = sh(first)
    assert installed.returncode == 0, installed.stderr
    (tmp_path / "mine.j2").write_text('{"name": "{{ fake.name() }}"}')

    refused = sh(f"{folder}/kcli event --template mine.j2")
    assert refused.returncode == 2
    assert "needs the package jinja2, which is not installed" in refused.stderr
    line = refused.stderr.partition("Install it: ")[2].strip().strip("`")
    assert line.startswith(tool) or tool == "pip"
    added = sh(line)
    assert added.returncode == 0, added.stderr
    assert '"Records"' in sh(f"{folder}/kcli event --template mine.j2").stdout


def test_the_library_is_typed_and_usable_without_the_command_line(wheel_environment: Path) -> None:
    program = "import kinesis_cli, sys; from kinesis_cli import KinesisEvent, EventSourceMapping"
    subprocess.run(
        [
            wheel_environment / "bin" / "python",
            "-c",
            f"{program}; sys.exit('typer' in sys.modules)",
        ],
        check=True,
        cwd=wheel_environment,
    )
