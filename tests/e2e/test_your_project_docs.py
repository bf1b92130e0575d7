"""Each example of docs/your-project.md, run as a reader would: its files, then its commands."""

import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import forks
from tests.e2e.programs import KCLI
from tests.e2e.test_docs import pattern
from tests.language_builds import Sources
from tests.patience import PATIENCE

pytestmark = pytest.mark.slow

PAGE = (Path(__file__).parents[2] / "docs" / "your-project.md").read_text()
SECTIONS = [each for each in re.split(r"^## ", PAGE, flags=re.M)[1:] if "```console" in each]
# A file ("`name`:" and a block), or a session of commands, in the order of the page.
_STEP = re.compile(r"^`(\S+)`:\n\n```\w+\n(.*?)^```|^```console\n(.*?)^```", re.M | re.S)


# Needs its libraries, and so is built once for a user.
RUST = next(each for each in SECTIONS if each.startswith("Rust"))


def files_of(section: str) -> dict[str, str]:
    return {name: text for name, text, _ in _STEP.findall(section) if name}


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    project = tmp_path / "project"
    project.mkdir()
    yield project
    forks.run([*KCLI, "local", "stop"], project)


def run(command: str, folder: Path) -> str:
    script = f'kcli() {{ {shlex.join(KCLI)} "$@"; }}; {command}'
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=folder,
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", "COLUMNS": "80", "HOME": str(folder.parent)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=PATIENCE,
    )
    return done.stdout


@pytest.mark.parametrize(
    "section",
    [each for each in SECTIONS if each is not RUST],
    ids=lambda section: section.partition("\n")[0],
)
def test_the_commands_of_an_example_print_what_it_shows(section: str, folder: Path) -> None:
    if section.startswith("Node.js") and not shutil.which("node"):
        pytest.skip("Node.js is not installed")
    follow(section, folder)


@pytest.mark.builds
def test_the_commands_for_rust_print_what_they_show(tmp_path: Path) -> None:
    for name, text in files_of(RUST).items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    fetch, build = ["cargo", "fetch", "--quiet"], ["cargo", "build", "--quiet", "--offline"]
    built = Sources(
        "docs-rust", tools=["cargo"], fetch=fetch, build=lambda _: [build], source=tmp_path
    )
    follow(RUST.replace("$ cargo build --quiet\n", ""), built.folder())


def follow(section: str, folder: Path) -> None:
    """Write the files of an example, and run its commands."""
    for step in _STEP.finditer(section):
        name, text, session = step.groups()
        if name:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)
            continue
        for part in re.split(r"^\$ ", session, flags=re.M)[1:]:
            command, _, output = part.partition("\n")
            shown = r"\n".join(pattern(line.rstrip()) for line in output.splitlines())
            printed = "\n".join(line.rstrip() for line in run(command, folder).splitlines())
            assert re.fullmatch(shown, printed), f"{command} prints:\n{printed}"


def test_the_page_has_an_example_for_each_kind_of_project() -> None:
    kinds = {section.partition("\n")[0] for section in SECTIONS}
    wanted = {"Your packages", "CDK", "Terraform", "Node.js", "Rust", "Several functions"}
    assert {*wanted, "Tables, and what else the template names"} <= kinds
