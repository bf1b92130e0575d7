"""docs/languages.md: its files are written, its commands run, and print what the page shows."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.programs import KCLI

pytestmark = [
    pytest.mark.slow,
    pytest.mark.builds,
    pytest.mark.skipif(sys.platform != "linux", reason="functions are isolated on Linux"),
]

PAGE = (Path(__file__).parents[2] / "docs" / "languages.md").read_text()
FILES = re.findall(r"^`([\w./-]+)`:\n\n```\w+\n(.*?)^```", PAGE, re.M | re.S)
STEPS = [
    step.partition("\n")
    for session in re.findall(r"^```console\n(.*?)^```", PAGE, re.M | re.S)
    for step in re.split(r"^\$ ", session, flags=re.M)
    if step
]
OTHER = {
    "ruby": (
        "ruby3.3",
        "app.handler",
        ["ruby", "bundle"],
        "bundle init && bundle add aws_lambda_ric",
        "'bundle exec aws_lambda_ric {handler}'",
    ),
    "dotnet": (
        "dotnet8",
        "Readings",
        ["dotnet"],
        "dotnet publish --configuration Release --output publish",
        "'dotnet publish/Readings.dll'",
    ),
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with the page's files."""
    for name, content in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
    return tmp_path


def run(command: str, folder: Path) -> str:
    script = f'set -eo pipefail; kcli() {{ {shlex.join(KCLI)} "$@"; }}; {command}'
    done = subprocess.run(
        ["bash", "-c", script], cwd=folder, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, f"{command}:\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.mark.skipif(shutil.which("node") is None, reason="there is no Node.js")
@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl")
def test_the_commands_of_the_page_print_what_it_shows(project: Path) -> None:
    assert len(STEPS) >= 6
    for command, _, shown in STEPS:
        printed = run(command, project)
        for line in shown.splitlines():
            pattern = r"\s+".join(map(re.escape, line.replace("…", "\0").split()))
            pattern = pattern.replace("\0", ".*").replace("\\\0", ".*")
            assert re.search(pattern, printed), f"{command} does not print {line!r}:\n{printed}"


@pytest.mark.parametrize("language", OTHER)
def test_the_example_of_another_runtime_runs_where_its_tools_are(
    language: str, project: Path
) -> None:
    runtime, handler, tools, build, command = OTHER[language]
    assert f"--runtime-command {command}" in PAGE
    assert f"`Runtime: {runtime}`, `Handler: {handler}` and `CodeUri: {language}/`" in PAGE
    if missing := [tool for tool in tools if shutil.which(tool) is None]:
        pytest.skip(f"{language}: there is no {' and no '.join(missing)} on this machine")
    assert f"(cd {language} && {build})" in PAGE
    run(f"cd {language} && {build}", project)
    template = (project / "template.yaml").read_text()
    for old, new in (("nodejs22.x", runtime), ("app.handler", handler), ("src", language)):
        template = template.replace(old, new)
    (project / "template.yaml").write_text(template)
    printed = run(f"kcli simulate readings.txt --raw --runtime-command {command}", project)
    assert "3 records: 1 succeeded, 2 discarded" in printed


def test_every_place_of_the_page_is_one_where_kcli_looks() -> None:
    folder = Path(__file__).parents[2] / "kinesis_cli" / "handlers" / "isolated" / "runtimes"
    sources = "".join(source.read_text() for source in folder.glob("*.py"))
    for named in ("target/classes", "target/dependency", "build/classes/java/main", "java/lib"):
        assert f"`{named}`" in PAGE
        assert named in sources
