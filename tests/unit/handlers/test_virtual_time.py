"""A handler in a simulation lives in the simulation's time, and nobody else does."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinesis_cli.handlers.in_process import CallableHandler, Described, InProcessHandler
from kinesis_cli.handlers.options import HandlerOptions
from kinesis_cli.handlers.worker import WorkerHandler
from tests.unit.handler_files import AT, function_in, request, write_code

PythonHandler = InProcessHandler | WorkerHandler
Load = Callable[..., PythonHandler]


@pytest.fixture(params=[InProcessHandler, WorkerHandler], ids=["in-process", "worker"])
def place(request: pytest.FixtureRequest) -> type[PythonHandler]:
    """Where the handler runs: what is promised of virtual time holds in both."""
    return request.param  # type: ignore[no-any-return]


@pytest.fixture
def load(tmp_path: Path, place: type[PythonHandler]) -> Iterator[Load]:
    loaded: list[PythonHandler] = []

    def load(code: str, *, timeout: float = 3.0, **options: object) -> PythonHandler:
        write_code(tmp_path, code)
        how = HandlerOptions(**options)  # type: ignore[arg-type]
        handler = place(function_in(tmp_path, timeout=timeout), how)
        loaded.append(handler)
        return handler

    yield load
    for handler in loaded:
        handler.close()


def test_all_wall_clocks_stand_at_the_time_of_the_call(load: Load) -> None:
    handler = load(
        """
        import time, datetime
        from time import time as imported_time
        from datetime import datetime as imported_datetime
        def handler(event, context):
            return [time.time(), time.time_ns(), imported_time(),
                    str(datetime.datetime.now(datetime.UTC)), str(imported_datetime.now()),
                    time.strftime("%H:%M:%S", time.gmtime()),
                    time.strftime("%H:%M", time.localtime()),
                    str(datetime.date.today())]
        """
    )
    assert handler.invoke(request(AT)).response == [
        1545084650.987,
        1545084650987000000,
        1545084650.987,
        "2018-12-17 22:10:50.987000+00:00",
        "2018-12-17 22:10:50.987000",
        "22:10:50",
        "22:10",
        "2018-12-17",
    ]
    assert time.time() > 1_700_000_000


def test_sleep_moves_the_clock_and_does_not_wait(load: Load) -> None:
    handler = load(
        """
        import time
        from time import sleep
        def handler(event, context):
            wall, left = time.time(), context.get_remaining_time_in_millis()
            monotonic, counter = time.monotonic(), time.perf_counter()
            time.sleep(600)
            sleep(0.5)
            ahead = time.monotonic() - monotonic, time.perf_counter() - counter
            return [time.time() - wall, left - context.get_remaining_time_in_millis(),
                    [600.5 <= seconds < 660 for seconds in ahead]]
        """,
        timeout=900.0,
    )
    result = handler.invoke(request(1545084650.0))
    assert result.response == [600.5, 600500, [True, True]]
    assert result.slept == 600.5
    assert result.elapsed < 60


def test_each_call_starts_at_its_own_time(load: Load) -> None:
    handler = load(
        "import time\ndef handler(event, context):\n  time.sleep(1)\n  return time.time()"
    )
    starts = [1000.0, 500.0, 86400.0]
    assert [handler.invoke(request(at)).response for at in starts] == [at + 1 for at in starts]
    assert [handler.invoke(request(at)).slept for at in starts] == [1.0, 1.0, 1.0]


def test_monotonic_follows_the_time_between_calls_and_never_goes_back(load: Load) -> None:
    handler = load("import time\ndef handler(event, context): return time.monotonic()")
    first, later, earlier = (
        float(str(handler.invoke(request(at)).response)) for at in (1000.0, 4600.0, 2000.0)
    )
    assert later - first >= 3600
    assert earlier >= later


def test_a_sleep_past_the_timeout_ends_the_call(load: Load) -> None:
    handler = load(
        """
        import time
        reached = []
        def handler(event, context):
            if event.get("Records") is None: return reached
            try: time.sleep(2); reached.append(1); time.sleep(2); reached.append(2)
            except Exception: reached.append("Exception must not catch it")
            return "finished"
        """
    )
    result = handler.invoke(request(AT, invocation_duration=0.5))
    assert result.error is not None
    assert result.error.error_type == "Sandbox.Timedout"
    assert "Task timed out after 3.00 seconds" in result.error.error_message
    assert result.slept == 2.5  # with the duration of the call itself, that is the whole timeout
    assert handler.invoke(request(payload=b"{}")).response == [1]


def test_a_handler_that_swallows_the_timeout_has_timed_out(load: Load) -> None:
    handler = load(
        """
        import time
        def handler(event, context):
            try: time.sleep(100)
            except BaseException: pass
            return "finished"
        """
    )
    result = handler.invoke(request(AT))
    assert result.error is not None
    assert (result.error.error_type, result.slept) == ("Sandbox.Timedout", 3.0)


def test_a_call_that_lasts_longer_than_the_timeout_has_timed_out(load: Load) -> None:
    handler = load("def handler(event, context): return 1")
    assert handler.invoke(request(AT, invocation_duration=3.0)).error is None
    late = handler.invoke(request(AT, invocation_duration=3.1)).error
    assert late is not None
    assert late.error_type == "Sandbox.Timedout"


@given(st.lists(st.floats(0, 1000), max_size=10), st.floats(0, 10), st.floats(1, 900))
def test_a_call_times_out_just_when_its_sleeps_exceed_its_time(
    sleeps: list[float], duration: float, timeout: float
) -> None:
    def nap(event: object, context: object) -> None:
        for seconds in sleeps:
            time.sleep(seconds)

    handler = CallableHandler(nap, described=Described(timeout=timeout))
    try:
        result = handler.invoke(request(AT, invocation_duration=duration))
    finally:
        handler.close()
    assert 0 <= result.slept <= max(0.0, timeout - duration) + 1e-9
    if result.error is None:
        assert result.slept == pytest.approx(sum(sleeps))
        assert sum(sleeps) + duration <= timeout + 1e-6
    else:
        assert result.error.error_type == "Sandbox.Timedout"
        assert sum(sleeps) + duration > timeout - 1e-6


def test_event_loops_run(load: Load) -> None:
    handler = load(
        """
        import asyncio, time
        async def work():
            await asyncio.sleep(0.001)
            time.sleep(1)
            return await asyncio.wait_for(asyncio.sleep(0.001, "done"), timeout=5)
        def handler(event, context): return asyncio.run(work()), time.time()
        """
    )
    assert handler.invoke(request(1000.0)).response == ["done", 1001.0]
    assert handler.invoke(request(2000.0)).response == ["done", 2001.0]


def test_another_thread_sleeps_for_real_and_leaves_the_clock_alone(load: Load) -> None:
    handler = load(
        """
        import threading, time
        def handler(event, context):
            thread = threading.Thread(target=time.sleep, args=[0.001])
            thread.start()
            thread.join()
            return time.time()
        """
    )
    result = handler.invoke(request(1000.0))
    assert (result.response, result.slept) == (1000.0, 0.0)


def test_a_call_in_the_wall_clocks_time_sees_it(load: Load) -> None:
    code = """
        import time
        def handler(event, context):
            time.sleep(0.001)
            return time.time()
    """
    with_option = load(code, wall_clock=True).invoke(request(AT))
    without_time = load(code).invoke(request())
    for result in (with_option, without_time):
        assert abs(float(str(result.response)) - time.time()) < 60
        assert result.slept == 0
        assert result.elapsed >= 0.001


def test_wall_clock_time_left_runs_down(load: Load) -> None:
    handler = load(
        """
        import time
        def handler(event, context):
            time.sleep(0.01)
            return context.get_remaining_time_in_millis()
        """,
        wall_clock=True,
    )
    assert 0 <= int(str(handler.invoke(request()).response)) <= 2990


def test_the_import_can_happen_in_virtual_time(load: Load) -> None:
    handler = load(
        "import time\nstarted = time.time()\ndef handler(event, context): return started", at=AT
    )
    assert handler.invoke(request(AT + 100)).response == AT


@pytest.mark.parametrize("place", [InProcessHandler], indirect=True)
def test_a_kept_sleep_is_the_real_one_after_closing(load: Load) -> None:
    handler = load(
        "from time import sleep\ndef handler(event, context): pass\nhandler.sleep = sleep"
    )
    sleep = handler._function.sleep  # type: ignore[union-attr]
    handler.close()
    before = time.monotonic()
    sleep(0.002)
    assert time.monotonic() - before >= 0.002
    with pytest.raises(ValueError, match="non-negative"):
        sleep(-1)


@pytest.mark.parametrize("wrong", ["-1", "float('nan')", "'1'", "None"])
def test_a_wrong_sleep_fails_as_the_real_one(load: Load, wrong: str) -> None:
    def outcome(at: float | None) -> tuple[str, str]:
        handler = load(f"import time\ndef handler(event, context): time.sleep({wrong})")
        error = handler.invoke(request(at)).error
        handler.close()
        assert error is not None
        return error.error_type, error.error_message

    assert outcome(AT) == outcome(None)


@pytest.mark.parametrize(
    ("code", "advised"),
    [
        ("InvalidSignatureException", True),
        ("RequestTimeTooSkewed", True),
        ("AccessDenied", False),
        ("Order RequestExpired", False),
    ],
)
@pytest.mark.parametrize(
    "raising",
    [
        "raise refused",
        "raise RuntimeError('the table is not writable') from refused",
        "try:\n        raise refused\n    except ClientError:\n        raise KeyError('x')",
    ],
)
def test_a_clock_error_of_aws_advises_the_wall_clock(
    load: Load, code: str, advised: bool, raising: str
) -> None:
    handler = load(f"""
from botocore.exceptions import ClientError

def handler(event, context):
    refused = ClientError({{"Error": {{"Code": {code!r}, "Message": "..."}}}}, "PutItem")
    {raising}
""")
    assert any("--wall-clock" in line for line in handler.invoke(request(AT)).logs) == advised
    assert handler.invoke(request()).logs == ()


def test_a_text_like_a_clock_error_of_aws_is_no_reason_to_advise_the_wall_clock(load: Load) -> None:
    text = "An error occurred (InvalidSignatureException) when calling PutItem: ..."
    handler = load(f"def handler(event, context): raise RuntimeError({text!r})")
    assert handler.invoke(request(AT)).logs == ()


def test_time_machine_is_imported_without_its_test_tools_and_leaves_them_usable() -> None:
    code = """
        import sys
        from kinesis_cli.handlers.in_process import CallableHandler
        from kinesis_cli.event_source_mapping.invocation import InvocationRequest
        handler = CallableHandler(lambda event, context: None)
        assert "time_machine" not in sys.modules
        handler.invoke(InvocationRequest("", b"{}", at=1.0))
        assert "time_machine" in sys.modules
        assert "_pytest" not in sys.modules and "pytest" not in sys.modules
        import pytest, dateutil.parser
    """
    lines = "\n".join(line.strip() for line in code.splitlines())
    subprocess.run([sys.executable, "-c", lines], check=True)
