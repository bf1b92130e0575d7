"""Real handler files, run in this process: what comes out is what Lambda would report."""

import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import pytest

from kinesis_cli.event_source_mapping.invocation import FunctionError, InvocationResult
from kinesis_cli.handlers import load_handler
from kinesis_cli.handlers.in_process import CallableHandler, Described, InProcessHandler
from kinesis_cli.handlers.options import HandlerOptions
from kinesis_cli.handlers.runner.output import KEPT_CHARACTERS
from kinesis_cli.handlers.worker import WorkerHandler
from tests.unit.handler_files import AT, REQUEST_ID, function_in, request, write_code

if TYPE_CHECKING:
    from _typeshed import TraceFunction


PythonHandler = InProcessHandler | WorkerHandler
Load = Callable[..., PythonHandler]


@pytest.fixture(params=[InProcessHandler, WorkerHandler], ids=["in-process", "worker"])
def place(request: pytest.FixtureRequest) -> type[PythonHandler]:
    """Where the handler runs."""
    return request.param  # type: ignore[no-any-return]


here_only = pytest.mark.parametrize("place", [InProcessHandler], indirect=True)


@pytest.fixture
def load(tmp_path: Path, place: type[PythonHandler]) -> Iterator[Load]:
    """Writes `code` as app.py and loads its `handler`; closes it after the test."""
    loaded: list[PythonHandler] = []

    def load(code: str, **settings: object) -> PythonHandler:
        options = {
            name: settings.pop(name)
            for name in ("wall_clock", "debug", "debug_at", "at", "is_alone")
            if name in settings
        }
        write_code(tmp_path, code)
        how = HandlerOptions(**options)  # type: ignore[arg-type]
        handler = place(function_in(tmp_path, **settings), how)  # type: ignore[arg-type]
        loaded.append(handler)
        return handler

    yield load
    for handler in loaded:
        handler.close()


def error_of(result: InvocationResult) -> FunctionError:
    assert result.error is not None
    return result.error


def test_a_handler_gets_the_event_and_its_answer_comes_back(load: Load) -> None:
    handler = load("def handler(event, context): return {'got': event['Records']}")
    result = handler.invoke(request())
    assert (result.response, result.error) == ({"got": []}, None)


def test_the_context_looks_like_lambdas(load: Load) -> None:
    handler = load(
        """
        def handler(event, context):
            context.log("as it is")
            return {name: getattr(context, name) for name in (
                "aws_request_id", "function_name", "function_version", "invoked_function_arn",
                "memory_limit_in_mb", "log_group_name", "log_stream_name", "client_context",
            )} | {"identity": context.identity.cognito_identity_id,
                  "remaining": context.get_remaining_time_in_millis()}
        """,
        memory_size=512,
    )
    result = handler.invoke(request(AT))
    assert result.response == {
        "aws_request_id": REQUEST_ID,
        "function_name": "test-function",
        "function_version": "$LATEST",
        "invoked_function_arn": "arn:aws:lambda:us-east-1:123456789012:function:test-function",
        "memory_limit_in_mb": "512",
        "log_group_name": "/aws/lambda/test-function",
        "log_stream_name": "$LATEST",
        "client_context": None,
        "identity": None,
        "remaining": 3000,
    }
    assert result.logs == ("as it is",)


def test_what_a_handler_does_to_its_event_is_gone_in_the_next_call(load: Load) -> None:
    handler = load(
        """
        def handler(event, context):
            event["Records"].append(1)
            return len(event["Records"])
        """
    )
    assert [handler.invoke(request()).response for _ in range(3)] == [1, 1, 1]


def test_a_response_that_the_handler_changes_later_stays_as_it_was(load: Load) -> None:
    handler = load(
        """
        answer = {"batchItemFailures": []}
        def handler(event, context):
            answer["batchItemFailures"].append({"itemIdentifier": "1"})
            return answer
        """
    )
    first, second = handler.invoke(request()), handler.invoke(request())
    assert first.response == {"batchItemFailures": [{"itemIdentifier": "1"}]}
    assert second.response == {"batchItemFailures": [{"itemIdentifier": "1"}] * 2}


def test_globals_live_from_call_to_call(load: Load) -> None:
    handler = load(
        """
        calls = []
        def handler(event, context):
            calls.append(1)
            return len(calls)
        """
    )
    assert [handler.invoke(request()).response for _ in range(3)] == [1, 2, 3]


def test_an_exception_has_lambdas_shape_and_the_users_frames_only(
    load: Load, tmp_path: Path
) -> None:
    handler = load(
        """
        def deeper(): raise ValueError("too hot")
        def handler(event, context):
            deeper()
        """
    )
    assert error_of(handler.invoke(request(AT))).document() == {
        "errorType": "ValueError",
        "errorMessage": "too hot",
        "requestId": REQUEST_ID,
        "stackTrace": [
            f'  File "{tmp_path}/app.py", line 4, in handler\n    deeper()\n',
            f'  File "{tmp_path}/app.py", line 2, in deeper\n'
            '    def deeper(): raise ValueError("too hot")\n',
        ],
    }


def test_a_frame_of_kcli_is_in_no_stack_trace(load: Load) -> None:
    handler = load("import time\ndef handler(event, context): time.sleep(-1)")
    error = error_of(handler.invoke(request(AT)))
    assert error.error_type == "ValueError"
    assert len(error.stack_trace) == 1


def test_an_exception_whose_text_fails_is_still_a_result(load: Load) -> None:
    handler = load(
        """
        class Rude(Exception):
            def __str__(self): raise RuntimeError
        def handler(event, context): raise Rude
        """
    )
    assert error_of(handler.invoke(request())).error_type == "Rude"


def test_endless_recursion_is_a_result(load: Load) -> None:
    handler = load("def handler(event, context): return handler(event, context)")
    assert error_of(handler.invoke(request(AT))).error_type == "RecursionError"
    assert error_of(handler.invoke(request())).error_type == "RecursionError"


@pytest.mark.parametrize(
    ("statement", "reason", "logs"),
    [
        ("sys.exit(3)", "Runtime exited with error: exit status 3", ()),
        ("sys.exit()", "Runtime exited without providing a reason", ()),
        ("sys.exit('no\\nway')", "Runtime exited with error: exit status 1", ("no", "way")),
        ("raise SystemExit(256 + 7)", "Runtime exited with error: exit status 7", ()),
    ],
)
def test_leaving_the_process_is_lambdas_exit_error(
    load: Load, statement: str, reason: str, logs: tuple[str, ...]
) -> None:
    handler = load(f"import sys\ndef handler(event, context): {statement}")
    result = handler.invoke(request())
    assert error_of(result).document() == {
        "errorType": "Runtime.ExitError",
        "errorMessage": f"RequestId: {REQUEST_ID} Error: {reason}",
    }
    assert result.logs == logs


@pytest.mark.parametrize("raised", ["KeyboardInterrupt", "GeneratorExit", "Odd"])
def test_what_is_no_exception_ends_the_runtime_and_not_kcli(load: Load, raised: str) -> None:
    handler = load(f"class Odd(BaseException): pass\ndef handler(event, context): raise {raised}")
    result = handler.invoke(request())
    assert error_of(result).error_type == "Runtime.ExitError"
    assert result.logs[0] == "Traceback (most recent call last):"
    assert result.logs[-1].endswith(raised)


@here_only
@pytest.mark.parametrize("swallowed", ["pass", "raise ValueError"])
def test_a_real_ctrl_c_interrupts_kcli_whatever_the_handler_makes_of_it(
    load: Load, swallowed: str
) -> None:
    handler = load(
        f"""
        import os, signal, time
        def handler(event, context):
            try:
                os.kill(os.getpid(), signal.SIGINT)
                for _ in range(1000): time.sleep(0.001)
            except BaseException:
                {swallowed}
        """,
        wall_clock=True,
    )
    with pytest.raises(KeyboardInterrupt):
        handler.invoke(request())
    handler.close()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@here_only
def test_ctrl_c_at_any_line_leaves_the_process_to_kcli(load: Load) -> None:
    handler = load("def handler(event, context): return {}")
    output = sys.stdout, sys.stderr
    tracing = sys.gettrace()
    lines_to_go = 0

    def trace(frame: FrameType, event: str, _argument: object) -> "TraceFunction | None":
        nonlocal lines_to_go
        code = frame.f_code
        # Not in `invoke`: Python itself may be interrupted where a `with` ends, before the lock is
        # released; a real signal is not handled there.
        if "kinesis_cli/handlers/" not in code.co_filename or code.co_name == "invoke":
            return trace if code.co_name == "invoke" else None
        if event == "line":
            lines_to_go -= 1
            if lines_to_go == 0:
                signal.raise_signal(signal.SIGINT)
        return trace

    interrupted = 0
    while lines_to_go <= 0:  # until a call has fewer lines than that
        lines_to_go = interrupted + 1
        sys.settrace(trace)
        try:
            handler.invoke(request())
        except KeyboardInterrupt:
            interrupted += 1
        finally:
            sys.settrace(tracing)
        assert (sys.stdout, sys.stderr) == output
        assert time.time() > AT + 86_400  # the real clock again
    handler.close()
    assert interrupted > 20


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        ("{1, 2}", "Object of type set is not JSON serializable"),
        ("b''.__class__", "Object of type type is not JSON serializable"),
        ("{(1, 2): 3}", "keys must be str, int, float, bool or None, not tuple"),
        ("endless()", "Circular reference detected"),
        ("coroutine()", "Object of type coroutine is not JSON serializable"),
    ],
)
def test_what_is_no_json_is_a_marshal_error(load: Load, returned: str, message: str) -> None:
    handler = load(
        f"""
        def endless():
            value = []
            value.append(value)
            return value
        async def coroutine(): pass
        def handler(event, context): return {returned}
        """
    )
    error = error_of(handler.invoke(request()))
    assert error.error_type == "Runtime.MarshalError"
    assert error.error_message == f"Unable to marshal response: {message}"


def test_an_async_handler_answers_no_json_and_leaves_no_warning(
    load: Load, recwarn: pytest.WarningsRecorder
) -> None:
    handler = load("async def handler(event, context): return {}")
    assert error_of(handler.invoke(request())).error_type == "Runtime.MarshalError"
    assert not recwarn.list


def test_an_event_that_is_no_json_is_an_unmarshal_error(load: Load) -> None:
    handler = load("def handler(event, context): return 1")
    error = error_of(handler.invoke(request(payload=b"{")))
    assert error.error_type == "Runtime.UnmarshalError"


@pytest.mark.parametrize("at", [None, AT])
def test_prints_and_logs_come_in_order(load: Load, at: float | None) -> None:
    handler = load(
        """
        import logging, sys
        print("import")
        def handler(event, context):
            print("one")
            print("two", file=sys.stderr)
            sys.stdout.buffer.write("drei ü\\n".encode())
            logging.getLogger("mine").warning("four %d", 4)
            logging.info("not shown: the root logger's level is WARNING, as in Lambda")
            print("five", end="")
        """
    )
    logs = handler.invoke(request(at)).logs
    assert logs[:4] == ("import", "one", "two", "drei ü")
    level, _, request_id, text = logs[4].split("\t")
    assert (level, request_id, text) == ("[WARNING]", REQUEST_ID, "four 4")
    assert logs[5:] == ("five",)
    assert handler.invoke(request(at)).logs[0] == "one"


def test_a_log_line_carries_virtual_time(load: Load) -> None:
    handler = load("import logging\ndef handler(event, context): logging.error('x')")
    assert handler.invoke(request(1545084650.0)).logs == (
        f"[ERROR]\t2018-12-17T22:10:50.000Z\t{REQUEST_ID}\tx",
    )


def test_a_logged_exception_is_one_entry_with_its_traceback(load: Load) -> None:
    handler = load(
        """
        import logging
        def handler(event, context):
            print("before", end="")
            try: 1 / 0
            except ZeroDivisionError: logging.exception("bad")
            print("after\\nit")
        """
    )
    before, logged, *after = handler.invoke(request(AT)).logs
    assert (before, after) == ("before", ["after", "it"])
    first, second, *_, last = logged.split("\n")
    assert first.endswith("\tbad")
    assert second == "Traceback (most recent call last):"
    assert last == "ZeroDivisionError: division by zero"


def test_json_logs_have_the_runtimes_members(load: Load, tmp_path: Path) -> None:
    import json

    handler = load(
        """
        import logging
        def handler(event, context):
            logging.getLogger("mine").info("hot: %s", 101, extra={"sensor": 7})
            logging.debug("below the level")
            logging.info({"whole": "dict"})
            try: 1 / 0
            except ZeroDivisionError: logging.exception("bad")
        """,
        environment={"AWS_LAMBDA_LOG_FORMAT": "JSON", "AWS_LAMBDA_LOG_LEVEL": "INFO"},
    )
    lines = [json.loads(line) for line in handler.invoke(request(1545084650.0)).logs]
    assert lines[0] == {
        "timestamp": "2018-12-17T22:10:50Z",
        "level": "INFO",
        "message": "hot: 101",
        "logger": "mine",
        "requestId": REQUEST_ID,
        "sensor": 7,
    }
    assert lines[1]["message"] == {"whole": "dict"}
    assert lines[2]["errorType"] == "ZeroDivisionError"
    assert lines[2]["errorMessage"] == "division by zero"
    assert lines[2]["location"] == f"{tmp_path}/app.py:handler:8"
    assert lines[2]["stackTrace"][0].startswith(f'  File "{tmp_path}/app.py", line 7')
    assert len(lines) == 3


def test_a_log_call_that_does_not_fit_its_text_raises_as_in_lambda(load: Load) -> None:
    handler = load("import logging\ndef handler(event, context): logging.error('%d', 'x')")
    assert error_of(handler.invoke(request())).error_type == "TypeError"


def test_the_loggers_are_as_before_after_closing(load: Load) -> None:
    root = logging.getLogger()
    before = list(root.handlers), root.level
    handler = load(
        "import logging\nlogging.getLogger().setLevel(1)\ndef handler(event, context): pass",
        environment={"AWS_LAMBDA_LOG_LEVEL": "ERROR"},
    )
    handler.close()
    assert (list(root.handlers), root.level) == before


def test_megabytes_of_output_keep_their_ends_only(load: Load) -> None:
    handler = load(
        """
        def handler(event, context):
            print("begin")
            for n in range(20_000): print("x" * 1_000)
            print("y" * 5_000_000)
            print("end")
        """
    )
    logs = handler.invoke(request()).logs
    assert logs[0] == "begin"
    assert logs[-1] == "end"
    assert any(line.startswith("[kcli left out 2") for line in logs)
    assert sum(map(len, logs)) < 4 * KEPT_CHARACTERS


@pytest.mark.parametrize(
    "statement",
    ["sys.stdout.close()", "sys.stdout = None", "sys.stdout = open(os.devnull, 'w')"],
)
def test_a_handler_that_ruins_its_standard_output_ruins_its_own_only(
    load: Load, statement: str
) -> None:
    out = sys.stdout
    handler = load(f"import os, sys\ndef handler(event, context): {statement}")
    handler.invoke(request())
    assert sys.stdout is out
    handler.invoke(request())
    assert sys.stdout is out


in_all_ways = pytest.mark.parametrize("is_alone", [False, True])


@in_all_ways
def test_the_environment_is_there_at_import_and_in_calls_and_gone_between(
    load: Load, monkeypatch: pytest.MonkeyPatch, is_alone: bool
) -> None:
    monkeypatch.setenv("TABLE", "outer")
    monkeypatch.delenv("COLOUR", raising=False)
    handler = load(
        """
        import os, subprocess
        at_import = os.environ["TABLE"], os.getenv("AWS_LAMBDA_FUNCTION_NAME")
        def handler(event, context):
            printed = subprocess.run(["sh", "-c", "echo $TABLE"], capture_output=True, text=True)
            seen = [*at_import, os.environ["TABLE"], os.environ["COLOUR"], printed.stdout]
            os.environ["COLOUR"] = "changed"
            return seen
        """,
        environment={"TABLE": "inner", "COLOUR": "red"},
        is_alone=is_alone,
    )
    first = handler.invoke(request()).response
    assert first == ["inner", "test-function", "inner", "red", "inner\n"]
    assert os.environ["TABLE"] == "outer"
    assert "COLOUR" not in os.environ
    assert "AWS_LAMBDA_FUNCTION_NAME" not in os.environ
    assert handler.invoke(request()).response == [*first[:3], "changed", "inner\n"]
    handler.close()
    assert os.popen("echo $TABLE,$COLOUR").read() == "outer,\n"


@here_only
def test_what_a_function_sets_is_its_own_where_nobody_else_runs(
    load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OF_THE_SHELL", "from the shell")
    (tmp_path / "outer" / "below").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "outer")
    handler = load(
        """
        import os
        def handler(event, context):
            as_bytes = os.environb.get(b"SET", b"").decode()
            seen = [os.environ.get("SET"), as_bytes, os.environ.get("OF_THE_SHELL")]
            os.environ["SET"] = "by the function"
            here = os.path.basename(os.getcwd())
            os.chdir("/")
            return [*seen, here]
        """,
        is_alone=True,
    )
    place = tmp_path.name
    assert handler.invoke(request()).response == [None, "", "from the shell", place]
    assert (os.environ.get("SET"), Path.cwd()) == (None, tmp_path / "outer")
    assert os.environ["OF_THE_SHELL"] == os.environb[b"OF_THE_SHELL"].decode() == "from the shell"
    by_it = "by the function"
    assert handler.invoke(request()).response == [by_it, by_it, "from the shell", place]
    (tmp_path / "outer").rename(tmp_path / "moved")  # its place is known, whatever it is called
    handler.invoke(request())
    assert Path.cwd() == tmp_path / "moved"


@here_only
def test_a_variable_set_between_calls_is_seen(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    handler = load("import os\ndef handler(event, context): return os.environ.get('LATER')")
    assert handler.invoke(request()).response is None
    monkeypatch.setenv("LATER", "yes")
    assert handler.invoke(request()).response == "yes"


def test_the_working_directory_is_the_codes_and_local_time_is_utc(
    load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    here, zone = Path.cwd(), time.tzname
    (tmp_path / "data.txt").write_text("beside the code")
    handler = load(
        """
        import datetime
        def handler(event, context):
            return open("data.txt").read(), str(datetime.datetime.now())
        """
    )
    assert handler.invoke(request(1545084650.0)).response == [
        "beside the code",
        "2018-12-17 22:10:50",
    ]
    assert (Path.cwd(), time.tzname) == (here, zone)
    handler.close()
    assert time.tzname == zone
    monkeypatch.undo()
    time.tzset()


def test_a_call_that_really_takes_too_long_is_interrupted(load: Load) -> None:
    handler = load(
        """
        def handler(event, context):
            while True: pass
        """,
        timeout=0.05,
    )
    before = signal.getsignal(signal.SIGALRM)
    result = handler.invoke(request(AT))
    assert error_of(result).document() == {
        "errorType": "Sandbox.Timedout",
        "errorMessage": f"RequestId: {REQUEST_ID} Error: Task timed out after 0.05 seconds",
    }
    assert signal.getsignal(signal.SIGALRM) == before
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0


def test_a_handler_that_swallows_every_interruption_is_interrupted_again(load: Load) -> None:
    # A loop of its own: CPython has the jump back to a loop's head outside of the `try` around it.
    handler = load(
        """
        def go_on():
            while True: sum(range(9))

        def handler(event, context):
            for _ in range(2):
                try: go_on()
                except: print("swallowed")
            return "survived"
        """,
        timeout=0.5,  # so that it has begun by then
    )
    result = handler.invoke(request())
    assert error_of(result).error_type == "Sandbox.Timedout"
    assert set(result.logs) == {"swallowed"}  # once where the second one came within the `except`


@pytest.mark.parametrize("is_alone", [False, True])
def test_a_handler_that_takes_the_alarm_is_interrupted_in_its_next_call_all_the_same(
    load: Load, *, is_alone: bool
) -> None:
    handler = load(
        """
        import signal

        def handler(event, context):
            if event["Records"]:
                while True: pass
            signal.signal(signal.SIGALRM, signal.SIG_IGN)
        """,
        timeout=0.5,
        is_alone=is_alone,
    )
    assert handler.invoke(request()).error is None
    assert (
        error_of(handler.invoke(request(payload=b'{"Records":[{}]}'))).error_type
        == "Sandbox.Timedout"
    )


def test_the_alarm_of_somebody_else_still_rings(load: Load) -> None:
    rang: list[int] = []
    previous = signal.signal(signal.SIGALRM, lambda number, _frame: rang.append(number))
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    try:
        load("def handler(event, context): pass").invoke(request())
        deadline = time.monotonic() + 5
        while not rang and time.monotonic() < deadline:
            signal.pause()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
    assert rang == [signal.SIGALRM]


def test_it_runs_in_other_threads_too(load: Load) -> None:
    handler = load("def handler(event, context): return 'there'")
    results: list[object] = []
    thread = threading.Thread(target=lambda: results.append(handler.invoke(request(AT)).response))
    thread.start()
    thread.join()
    assert results == ["there"]


@here_only
def test_debugging_captures_nothing_and_has_no_timeout(
    load: Load, capsys: pytest.CaptureFixture[str]
) -> None:
    handler = load(
        """
        import logging, time
        def handler(event, context):
            print("seen")
            logging.warning("logged")
            time.sleep(100)
            return context.get_remaining_time_in_millis()
        """,
        debug_at=2,
    )
    assert error_of(handler.invoke(request(AT, number=1))).error_type == "Sandbox.Timedout"
    result = handler.invoke(request(AT, number=2))
    assert (result.error, result.logs) == (None, ())
    streams = capsys.readouterr()
    assert streams.out == "seen\n"
    assert streams.err.endswith("\tlogged\n")


def test_leaving_the_debugger_ends_kcli(load: Load) -> None:
    handler = load("import bdb\ndef handler(event, context): raise bdb.BdbQuit", debug=True)
    with pytest.raises(KeyboardInterrupt):
        handler.invoke(request())


def test_handlers_give_ctrl_c_back_in_whatever_order_they_are_closed() -> None:
    handlers = [CallableHandler(lambda event, context: None) for _ in range(3)]
    for number in (1, 0, 2):
        assert signal.getsignal(signal.SIGINT) is not signal.default_int_handler
        handlers[number].close()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_plain_function_is_a_handler_too() -> None:
    def echo(event: object, context: object) -> object:
        return [event, getattr(context, "function_name", "")]

    handler = CallableHandler(echo, described=Described(name="mine"))
    try:
        assert handler.invoke(request()).response == [{"Records": []}, "mine"]
        assert (handler.name, handler.runtime) == ("mine", "in-process")
    finally:
        handler.close()


def test_load_handler_takes_a_function_or_a_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_code(tmp_path, "def answer(event, context): return 42")
    monkeypatch.chdir(tmp_path)

    def answer(event: object, context: object) -> int:
        return 42

    for named in ("app.answer", "app.py:answer", answer):
        handler = load_handler(named)
        assert handler.invoke(request()).response == 42
        handler.close()


def test_closing_twice_is_closing_once(load: Load) -> None:
    handler = load("def handler(event, context): pass")
    handler.close()
    handler.close()
    assert time.sleep.__module__ == "time"
