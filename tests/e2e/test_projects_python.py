"""A project's handler sees its own packages in every mode, or is told what is missing."""

import json
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.e2e.programs import Kcli
from tests.pythons import another_python, new_environment

pytestmark = pytest.mark.slow

HERE = f"python{sys.version_info.major}.{sys.version_info.minor}"
MODES = [["simulate"], ["invoke"], ["simulate", "--isolated"], ["invoke", "--isolated"]]
modes = pytest.mark.parametrize("mode", MODES, ids=" ".join)
TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Orders: {Type: AWS::Kinesis::Stream, Properties: {ShardCount: 1}}
  Shared: {Type: AWS::Serverless::LayerVersion, Properties: {ContentUri: layer/}}
  Worker:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: RUNTIME
      Handler: app.handler
      CodeUri: src/
      Timeout: 20
      Layers: [!Ref Shared]
      Events:
        In: {Type: Kinesis, Properties: {Stream: !GetAtt Orders.Arn, StartingPosition: LATEST}}
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("VIRTUAL_ENV", "CONDA_PREFIX", "KCLI_PYTHON"):
        monkeypatch.delenv(name, raising=False)
    for folder in ("src", "layer/python"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "template.yaml").write_text(TEMPLATE.replace("RUNTIME", HERE))
    (tmp_path / "one.txt").write_text('{"a": 1}\n')
    return tmp_path


def raised(kcli: Kcli, mode: list[str], *options: str) -> str:
    """The message of the exception that the handler raised."""
    json_output = ["--raw", "one.txt", "--output", "json", *options]
    retries = ["--maximum-retry-attempts", "0"] if mode[0] == "simulate" else []
    done = kcli(*mode, *json_output, *retries)
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    error = document["error"] if mode[0] == "invoke" else document["invocations"][0]["error"]
    return str(error["errorMessage"])


@modes
def test_the_code_may_bring_packages_that_kcli_has_in_other_versions(
    kcli: Kcli, project: Path, mode: list[str]
) -> None:
    for name in ("yaml", "pydantic"):
        (project / "src" / name).mkdir()
        (project / "src" / name / "__init__.py").write_text("VERSION = 'of the project'")
    (project / "src" / "app.py").write_text(
        "import pydantic, yaml\n"
        "def handler(e, c): raise ValueError(f'{yaml.VERSION}, {pydantic.VERSION}')"
    )
    assert raised(kcli, mode) == "of the project, of the project"


@modes
def test_the_packages_of_the_projects_environment_are_there_and_kclis_are_not(
    kcli: Kcli, project: Path, mode: list[str]
) -> None:
    new_environment(project / ".venv", yaml="VERSION = 'of the environment'")
    (project / "src" / "app.py").write_text(
        "import yaml\n"
        "from importlib.util import find_spec\n"
        "def handler(e, c): raise ValueError(f\"{yaml.VERSION}, {find_spec('msgspec')}\")"
    )
    assert raised(kcli, mode) == "of the environment, None"


@modes
def test_boto3_is_there_as_in_lambdas_python_and_said_once(
    kcli: Kcli, project: Path, mode: list[str]
) -> None:
    new_environment(project / ".venv")
    (project / "src" / "app.py").write_text(
        "import boto3, botocore.session, dateutil.parser\n"
        "from importlib.util import find_spec\n"
        "def handler(e, c): raise ValueError(f\"{boto3.__version__}, {find_spec('msgspec')}\")"
    )
    assert raised(kcli, mode) == f"{version('boto3')}, None"
    retries = ["--maximum-retry-attempts", "1"] if mode[0] == "simulate" else []
    done = kcli(*mode, "--raw", "one.txt", "--output", "json", *retries)
    told = "boto3 is kcli's, as Lambda's Python brings one: Python "
    if mode == ["invoke", "--isolated"]:
        assert str(json.loads(done.stdout)["logs"]).count(told) == 1
    elif "--isolated" not in mode:  # where a simulation shows no log
        assert done.stderr.count(told) == 1


@modes
def test_a_missing_package_is_one_clear_error_at_once(
    kcli: Kcli, project: Path, mode: list[str]
) -> None:
    (project / "src" / "app.py").write_text("import requests_not_there\ndef handler(e, c): pass")
    done = kcli(*mode, "--raw", "one.txt")
    assert (done.returncode, done.stdout) == (2, "")
    assert "No module named 'requests_not_there'" in done.stderr
    for part in (sys.executable, "sam build", "--python"):
        assert part in done.stderr
    assert "Traceback" not in done.stderr
    kept = raised(kcli, mode, "--keep-failing-init")
    assert kept == "Unable to import module 'app': No module named 'requests_not_there'"


@modes
def test_a_missing_name_that_is_a_folder_of_the_project_says_how_it_is_found(
    kcli: Kcli, project: Path, mode: list[str]
) -> None:
    (project / ".git").mkdir()
    (project / "common").mkdir()
    (project / "common" / "__init__.py").touch()
    (project / "src" / "app.py").write_text("import common\ndef handler(e, c): pass")
    done = kcli(*mode, "--raw", "one.txt")
    assert done.returncode == 2
    assert f"common is in {project}, above the function's code" in done.stderr
    assert "Handler src.app.handler" in done.stderr
    found = kcli("invoke", "--raw", "one.txt", "--handler", "src.app.handler")
    assert found.returncode == 0


@modes
def test_a_local_layer_is_on_the_path(kcli: Kcli, project: Path, mode: list[str]) -> None:
    (project / "layer" / "python" / "shared_code.py").write_text("X = 'of the layer'")
    (project / "src" / "app.py").write_text(
        "import shared_code\ndef handler(e, c): raise ValueError(shared_code.X)"
    )
    assert raised(kcli, mode) == "of the layer"


@modes
def test_a_newer_runtime_is_one_note_and_named_where_the_code_is_too_new(
    kcli: Kcli, project: Path, mode: list[str]
) -> None:
    (project / "template.yaml").write_text(TEMPLATE.replace("RUNTIME", "python3.99"))
    (project / "src" / "app.py").write_text("def handler(e, c): pass")
    done = kcli(*mode, "--raw", "one.txt")
    assert done.returncode == 0
    assert done.stderr.count("The template says python3.99, and this is Python") == 1
    (project / "src" / "app.py").write_text("from tomorrow import:\ndef handler(e, c): pass")
    done = kcli(*mode, "--raw", "one.txt")
    assert done.returncode == 2
    error = done.stderr[done.stderr.index("kcli: ") :]
    assert "invalid syntax" in error
    assert "The template says python3.99, and this is Python" in " ".join(error.split())


def test_another_release_of_python_is_used_where_the_project_has_it(
    kcli: Kcli, project: Path
) -> None:
    python = another_python()
    if python is None:
        pytest.skip("this machine has one release of Python only")
    (project / "src" / "app.py").write_text(
        "import sys\ndef handler(e, c): raise ValueError('%d.%d' % sys.version_info[:2])"
    )
    release = raised(kcli, ["simulate"], "--python", str(python))
    assert release != HERE.removeprefix("python")
    (project / "pyproject.toml").write_text(f"[tool.kcli]\npython = '{python}'\n")
    assert raised(kcli, ["invoke"]) == release
    shown = kcli("invoke", "--raw", "one.txt")
    assert f"Python {release}." in shown.stdout
    assert "(pyproject.toml)" in " ".join(shown.stdout.split())
