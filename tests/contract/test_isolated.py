"""Functions in AWS's own runtime client, each in a process of its own."""

import json
import os
import re
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from kinesis_cli.errors import InputError
from kinesis_cli.event_source_mapping.invocation import InvocationResult
from kinesis_cli.handlers.in_process import InProcessHandler
from kinesis_cli.handlers.isolated import handler as isolated
from kinesis_cli.handlers.isolated import sandbox
from kinesis_cli.handlers.isolated.handler import IsolatedHandler
from kinesis_cli.handlers.options import HandlerOptions
from tests.patience import PATIENCE
from tests.unit.handler_files import REQUEST_ID, function_in, request, write_code

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        sys.platform != "linux", reason="AWS's runtime client has wheels for Linux only"
    ),
]

Isolated = Callable[..., IsolatedHandler]

INIT_START = (
    "INIT_START Runtime Version: python:3.N\t"
    "Runtime Version ARN: arn:aws:lambda:us-east-1::runtime:awslambdaric-N"
)


@pytest.fixture
def isolate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Isolated]:
    """`isolate(code, **settings)`: a handler of that code; its processes end with the test."""
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    started: list[IsolatedHandler] = []

    def isolate(
        code: str, *, cold: bool = False, name: str = "app.py", **settings: object
    ) -> IsolatedHandler:
        write_code(tmp_path, code, name)
        # by default as long as no call takes on however busy a machine
        function = function_in(tmp_path, **{"timeout": 30.0, **settings})  # type: ignore[arg-type]
        # as on Lambda, code that cannot be loaded fails each call
        options = HandlerOptions(cold=cold, keep_failing_init=True)
        started.append(IsolatedHandler(function, options))
        return started[-1]

    yield isolate
    for each in started:
        each.close()


class Meeting:
    """Where the functions of a test report their process and wait to be let go."""

    def __init__(self) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self._server.settimeout(PATIENCE)
        self._there: list[socket.socket] = []

    @property
    def code(self) -> str:
        """A handler that comes here, and returns the number of its process."""
        return (
            "import os, socket\n"
            "def handler(event, context):\n"
            f"    with socket.create_connection(('127.0.0.1', {self._server.getsockname()[1]})) "
            "as there:\n"
            "        there.sendall(b'%10d' % os.getpid())\n"
            "        there.recv(1)\n"
            "    return os.getpid()\n"
        )

    def next(self) -> int:
        """The process of the next call that comes."""
        connection, _ = self._server.accept()
        self._there.append(connection)
        return int(connection.recv(10, socket.MSG_WAITALL))

    def let_go(self) -> None:
        """Let all calls go on."""
        for each in self._there:
            each.close()

    def close(self) -> None:
        self.let_go()
        self._server.close()


@pytest.fixture
def meeting() -> Iterator[Meeting]:
    meeting = Meeting()
    yield meeting
    meeting.close()


def has_ended(process: int) -> bool:
    """Whether a process ends, within the time of a test."""
    try:
        descriptor = os.pidfd_open(process)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([descriptor], [], [], PATIENCE)[0])
    finally:
        os.close(descriptor)


def exists(process: int) -> bool:
    return Path(f"/proc/{process}").exists()


def without_figures(lines: tuple[str, ...]) -> list[str]:
    """Log lines with N for what differs from run to run."""
    return [
        re.sub(
            r"\d{4}-\d\d-\d\dT[\d:.]+Z",
            "TIME",
            re.sub(r"(?<=: )[\d.]+(?= ms)|(?<=Used: )\d+|(?<=python:3\.)\d+|(?<=ric-)[\d.]+", "N",
                   line),
        )
        for line in lines
    ]  # fmt: skip


def error_of(result: InvocationResult) -> tuple[str, str]:
    assert result.error is not None
    return result.error.error_type, result.error.error_message


def test_the_context_is_the_one_of_awss_client(isolate: Isolated) -> None:
    handler = isolate(
        """
        def handler(event, context):
            return {
                "event": event,
                "type": f"{type(context).__module__}.{type(context).__qualname__}",
                "milliseconds": context.get_remaining_time_in_millis(),
                "members": [
                    context.function_name, context.function_version, context.memory_limit_in_mb,
                    context.invoked_function_arn, context.aws_request_id, context.log_group_name,
                ],
                "stream": context.log_stream_name,
            }
        """
    )
    result = handler.invoke(request(payload=b'{"Records":[1.5]}'))
    assert isinstance(result.response, dict)
    assert result.response["event"] == {"Records": [1.5]}
    assert result.response["type"] == "awslambdaric.lambda_context.LambdaContext"
    assert 0 < result.response["milliseconds"] <= 30_000
    assert result.response["members"] == [
        "test-function",
        "$LATEST",
        "128",
        "arn:aws:lambda:us-east-1:123456789012:function:test-function",
        REQUEST_ID,
        "/aws/lambda/test-function",
    ]
    assert re.fullmatch(r"\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}", result.response["stream"])


def test_the_environment_is_lambdas_and_the_functions_not_the_shells(
    isolate: Isolated, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ONLY_IN_THE_SHELL", "x")
    monkeypatch.setenv("AWS_PROFILE", "mine")
    handler = isolate(
        """
        import os, sys, time
        def handler(event, context):
            return [dict(os.environ), os.getcwd(), sys.path[0], time.tzname[0], sys.stdin.read()]
        """,
        environment={"TABLE": "readings"},
    )
    result = handler.invoke(request())
    assert isinstance(result.response, list)
    variables, *rest = result.response
    assert rest == [str(tmp_path), str(tmp_path), "UTC", ""]
    assert "ONLY_IN_THE_SHELL" not in variables
    assert variables["AWS_PROFILE"] == "mine"
    assert variables["TABLE"] == "readings"
    assert variables["LAMBDA_TASK_ROOT"] == str(tmp_path)
    assert variables["AWS_LAMBDA_RUNTIME_API"].startswith("127.0.0.1:")


def test_a_file_of_any_name_can_be_named(isolate: Isolated) -> None:
    handler = isolate(
        "def main(event, context): return 7", name="my-code.py", handler="src/my-code.py:main"
    )
    assert handler.invoke(request()).response == 7


def test_the_log_is_lambdas_and_in_order(isolate: Isolated) -> None:
    handler = isolate(
        """
        import logging, os, sys
        print("importing")
        def handler(event, context):
            print("one")
            print("two", file=sys.stderr)
            logging.warning("three")
            os.system("echo four")
            print("five", end="")
        """
    )
    cold, warm = handler.invoke(request()), handler.invoke(request())
    written = ["one", "two", f"[WARNING]\tTIME\t{REQUEST_ID}\tthree", "four", "five"]
    report = (
        f"REPORT RequestId: {REQUEST_ID}\tDuration: N ms\tBilled Duration: N ms\t"
        "Memory Size: 128 MB\tMax Memory Used: N MB\t"
    )
    call = [
        f"START RequestId: {REQUEST_ID} Version: $LATEST",
        *written,
        f"END RequestId: {REQUEST_ID}",
    ]
    assert without_figures(cold.logs) == [
        INIT_START, "importing", *call, f"{report}Init Duration: N ms\t",
    ]  # fmt: skip
    assert without_figures(warm.logs) == [*call, report]


def test_the_report_has_the_figures(isolate: Isolated) -> None:
    handler = isolate("def handler(event, context): return len(bytearray(b'x') * 40_000_000)")
    cold, warm = handler.invoke(request()).report, handler.invoke(request()).report
    assert cold is not None
    assert warm is not None
    assert "initDurationMs" not in warm
    assert (warm["memorySizeMB"], warm["requestId"]) == (128, REQUEST_ID)
    numbers = {name: value for name, value in cold.items() if isinstance(value, int | float)}
    assert 40 < numbers["maxMemoryUsedMB"] < 128
    total = numbers["durationMs"] + numbers["initDurationMs"]
    assert total - 1 <= numbers["billedDurationMs"] <= total + 1


def test_the_json_log_has_the_platforms_records(isolate: Isolated) -> None:
    handler = isolate(
        """
        import logging
        def handler(event, context):
            print("raw")
            logging.getLogger("mine").info("told")
            raise ValueError("no")
        """,
        environment={"AWS_LAMBDA_LOG_FORMAT": "JSON", "AWS_LAMBDA_LOG_LEVEL": "INFO"},
    )
    first, *lines = handler.invoke(request()).logs
    init = json.loads(first)
    assert init["type"] == "platform.initStart"
    assert init["record"]["functionName"] == "test-function"
    assert init["record"]["instanceMaxMemory"] == 128 * 1024 * 1024
    assert lines[1] == "raw"
    start, told, failed, done, report = (
        json.loads(line) for line in (line for line in lines if line != "raw")
    )
    assert start["record"] == {
        "requestId": REQUEST_ID,
        "functionArn": "arn:aws:lambda:us-east-1:123456789012:function:test-function",
        "version": "$LATEST",
    }
    assert (told["level"], told["logger"], told["requestId"]) == ("INFO", "mine", REQUEST_ID)
    assert (failed["level"], failed["errorType"]) == ("ERROR", "ValueError")
    assert done["type"] == "platform.runtimeDone"
    assert (report["type"], report["record"]["status"]) == ("platform.report", "error")
    assert report["record"]["errorType"] == "ValueError"
    assert {*report["record"]["metrics"]} == {
        "durationMs", "billedDurationMs", "memorySizeMB", "maxMemoryUsedMB", "initDurationMs",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("level", "good", "bad"),
    [
        ("DEBUG", ["initStart", "initRuntimeDone", "initReport", "start", "runtimeDone", "report"],
         ["start", "runtimeDone", "report"]),
        ("INFO", ["initStart", "start", "report"], ["start", "runtimeDone", "report"]),
        ("WARN", [], ["runtimeDone", "report"]),
    ],
)  # fmt: skip
def test_the_system_log_level_says_which_records_there_are(
    isolate: Isolated, level: str, good: list[str], bad: list[str]
) -> None:
    handler = isolate(
        "def handler(event, context): return event['Records'][0]",
        environment={"AWS_LAMBDA_LOG_FORMAT": "JSON", "AWS_LAMBDA_LOG_LEVEL": "FATAL"},
        system_log_level=level,
    )
    succeeded = handler.invoke(request(payload=b'{"Records":[1]}'))
    assert succeeded.response == 1
    assert kinds(succeeded) == good
    assert kinds(handler.invoke(request())) == bad


def kinds(result: InvocationResult) -> list[str]:
    lines = map(json.loads, result.logs)
    return [line["type"].removeprefix("platform.") for line in lines if "type" in line]


@pytest.mark.parametrize("runtime", [IsolatedHandler, InProcessHandler])
def test_the_callers_context_and_trace_reach_the_function(
    tmp_path: Path, runtime: type[IsolatedHandler | InProcessHandler]
) -> None:
    write_code(
        tmp_path,
        """
        import os
        def handler(event, context):
            told = context.client_context
            app = told and told.client and [told.client.app_title, told.client.app_package_name]
            return [told and [told.custom, told.env, app], os.environ["_X_AMZN_TRACE_ID"]]
        """,
    )
    handler = runtime(function_in(tmp_path))
    trace = "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1"
    text = '{"custom": {"who": "Zoë\\n"},\n "client": {"app_title": "Ω"}}'
    told = handler.invoke(request(client_context=text, trace_id=trace)).response
    assert told == [[{"who": "Zoë\n"}, None, ["Ω", None]], trace]
    untold = handler.invoke(request(client_context='{"env": 1}')).response
    assert untold[0] == [None, 1, None]  # type: ignore[index]
    assert handler.invoke(request()).response[0] is None  # type: ignore[index]
    error = handler.invoke(request(client_context="{no\nJSON")).error
    assert error is not None
    assert error.error_type == "Runtime.LambdaContextUnmarshalError"
    assert handler.invoke(request()).error is None
    handler.close()


def test_a_logged_exception_is_one_entry_in_its_place(isolate: Isolated) -> None:
    handler = isolate(
        """
        import logging, sys
        def handler(event, context):
            print("before", end="")
            try: 1 / 0
            except ZeroDivisionError: logging.exception("bad")
            sys.stdout.buffer.write(bytes.fromhex("a55a000fffffffff") + b"\\n")
            sys.stdout.flush()
            logging.error("x" * 50_000)
            print("after")
        """
    )
    before, logged, binary, long, after = handler.invoke(request()).logs[2:-2]
    assert (before, after) == ("before", "after")
    assert logged.startswith("[ERROR]\t")
    assert logged.split("\tbad\n")[1].startswith("Traceback (most recent call last):\n  File ")
    assert logged.endswith("\nZeroDivisionError: division by zero")
    assert binary == "\ufffdZ\0\x0f\ufffd\ufffd\ufffd\ufffd"
    assert long.endswith("\t" + "x" * 50_000)


def test_what_a_function_floods_is_bounded(isolate: Isolated) -> None:
    handler = isolate(
        r"""
        import sys
        def handler(event, context):
            sys.stdout.buffer.write(b"\xff\x1b[31m\n")
            for _ in range(20_000):
                print("x" * 999)
            print("the end")
        """,
        timeout=30.0,
    )
    logs = handler.invoke(request()).logs
    assert sum(map(len, logs)) < 200_000
    assert logs[2] == "�\x1b[31m"
    assert logs[-3] == "the end"
    assert sum("kcli left out" in line for line in logs) == 1


def test_an_exception_is_awss_error_document(isolate: Isolated, tmp_path: Path) -> None:
    handler = isolate("def handler(event, context):\n    raise ValueError('no')\n")
    error = handler.invoke(request()).error
    assert error is not None
    assert error.document() == {
        "errorMessage": "no",
        "errorType": "ValueError",
        "requestId": REQUEST_ID,
        "stackTrace": [
            f"  File \"{tmp_path}/app.py\", line 2, in handler\n    raise ValueError('no')\n"
        ],
    }


@pytest.mark.parametrize(
    ("returned", "error_type", "message"),
    [
        (
            "{1}",
            "Runtime.MarshalError",
            "Unable to marshal response: Object of type set is not JSON serializable",
        ),
        (
            "'x' * 7_000_000",
            "Function.ResponseSizeTooLarge",
            "Response payload size exceeded maximum allowed payload size (6291556 bytes).",
        ),
    ],
)
def test_a_response_that_lambda_does_not_take(
    isolate: Isolated, returned: str, error_type: str, message: str
) -> None:
    handler = isolate(f"def handler(event, context): return {returned}")
    assert error_of(handler.invoke(request())) == (error_type, message)
    assert error_of(handler.invoke(request())) == (error_type, message)


def test_a_function_that_talks_to_the_runtime_api_itself_harms_only_its_call(
    isolate: Isolated,
) -> None:
    handler = isolate(
        r"""
        import os, socket
        def handler(event, context):
            host, port = os.environ["AWS_LAMBDA_RUNTIME_API"].split(":")
            for said, status in (
                (b"\0\xff\r\n\r\n", b"400"),
                (b"POST /2018-06-01/runtime/invocation/other/response HTTP/1.1\r\n"
                 b"Content-Length: -1\r\n\r\n", b"400"),
                (b"POST /2018-06-01/runtime/invocation/other/response HTTP/1.1\r\n\r\n", b"400"),
                (b"GET /2018-06-01/runtime/restore/next HTTP/1.1\r\n\r\n", b"404"),
            ):
                with socket.create_connection((host, int(port))) as connection:
                    connection.sendall(said)
                    assert connection.recv(100).startswith(b"HTTP/1.1 %s " % status)
            there = socket.create_connection((host, int(port)))
            path = f"/2018-06-01/runtime/invocation/{context.aws_request_id}/error"
            there.sendall(f"POST {path} HTTP/1.1\r\nContent-Length: 4\r\n\r\nnone".encode())
            there.recv(100)
            os._exit(0)
        """
    )
    for _ in range(2):
        assert error_of(handler.invoke(request())) == ("Runtime.Unknown", "none")


def test_six_megabytes_pass_both_ways(isolate: Isolated) -> None:
    handler = isolate("def handler(event, context): return event", memory_size=512)
    event = {"data": "x" * (6 * 1024 * 1024 - 12)}
    result = handler.invoke(request(payload=json.dumps(event).encode()))
    assert result.error is None
    assert result.response == event


@pytest.mark.parametrize(
    ("code", "error_type", "message"),
    [
        (
            "import nowhere",
            "Runtime.ImportModuleError",
            "Unable to import module 'app': No module named 'nowhere'",
        ),
        ("", "Runtime.HandlerNotFound", "Handler 'handler' missing on module 'app'"),
        (
            "def (",
            "Runtime.UserCodeSyntaxError",
            "Syntax error in module 'app': invalid syntax (app.py, line 1)",
        ),
        ("raise KeyError('k')", "KeyError", "'k'"),
        (
            "raise SystemExit(3)",
            "Runtime.ExitError",
            f"RequestId: {REQUEST_ID} Error: Runtime exited with error: exit status 3",
        ),
    ],
)
def test_an_initialisation_that_fails_is_tried_twice(
    isolate: Isolated, code: str, error_type: str, message: str
) -> None:
    result = isolate(code).invoke(request())
    assert error_of(result) == (error_type, message)
    platform = [line for line in without_figures(result.logs) if line.startswith("INIT_")]
    assert platform == [
        INIT_START,
        f"INIT_REPORT Init Duration: N ms\tPhase: init\tStatus: error\tError Type: {error_type}",
        f"INIT_REPORT Init Duration: N ms\tPhase: invoke\tStatus: error\tError Type: {error_type}",
    ]
    assert f"START RequestId: {REQUEST_ID} Version: $LATEST" in result.logs


def test_an_initialisation_may_last_as_long_as_the_call_the_second_time(
    isolate: Isolated, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(isolated, "INIT_SECONDS", 3.0)  # in which it gets as far as its loop
    handler = isolate(
        """
        import os
        try:
            os.mkdir("seen")
        except FileExistsError:
            pass
        else:
            while True:
                pass
        def handler(event, context):
            return context.get_remaining_time_in_millis()
        """
    )
    result = handler.invoke(request())
    assert isinstance(result.response, int)
    assert 0 < result.response < 29_990  # of 30,000, as the second time was the call's own
    platform = [line for line in without_figures(result.logs) if line.startswith("INIT_")]
    assert platform == [
        INIT_START,
        "INIT_REPORT Init Duration: N ms\tPhase: init\tStatus: timeout",
    ]


def test_an_endless_initialisation_is_a_timeout(
    isolate: Isolated, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(isolated, "INIT_SECONDS", 0.2)
    result = isolate("while True: pass", timeout=0.3).invoke(request())
    assert error_of(result) == (
        "Sandbox.Timedout",
        f"RequestId: {REQUEST_ID} Error: Task timed out after 0.30 seconds",
    )


def test_a_call_that_uses_up_its_time_ends_with_its_process(
    isolate: Isolated, meeting: Meeting
) -> None:
    handler = isolate(meeting.code, timeout=3.0)
    result = handler.invoke(request())
    assert error_of(result) == (
        "Sandbox.Timedout",
        f"RequestId: {REQUEST_ID} Error: Task timed out after 3.00 seconds",
    )
    assert result.elapsed >= 3.0
    assert without_figures(result.logs)[-4:] == [
        f"TIME {REQUEST_ID} Task timed out after 3.00 seconds",
        "",
        f"END RequestId: {REQUEST_ID}",
        f"REPORT RequestId: {REQUEST_ID}\tDuration: N ms\tBilled Duration: N ms\t"
        "Memory Size: 128 MB\tMax Memory Used: N MB\tInit Duration: N ms\tStatus: timeout\t",
    ]
    assert not exists(meeting.next())
    with ThreadPoolExecutor(1) as pool:
        again = pool.submit(handler.invoke, request())
        process = meeting.next()
        meeting.let_go()
        assert again.result().response == process


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("os._exit(127)", "Runtime exited with error: exit status 127"),
        ("raise SystemExit(2)", "Runtime exited with error: exit status 2"),
        ("raise SystemExit", "Runtime exited without providing a reason"),
        ("os.kill(os.getpid(), 11)", "Runtime exited with error: signal: segmentation fault"),
        ("os.abort()", "Runtime exited with error: signal: aborted"),
    ],
)
def test_a_process_that_ends_is_a_runtime_exit(
    isolate: Isolated, statement: str, reason: str
) -> None:
    handler = isolate(
        f"import os\ndef handler(event, context):\n    print('bye', end='')\n    {statement}\n"
    )
    message = f"RequestId: {REQUEST_ID} Error: {reason}"
    for _ in range(2):
        result = handler.invoke(request())
        assert error_of(result) == ("Runtime.ExitError", message)
        assert result.logs[2:-1] == (
            "bye", message, "Runtime.ExitError", f"END RequestId: {REQUEST_ID}",
        )  # fmt: skip
        assert result.logs[-1].endswith("\tStatus: error\tError Type: Runtime.ExitError\t")


def test_a_process_that_is_killed_in_a_call_fails_that_call_only(
    isolate: Isolated, meeting: Meeting
) -> None:
    handler = isolate(meeting.code, timeout=30.0)
    with ThreadPoolExecutor(2) as pool:
        calls = [pool.submit(handler.invoke, request()) for _ in range(2)]
        killed, other = meeting.next(), meeting.next()
        os.kill(killed, signal.SIGKILL)
        assert has_ended(killed)
        meeting.let_go()
        results = [call.result() for call in calls]
    assert [result.response for result in results if result.error is None] == [other]
    assert [error_of(result) for result in results if result.error] == [
        (
            "Runtime.ExitError",
            f"RequestId: {REQUEST_ID} Error: Runtime exited with error: signal: killed",
        )
    ]


def test_a_process_that_ends_between_two_calls_is_replaced(isolate: Isolated) -> None:
    handler = isolate("import os\ndef handler(event, context): return os.getpid()")
    process = handler.invoke(request()).response
    assert isinstance(process, int)
    os.kill(process, signal.SIGKILL)
    assert has_ended(process)
    result = handler.invoke(request())
    assert result.error is None
    assert result.response != process


@pytest.mark.parametrize(
    "allocate",
    [
        "bytearray(b'x') * 200_000_000",
        "subprocess.run([sys.executable, '-c', 'import time; x = bytearray(b\"x\") * 200_000_000; "
        "time.sleep(60)'])",
    ],
    ids=["in the process", "in one below it"],
)
def test_more_memory_than_allowed_ends_the_process(isolate: Isolated, allocate: str) -> None:
    handler = isolate(
        f"import subprocess, sys\ndef handler(event, context):\n    return len({allocate})\n",
        timeout=30.0,
    )
    result = handler.invoke(request())
    assert error_of(result) == (
        "Runtime.ExitError",
        f"RequestId: {REQUEST_ID} Error: Runtime exited with error: signal: killed",
    )
    assert result.report is not None
    assert result.report["maxMemoryUsedMB"] == 128


def test_memory_that_was_given_back_at_once_counts(
    isolate: Isolated, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox, "LOOK_SECONDS", 1000.0)
    handler = isolate("def handler(event, context): return len(bytearray(b'x') * 200_000_000)")
    assert error_of(handler.invoke(request()))[0] == "Runtime.ExitError"


def test_memory_that_is_not_resident_or_shared_does_not_count(isolate: Isolated) -> None:
    handler = isolate(
        """
        import mmap, os
        reserved = mmap.mmap(-1, 4 * 1024 ** 3)
        held = bytearray(b"x") * 60_000_000
        def handler(event, context):
            for _ in range(2):
                read, write = os.pipe()
                if not os.fork():
                    os.close(write)
                    os.read(read, 1)
                    os._exit(0)
                os.close(read)
            total = sum(held[::4096])
            for _ in range(3_000_000):
                pass
            return total > 0
        """,
        timeout=30.0,
    )
    assert handler.invoke(request()).response is True


def test_a_process_stays_warm(isolate: Isolated) -> None:
    handler = isolate(
        """
        import os
        calls = []
        def handler(event, context):
            calls.append([os.getpid(), context.log_stream_name])
            return calls
        """
    )
    first, second = handler.invoke(request()), handler.invoke(request())
    calls = second.response
    assert isinstance(calls, list)
    assert len(calls) == 2
    assert calls[0] == calls[1]
    assert calls[0][1] == first.log_stream == second.log_stream


def test_between_two_calls_nothing_in_it_runs(isolate: Isolated) -> None:
    handler = isolate(
        """
        import itertools, os, subprocess, threading
        counted = 0
        def count():
            global counted
            for counted in itertools.count():
                pass
        child = subprocess.Popen(["sleep", "1000"])
        threading.Thread(target=count, daemon=True).start()
        def handler(event, context):
            return [os.getpid(), child.pid, counted]
        """
    )
    own, child, counted = numbers(handler.invoke(request()))
    processes = [own, child]
    assert all(map(is_stopped, processes))
    ticks = cpu_ticks(own)
    assert is_stopped(own)
    assert cpu_ticks(own) == ticks
    *again, more = numbers(handler.invoke(request()))
    assert again == processes
    assert more > counted
    handler.close()
    assert all(map(has_ended, processes))


def numbers(result: InvocationResult) -> list[int]:
    assert isinstance(result.response, list)
    return result.response


def is_stopped(process: int) -> bool:
    """Whether all threads of a process are stopped, as soon as they are."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if all(status(process, thread.name)[0] == "T" for thread in threads_of(process)):
            return True
    return False


def threads_of(process: int) -> list[Path]:
    return list(Path(f"/proc/{process}/task").iterdir())


def cpu_ticks(process: int) -> int:
    return int(status(process)[11]) + int(status(process)[12])


def status(process: int, thread: str = "") -> list[str]:
    """/proc/…/stat from the state on."""
    folder = f"/proc/{process}/task/{thread}" if thread else f"/proc/{process}"
    return Path(f"{folder}/stat").read_text().rpartition(") ")[2].split()


def test_cold_starts_a_fresh_process_each_time(isolate: Isolated) -> None:
    handler = isolate("import os\ndef handler(event, context): return os.getpid()", cold=True)
    results = [handler.invoke(request()) for _ in range(2)]
    assert results[0].response != results[1].response
    assert all("initDurationMs" in (result.report or {}) for result in results)
    assert not any(exists(int(str(result.response))) for result in results)


def test_renewed_it_runs_the_code_as_it_is_now(isolate: Isolated, tmp_path: Path) -> None:
    handler = isolate("def handler(event, context): return 'old'")
    assert handler.invoke(request()).response == "old"
    write_code(tmp_path, "def handler(event, context): return 'changed'")
    handler.renew()
    assert handler.invoke(request()).response == "changed"


def test_a_call_goes_on_while_the_code_is_renewed(isolate: Isolated, meeting: Meeting) -> None:
    handler = isolate(meeting.code, timeout=30.0)
    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(handler.invoke, request())
        process = meeting.next()
        handler.renew()
        meeting.let_go()
        assert call.result().response == process
    assert not exists(process)


def test_concurrent_calls_have_a_process_each(isolate: Isolated, meeting: Meeting) -> None:
    handler = isolate(meeting.code, timeout=30.0)
    with ThreadPoolExecutor(4) as pool:
        calls = [pool.submit(handler.invoke, request()) for _ in range(4)]
        processes = {meeting.next() for _ in range(4)}
        meeting.let_go()
        assert {call.result().response for call in calls} == processes
        assert len({call.result().log_stream for call in calls}) == 4
    assert len(processes) == 4
    handler.close()
    assert not any(map(exists, processes))


def test_close_ends_a_running_call(isolate: Isolated, meeting: Meeting) -> None:
    handler = isolate(meeting.code, timeout=30.0)
    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(handler.invoke, request())
        process = meeting.next()
        handler.close()
        assert error_of(call.result())[0] == "Runtime.ExitError"
    assert not exists(process)


def test_a_call_after_close_runs_nothing(isolate: Isolated, tmp_path: Path) -> None:
    handler = isolate("def handler(event, context): open('called', 'w')")
    handler.close()
    assert error_of(handler.invoke(request()))[0] == "Runtime.ExitError"
    assert not (tmp_path / "called").exists()


def test_what_a_function_leaves_behind_ends_with_it(isolate: Isolated, tmp_path: Path) -> None:
    handler = isolate(
        """
        import subprocess
        def handler(event, context):
            left = subprocess.Popen(["sleep", "1000"], start_new_session=True)
            open("left", "w").write(str(left.pid))
            while True:
                pass
        """,
        timeout=3.0,  # in which it gets as far as its loop
    )
    assert error_of(handler.invoke(request()))[0] == "Sandbox.Timedout"
    assert has_ended(int((tmp_path / "left").read_text()))


@pytest.mark.parametrize("ends", ["in a call", "between two calls"])
def test_a_function_does_not_outlive_kcli(meeting: Meeting, tmp_path: Path, ends: str) -> None:
    code = meeting.code
    if ends == "in a call":
        code = code.replace("there.recv(1)", "while True: pass")
    write_code(tmp_path, code)
    program = (
        "from pathlib import Path\n"
        "from kinesis_cli.handlers.isolated import IsolatedHandler\n"
        "from tests.unit.handler_files import function_in, request\n"
        f"handler = IsolatedHandler(function_in(Path({str(tmp_path)!r}), timeout=300.0))\n"
        "handler.invoke(request())\n"
        "print('called', flush=True)\n"
        "while True: pass\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], cwd=Path(__file__).parents[2], stdout=subprocess.PIPE
    ) as kcli:
        process = meeting.next()
        if ends == "between two calls":
            meeting.let_go()
            assert kcli.stdout is not None
            kcli.stdout.readline()
            assert is_stopped(process)
        kcli.kill()
    assert has_ended(process)


def test_fifty_calls_of_all_kinds_leak_nothing(isolate: Isolated) -> None:
    others, threads = set(children()), threading.active_count()  # of other tests' servers
    handler = isolate(
        """
        import os
        def handler(event, context):
            match event["Records"]:
                case 0: return os.getpid()
                case 1: raise ValueError("no")
                case 2: os._exit(1)
                case 3: return bytearray(b"x") * 300_000_000
                case 4:
                    while True:
                        pass
        """,
        timeout=0.3,
    )
    handler.invoke(request(payload=b'{"Records":0}'))
    before = open_descriptors()
    for number in range(50):
        handler.invoke(request(payload=b'{"Records":%d}' % (number % 5)))
    handler.invoke(request(payload=b'{"Records":0}'))
    assert open_descriptors() == before
    assert len(set(children()) - others) == 1
    handler.close()
    assert set(children()) <= others
    assert threading.active_count() == threads


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def children() -> list[str]:
    return [
        child
        for task in Path("/proc/self/task").iterdir()
        for child in (task / "children").read_text().split()
    ]


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no such folder"):
        IsolatedHandler(function_in(tmp_path / "nowhere"))
