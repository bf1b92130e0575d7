"""The GitHub Action and the pre-commit hook, run as far as they run without GitHub."""

import json
import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests import forks
from tests.e2e.programs import KCLI
from tests.patience import PATIENCE

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text())
[HOOK] = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
STEPS = {step.get("name", step.get("uses")): step for step in ACTION["runs"]["steps"]}


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A project, and a kcli where the action installs it."""
    shutil.copytree(ROOT / "fixtures" / "lint", tmp_path / "work space")
    kcli = tmp_path / "kcli" / "bin" / "kcli"
    kcli.parent.mkdir(parents=True)
    kcli.write_text(f'#!/bin/sh\nexec {shlex.join(KCLI)} "$@"\n')
    kcli.chmod(0o755)
    return tmp_path


def lint(workspace: Path, **inputs: str) -> tuple[int, str, Path]:
    """The action's step, with the defaults that it gives its inputs."""
    given = {name: str(each.get("default", "")) for name, each in ACTION["inputs"].items()}
    given |= {name.replace("_", "-"): value for name, value in inputs.items()}
    output = workspace / "output"

    def value(text: str) -> str:
        text = text.replace("${{ runner.temp }}", str(workspace))
        return re.sub(r"\$\{\{ inputs\.([\w-]+) \}\}", lambda match: given[match[1]], text)

    step = STEPS["Lint"]
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
        cwd=workspace / "work space",
        env={
            **os.environ,
            **{name: value(text) for name, text in step["env"].items()},
            "GITHUB_OUTPUT": str(output),
        },
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    if output.is_file():
        assert output.read_text() == f"sarif={workspace / 'kcli.sarif'}\n"
    return done.returncode, done.stdout, workspace / "kcli.sarif"


def test_the_action_annotates_writes_sarif_and_fails_on_errors(workspace: Path) -> None:
    code, stdout, sarif = lint(workspace)
    assert code == 1
    assert stdout.startswith("::error file=template.yaml,line=17,title=K001")
    assert len(json.loads(sarif.read_text())["runs"][0]["results"]) == 7


def test_the_action_takes_templates_and_arguments_a_line_each(workspace: Path) -> None:
    code, stdout, _ = lint(
        workspace,
        templates="template.yaml\n\ncareful/template.yaml\n",
        arguments="--ignore=K001\n--ignore=K003\n",
    )
    assert code == 0
    assert stdout.startswith("::warning")


def test_nothing_of_an_input_is_run_as_a_script(workspace: Path) -> None:
    code, _, sarif = lint(
        workspace, templates="careful/template.yaml\n$(touch hacked)`touch hacked`"
    )
    assert code == 2
    assert sarif.read_text() == ""
    assert not list(workspace.rglob("hacked"))
    for step in ACTION["runs"]["steps"]:
        assert "${{" not in step.get("run", "")


def test_the_action_names_only_inputs_that_it_has() -> None:
    named = set(re.findall(r"inputs\.([\w-]+)", (ROOT / "action.yml").read_text()))
    assert named == set(ACTION["inputs"])


def test_the_hook_takes_the_files_that_are_named_like_templates() -> None:
    files = re.compile(HOOK["files"])
    assert all(map(files.search, ("template.yaml", "infra/template.yml", "a/b/template.json")))
    assert not any(map(files.search, ("values.yaml", "my-template.yaml", "template.yaml.j2")))


def test_the_hook_fails_where_it_is_told_to(workspace: Path) -> None:
    command = [*KCLI, *shlex.split(HOOK["entry"])[1:], "--fail-on", "error"]
    for file, code in (("careful/template.yaml", 0), ("template.yaml", 1)):
        done = forks.run([*command, file], workspace / "work space")
        assert done.returncode == code
