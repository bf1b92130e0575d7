"""Each example of docs/dynamodb-streams.md, run in a copy of examples/table."""

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import forks
from tests.e2e.programs import KCLI
from tests.e2e.test_docs import pattern, steps
from tests.e2e.test_examples import EXAMPLES, run_tests
from tests.patience import PATIENCE

pytestmark = pytest.mark.slow

PAGE = EXAMPLES.parent / "docs" / "dynamodb-streams.md"
PROGRAMS = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
OTHER_PYTHON = re.compile(r"The template says python3\.\d+, and this is Python")


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "table"
    shutil.copytree(EXAMPLES / "table", folder, ignore=shutil.ignore_patterns(".*"))
    yield folder
    forks.run([*KCLI, "local", "stop"], folder)


def run(command: str, folder: Path) -> str:
    python = shlex.quote(sys.executable)
    functions = f'kcli() {{ {shlex.join(KCLI)} "$@"; }}; python() {{ {python} "$@"; }}'
    script = f"set -o pipefail; {functions}; {command}"
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=folder,
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", "COLUMNS": "80", "HOME": str(folder.parent)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, f"{command}:\n{done.stdout}"
    return done.stdout


def test_the_commands_of_the_page_print_what_it_shows(project: Path) -> None:
    shown_steps = steps(PAGE)
    assert len(shown_steps) >= 8
    for command, output in shown_steps:
        shown = r"\n".join(pattern(line.rstrip()) for line in output.splitlines())
        lines = run(command, project).splitlines()
        printed = "\n".join(line.rstrip() for line in lines if not OTHER_PYTHON.match(line))
        assert re.fullmatch(shown, printed), f"{command} prints:\n{printed}"


def test_the_tests_of_the_page_pass(project: Path) -> None:
    for number, program in enumerate(PROGRAMS):
        (project / "tests" / f"test_page_{number}.py").write_text(program)
    done = run_tests(project)
    assert done.returncode == 0, done.stdout
    expected = sum(len(re.findall(r"^def test_", each, re.M)) for each in PROGRAMS)
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed
    assert int(passed[1]) == expected + 4  # the example's own
