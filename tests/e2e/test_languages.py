"""Projects in other languages, as a stranger runs them: one command, with nothing said about it."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from kinesis_cli.local.client.process import stop_server
from tests.e2e.local_endpoint import document
from tests.e2e.programs import KCLI, Completed, Kcli
from tests.language_builds import LANGUAGES, Language
from tests.patience import PATIENCE

pytestmark = [
    pytest.mark.slow,
    pytest.mark.builds,
    pytest.mark.skipif(sys.platform != "linux", reason="functions are isolated on Linux"),
]
has_node = pytest.mark.skipif(shutil.which("node") is None, reason="there is no Node.js")

TEMPLATE = """\
Transform: AWS::Serverless-2016-10-31
Resources:
  Orders: {Type: AWS::Kinesis::Stream, Properties: {ShardCount: 1}}
  Worker:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: RUNTIME
      Handler: HANDLER
      CodeUri: src/
      Timeout: 30
      MemorySize: 512
      Events: {In: {Type: Kinesis, Properties: {Stream: !GetAtt Orders.Arn, StartingPosition: TRIM_HORIZON, FunctionResponseTypes: [ReportBatchItemFailures], MaximumRetryAttempts: 0}}}
"""  # noqa: E501
NODE = """\
exports.handler = async (event) => {
  const failed = event.Records.filter((each) => atob(each.kinesis.data).includes('bad'));
  console.log(`${event.Records.length} records`);
  return { batchItemFailures: failed.map((each) => ({ itemIdentifier: each.kinesis.sequenceNumber })) };
};
"""  # noqa: E501
PAYLOADS = "good 1\nbad 2\ngood 3\n"


def write(folder: Path, runtime: str, handler: str = "app.handler") -> Path:
    (folder / "src").mkdir(exist_ok=True)
    text = TEMPLATE.replace("RUNTIME", runtime).replace("HANDLER", handler)
    (folder / "template.yaml").write_text(text)
    (folder / "payloads.txt").write_text(PAYLOADS)
    return folder


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Path]:
    """A SAM project in Node.js, with nothing but its template and its code."""
    folder = write(tmp_path, "nodejs22.x")
    (folder / "src" / "app.js").write_text(NODE)
    yield folder
    if (folder / ".kcli").is_dir():
        stop_server(folder / ".kcli")


@has_node
def test_simulate_runs_a_nodejs_project_and_says_that_the_clock_is_real(
    node: Path, kcli: Kcli
) -> None:
    run = kcli("simulate", "payloads.txt", "--raw", "--output", "json")
    result = document(run)
    assert result["function"]["runtime"].startswith("isolated, Node.js ")
    assert result["summary"]["discarded"] == 2  # the rest of the batch goes with the bad one
    assert {each["outcome"] for each in result["invocations"]} == {"partial"}
    assert "A function on nodejs22.x sees the real clock, not the simulation's." in run.stderr
    shown = kcli("simulate", "payloads.txt", "--raw").stdout
    assert "handler  app.handler (isolated, Node.js " in shown


@has_node
def test_invoke_runs_it_and_shows_its_log(node: Path, kcli: Kcli) -> None:
    result = document(kcli("invoke", "payloads.txt", "--raw", "--output", "json"))
    assert len(result["batchItemFailures"]) == 1
    assert any(line.endswith("\tINFO\t3 records") for line in result["logs"])


@has_node
def test_local_runs_it_too(node: Path, kcli: Kcli, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    put = kcli("put", "--from", "payloads.txt")
    assert put.returncode == 0, put.stderr
    waited = kcli("local", "wait", "--idle", "--timeout", str(PATIENCE))
    assert waited.returncode == 0, waited.stderr
    (mapping,) = document(kcli("local", "status", "--output", "json"))["mappings"]
    assert (mapping["state"], mapping["backlog"]) == ("Enabled", 0)
    logs = kcli("tail-logs", "--output", "ndjson", "--since", "1h", "--no-follow")
    messages = [json.loads(line)["message"] for line in logs.stdout.splitlines()]
    assert any("\tINFO\t3 records" in message for message in messages), logs.stderr
    called = kcli("invoke", "payloads.txt", "--raw", "--remote", "--output", "json")
    assert len(document(called)["batchItemFailures"]) == 1


@has_node
def test_options_that_need_kclis_own_process_are_refused_for_it(node: Path, kcli: Kcli) -> None:
    refused = kcli("simulate", "payloads.txt", "--raw", "--debug-at", "1")
    assert refused.returncode == 2
    assert "--isolated" not in refused.stderr


@has_node
@pytest.mark.parametrize(
    ("code", "problem", "advice"),
    [
        ("require('@aws-sdk/client-s3/x')", "Cannot find module '@aws-sdk/client-s3/x'",
         "npm install @aws-sdk/client-s3), or build the project: sam build. Lambda's Node.js"),
        ("require('./nowhere')", "Cannot find module './nowhere'", "--keep-failing-init"),
    ],
)  # fmt: skip
def test_a_package_that_is_missing_is_one_error_at_once(
    code: str, problem: str, advice: str, node: Path, kcli: Kcli
) -> None:
    (node / "src" / "app.js").write_text(f"{code}; exports.handler = () => new Promise(() => {{}})")
    for command in ("simulate", "invoke"):
        refused = kcli(command, "payloads.txt", "--raw")
        said = " ".join(refused.stderr.split())
        assert (refused.returncode, refused.stdout) == (2, "")
        assert problem in said
        assert advice in said
        assert "Require stack" not in said
        assert ("npm install" in said) == ("npm install" in advice)


@has_node
def test_a_file_can_be_named_without_a_template(node: Path, kcli: Kcli) -> None:
    (node / "template.yaml").unlink()
    options = ("--raw", "--handler", "src/app.js:handler", "--output", "json")
    result = document(kcli("invoke", "payloads.txt", *options))
    assert len(result["batchItemFailures"]) == 1
    refused = kcli("invoke", "payloads.txt", "--raw", "--handler", "src/none.js:handler")
    assert "there is no file src/none.js" in refused.stderr


@has_node
def test_programs_load_such_a_function_too(node: Path) -> None:
    from kinesis_cli import Recording, load_handler, simulate

    handler = load_handler(template=node / "template.yaml")
    try:
        with Recording.open([str(node / "payloads.txt")], raw=True) as recording:
            result = simulate(recording, handler, {"MaximumRetryAttempts": 0})
    finally:
        handler.close()
    assert result.summary.succeeded == 3  # without ReportBatchItemFailures


def built(language: str) -> Language:
    (found,) = (each for each in LANGUAGES if each.name == language)
    return found


@pytest.mark.parametrize(
    "language",
    [
        pytest.param(name, marks=pytest.mark.xdist_group(f"language-{name}"))
        for name in ("rust", "go", "java")
    ],
)
def test_a_project_that_is_built_runs_with_one_command(
    language: str, tmp_path: Path, kcli: Kcli
) -> None:
    found = built(language)
    code = found.folder()
    folder = write(tmp_path, found.runtime, found.handler)
    shutil.copytree(code, folder / "src", dirs_exist_ok=True)
    result = document(kcli("simulate", "payloads.txt", "--raw", "--output", "json"))
    assert result["summary"]["succeeded"] == 3
    assert result["function"]["runtime"].startswith("isolated, ")


@pytest.mark.parametrize(
    ("language", "handler"),
    [
        ("rust", "./bootstrap"),
        ("go", "./bootstrap"),
        ("java", "Conformance::handleRequest"),
        ("javascript", "conformance.js:handler"),
    ],
)
def test_what_was_built_runs_without_a_template(
    language: str, handler: str, tmp_path: Path, kcli: Kcli
) -> None:
    shutil.copytree(built(language).folder(), tmp_path, dirs_exist_ok=True)
    (tmp_path / "payloads.txt").write_text(PAYLOADS)
    run = kcli("simulate", "payloads.txt", "--raw", "--handler", handler, "--output", "json")
    result = document(run)
    assert result["summary"]["succeeded"] == 3
    assert result["function"]["runtime"].startswith("isolated, ")


def test_java_finds_the_client_that_maven_fetched_for_all_projects(
    tmp_path: Path, kcli: Kcli
) -> None:
    """A fat jar, as most build it: with all its libraries but Lambda's own client."""
    code = built("java").folder()
    folder = write(tmp_path, "java17", "Conformance")
    shutil.copytree(code, folder / "src", dirs_exist_ok=True)
    store = tmp_path / "home" / ".m2" / "repository" / "com" / "amazonaws"
    for jar in (folder / "src" / "lib").glob("aws-lambda-java-*.jar"):
        name, _, version = jar.stem.rpartition("-")
        place = store / name / version
        place.mkdir(parents=True)
        jar.rename(place / jar.name)
    refused = kcli("simulate", "payloads.txt", "--raw", HOME=str(tmp_path))
    assert refused.returncode == 2
    assert "`mvn dependency:get -Dartifact=com.amazonaws:aws-lambda-java-" in refused.stderr
    home = str(tmp_path / "home")
    result = document(kcli("simulate", "payloads.txt", "--raw", "--output", "json", HOME=home))
    assert result["summary"]["succeeded"] == 3


@pytest.mark.parametrize(
    ("runtime", "said"),
    [
        ("provided.al2023", "there is no executable bootstrap"),
        ("ruby3.3", "--runtime-command"),
        ("java21", "AWS's runtime client for Java is not on the class path"),
    ],
)
def test_what_is_missing_is_one_sentence(
    runtime: str, said: str, tmp_path: Path, kcli: Kcli
) -> None:
    if runtime.startswith("java") and shutil.which("java") is None:
        pytest.skip("there is no Java")
    write(tmp_path, runtime)
    for command in ("simulate", "invoke"):
        # Maven's store in another home may have what is missing
        refused = kcli(command, "payloads.txt", "--raw", HOME=str(tmp_path))
        assert (refused.returncode, refused.stdout) == (2, "")
        assert said in " ".join(refused.stderr.split())
        assert "Traceback" not in refused.stderr


@has_node
def test_the_wheels_runtime_for_nodejs_is_there(tmp_path: Path, root: Path) -> None:
    script = "from kinesis_cli.handlers.isolated.runtimes import nodejs; print(nodejs._OWN_CLIENT)"
    run: Completed = subprocess.run(
        [KCLI[0], "-c", script], capture_output=True, text=True, cwd=tmp_path
    )
    assert Path(run.stdout.strip()).is_file(), run.stderr
