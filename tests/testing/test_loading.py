"""What the plugin costs those who do not use it."""

import json
import os
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

ALONE = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONDONTWRITEBYTECODE": ""}
HEAVY = {*("boto3", "botocore", "typer", "pydantic", "rich"), "yaml", "msgspec", "time_machine"}
OWN_SHARE = 0.02  # of `pytest --collect-only`, at most
TRIES = 10  # of which the best counts: the machine may be busy


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "test_it.py").write_text(
        "def test_it(): pass\ndef test_kinesis(kinesis): kinesis.records([1])\n"
    )
    return tmp_path


def run(project: Path, code: str) -> str:
    told = subprocess.run(
        [sys.executable, "-c", code], cwd=project, env=ALONE, capture_output=True, text=True
    )
    assert told.returncode == 0, told.stderr
    return told.stdout.splitlines()[-1]


def test_pytest_finds_the_plugin() -> None:
    (found,) = entry_points(group="pytest11", name="kinesis_cli")
    assert found.value == "kinesis_cli.testing.plugin"


LOADED = """
import json, sys, pytest
pytest.main([*{arguments}, "-q", "-p", "kinesis_cli.testing.plugin", "-p", "no:cacheprovider"])
print(json.dumps(sorted(sys.modules)))
"""


@pytest.mark.parametrize("arguments", [["--collect-only"], ["test_it.py::test_it"]])
def test_loading_it_imports_next_to_nothing(project: Path, arguments: list[str]) -> None:
    loaded = json.loads(run(project, LOADED.format(arguments=arguments)))
    assert not {each.partition(".")[0] for each in loaded} & HEAVY
    ours = [each for each in loaded if each.partition(".")[0] == "kinesis_cli"]
    assert ours == [
        "kinesis_cli",
        "kinesis_cli.errors",
        "kinesis_cli.handlers",
        "kinesis_cli.handlers.runner",
        "kinesis_cli.handlers.runner.virtual_time",
        "kinesis_cli.testing",
        "kinesis_cli.testing.current",
        "kinesis_cli.testing.plugin",
    ]


def test_a_delivery_imports_no_boto3_typer_or_pydantic(project: Path) -> None:
    code = """
        import sys
        from kinesis_cli.testing import deliver
        deliver([1], lambda event, context: None, mapping={}).assert_all_handled()
        print(sorted({"boto3", "botocore", "typer", "pydantic", "rich"} & set(sys.modules)))
    """
    assert run(project, "\n".join(line.strip() for line in code.splitlines())) == "[]"


SHARE = """
import time
import pytest
began = time.process_time()
import kinesis_cli.testing.plugin
own = time.process_time() - began
arguments = ["--collect-only", "-q", "-p", "kinesis_cli.testing.plugin", "-p", "no:cacheprovider"]
assert pytest.main(arguments) == 0
print(own / time.process_time())
"""


def test_loading_it_takes_a_fiftieth_of_collecting_at_most(project: Path) -> None:
    best = 1.0
    for _ in range(TRIES):  # in the processor's time: what else runs meanwhile does not count
        best = min(best, float(run(project, SHARE)))
        if best <= OWN_SHARE:
            break
    assert best <= OWN_SHARE
