import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.programs import KCLI

ROOT = Path(__file__).parent.parent.parent
README = (ROOT / "README.md").read_text()

# ```console blocks: a line beginning with "$ " is a command, what follows is its output;
# "…" stands for any lines left out, at a line's end for any rest of the line.
SESSIONS = re.findall(r"^```console\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def commands() -> list[tuple[str, str]]:
    steps = [
        step for session in SESSIONS for step in re.split(r"^\$ ", session, flags=re.M) if step
    ]
    return [(command, output) for command, _, output in (step.partition("\n") for step in steps)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A copy of what the README's commands work on; they run there in order."""
    copy = tmp_path_factory.mktemp("readme")
    for name in ("fixtures", "lambda_function"):
        shutil.copytree(ROOT / name, copy / name)
    shutil.copy(ROOT / "template.yaml", copy)
    yield copy
    subprocess.run([*KCLI, "local", "stop"], cwd=copy, check=False, capture_output=True)


def test_the_commands_of_the_readme_print_what_it_shows(folder: Path) -> None:
    for command, output in commands():  # in order: what one starts, the next ones use
        script = f'set -o pipefail; kcli() {{ {shlex.join(KCLI)} "$@"; }}; {command}'
        run = subprocess.run(
            ["bash", "-c", script],
            cwd=folder,
            env={"PATH": "/usr/bin:/bin", "COLUMNS": "80"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
        )
        assert run.returncode == 0, f"{command}:\n{run.stdout}"
        shown = r"\n".join(pattern(line.rstrip()) for line in output.splitlines())
        printed = "\n".join(line.rstrip() for line in run.stdout.splitlines())
        assert re.fullmatch(shown, printed), f"{command} prints:\n{run.stdout}"


def pattern(line: str) -> str:
    if line == "…":
        return r"(.*\n)*?.*"
    return re.escape(line.removesuffix("…")) + (".*" if line.endswith("…") else "")


def test_the_readme_shows_commands() -> None:
    assert len(commands()) >= 3


@pytest.mark.parametrize(
    "page", [ROOT / "README.md", ROOT / "CONTRIBUTING.md"], ids=lambda p: p.name
)
def test_no_link_of_a_page_is_dead(page: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text())
    local = [link for link in links if "://" not in link]
    assert [link for link in local if not (page.parent / link).exists()] == []


@pytest.mark.parametrize(
    ("script", "made"),
    [
        ("docs/make_cli_reference.py", "docs/cli-reference.md"),
        ("docs/make_completions.py", "kinesis_cli/cli/completions.json"),
        ("docs/make_screenshot.py", "docs/simulate.svg"),
    ],
)
def test_what_is_made_from_the_commands_is_up_to_date(script: str, made: str) -> None:
    run = subprocess.run(
        [sys.executable, ROOT / script, "-"], capture_output=True, text=True, check=True
    )
    assert run.stdout == (ROOT / made).read_text(), "stale: run `make docs`"


@pytest.mark.parametrize("program", re.findall(r"^```python\n(.*?)^```", README, re.M | re.S))
def test_each_python_example_of_the_readme_runs(program: str, folder: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, timeout=60
    )
    assert run.returncode == 0, run.stderr
