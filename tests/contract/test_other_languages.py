"""Functions of other languages than Python: what starts them, and what they see."""

import json
import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from kinesis_cli.errors import InputError
from kinesis_cli.event_source_mapping.invocation import InvocationResult
from kinesis_cli.handlers import handler_of
from kinesis_cli.handlers.isolated import IsolatedHandler
from kinesis_cli.handlers.isolated.runtimes import command_for
from kinesis_cli.handlers.options import HandlerOptions
from kinesis_cli.project.find import find_function
from kinesis_cli.project.function import Function
from tests.unit.handler_files import REQUEST_ID, function_in, request

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="functions are isolated on Linux"),
]

# A runtime of its own in a few lines, as a Rust, Go or C++ function has one.
BOOTSTRAP = f"""\
#!{sys.executable}
import http.client, os
there = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
while True:
    there.request("GET", "/2018-06-01/runtime/invocation/next")
    event = there.getresponse()
    request_id, body = event.headers["Lambda-Runtime-Aws-Request-Id"], event.read()
    print("got", len(body), flush=True)
    there.request("POST", f"/2018-06-01/runtime/invocation/{{request_id}}/response", body)
    there.getresponse().read()
"""


def write_bootstrap(folder: Path, code: str = BOOTSTRAP, name: str = "bootstrap") -> None:
    (folder / name).write_text(dedent(code))
    (folder / name).chmod(0o755)


def test_a_bootstrap_is_the_whole_function(tmp_path: Path) -> None:
    write_bootstrap(tmp_path)
    function = function_in(tmp_path, handler="any", runtime="provided.al2023")
    handler = handler_of(function, HandlerOptions(wall_clock=True))
    assert isinstance(handler, IsolatedHandler)
    assert handler.runtime == "isolated, bootstrap, provided.al2023"
    result = handler.invoke(request(payload=b'{"a": 1}'))
    handler.close()
    assert (result.response, result.error) == ({"a": 1}, None)
    assert result.logs[0].startswith("INIT_START Runtime Version: provided:al2023\t")
    assert result.logs[1:3] == (f"START RequestId: {REQUEST_ID} Version: $LATEST", "got 8")


# After https://docs.aws.amazon.com/lambda/latest/dg/runtimes-walkthrough.html
WALKTHROUGH = """\
#!/bin/sh

set -euo pipefail
source $LAMBDA_TASK_ROOT/"$(echo $_HANDLER | cut -d. -f1).sh"
API="http://${AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime/invocation"
while true
do
  HEADERS="$(mktemp)"
  EVENT_DATA=$(curl -sS -LD "$HEADERS" --noproxy '*' "$API/next")
  REQUEST_ID=$(grep -Fi Lambda-Runtime-Aws-Request-Id "$HEADERS" | tr -d '[:space:]' | cut -d: -f2)
  RESPONSE=$($(echo "$_HANDLER" | cut -d. -f2) "$EVENT_DATA")
  curl -sS --noproxy '*' "$API/$REQUEST_ID/response" -d "$RESPONSE"
done
"""


@pytest.mark.skipif(not shutil.which("curl"), reason="AWS's example needs curl")
@pytest.mark.skipif(not shutil.which("bash"), reason="a script of sh needs bash, as on Lambda")
def test_a_script_of_sh_runs_in_bash_as_on_lambda(tmp_path: Path) -> None:
    write_bootstrap(tmp_path, WALKTHROUGH)
    (tmp_path / "function.sh").write_text('function handler () {\n  echo "[$1]"\n}\n')
    result = answered(function_in(tmp_path, handler="function.handler", runtime="provided.al2023"))
    assert (result.response, result.error) == ([{"a": 1}], None)


@pytest.mark.parametrize(
    ("prepare", "problem", "advice"),
    [
        (lambda folder: None, "there is no executable bootstrap", "sam build"),
        (lambda folder: (folder / "bootstrap").write_text(""), "is not executable", "chmod +x"),
    ],
    ids=["missing", "not executable"],
)
def test_a_bootstrap_that_cannot_be_run_is_said_at_once(
    tmp_path: Path, prepare: object, problem: str, advice: str
) -> None:
    prepare(tmp_path)  # type: ignore[operator]
    with pytest.raises(InputError, match=problem) as raised:
        IsolatedHandler(function_in(tmp_path, runtime="provided.al2"))
    assert advice in raised.value.advice
    assert str(tmp_path) in raised.value.place


def test_an_executable_of_another_machine_is_said_to_be_one(tmp_path: Path) -> None:
    (tmp_path / "bootstrap").write_bytes(b"\x7fELF" + bytes(60))
    (tmp_path / "bootstrap").chmod(0o755)
    with pytest.raises(InputError, match="cannot be started") as raised:
        answered(function_in(tmp_path, runtime="provided.al2023"))
    assert f"whose processor is {os.uname().machine}" in raised.value.advice


def test_a_runtime_that_kcli_cannot_start_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"runs on cobol85, and kcli has no runtime client for it"):
        IsolatedHandler(function_in(tmp_path, runtime="cobol85"))


@pytest.fixture
def template(tmp_path: Path) -> Callable[..., Path]:
    """`template(runtime, **properties)`: a project of one function that Kinesis feeds."""

    def template(runtime: str, handler: str = "app.handler", **properties: object) -> Path:
        function = {"Runtime": runtime, "Handler": handler, "CodeUri": "src/", "MemorySize": 512,
                    "Timeout": 30, **properties}  # fmt: skip
        stream = "arn:aws:kinesis:us-east-1:123456789012:stream/readings"
        event = {"Stream": stream, "StartingPosition": "TRIM_HORIZON"}
        function["Events"] = {"In": {"Type": "Kinesis", "Properties": event}}
        resource = {"Type": "AWS::Serverless::Function", "Properties": function}
        (tmp_path / "src").mkdir(exist_ok=True)
        file = tmp_path / "template.json"
        document = {"Transform": "AWS::Serverless-2016-10-31", "Resources": {"Fn": resource}}
        file.write_text(json.dumps(document))
        return file

    return template


def answered(function: Function, payload: bytes = b'{"a": 1}') -> InvocationResult:
    handler = IsolatedHandler(function)
    try:
        return handler.invoke(request(payload=payload))
    finally:
        handler.close()


@pytest.mark.parametrize(
    "runtime", ["ruby3.3", "dotnet8", "java21", "provided.al2023", "nodejs22.x"]
)
def test_a_command_starts_whatever_runtime_it_is(
    tmp_path: Path, template: Callable[..., Path], runtime: str
) -> None:
    file = template(runtime)
    write_bootstrap(tmp_path / "src", name="serve.py")
    command = f"{sys.executable} -u serve.py '{{handler}}' 'a b'"
    function = find_function(template=file, runtime_command=command)
    result = answered(function)
    assert (result.response, result.error) == ({"a": 1}, None)
    handler = IsolatedHandler(function)
    assert handler.runtime == f"isolated, {runtime} by {Path(sys.executable).name}"
    assert handler._command.arguments[1:] == ("-u", "serve.py", "app.handler", "a b")


def test_a_commands_path_counts_from_here_and_then_from_the_function(
    tmp_path: Path, template: Callable[..., Path]
) -> None:
    file = template("ruby3.3")
    write_bootstrap(tmp_path / "src", name="serve")
    write_bootstrap(tmp_path, BOOTSTRAP.replace('"got"', '"outside"'), name="outside")
    function = find_function(template=file, runtime_command="./serve", directory=tmp_path)
    assert "got 8" in answered(function).logs
    function = find_function(template=file, runtime_command="./outside", directory=tmp_path)
    assert "outside 8" in answered(function).logs


def test_a_command_may_be_a_setting_of_the_project(
    tmp_path: Path, template: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = template("ruby3.3")
    (tmp_path / "kcli.toml").write_text('runtime-command = "./bootstrap {handler}"\n')
    found = find_function(template=file, directory=tmp_path)
    assert found.runtime_command == ("./bootstrap", "{handler}")
    monkeypatch.setenv("KCLI_RUNTIME_COMMAND", "other")
    assert find_function(template=file, directory=tmp_path).runtime_command == ("other",)
    template("python3.13")
    (tmp_path / "src" / "app.py").write_text("def handler(event, context): pass\n")
    assert find_function(template=file, directory=tmp_path).runtime_command == ()


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        ("", "names no program"),
        ("'", "is not a command"),
        ("nowhere-at-all", "there is no program"),
    ],
)
def test_a_command_that_is_none_is_refused(
    template: Callable[..., Path], command: str, problem: str
) -> None:
    with pytest.raises(InputError, match=problem) as raised:
        IsolatedHandler(find_function(template=template("ruby3.3"), runtime_command=command))
    assert raised.value.place == "--runtime-command"


@pytest.mark.parametrize("runtime", ["ruby3.3", "dotnet8"])
def test_without_a_command_the_option_is_named(template: Callable[..., Path], runtime: str) -> None:
    with pytest.raises(InputError, match=f"runs on {runtime}") as raised:
        IsolatedHandler(find_function(template=template(runtime)))
    assert "--runtime-command" in raised.value.advice


def test_a_bootstrap_may_be_where_cargo_lambda_leaves_it_or_in_a_layer(tmp_path: Path) -> None:
    function = function_in(tmp_path, runtime="provided.al2023")
    layer = tmp_path / "layer"
    layer.mkdir()
    write_bootstrap(layer, BOOTSTRAP.replace('"got"', '"layer"'))
    assert "layer 8" in answered(replace(function, layers=(layer,))).logs
    built = tmp_path / "target" / "lambda" / "readings"
    built.mkdir(parents=True)
    write_bootstrap(built, BOOTSTRAP.replace('"got"', '"built"'))
    assert "built 8" in answered(function).logs


def test_a_wrapper_script_starts_the_runtime(tmp_path: Path) -> None:
    write_bootstrap(tmp_path, name="serve")
    (tmp_path / "wrap").write_text('#!/bin/sh\necho wrapped "$1" >&2\nexec "$@"\n')
    (tmp_path / "wrap").chmod(0o755)
    layer = tmp_path / "layer"
    layer.mkdir()
    (layer / "wrap").symlink_to(tmp_path / "wrap")
    for wrapper in (str(tmp_path / "wrap"), "/var/task/wrap", "/opt/wrap"):
        function = function_in(
            tmp_path,
            runtime="ruby3.3",
            runtime_command=("./serve",),
            layers=(layer,),
            environment={"AWS_LAMBDA_EXEC_WRAPPER": wrapper},
        )
        assert f"wrapped {tmp_path}/serve" in answered(function).logs


@pytest.mark.parametrize(
    ("wrapper", "runtime", "sentence"),
    [
        ("/opt/otel-handler", "ruby3.3", "/opt/otel-handler is in no layer on this machine"),
        ("/var/task/wrap", "provided.al2023", "on Lambda provided.al2023 ignores it, too"),
    ],
)
def test_a_wrapper_script_that_is_not_used_is_noted(
    tmp_path: Path, wrapper: str, runtime: str, sentence: str
) -> None:
    write_bootstrap(tmp_path)
    function = function_in(
        tmp_path,
        runtime=runtime,
        runtime_command=("./bootstrap",),
        environment={"AWS_LAMBDA_EXEC_WRAPPER": wrapper},
    )
    (note,) = IsolatedHandler(function).notes
    assert sentence in note
    assert answered(function).error is None


def test_a_wrapper_script_that_cannot_be_run_is_said_at_once(tmp_path: Path) -> None:
    write_bootstrap(tmp_path)
    settings: dict[str, Any] = {"runtime": "ruby3.3", "runtime_command": ("./bootstrap",)}
    environment = {"AWS_LAMBDA_EXEC_WRAPPER": "/var/task/wrap"}
    function = function_in(tmp_path, environment=environment, **settings)
    with pytest.raises(InputError, match="there is no "):
        IsolatedHandler(function)
    (tmp_path / "wrap").touch()
    with pytest.raises(InputError, match="is not executable"):
        IsolatedHandler(function)


def test_extensions_of_a_layer_are_named_and_not_run(tmp_path: Path) -> None:
    write_bootstrap(tmp_path)
    extensions = tmp_path / "layer" / "extensions"
    extensions.mkdir(parents=True)
    (extensions / "agent").write_text("#!/bin/sh\ntouch seen\n")
    (extensions / "agent").chmod(0o755)
    function = function_in(tmp_path, runtime="provided.al2023", layers=(tmp_path / "layer",))
    assert IsolatedHandler(function).notes == ("Extensions are not run: agent.",)
    assert answered(function).error is None
    assert not (tmp_path / "seen").exists()


# A client that a project brings along, in a few lines: `make soak` builds AWS's own, for a minute.
CLIENT = """\
import { createRequire } from 'node:module';
const [file, name] = process.argv[2].split('.');
const handler = createRequire(import.meta.url)(`${process.cwd()}/${file}.js`)[name];
const there = `http://${process.env.AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime/invocation`;
for (;;) {
  const next = await fetch(`${there}/next`);
  const id = next.headers.get('lambda-runtime-aws-request-id');
  const answer = JSON.stringify(await handler(await next.json()));
  await fetch(`${there}/${id}/response`, { method: 'POST', body: answer });
}
"""


@pytest.mark.skipif(shutil.which("node") is None, reason="there is no Node.js")
def test_awss_own_client_for_nodejs_runs_where_the_project_has_it(tmp_path: Path) -> None:
    package = tmp_path / "node_modules" / "aws-lambda-ric"
    package.mkdir(parents=True)
    described = {"version": "4.0.2", "bin": {"aws-lambda-ric": "./index.mjs"}}
    (package / "package.json").write_text(json.dumps(described))
    (package / "index.mjs").write_text(CLIENT)
    code = tmp_path / "src"
    code.mkdir()
    (code / "app.js").write_text(
        "exports.handler = async (event) => { console.log('by theirs'); return event.a + 1 }"
    )
    function = function_in(code, runtime="nodejs22.x", timeout=60.0, memory_size=512)
    command = command_for(function)
    assert command.client == "aws-lambda-ric-4.0.2"
    assert command.arguments[-2:] == (str(package / "index.mjs"), "app.handler")
    result = answered(function)
    assert (result.response, result.error) == (2, None)
    assert "by theirs" in result.logs
