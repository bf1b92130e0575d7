import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from kinesis_cli.recordings.recording import Recording
from tests import forks
from tests.e2e.programs import KCLI
from tests.patience import PATIENCE

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent.parent
README = (ROOT / "README.md").read_text()
# whose commands run
TOURS = [
    ROOT / "README.md",
    *(
        ROOT / "docs" / f"{name}.md"
        for name in (
            *("aggregates", "batch-size", "check", "ci", "lint", "local", "mapping"),
            *("reading-a-delivery", "replay", "simulate"),
        )
    ),
]
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("*/README.md")]
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "COLUMNS": "80"}

# said where the tests run in another Python than the template's
OTHER_PYTHON = re.compile(r"The template says python3\.\d+, and this is Python")

named = pytest.mark.parametrize("page", TOURS, ids=lambda page: page.name)


def steps(page: Path) -> list[tuple[str, str]]:
    """The commands of a page, each with its output.

    In ```console blocks a line beginning with "$ " is a command, what follows is its output; "…"
    stands for any lines left out, within a line for any part of it.
    """
    sessions = re.findall(r"^```console\n(.*?)^```", page.read_text(), re.M | re.S)
    return [step for session in sessions for step in steps_of(session)]


def steps_of(session: str) -> list[tuple[str, str]]:
    found = re.split(r"^\$ ", session, flags=re.M)
    return [
        (command, output) for command, _, output in (s.partition("\n") for s in found) if command
    ]


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A copy of what the commands work on; those of a page run there in order."""
    copy = tmp_path / "clone"
    copy.mkdir()
    for name in ("fixtures", "lambda_function"):
        shutil.copytree(ROOT / name, copy / name)
    shutil.copy(ROOT / "template.yaml", copy)
    yield copy
    forks.run([*KCLI, "local", "stop"], copy)


def run(command: str, folder: Path) -> str:
    script = f'set -o pipefail; kcli() {{ {shlex.join(KCLI)} "$@"; }}; {command}'
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=folder,
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, f"{command}:\n{done.stdout}"
    return done.stdout


@named
def test_the_commands_of_a_page_print_what_it_shows(page: Path, folder: Path) -> None:
    for command, output in steps(page):  # in order: what one starts, the next ones use
        assert_prints(command, output, folder)


def assert_prints(command: str, output: str, folder: Path) -> None:
    shown = r"\n".join(pattern(line.rstrip()) for line in output.splitlines())
    lines = run(command, folder).splitlines()
    printed = "\n".join(line.rstrip() for line in lines if not OTHER_PYTHON.match(line))
    assert re.fullmatch(shown, printed), f"{command} prints:\n{printed}"


def pattern(line: str) -> str:
    if line == "…":
        return r"(.*\n)*?.*"
    return ".*".join(re.escape(part) for part in line.split("…"))


def test_each_block_of_the_tutorial_runs_in_an_empty_folder(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "tutorial.md").read_text()
    blocks = re.findall(r"^```(sh|console)\n(.*?)^```", text, re.M | re.S)
    assert len(blocks) >= 6
    for language, block in blocks:
        if language == "sh":
            run(block, tmp_path)
        else:
            for command, output in steps_of(block):
                assert_prints(command, output, tmp_path)


def test_the_commands_of_the_workflow_for_ci_end_well(folder: Path) -> None:
    (text,) = re.findall(r"^```yaml\n(.*?)^```", (ROOT / "docs/ci.md").read_text(), re.M | re.S)
    steps = yaml.safe_load(text)["jobs"]["stream"]["steps"]
    commands = [step["run"] for step in steps if step.get("run", "").startswith("kcli ")]
    assert len(commands) == 3
    for command in commands:
        run(command, folder)


@named
def test_a_page_shows_commands(page: Path) -> None:
    assert len(steps(page)) >= 3


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_link_of_a_page_is_dead(page: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text())
    local = [link for link in links if "://" not in link]
    assert [link for link in local if not (page.parent / link).exists()] == []


def test_the_recordings_among_the_fixtures_are_what_their_commands_make(folder: Path) -> None:
    (script,) = re.findall(
        r"^```sh\n(.*?)^```", (ROOT / "fixtures" / "README.md").read_text(), re.M | re.S
    )
    names = re.findall(r"-o (fixtures/\S+)", script)
    assert len(names) == 3
    for name in names:
        (folder / name).unlink()
    run(script, folder)
    for name in names:
        with (
            Recording.open([str(ROOT / name)]) as kept,
            Recording.open([str(folder / name)]) as made,
        ):
            assert list(made.records()) == list(kept.records())


@pytest.mark.parametrize(
    ("script", "made"),
    [
        ("docs/make_cli_reference.py -", "docs/cli-reference.md"),
        ("docs/make_completions.py -", "kinesis_cli/cli/completions.json"),
        ("docs/make_lint_rules.py -", "docs/lint.md"),
        ("docs/make_screenshot.py - check.svg", "docs/check.svg"),
        ("docs/make_screenshot.py - lint.svg", "docs/lint.svg"),
        ("docs/make_screenshot.py - simulate.svg", "docs/simulate.svg"),
        ("docs/make_screenshot.py - testing.svg", "docs/testing.svg"),
        ("docs/make_screenshot.py - timeline.svg", "docs/timeline.svg"),
    ],
)
def test_what_is_made_from_the_commands_is_up_to_date(script: str, made: str) -> None:
    done = subprocess.run(
        [sys.executable, *script.split()], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == (ROOT / made).read_text(), "stale: run `make docs`"


@pytest.mark.parametrize("program", re.findall(r"^```python\n(.*?)^```", README, re.M | re.S))
def test_each_python_example_of_the_readme_runs(program: str, folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
