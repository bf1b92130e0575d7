"""The same handler, in AWS's own runtime client and in this process: the same answers and logs."""

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from textwrap import dedent

import pytest

from kinesis_cli.event_source_mapping.invocation import InvocationRequest
from kinesis_cli.handlers.in_process import InProcessHandler
from kinesis_cli.project.function import Function
from tests.patience import PATIENCE

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="awslambdaric has wheels for Linux only"),
    pytest.mark.xdist_group("lambda-runtime"),
]

CODE = """
    import decimal, logging, os, sys
    from collections import namedtuple
    from enum import IntEnum

    logger = logging.getLogger("mine")
    Pair = namedtuple("Pair", "left right")

    class Colour(IntEnum):
        RED = 3

    class OddError(Exception):
        pass

    def endless():
        value = []
        value.append(value)
        return value

    def deeper():
        raise OddError("two\\nlines")

    async def coroutine():
        pass

    def logs():
        print("printed")
        logger.warning("warned %s", "ü", extra={"sensor": 7})
        logger.info("informed")
        logger.debug("debugged")
        logger.critical({"a": "dict"})
        try:
            1 / 0
        except ZeroDivisionError:
            logger.exception("excepted")

    ANSWERS = {
        "none": lambda: None,
        "usual": lambda: {"batchItemFailures": [{"itemIdentifier": "1"}]},
        "tuple": lambda: {1: (2, 3), True: None, None: 1.5},
        "named tuple": lambda: [Pair(1, Pair("x", []))],
        "decimal": lambda: [decimal.Decimal("1.10"), decimal.Decimal(5), decimal.Decimal("NaN")],
        "nan": lambda: [float("nan"), float("inf")],
        "enumeration": lambda: {"colour": Colour.RED},
        "text": lambda: "ü \\u2028 \\x7f",
        "set": lambda: {1},
        "tuple key": lambda: {(1, 2): 3},
        "endless": endless,
        "coroutine": coroutine,
        "exception": deeper,
        "missing": lambda: {}["x"],
        "wrong log": lambda: logger.error("%d", "x"),
        "logs": logs,
    }

    def handler(event, context):
        if event["do"] == "context":
            names = [name for name in dir(context) if not name.startswith("_")]
            names = sorted(set(names) - {"w3c"})
            return names, context.function_version, context.memory_limit_in_mb
        if event["do"] == "directory":
            return os.getcwd() == os.path.dirname(__file__)
        return ANSWERS[event["do"]]()
"""

CASES = [
    *re.findall(r'^        "(.+?)":', CODE, re.MULTILINE),
    "context",
    "directory",
]
REQUEST_ID = "8f4f9a3c-1f0c-5d0e-9d8b-000000000001"
LOG_LEVELS: dict[str, dict[str, str]] = {
    "text": {},
    "json": {"AWS_LAMBDA_LOG_FORMAT": "JSON", "AWS_LAMBDA_LOG_LEVEL": "INFO"},
}

Answer = tuple[str, object]  # "response" or "error", and its JSON


class RuntimeApi:
    """Gives a runtime one event after another, and keeps its answers."""

    def __init__(self, events: list[object]) -> None:
        self.answers: list[Answer] = []
        self.done = threading.Event()
        self.runtime_ended = threading.Event()
        waiting = iter(events)
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"  # the runtime keeps its connection

            def do_GET(self) -> None:
                event = next(waiting, None)
                if event is None:
                    api.done.set()
                    api.runtime_ended.wait(PATIENCE)  # an end of ours it would write to its log
                    self.close_connection = True
                    return
                self._respond(200, json.dumps(event).encode())

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                api.answers.append((self.path.rpartition("/")[2], json.loads(body)))
                self._respond(202, b"{}")

            def _respond(self, status: int, body: bytes) -> None:
                head = (
                    f"HTTP/1.1 {status} OK\r\nLambda-Runtime-Aws-Request-Id: {REQUEST_ID}\r\n"
                    "Lambda-Runtime-Deadline-Ms: 4102444800000\r\n"
                    "Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:function\r\n"
                    f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
                )
                self.wfile.write(head.encode() + body)

            def log_message(self, *arguments: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()


@pytest.fixture(scope="module")
def code(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("function")
    (folder / "app.py").write_text(dedent(CODE))
    return folder


@pytest.fixture(scope="module", params=LOG_LEVELS)
def lambdas(
    request: pytest.FixtureRequest, environment_with: Callable[..., Path], code: Path
) -> tuple[str, list[Answer], list[str]]:
    """Which log format, and the answers and standard output of AWS's runtime to all cases."""
    environment = environment_with("lambda-client", "awslambdaric==4.2.2")
    api = RuntimeApi([{"do": case} for case in CASES])
    variables = {
        "PATH": os.environ["PATH"],
        "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{api.server.server_port}",
        "AWS_LAMBDA_FUNCTION_NAME": "test-function",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
        "PYTHONPATH": str(code),
        "PYTHONUNBUFFERED": "1",
        **LOG_LEVELS[request.param],
    }
    process = subprocess.Popen(
        [environment / "python", "-m", "awslambdaric", "app.handler"],
        cwd=code,
        env=variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert api.done.wait(PATIENCE)
    process.kill()
    output, _ = process.communicate()
    api.runtime_ended.set()
    api.server.shutdown()
    api.server.server_close()
    return request.param, api.answers, output.split("\n")


@pytest.fixture
def ours(lambdas: tuple[str, list[Answer], list[str]], code: Path) -> Iterator[InProcessHandler]:
    function = Function(
        name="test-function",
        code_uri=code,
        handler="app.handler",
        timeout=3.0,
        memory_size=128,
        environment=LOG_LEVELS[lambdas[0]],
        mapping=None,
        origin="",
        mapping_origin="",
    )
    handler = InProcessHandler(function)
    yield handler
    handler.close()


def call(handler: InProcessHandler, case: str) -> tuple[Answer, tuple[str, ...]]:
    result = handler.invoke(InvocationRequest(REQUEST_ID, json.dumps({"do": case}).encode()))
    if result.error is None:
        return ("response", result.response), result.logs
    return ("error", {"stackTrace": [], **result.error.document()}), result.logs


def test_answers_and_errors_are_those_of_awss_runtime(
    lambdas: tuple[str, list[Answer], list[str]], ours: InProcessHandler
) -> None:
    theirs = dict(zip(CASES, lambdas[1], strict=True))
    mine = {case: call(ours, case)[0] for case in CASES}
    assert comparable(mine) == comparable(theirs)


def comparable(answers: dict[str, Answer]) -> dict[str, str]:
    """As texts, for NaN is not equal to itself, and with the frames of the user's own code only."""
    for kind, answer in answers.values():
        if kind == "error" and isinstance(answer, dict):
            answer["stackTrace"] = [frame for frame in answer["stackTrace"] if "app.py" in frame]
    return {case: json.dumps(answer, sort_keys=True) for case, answer in answers.items()}


def without_times(lines: list[str]) -> list[str]:
    return [re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z", "TIME", line) for line in lines]


def test_log_lines_are_those_of_awss_runtime(
    lambdas: tuple[str, list[Answer], list[str]], ours: InProcessHandler
) -> None:
    _, logs = call(ours, "logs")
    theirs = without_times(lambdas[2])
    start = theirs.index("printed")
    ours_by_line = without_times("\n".join(logs).split("\n"))
    assert ours_by_line == theirs[start : start + len(ours_by_line)]
    assert len(logs) >= 4
