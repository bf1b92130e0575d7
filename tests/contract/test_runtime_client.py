"""kcli's own client of the Runtime API does as AWS's: in a Python that has none of AWS's."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from kinesis_cli.errors import InputError
from kinesis_cli.event_source_mapping.invocation import InvocationResult
from kinesis_cli.handlers.isolated import IsolatedHandler
from kinesis_cli.handlers.options import HandlerOptions
from kinesis_cli.project.interpreter import choose_interpreter
from tests.pythons import another_python, new_environment
from tests.unit.handler_files import function_in, request, write_code

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="AWS's client runs there"),
]

CODE = """
    import decimal, logging, os, sys, time
    def fails(): raise ValueError("two\\nlines")
    def logs():
        print("printed")
        print("partly", end="")
        logging.getLogger("mine").warning("warned %s", "ü", extra={"sensor": 7})
        logging.getLogger("mine").info("informed")
        try: 1 / 0
        except ZeroDivisionError: logging.exception("excepted")
    def context(context):
        return [context.function_name, context.memory_limit_in_mb, context.invoked_function_arn,
                context.log_group_name, context.client_context.custom,
                0 < context.get_remaining_time_in_millis() <= 3000, context.aws_request_id,
                os.environ["_X_AMZN_TRACE_ID"], os.getcwd() == os.path.dirname(__file__)]
    DO = {
        "none": lambda c: None,
        "partial": lambda c: {"batchItemFailures": [{"itemIdentifier": "1"}]},
        "decimal": lambda c: decimal.Decimal("1.10"),
        "set": lambda c: {1},
        "large": lambda c: "x" * 6_000_000,
        "too large": lambda c: "x" * 7_000_000,
        "fails": lambda c: fails(),
        "exit": lambda c: sys.exit(3),
        "interrupt": lambda c: (_ for _ in ()).throw(KeyboardInterrupt),
        "late": lambda c: time.sleep(60),
        "logs": lambda c: logs(),
        "context": context,
    }
    def handler(event, context):
        return DO[event["do"]](context)
"""
CASES = re.findall(r'^        "(.+?)":', CODE, re.MULTILINE)
FORMATS: dict[str, dict[str, str]] = {
    "text": {},
    "json": {"AWS_LAMBDA_LOG_FORMAT": "JSON", "AWS_LAMBDA_LOG_LEVEL": "INFO"},
}


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An interpreter without AWS's client."""
    return new_environment(tmp_path_factory.mktemp("bare") / "env")


@pytest.fixture(scope="module", params=FORMATS, ids=list(FORMATS))
def clients(
    request: pytest.FixtureRequest, bare: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[IsolatedHandler]]:
    """The same function in AWS's client and in kcli's."""
    folder = tmp_path_factory.mktemp("code")
    write_code(folder, CODE)
    environment = FORMATS[request.param]
    aws = IsolatedHandler(function_in(folder, environment=environment))
    interpreter = choose_interpreter([], named=("a test", str(bare)))
    ours = IsolatedHandler(function_in(folder, environment=environment, interpreter=interpreter))
    yield [aws, ours]
    for each in (aws, ours):
        each.close()


@pytest.mark.parametrize("case", CASES)
def test_both_clients_answer_and_log_alike(clients: list[IsolatedHandler], case: str) -> None:
    payload = f'{{"do": "{case}"}}'.encode()
    context, trace = '{"custom": {"a": 1}}', "Root=1-2-3;Parent=4;Sampled=1"
    theirs, ours = (
        each.invoke(request(payload=payload, client_context=context, trace_id=trace))
        for each in clients
    )
    assert ours.response == theirs.response
    assert _error(ours) == _error(theirs)
    if case not in ("too large", "interrupt"):  # AWS's client ends there, and shows its own stack
        assert _own_lines(ours) == _own_lines(theirs)


def _error(result: InvocationResult) -> object:
    if result.error is None:
        return None
    # the columns' marks differ from release to release, ours and theirs have the same here
    return result.error.error_type, result.error.error_message, result.error.stack_trace


def _own_lines(result: InvocationResult) -> list[str]:
    """What the function and the client wrote, without what differs from call to call."""
    lines = (line for line in result.logs if not re.match(r'\{"time":|[A-Z_]+ |\d{4}-', line))
    without_time = (re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z", "TIME", line) for line in lines)
    return [re.sub(r'File ".*?runtime.*?", line \d+', "File", line) for line in without_time]


@pytest.mark.parametrize(
    ("code", "handler", "error"),
    [
        ("import not_there", "app.handler", "Unable to import module 'app': No module named"),
        ("def f(:", "app.handler", "Syntax error in module 'app': invalid syntax"),
        ("", "app.handler", "Handler 'handler' missing on module 'app'"),
        ("1 / 0", "app.handler", "division by zero"),
        ("import sys; sys.exit(3)", "app.handler", "exit status 3"),
    ],
)
def test_both_clients_say_alike_why_code_cannot_be_loaded(
    bare: Path, tmp_path: Path, code: str, handler: str, error: str
) -> None:
    write_code(tmp_path, code)
    ours = choose_interpreter([], named=("a test", str(bare)))
    told = []
    for interpreter in (None, ours):
        function = function_in(tmp_path, handler, interpreter=interpreter)
        called = IsolatedHandler(function, HandlerOptions(keep_failing_init=True))
        failed = called.invoke(request()).error
        called.close()
        assert failed is not None
        told.append((failed.error_type, failed.error_message.replace(failed.request_id or "?", "")))
        with pytest.raises(InputError) as caught:
            IsolatedHandler(function)
        assert error in caught.value.problem
    assert told[0] == told[1]
    assert error in told[0][1]


def test_a_missing_module_names_the_python_that_was_asked(bare: Path, tmp_path: Path) -> None:
    write_code(tmp_path, "import yaml")
    function = function_in(
        tmp_path, interpreter=choose_interpreter([], named=("a test", str(bare)))
    )
    with pytest.raises(InputError) as caught:
        IsolatedHandler(function)
    assert str(bare) in caught.value.advice
    assert "PyYAML" in caught.value.advice


def test_another_release_runs_isolated(tmp_path: Path) -> None:
    python = another_python()
    if python is None:
        pytest.skip("this machine has one release of Python only")
    interpreter = choose_interpreter([], named=("a test", str(python)))
    write_code(tmp_path, "import sys\ndef handler(e, c): return list(sys.version_info[:3])")
    handler = IsolatedHandler(function_in(tmp_path, interpreter=interpreter))
    result = handler.invoke(request())
    handler.close()
    assert result.response == list(interpreter.version)
