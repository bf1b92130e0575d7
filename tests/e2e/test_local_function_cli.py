"""The function alive, by the command line: kcli, and the AWS CLI of a newcomer."""

import json
import re
import shlex
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kinesis_cli.local.client.process import stop_server
from kinesis_cli.local.state import read_server
from tests.e2e.local_endpoint import write_project
from tests.e2e.programs import KCLI, Kcli, Terminal, without_aws
from tests.patience import PATIENCE
from tests.templates import fed_function

pytestmark = pytest.mark.slow

pytest.importorskip("awslambdaric")

TEMPLATE = fed_function(settings={"MaximumRetryAttempts": 0})
APP = """\
import base64


def handler(event, context):
    for record in event.get("Records", ()):
        data = base64.b64decode(record["kinesis"]["data"]).decode()
        print("got", data)
        if "bad" in data:
            raise ValueError(data)
    return {"records": len(event.get("Records", ()))}
"""
# A runtime of any language: asks for an event, answers it, and so on.
RUNTIME = """\
import json, os, sys, urllib.request

api = f"http://{os.environ['AWS_LAMBDA_RUNTIME_API']}/2018-06-01/runtime/invocation"
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
while True:
    with opener.open(f"{api}/next") as event:
        request = event.headers["Lambda-Runtime-Aws-Request-Id"]
        event.read()
    answer = json.dumps(f"called {sys.argv[1]}").encode()
    opener.open(f"{api}/{request}/response", data=answer).read()
"""
HOSTILE = "bad \x1b[31m\x9b31m\u202e[red]"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return write_project(tmp_path / "project", APP, TEMPLATE)


@pytest.fixture
def working_directory(project: Path) -> Path:
    return project


@pytest.fixture
def environment() -> dict[str, str]:
    return without_aws()


def put(project: Path, *data: str) -> None:
    import boto3

    server = read_server(project / ".kcli")
    assert server is not None
    client = boto3.client(
        "kinesis",
        endpoint_url=server.endpoint,
        region_name=server.region,
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )
    for each in data:
        client.put_record(StreamName="orders", PartitionKey="k", Data=each.encode())


def status(kcli: Kcli) -> Any:  # noqa: ANN401 - a JSON document
    return json.loads(kcli("local", "status", "--output", "json").stdout)


def test_wait_returns_when_all_is_handled_and_status_shows_the_mapping(
    kcli: Kcli, project: Path
) -> None:
    assert kcli("local", "start", "--detach").returncode == 0
    put(project, "one", "two")
    assert kcli("local", "wait", "--idle", "--timeout", str(PATIENCE)).returncode == 0
    (mapping,) = status(kcli)["mappings"]
    assert mapping.pop("iteratorAgeSeconds") >= 0
    assert mapping == {"function": "Fn", "stream": "orders", "state": "Enabled", "backlog": 0}
    table = kcli("local", "status").stdout
    assert re.search(r"Fn +orders +Enabled +0", table)
    assert "Fn: 2 records in" in kcli("local", "logs").stdout


def test_the_functions_log_says_how_long_its_calls_take(kcli: Kcli, project: Path) -> None:
    assert kcli("local", "start", "--detach").returncode == 0
    put(project, "one", "two")
    assert kcli("local", "wait", "--idle", "--timeout", str(PATIENCE)).returncode == 0
    event = project / "event.json"
    event.write_text(kcli("event", "--count", "3", "--data", "x").stdout)
    run = kcli("simulate", "event.json", "--duration-from", "tail-logs")
    assert run.returncode == 0
    assert re.search(
        r"invocation duration \d\.\d+, fitted to \d REPORT lines? of tail-logs", run.stderr
    )


def test_wait_gives_up_with_exit_code_1(kcli: Kcli, project: Path) -> None:
    (project / "src" / "app.py").write_text(
        "def handler(event, context):\n    import time; time.sleep(3600)\n"
    )
    template = project / "template.yaml"
    template.write_text(template.read_text().replace("CodeUri:", "Timeout: 900\n      CodeUri:"))
    assert kcli("local", "start", "--detach").returncode == 0
    put(project, "one")
    waited = kcli("local", "wait", "--idle", "--timeout", "0.1")
    assert waited.returncode == 1
    assert waited.stderr == "records or events are still waiting or being handled after 0.1 s\n"
    assert status(kcli)["mappings"][0]["backlog"] == 1


def test_wait_says_what_it_needs(kcli: Kcli, project: Path) -> None:
    assert "Say --idle." in kcli("local", "wait").stderr
    waited = kcli("local", "wait", "--idle")
    assert waited.returncode == 2
    assert "no local stream runs here" in waited.stderr


def test_without_awss_runtime_client_the_function_runs_in_kclis_own(
    kcli: Kcli, project: Path
) -> None:
    hidden = (
        "import sys, importlib.util as u; find = u.find_spec;"
        "u.find_spec = lambda name, *a: None if name == 'awslambdaric' else find(name, *a);"
        "from kinesis_cli.cli.main import main; sys.exit(main(sys.argv[1:]))"
    )
    server = subprocess.Popen(
        [sys.executable, "-c", hidden, "local", "start"],
        cwd=project,
        env={**without_aws(), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert server.stdout is not None
    for line in server.stdout:
        if "Point any client at it" in line:
            break
    put(project, "one")
    waited = kcli("local", "wait", "--idle", "--timeout", str(PATIENCE))
    assert waited.returncode == 0, waited.stderr
    assert status(kcli)["problems"] == []
    server.terminate()
    server.communicate(timeout=PATIENCE)


@pytest.mark.parametrize("options", [(), ("--no-reload",)])
def test_changed_code_is_used_unless_no_reload_is_said(
    kcli: Kcli, project: Path, options: tuple[str, ...]
) -> None:
    assert kcli("local", "start", "--detach", *options).returncode == 0
    put(project, "one")
    assert kcli("local", "wait", "--idle", "--timeout", str(PATIENCE)).returncode == 0
    app = project / "src" / "app.py"
    app.write_text(APP.replace("raise ValueError", "broken("))
    put(project, "two")
    waited = kcli("local", "wait", "--idle", "--timeout", str(PATIENCE))
    assert waited.returncode == (0 if options else 2), (
        waited.stderr
    )  # the new code cannot be loaded
    stop_server(project / ".kcli")
    log = (project / ".kcli" / "server.log").read_text()
    assert ("Runtime.UserCodeSyntaxError" in log) is not bool(options)


def _zip(project: Path, answer: str) -> None:
    with zipfile.ZipFile(project / "code.zip", "w") as archive:
        archive.writestr("app.py", f"def handler(event, context):\n    return {answer!r}\n")


def _answers(kcli: Kcli, answer: str) -> bool:
    run = kcli("invoke", "--remote", "--data", "x", "--output", "json")
    return run.returncode == 0 and json.loads(run.stdout)["response"] == answer


_BOOTSTRAP = """\
#!{python}
import os, urllib.request
api = f"http://{os.environ['AWS_LAMBDA_RUNTIME_API']}/2018-06-01/runtime/invocation"
while True:
    with urllib.request.urlopen(f"{api}/next") as event:
        event.read()
        name = event.headers["Lambda-Runtime-Aws-Request-Id"]
    urllib.request.urlopen(f"{api}/{name}/response", b'"of the bootstrap"').close()
"""


def test_an_executable_that_is_built_while_it_runs_is_used(kcli: Kcli, project: Path) -> None:
    template = project / "template.yaml"
    custom = TEMPLATE.replace("Runtime: python3.12", "Runtime: provided.al2023")
    template.write_text(custom)
    started = kcli("local", "start", "--detach")
    assert "Fn: there is no executable bootstrap" in started.stdout
    put(project, "one")
    waited = kcli("local", "wait", "--idle", "--timeout", str(PATIENCE))
    assert waited.returncode == 2
    assert "there is no executable bootstrap" in waited.stderr
    file = project / "src" / "bootstrap"
    file.write_text(_BOOTSTRAP.replace("{python}", sys.executable))
    deadline = time.monotonic() + PATIENCE
    while "is not executable" not in str(status(kcli)["problems"]):
        assert time.monotonic() < deadline
    file.chmod(0o755)
    while status(kcli)["problems"]:
        assert time.monotonic() < deadline
    assert kcli("local", "wait", "--idle", "--timeout", str(PATIENCE)).returncode == 0
    assert _answers(kcli, "of the bootstrap")
    log = (project / ".kcli" / "server.log").read_text()
    assert "the code of Fn has changed: it can run now" in log


def test_a_zip_that_is_built_while_it_runs_is_used_and_a_newer_one_too(
    kcli: Kcli, project: Path
) -> None:
    template = project / "template.yaml"
    template.write_text(TEMPLATE.replace("CodeUri: src", "CodeUri: code.zip"))
    started = kcli("local", "start", "--detach")
    assert "Does not run: Fn: CodeUri names code.zip, and there is no" in started.stdout
    deadline = time.monotonic() + PATIENCE
    for answer in ("first", "second"):
        _zip(project, answer)
        while not _answers(kcli, answer):
            assert time.monotonic() < deadline
    assert status(kcli)["problems"] == []
    assert "code.zip has changed: Fn with it" in (project / ".kcli" / "server.log").read_text()


def test_what_starts_functions_of_another_runtime_is_an_option_of_start(
    kcli: Kcli, project: Path
) -> None:
    template = project / "template.yaml"
    template.write_text(TEMPLATE.replace("python3.12", "ruby3.4"))
    (project / "run.py").write_text(RUNTIME)
    refused = kcli("local", "start", "--detach", "--runtime-command", "'")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "--runtime-command: is not a command" in refused.stderr
    command = f"{shlex.quote(sys.executable)} {shlex.quote(str(project / 'run.py'))} {{handler}}"
    started = kcli("local", "start", "--detach", "--runtime-command", command)
    assert "Does not run" not in started.stdout
    assert _answers(kcli, "called app.handler")


def test_a_missing_package_is_told_with_what_to_do_where_one_waits(
    kcli: Kcli, project: Path
) -> None:
    (project / "src" / "app.py").write_text("import not_there\n")
    assert kcli("local", "start", "--detach").returncode == 0
    put(project, "one")
    waited = kcli("local", "wait", "--idle", "--timeout", str(PATIENCE))
    told = " ".join(waited.stderr.split())
    assert waited.returncode == 2
    assert "Fn does not run: Runtime.ImportModuleError: Unable to import module 'app'" in told
    assert "has no not_there. Install it" in told
    assert "the Python that has it with `kcli local start --python PATH`." in told


def test_a_missing_package_is_told_before_there_is_a_record(kcli: Kcli, project: Path) -> None:
    (project / "src" / "app.py").write_text("import json\nimport not_there\n")
    started = kcli("local", "start", "--detach")
    assert started.returncode == 0
    status, waited = kcli("local", "status"), kcli("local", "wait", "--idle")
    assert waited.returncode == 2
    for run in (started.stdout, status.stdout, waited.stderr):
        assert "Unable to import module 'app': No module named 'not_there'" in " ".join(run.split())
    (project / "src" / "app.py").write_text("def handler(event, context): ...\n")
    put(project, "one")
    assert kcli("local", "wait", "--idle", "--timeout", str(PATIENCE)).returncode == 0
    assert "Does not run" not in kcli("local", "status").stdout


def test_on_a_terminal_a_table_follows_and_failures_are_told_harmlessly(
    project: Path, terminal: Callable[..., Terminal]
) -> None:
    session = terminal(*KCLI, "local", "start", cwd=project)
    session.read_until("kcli local env")
    put(project, "good", HOSTILE)
    screen = session.read_until("destination is configured")
    told = " ".join(row[9:] for row in session.rows if re.match(r"[\d:]{8} | {9}\S", row))
    assert re.search(r"\w shard 0, \d records? discarded, RetryAttemptsExhausted, no destin", told)
    for heading in ("Shard", "Batches", "Handled", "Discarded"):
        assert heading in screen
    assert "ValueError: bad \\x1b[31m\\x9b31m\\u202e[red]" in told
    assert "\x1b[31m\x9b" not in screen
    assert not {"\x9b", "\u202e"} & set(screen)
    session.type(b"\x03")
    session.read_all()
    assert session.process.wait(timeout=PATIENCE) == 0
    assert "Traceback" not in session.written


def test_the_aws_cli_invokes_the_function_and_reads_its_log(aws_cli: Path, project: Path) -> None:
    script = f"""
        set -e
        kcli() {{ {shlex.join(KCLI)} "$@"; }}; aws() {{ {aws_cli} "$@"; }}
        kcli local start --detach >&2
        eval "$(kcli local env)"
        aws kinesis put-record --stream-name orders --partition-key k --data hello >&2
        aws kinesis put-record --stream-name orders --partition-key k --data bad >&2
        kcli local wait --idle --timeout 30
        aws lambda invoke --function-name Fn --payload '{{}}' answer.json --query StatusCode
        cat answer.json; echo
        aws logs filter-log-events --log-group-name /aws/lambda/Fn --filter-pattern got \\
            --query 'events[].message' --output text
        aws lambda list-event-source-mappings --query 'EventSourceMappings[].State' --output text
        aws cloudformation describe-stack-resources --stack-name kcli \\
            --query 'StackResources[].PhysicalResourceId' --output text
    """
    run = subprocess.run(
        ["bash", "-c", script],
        cwd=project,
        env=without_aws(),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert run.returncode == 0, run.stderr
    status_code, answer, log, state, resources = run.stdout.splitlines()
    assert (status_code, answer, state) == ("200", '{"records": 0}', "Enabled")
    assert "got hello" in log
    assert resources.split() == ["orders", "Fn"]
