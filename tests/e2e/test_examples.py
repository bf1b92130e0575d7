"""The projects in examples/: what a newcomer copies passes, and says what is wrong when it is."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests import forks
from tests.e2e.programs import KCLI
from tests.patience import PATIENCE

pytestmark = pytest.mark.slow

EXAMPLES = Path(__file__).parent.parent.parent / "examples"
NAMES = sorted(each.name for each in EXAMPLES.iterdir() if each.is_dir())
WARNINGS = "ignore::pytest.PytestDeprecationWarning"  # of pytest-asyncio, which is installed here
# Nothing of this very run of pytest.
ENVIRONMENT = {
    name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "AWS_"))
}


@pytest.fixture
def copy(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    folder = tmp_path / "project"
    shutil.copytree(EXAMPLES / request.param, folder, ignore=shutil.ignore_patterns(".*"))
    return folder


def run_tests(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-W", WARNINGS, *arguments],
        cwd=folder,
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=PATIENCE,
    )


@pytest.mark.parametrize("copy", NAMES, indirect=True)
def test_the_tests_of_an_example_pass(copy: Path, request: pytest.FixtureRequest) -> None:
    if "nodejs" in request.node.name and shutil.which("node") is None:
        pytest.skip("needs Node.js")
    done = run_tests(copy)
    assert done.returncode == 0, done.stdout
    assert re.search(r"\d+ passed", done.stdout)


@pytest.mark.parametrize("copy", ["plain"], indirect=True)
def test_a_broken_example_says_what_becomes_of_the_records_and_how_to_see_it_again(
    copy: Path,
) -> None:
    app = copy / "src" / "app.py"
    app.write_text(app.read_text().replace("except (ValueError, KeyError)", "except KeyError"))
    done = run_tests(copy, "-k", "given_up_alone")
    assert done.returncode == 1
    assert re.search(r"E +record 1 \(.*\) was delivered twice, not once", done.stdout), done.stdout
    assert "json.decoder.JSONDecodeError: Expecting value" in done.stdout
    # of the delivery; under CI, pytest's summary has the assertion's own, too, indented
    command = re.findall(r"^to see it again: kcli (.*)", done.stdout, re.MULTILINE)[-1]
    shown = forks.run([*KCLI, *shlex.split(command)], copy)
    assert shown.returncode == 0, shown.stderr
    assert "It ended: discarded" in shown.stdout


def test_the_page_of_the_examples_names_each() -> None:
    named = re.findall(
        r"^\| \[(\w+)\]\((\w+)\)", (EXAMPLES / "README.md").read_text(), re.MULTILINE
    )
    assert sorted(named) == [(name, name) for name in NAMES]
