"""Node.js functions in kcli's own runtime client: what they see and answer is as on Lambda."""

import json
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from kinesis_cli.errors import InputError
from kinesis_cli.event_source_mapping.invocation import InvocationResult
from kinesis_cli.handlers.isolated import IsolatedHandler
from kinesis_cli.handlers.options import HandlerOptions
from kinesis_cli.project.find import find_function
from kinesis_cli.project.function import Function
from tests.language_builds import LONG_BUILDS, Language
from tests.unit.handler_files import REQUEST_ID, function_in, request, write_code

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="functions are isolated on Linux"),
    pytest.mark.skipif(shutil.which("node") is None, reason="there is no Node.js"),
]

Run = Callable[..., IsolatedHandler]


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Run]:
    """`node(code, **settings)`: a handler of that code; its processes end with the test."""
    started: list[IsolatedHandler] = []

    def node(
        code: str, *, name: str = "app.js", keep_failing_init: bool = False, **settings: object
    ) -> IsolatedHandler:
        write_code(tmp_path, code, name)
        settings = {"runtime": "nodejs22.x", "timeout": 30.0, "memory_size": 512, **settings}
        function = function_in(tmp_path, **settings)  # type: ignore[arg-type]
        started.append(
            IsolatedHandler(function, HandlerOptions(keep_failing_init=keep_failing_init))
        )
        return started[-1]

    yield node
    for each in started:
        each.close()


def error_of(result: InvocationResult) -> tuple[str, str]:
    assert result.error is not None, result
    return result.error.error_type, result.error.error_message


def written(result: InvocationResult) -> list[str]:
    """What the function wrote, with TIME for the time."""
    lines = (re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z", "TIME", line) for line in result.logs)
    ours = ("INIT_", "START ", "END ", "REPORT ")
    return [line for line in lines if not line.startswith(ours)]


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("app.js", "exports.handler = async (event) => event.a + 1"),
        ("app.js", "module.exports.handler = (event, context, done) => done(null, event.a + 1)"),
        ("app.js", "exports.handler = (event, context) => context.succeed(event.a + 1)"),
        ("app.js", "exports.handler = (event, context) => context.done(null, event.a + 1)"),
        ("app.js", "exports.handler = (e) => new Promise((r) => setTimeout(r, 5, e.a + 1))"),
        ("app.cjs", "exports.handler = async (event) => event.a + 1"),
        ("app.mjs", "export const handler = async (event) => event.a + 1"),
        ("app.mjs", "const one = await 1; export const handler = async (e) => e.a + one"),
        (
            "app.js",
            "exports.handler = (event, context, done) => {"
            " done(null, event.a + 1); setTimeout(() => done(null, 'too late'), 5) }",
        ),
        (
            "app.js",
            "exports.handler = (event, context, done) => {"
            " context.callbackWaitsForEmptyEventLoop = false;"
            " setInterval(() => {}, 1000); done(null, event.a + 1) }",
        ),
    ],
    ids=[
        "async", "callback", "succeed", "done", "promise", ".cjs", "ES module", "top-level await",
        "only the first callback counts", "not waiting for timers",
    ],
)  # fmt: skip
def test_every_form_of_a_handler_answers(node: Run, name: str, code: str) -> None:
    handler = node(code, name=name)
    for number in (1, 2, 3):
        result = handler.invoke(request(payload=json.dumps({"a": number}).encode()))
        assert (result.response, result.error) == (number + 1, None)


def test_a_package_may_say_that_its_files_are_modules(node: Run, tmp_path: Path) -> None:
    write_code(tmp_path, '{"type": "module"}', "package.json")
    handler = node("export const inner = {handler: async () => import.meta.url}",
                   name="lib/app.js", handler="lib/app.inner.handler")  # fmt: skip
    assert handler.invoke(request()).response == (tmp_path / "lib" / "app.js").as_uri()


def test_a_callback_waits_until_nothing_is_left_to_do(node: Run) -> None:
    handler = node(
        """
        exports.handler = (event, context, done) => {
          setTimeout(() => console.log('later'), 20);
          done(null, 'answer');
        };
        """
    )
    result = handler.invoke(request())
    assert result.response == "answer"
    assert written(result) == [f"TIME\t{REQUEST_ID}\tINFO\tlater"]


@pytest.mark.parametrize("code", ["() => {}", "() => undefined", "async () => {}", "() => 7"])
def test_what_answers_nothing_is_null(node: Run, code: str) -> None:
    result = node(f"exports.handler = {code}").invoke(request())
    assert (result.response, result.error) == (None, None)


def test_the_context_is_lambdas(node: Run) -> None:
    handler = node(
        """
        exports.handler = async (event, context) => [
          Object.fromEntries(Object.entries(context).filter(([, v]) => typeof v !== 'function')),
          context.getRemainingTimeInMillis(), process.env._X_AMZN_TRACE_ID, process.cwd(),
        ];
        """
    )
    trace = "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1"
    called = request(client_context='{"custom": {"who": "Zoë"}}', trace_id=trace)
    seen = handler.invoke(called).response
    assert isinstance(seen, list)
    context, left, traced, directory = seen
    assert re.fullmatch(r"\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}", context.pop("logStreamName"))
    assert context == {
        "functionName": "test-function",
        "functionVersion": "$LATEST",
        "memoryLimitInMB": "512",
        "logGroupName": "/aws/lambda/test-function",
        "invokedFunctionArn": "arn:aws:lambda:us-east-1:123456789012:function:test-function",
        "awsRequestId": REQUEST_ID,
        "clientContext": {"custom": {"who": "Zoë"}},
        "callbackWaitsForEmptyEventLoop": True,
    }
    assert 0 < left <= 30_000
    assert traced == trace
    assert directory == handler._function.code_uri.as_posix()
    untraced = handler.invoke(request()).response
    assert "clientContext" not in untraced[0]  # type: ignore[index]


@pytest.mark.parametrize(
    ("code", "error_type", "message"),
    [
        ("async () => { throw new TypeError('no') }", "TypeError", "no"),
        ("() => { throw new RangeError('no') }", "RangeError", "no"),
        ("(e, c, done) => done(new Error('no'))", "Error", "no"),
        ("(e, c, done) => done('no')", "string", "no"),
        ("(e, context) => context.fail(new Error('no'))", "Error", "no"),
        ("(e, context) => context.fail()", "string", "handled"),
        ("async () => { throw undefined }", "undefined", "undefined"),
        ("async () => { throw Object.assign(new Error('no'), {name: 'Odd'}) }", "Odd", "no"),
        ("async () => 1n", "Error", "Unable to stringify response body"),
        ("async () => { const a = []; a.push(a); return a }", "Error",
         "Unable to stringify response body"),
        ("async () => new Promise(() => {})", "Runtime.NodeJsExit",
         "The Lambda runtime client detected an unexpected Node.js exit code. This is most "
         "commonly caused by a Promise that was never settled."),
    ],
)  # fmt: skip
def test_an_error_is_lambdas_and_the_process_stays(
    node: Run, code: str, error_type: str, message: str
) -> None:
    handler = node(f"let calls = 0; const f = {code}; exports.calls = () => calls;\n"
                   "exports.handler = f.constructor.name === 'AsyncFunction'\n"
                   "  ? async (...all) => { console.log(++calls); return f(...all) }\n"
                   "  : (e, c, d) => { console.log(++calls); return f(e, c, d) }")  # fmt: skip
    first, second = handler.invoke(request()), handler.invoke(request())
    assert error_of(first) == error_of(second) == (error_type, message)
    assert written(first)[0].endswith("\tINFO\t1")
    assert written(second)[0].endswith("\tINFO\t2")
    assert "\tERROR\tInvoke Error \t" in written(second)[1]


def test_an_errors_document_is_the_runtimes_own(node: Run, tmp_path: Path) -> None:
    error = (
        node("exports.handler = async () => { throw new TypeError('no') }").invoke(request()).error
    )
    assert error is not None
    document = error.document()
    assert {*document} == {"errorType", "errorMessage", "trace"}
    assert error.stack_trace[0] == "TypeError: no"
    assert f"({tmp_path}/app.js:1:" in error.stack_trace[1]


@pytest.mark.parametrize(
    ("code", "what", "error_type", "message"),
    [
        ("() => { Promise.reject(new Error('lost')); }", "Unhandled Promise Rejection",
         "Runtime.UnhandledPromiseRejection", "Error: lost"),
        ("() => { setImmediate(() => { throw new RangeError('lost') }) }", "Uncaught Exception",
         "RangeError", "lost"),
    ],
)  # fmt: skip
def test_what_nobody_catches_ends_the_process(
    node: Run, code: str, what: str, error_type: str, message: str
) -> None:
    handler = node(f"console.log('loading'); exports.handler = {code}")
    for _ in range(2):  # each in a fresh process
        result = handler.invoke(request())
        assert error_of(result) == (error_type, message)
        assert written(result)[0] == "TIME\tundefined\tINFO\tloading"
        assert f"\tERROR\t{what} \t" in written(result)[1]


@pytest.mark.parametrize(
    ("code", "handler", "error_type", "message"),
    [
        ("require('nowhere')", "app.handler", "Runtime.ImportModuleError",
         "Error: Cannot find module 'nowhere'\nRequire stack:\n- "),
        ("", "missing.handler", "Runtime.ImportModuleError", "Error: Cannot find module 'missing'"),
        ("exports.other = 1", "app.handler", "Runtime.HandlerNotFound",
         "app.handler is undefined or not exported"),
        ("exports.handler = 1", "app.handler", "Runtime.HandlerNotFound",
         "app.handler is not a function"),
        ("exports.handler = (", "app.handler", "Runtime.UserCodeSyntaxError", "SyntaxError: "),
        ("throw new TypeError('at once')", "app.handler", "TypeError", "at once"),
        ("Promise.reject(1); exports.handler = () => {}; for (;;) await 1;", "app.handler",
         "Runtime.UserCodeSyntaxError", "SyntaxError: await is only valid"),
        ("exports.handler = async () => 1", "app", "Runtime.MalformedHandlerName", "Bad handler"),
        ("exports.handler = async () => 1", "../app.handler", "Runtime.MalformedHandlerName",
         "'../app.handler' is not a valid handler name."),
        ("exports.handler = awslambda.streamifyResponse(async () => {})", "app.handler",
         "Runtime.StreamingNotSupported", "app.handler streams its response"),
    ],
)  # fmt: skip
def test_an_initialisation_that_fails_says_why(
    node: Run, code: str, handler: str, error_type: str, message: str
) -> None:
    result = node(code, handler=handler, keep_failing_init=True).invoke(request())
    found_type, found = error_of(result)
    assert found_type == error_type
    assert found.startswith(message)
    assert any("\tERROR\tUncaught Exception \t" in line for line in written(result))
    assert [line.split("\t")[1] for line in result.logs if line.startswith("INIT_REPORT")] == [
        "Phase: init", "Phase: invoke",
    ]  # fmt: skip


def test_from_node_24_on_there_are_no_callbacks(node: Run) -> None:
    result = node("exports.handler = (event) => 7", runtime="nodejs24.x").invoke(request())
    assert result.response == 7
    result = node(
        "exports.handler = (e, c, done) => done(null, 7)",
        runtime="nodejs24.x",
        keep_failing_init=True,
    ).invoke(request())
    assert error_of(result)[0] == "Runtime.CallbackHandlerDeprecated"


def test_console_is_the_log(node: Run) -> None:
    handler = node(
        """
        exports.handler = async () => {
          console.log('%s is', 'this', {a: {b: {c: [1]}}});
          console.debug('two\\nlines');
          console.warn(new Error('no').message);
          console.error('bad');
          process.stdout.write('as it is\\n');
          require('child_process').execSync('echo below', {stdio: 'inherit'});
        };
        """
    )
    assert written(handler.invoke(request())) == [
        f"TIME\t{REQUEST_ID}\tINFO\tthis is {{ a: {{ b: {{ c: [Array] }} }} }}",
        f"TIME\t{REQUEST_ID}\tDEBUG\ttwo\nlines",
        f"TIME\t{REQUEST_ID}\tWARN\tno",
        f"TIME\t{REQUEST_ID}\tERROR\tbad",
        "as it is",
        "below",
    ]


def test_the_log_is_json_where_the_template_says_so(node: Run) -> None:
    handler = node(
        """
        exports.handler = async () => {
          console.debug('not shown');
          console.info({told: 1});
          console.error('bad', new TypeError('no'));
          const around = {}; around.itself = around;
          console.warn(around);
        };
        """,
        environment={"AWS_LAMBDA_LOG_FORMAT": "JSON", "AWS_LAMBDA_LOG_LEVEL": "INFO"},
    )
    lines = [json.loads(line) for line in handler.invoke(request()).logs]
    told, bad, around = (line for line in lines if "level" in line)
    assert (told["level"], told["message"], told["requestId"]) == ("INFO", {"told": 1}, REQUEST_ID)
    assert (bad["errorType"], bad["errorMessage"]) == ("TypeError", "no")
    assert "[Circular *1]" in around["message"]


def test_a_flood_of_lines_loses_none_in_the_pipe(node: Run) -> None:
    handler = node(
        """
        exports.handler = async () => {
          process.stdout.write('');  // from now on the pipe does not block
          for (let i = 0; i < 5000; i++) console.log('x'.repeat(1000));
          console.log('the end');
        };
        """
    )
    result = handler.invoke(request())
    assert result.error is None
    assert result.logs[-3].endswith("\tINFO\tthe end")


def test_six_megabytes_pass_and_more_do_not(node: Run) -> None:
    handler = node("exports.handler = async (event) => 'x'.repeat(event)")
    assert len(handler.invoke(request(payload=b"6000000")).response) == 6_000_000  # type: ignore[arg-type]
    assert error_of(handler.invoke(request(payload=b"7000000")))[0] == (
        "Function.ResponseSizeTooLarge"
    )
    assert handler.invoke(request(payload=b"3")).response == "xxx"


def test_a_process_that_exits_is_a_runtime_exit(node: Run) -> None:
    result = node("exports.handler = async () => process.exit(3)").invoke(request())
    assert error_of(result) == (
        "Runtime.ExitError",
        f"RequestId: {REQUEST_ID} Error: Runtime exited with error: exit status 3",
    )


def test_an_endless_call_times_out(node: Run) -> None:
    result = node("exports.handler = () => { for (;;); }", timeout=0.5).invoke(request())
    assert error_of(result)[0] == "Sandbox.Timedout"


def test_another_release_than_the_templates_is_noted(node: Run) -> None:
    handler = node("exports.handler = async () => process.version", runtime="nodejs8.x")
    assert handler.runtime == f"isolated, Node.js {str(handler.invoke(request()).response)[1:]}"
    (sentence,) = handler.notes
    assert sentence.startswith("The template says nodejs8.x, and the Node.js here is ")


def test_typescript_that_was_not_built_is_said_at_once(node: Run) -> None:
    with pytest.raises(InputError, match="is TypeScript") as raised:
        node("export const handler = async () => 1", name="app.ts")
    assert "sam build" in raised.value.advice


def test_without_node_it_is_said_what_to_install(
    node: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match=r"there is no Node\.js on this machine"):
        node("exports.handler = async () => 1")


TYPESCRIPT = Language("typescript", "nodejs22.x", "app.handler", tools=["node", "npm"],
                      fetch=["npm", "ci", "--silent", "--no-audit", "--no-fund"])  # fmt: skip


@pytest.fixture
def typescript(tmp_path: Path) -> Function:
    """A copy of `tests/languages/typescript`, with esbuild beside it, as its template says it."""
    built = TYPESCRIPT.folder()
    shutil.copytree(built, tmp_path / "project", ignore=shutil.ignore_patterns("node_modules"))
    (tmp_path / "node_modules").symlink_to(built / "node_modules")
    return find_function(template=tmp_path / "project" / "template.yaml")


@pytest.mark.xdist_group("language-typescript")
def test_typescript_is_bundled_by_the_projects_esbuild(typescript: Function) -> None:
    handler = IsolatedHandler(typescript)
    try:
        assert handler.invoke(request(payload=b'{"Records": [1, 2]}')).response == "2 records"
        source = typescript.code_uri / "records.ts"
        source.write_text(source.read_text().replace("records", "pieces"))
        handler.renew()
        assert handler.invoke(request(payload=b'{"Records": [1]}')).response == "1 pieces"
        source.write_text("export const (")
        handler.renew()
        with pytest.raises(InputError, match=r"esbuild cannot bundle it: records\.ts:1: [^\n]+"):
            handler.invoke(request())
        source.write_text("import 'not-there'; import './nor-this'")
        handler.renew()
        with pytest.raises(InputError, match=r"records\.ts:1: Could not resolve") as raised:
            handler.invoke(request())
        assert raised.value.advice.startswith("Is not-there installed? `npm install`")
    finally:
        handler.close()
    left = [file.name for file in typescript.code_uri.iterdir() if file.suffix == ".js"]
    assert left == [], "nothing is written into the project"


@pytest.mark.xdist_group("language-typescript")
def test_typescript_needs_no_template(typescript: Function) -> None:
    (typescript.code_uri / "bare.ts").write_text(
        "export const run = async (event: { Records: number[] }) => event.Records.length;\n"
    )
    found = find_function(handler="bare.ts:run", directory=typescript.code_uri)
    handler = IsolatedHandler(found)
    try:
        assert handler.invoke(request(payload=b'{"Records": [1, 2]}')).response == 2
    finally:
        handler.close()


@pytest.mark.xdist_group("language-typescript")
def test_without_esbuild_it_is_said_what_to_install(
    typescript: Function, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "node_modules").unlink()
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "node").symlink_to(str(shutil.which("node")))
    monkeypatch.setenv("PATH", str(programs))
    with pytest.raises(InputError, match="there is no esbuild here") as raised:
        IsolatedHandler(typescript)
    assert "npm install" in raised.value.advice


AWS_CLIENT = Language("aws-lambda-ric", "nodejs22.x", "app.handler", tools=["node", "npm"],
                      fetch=["npm", "ci", "--silent", "--no-audit", "--no-fund"])  # fmt: skip


# In all runs of the tests `test_other_languages.py` has a client that a project brings along.
@pytest.mark.skipif(
    not LONG_BUILDS,
    reason="`make soak`, or KCLI_LONG_BUILDS, builds aws-lambda-ric: it takes a minute of a core",
)
@pytest.mark.builds
@pytest.mark.xdist_group("language-aws-lambda-ric")
def test_awss_own_client_gives_the_same_answers_errors_and_logs(node: Run, tmp_path: Path) -> None:
    folder = AWS_CLIENT.folder()
    code = (folder / "app.js").read_text()
    settings: dict[str, Any] = {"runtime": "nodejs22.x", "memory_size": 512, "timeout": 60.0}
    theirs = IsolatedHandler(function_in(folder, **settings))
    ours = node(code)
    try:
        for payload in (b"{}", b'{"size": 100000}', b'{"fail": true}', b"{}"):
            answers = [handler.invoke(request(payload=payload)) for handler in (theirs, ours)]
            assert answers[0].response == answers[1].response
            errors = [answer.error and answer.error.document() for answer in answers]
            for error in filter(None, errors):
                error["trace"] = error["trace"][:1]  # type: ignore[index]
            assert errors[0] == errors[1]
            lines = [written(answer) for answer in answers]
            assert lines[0][0] == lines[1][0] == f"TIME\t{REQUEST_ID}\tINFO\ttwo\nlines"
            assert len(lines[0]) == len(lines[1])
    finally:
        theirs.close()
