"""Each example of docs/testing.md is a test that runs."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests import forks, user_state
from tests.e2e.programs import KCLI
from tests.e2e.test_docs import pattern
from tests.e2e.test_examples import EXAMPLES, run_tests

pytestmark = pytest.mark.slow

PAGE = (EXAMPLES.parent / "docs" / "testing.md").read_text()
PROGRAMS = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def block(language: str) -> str:
    (found,) = re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    return str(found)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "plain"
    hidden = shutil.ignore_patterns(".*", "tests")
    shutil.copytree(EXAMPLES / "plain", folder, ignore=hidden)
    (folder / "tests").mkdir()
    return folder


def test_the_examples_pass(project: Path) -> None:
    for number, program in enumerate(PROGRAMS):
        (project / "tests" / f"test_page_{number}.py").write_text(program)
    expected = sum(len(re.findall(r"^\s*(?:async )?def test_", each, re.M)) for each in PROGRAMS)
    done = run_tests(project, "--snapshot-update", "--strict-markers")
    assert done.returncode == 0, done.stdout
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed
    assert int(passed[1]) == expected + 3  # one of them has four faults
    assert len(PROGRAMS) >= 10


def test_the_command_of_a_failed_test_prints_what_the_page_shows(project: Path) -> None:
    shutil.copy(EXAMPLES / "plain" / "tests" / "test_app.py", project / "tests")
    app = project / "src" / "app.py"
    app.write_text(app.read_text().replace("except (ValueError, KeyError)", "except KeyError"))
    assert run_tests(project, "-k", "given_up_alone").returncode == 1
    command, _, output = block("console").removeprefix("$ ").partition("\n")
    environment = {"PATH": "/usr/bin:/bin", "COLUMNS": "80", **user_state.apart()}
    again = forks.run([*KCLI, *shlex.split(command)[1:]], project, environment)
    assert again.returncode == 0, again.stderr
    expected = r"\n".join(pattern(line.rstrip()) for line in output.splitlines())
    printed = "\n".join(line.rstrip() for line in again.stdout.splitlines())
    assert re.fullmatch(expected, printed), printed


def test_the_configuration_that_the_page_shows_is_read(project: Path) -> None:
    (project / "infra").mkdir()
    (project / "template.yaml").rename(project / "infra" / "template.yaml")
    (project / "pytest.ini").write_text(f"{block('ini')}pythonpath = src\n")
    (project / "tests" / "test_it.py").write_text(
        "def test_it(kinesis):\n"
        "    run = kinesis.deliver([1], lambda event, context: None)\n"
        "    assert run.mapping_origin == 'template.yaml, OrdersFunction'\n"
    )
    done = run_tests(project)
    assert done.returncode == 0, done.stdout


def test_the_readme_shows_one_of_the_examples() -> None:
    readme = (EXAMPLES.parent / "README.md").read_text()
    (shown,) = re.findall(r"^```py\n(.*?)^```", readme, re.MULTILINE | re.DOTALL)
    assert shown in PROGRAMS


TYPED = """
from kinesis_cli.testing import Kinesis, KinesisLocal, LambdaContext, Record, Run


def handler(event: dict[str, object], context: LambdaContext) -> dict[str, list[object]]:
    context.get_remaining_time_in_millis()
    return {"batchItemFailures": []}


def test_types(kinesis: Kinesis, kinesis_local: KinesisLocal) -> None:
    records: list[Record] = kinesis.records([{"v": 1}, b"x", "y", 1.5, None], key="device-1")
    run: Run = kinesis.deliver(records, handler, BatchSize=10, inject=["throttle@1"])
    discarded: list[Record] = run.discarded
    assert discarded == [records[1]]
    assert run.succeeded + run.deliveries(records[0]) == 3
    kinesis.at("+60").records([1], key=lambda payload: str(payload["v"]))
    stream = kinesis_local.stream(shards=2, MaximumRetryAttempts=1)
    kinesis.drain(stream.arn, handler, BatchSize=1)
    kinesis.deliver(records, handler, BatchSise=10)  # a mistake
"""


@pytest.mark.slow
def test_tests_of_users_are_checked_by_mypy_and_a_misspelt_setting_is_found(
    project: Path,
) -> None:
    file = project / "tests" / "test_types.py"
    file.write_text(TYPED)
    mypy = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(project / "cache")]
    done = subprocess.run(
        [*mypy, str(file)], cwd=project, capture_output=True, text=True, check=False
    )
    assert done.stdout.count("error:") == 1, done.stdout
    assert 'Unexpected keyword argument "BatchSise"' in done.stdout
