"""A function in an interpreter of its own: real processes, real environments."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kinesis_cli.errors import InputError
from kinesis_cli.event_source_mapping.invocation import FunctionError, InvocationResult
from kinesis_cli.handlers.options import HandlerOptions
from kinesis_cli.handlers.worker import WorkerHandler
from kinesis_cli.handlers.worker import handler as worker_handler
from kinesis_cli.project.interpreter import Interpreter, choose_interpreter
from tests.named_pipes import opened_for_its_reader
from tests.patience import PATIENCE
from tests.pythons import RELEASES, new_environment, python_of_release, site_packages
from tests.unit.handler_files import AT, function_in, request, write_code

Load = Callable[..., WorkerHandler]


@pytest.fixture
def load(tmp_path: Path) -> Iterator[Load]:
    """Writes `code` as app.py and loads its `handler` in a worker; ends it after the test."""
    loaded: list[WorkerHandler] = []

    def load(code: str, **settings: object) -> WorkerHandler:
        options = {name: settings.pop(name) for name in ("wall_clock", "at") if name in settings}
        write_code(tmp_path, code)
        how = HandlerOptions(**options)  # type: ignore[arg-type]
        handler = WorkerHandler(function_in(tmp_path, **settings), how)  # type: ignore[arg-type]
        loaded.append(handler)
        return handler

    yield load
    for handler in loaded:
        handler.close()


def error_of(result: InvocationResult) -> FunctionError:
    assert result.error is not None
    return result.error


def interpreter_of(python: Path) -> Interpreter:
    return choose_interpreter([], named=("a test", str(python)))


def test_it_sees_the_environments_packages_and_nothing_of_kcli(load: Load, tmp_path: Path) -> None:
    python = new_environment(tmp_path / "env", yaml="__version__ = 'of the project'")
    handler = load(
        """
        import yaml
        def handler(event, context):
            missing = []
            for name in ("pydantic", "msgspec", "rich", "typer", "moto", "kinesis_cli", "output"):
                try: __import__(name)
                except ImportError: missing.append(name)
            return yaml.__version__, missing
        """,
        interpreter=interpreter_of(python),
    )
    expected = ["pydantic", "msgspec", "rich", "typer", "moto", "kinesis_cli", "output"]
    assert handler.invoke(request()).response == ["of the project", expected]


def test_what_comes_with_python_on_lambda_is_lent_behind_all_that_is_the_projects(
    load: Load, tmp_path: Path
) -> None:
    python = new_environment(tmp_path / "env", awslambdaric="whose = 'the environment'")
    write_code(tmp_path, "whose = 'the code'", "snapshot_restore_py.py")
    handler = load(
        """
        import awslambdaric, snapshot_restore_py
        def handler(event, context):
            import boto3
            region = boto3.client("sqs", "eu-west-1").meta.region_name
            return [region, snapshot_restore_py.whose, awslambdaric.whose]
        """,
        interpreter=interpreter_of(python),
    )
    assert handler.notes == ()
    first = handler.invoke(request())
    assert first.response == ["eu-west-1", "the code", "the environment"]
    said = f"kcli: boto3 is kcli's, as Lambda's Python brings one: {interpreter_of(python)} has no"
    assert [line.startswith(said) for line in first.logs] == [True]
    assert handler.invoke(request()).logs == ()


def test_modules_of_the_function_may_be_named_as_kclis_own(load: Load, tmp_path: Path) -> None:
    for name in ("output", "call", "serve", "start", "loading"):
        write_code(tmp_path, f"who = 'the user, {name}'", f"{name}.py")
    handler = load(
        """
        import call, loading, output, serve, start
        def handler(event, context):
            return [each.who for each in (call, loading, output, serve, start)]
        """
    )
    names = ("call", "loading", "output", "serve", "start")
    assert handler.invoke(request()).response == [f"the user, {name}" for name in names]


@pytest.mark.parametrize("release", RELEASES)
def test_any_python_that_lambda_has_runs_a_function(
    load: Load, tmp_path: Path, release: str
) -> None:
    python = python_of_release(release)
    if python is None:
        pytest.skip(f"this machine has no Python {release}")
    handler = load(
        """
        import datetime, logging, sys, time
        def handler(event, context):
            print("printed")
            logging.warning("logged")
            started = datetime.datetime.now()
            time.sleep(90)
            if event.get("fail"): raise ValueError("failed")
            assert type(started) is datetime.datetime
            return ["%d.%d" % sys.version_info[:2], str(started), str(datetime.datetime.now()),
                    str(datetime.datetime.utcnow()), str(datetime.date.today()),
                    context.get_remaining_time_in_millis()]
        """,
        interpreter=interpreter_of(python),
        timeout=100.0,
    )
    result = handler.invoke(request(AT))
    assert result.response == [
        release,
        "2018-12-17 22:10:50.987000",
        "2018-12-17 22:12:20.987000",
        "2018-12-17 22:12:20.987000",
        "2018-12-17",
        10000,
    ]
    assert (result.slept, result.logs[0]) == (90.0, "printed")
    assert result.logs[1].endswith("\tlogged")
    failed = error_of(handler.invoke(request(AT, payload=b'{"fail": true}')))
    assert (failed.error_type, failed.error_message) == ("ValueError", "failed")
    (frame,) = failed.stack_trace
    assert frame.startswith(f'  File "{tmp_path}/app.py", line')


def test_every_wall_clock_follows_virtual_time(load: Load) -> None:
    handler = load(
        """
        import time, uuid, datetime, pickle, warnings
        warnings.simplefilter("ignore")
        class Mine(datetime.datetime): pass
        def handler(event, context):
            copied = pickle.loads(pickle.dumps(datetime.datetime.now()))
            since_1582 = datetime.datetime(1582, 10, 15)
            drawn = since_1582 + datetime.timedelta(microseconds=uuid.uuid1().time // 10)
            return [time.ctime(), time.asctime(), time.clock_gettime(time.CLOCK_REALTIME),
                    time.clock_gettime_ns(time.CLOCK_REALTIME), time.gmtime().tm_year,
                    str(datetime.datetime.utcnow()), str(copied), str(drawn)[:19],
                    type(Mine.now()).__name__, str(Mine.today()),
                    str(Mine.now(datetime.timezone.utc)),
                    time.strftime("%Y", time.gmtime(0)), str(datetime.datetime.fromtimestamp(0))]
        """
    )
    moment = "2018-12-17 22:10:50.987000"
    expected = [
        "Mon Dec 17 22:10:50 2018",
        "Mon Dec 17 22:10:50 2018",
        1545084650.987,
        1545084650987000000,
        2018,
        moment,
        moment,
        "2018-12-17 22:10:50",
        "Mine",
        moment,
        f"{moment}+00:00",
        "1970",
        "1970-01-01 00:00:00",
    ]
    for _ in range(3):
        assert handler.invoke(request(AT)).response == expected


def test_a_process_that_ends_fails_its_call_and_the_next_has_a_fresh_one(load: Load) -> None:
    handler = load(
        """
        import os, sys
        calls = []
        def handler(event, context):
            calls.append(1)
            print("called", flush=True)
            if "exit" in event: os._exit(event["exit"])
            if "signal" in event: os.kill(os.getpid(), event["signal"])
            return len(calls)
        """
    )
    assert [handler.invoke(request()).response for _ in range(2)] == [1, 2]
    ended = error_of(handler.invoke(request(payload=b'{"exit": 3}')))
    assert ended.error_type == "Runtime.ExitError"
    assert ended.error_message.endswith("Error: Runtime exited with error: exit status 3")
    assert handler.invoke(request()).response == 1
    killed = error_of(handler.invoke(request(payload=b'{"signal": 11}')))
    assert killed.error_message.endswith("Runtime exited with error: signal: segmentation fault")
    assert handler.invoke(request()).response == 1


def test_what_is_written_past_python_is_in_the_log(load: Load) -> None:
    handler = load(
        """
        import os, subprocess
        def handler(event, context):
            print("printed")
            subprocess.run(["echo", "by a program"])
            os.write(2, b"x" * event.get("bytes", 0))
        """
    )
    assert handler.invoke(request()).logs == ("printed", "by a program")
    much = handler.invoke(request(payload=b'{"bytes": 1000000}')).logs
    assert sum(map(len, much)) < 300_000
    assert "kcli left out" in much[-1]
    assert handler.invoke(request()).logs == ("printed", "by a program")


def test_only_what_lambda_has_is_in_the_environment_unless_the_shells_is_wanted(
    load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINE", "of the shell")
    monkeypatch.setenv("PYTHONPATH", "/nowhere")
    code = """
        import os
        def handler(event, context):
            names = ("MINE", "PYTHONPATH", "TABLE", "AWS_LAMBDA_FUNCTION_NAME", "_HANDLER", "TZ")
            return [os.environ.get(name) for name in names] + [os.getcwd()]
    """
    environment = {"TABLE": "readings"}
    handler = load(code, environment=environment)
    found = handler.invoke(request()).response
    lambdas = ["readings", "test-function", "app.handler", ":UTC", str(handler.function.code_uri)]
    assert found == [None, None, *lambdas]
    handler = load(code, environment=environment, env_from_shell=True)
    assert handler.invoke(request()).response == ["of the shell", "/nowhere", *lambdas]


def test_a_call_that_nothing_interrupts_ends_with_its_process(
    load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_handler, "_GRACE_SECONDS", 0.1)
    handler = load(
        """
        import signal, time
        def handler(event, context):
            if "hang" not in event: return "fine"
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM})
            while True: time.sleep(60)
        """,
        timeout=2.0,
        wall_clock=True,
    )
    late = error_of(handler.invoke(request(payload=b'{"hang": 1}')))
    assert late.error_type == "Sandbox.Timedout"
    assert late.error_message.endswith("Task timed out after 2.00 seconds")
    assert handler.invoke(request()).response == "fine"


def test_ctrl_c_ends_the_process(load: Load, tmp_path: Path) -> None:
    handler = load(
        f"""
        import os, time
        def handler(event, context):
            open({str(tmp_path / "pid")!r}, "w").write(str(os.getpid()))
            while True: time.sleep(60)
        """,
        timeout=900.0,
        wall_clock=True,
    )
    file = tmp_path / "pid"

    def is_called() -> bool:
        return file.is_file() and bool(file.read_text())

    called = threading.Thread(target=press_ctrl_c_when, args=[is_called])
    called.start()
    with pytest.raises(KeyboardInterrupt):
        handler.invoke(request())
    called.join()
    assert is_called(), "pressed for want of a call"
    pid = int(file.read_text())
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def press_ctrl_c_when(is_time: Callable[[], bool]) -> None:
    """Press Ctrl-C in this process, from another thread; and also when it waits in vain."""
    end = time.monotonic() + PATIENCE
    while not is_time() and time.monotonic() < end:
        time.sleep(0.01)
    os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's signal is Linux's")
def test_it_ends_with_kcli_whatever_it_is_doing(tmp_path: Path) -> None:
    write_code(
        tmp_path,
        f"""
        import os, signal
        def handler(event, context):
            signal.pthread_sigmask(signal.SIG_BLOCK, {{signal.SIGALRM}})
            open({str(tmp_path / "pid")!r}, "w").write(str(os.getpid()))
            while True: pass
        """,
    )
    code = (
        "from pathlib import Path\n"
        "from kinesis_cli.handlers.worker import WorkerHandler\n"
        "from tests.unit.handler_files import function_in, request\n"
        f"WorkerHandler(function_in(Path({str(tmp_path)!r}), timeout=900.0)).invoke(request())\n"
    )
    root = Path(__file__).parents[2]
    kcli = subprocess.Popen([sys.executable, "-c", code], cwd=root)
    file = tmp_path / "pid"
    deadline = time.monotonic() + PATIENCE
    while not (file.is_file() and file.read_text()):
        assert kcli.poll() is None
        assert time.monotonic() < deadline, "the function was not called"
        time.sleep(0.01)
    kcli.kill()
    kcli.wait(PATIENCE)
    pid = int(file.read_text())
    deadline = time.monotonic() + PATIENCE
    while _is_running(pid):
        assert time.monotonic() < deadline, "the worker runs on"
        time.sleep(0.01)


def _is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in ("Z", "X")


def test_a_child_that_outlives_its_process_holds_nothing_up(load: Load, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    handler = load(
        f"""
        import os
        def handler(event, context):
            if os.fork() == 0:
                open({str(gate)!r}).close()  # waits for the end of the test
                os._exit(0)
            if event.get("parent") == "ends": os._exit(4)
            return "answered"
        """,
        wall_clock=True,
    )
    assert handler.invoke(request()).response == "answered"
    ended = error_of(handler.invoke(request(payload=b'{"parent": "ends"}')))
    assert ended.error_message.endswith("exit status 4")
    os.close(opened_for_its_reader(gate))


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("'x' * 6_000_000", "x" * 6_000_000),
        ("'\\ud800'", "\ud800"),
        ("float('inf')", float("inf")),
        ("b'[1]'", [1]),
        ("b'no json'", "no json"),
        ("{1: (2,)}", {"1": [2]}),
    ],
)
def test_answers_come_over_as_they_are(load: Load, expression: str, expected: object) -> None:
    assert load(f"def handler(e, c): return {expression}").invoke(request()).response == expected


def test_an_event_of_6_mb_goes_over(load: Load) -> None:
    payload = b'{"Records":["' + b"x" * 6_000_000 + b'"]}'
    handler = load("def handler(event, context): return len(event['Records'][0])")
    assert handler.invoke(request(payload=payload)).response == 6_000_000


def test_layers_are_on_the_path_after_the_code(load: Load, tmp_path: Path) -> None:
    release = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for layer in ("one", "two"):
        write_code(tmp_path / layer, f"who = {layer!r}", "python/shared_code.py")
        site = f"python/lib/{release}/site-packages/deep_{layer}.py"
        write_code(tmp_path / layer, f"who = {layer!r}", site)
    handler = load(
        """
        import shared_code, deep_one, deep_two
        def handler(event, context): return [shared_code.who, deep_one.who, deep_two.who]
        """,
        layers=(tmp_path / "one", tmp_path / "two"),
    )
    assert handler.invoke(request()).response == ["two", "one", "two"]  # later layers win


def test_an_import_that_ends_the_process_is_one_sentence(load: Load) -> None:
    with pytest.raises(InputError, match=r"ended while it imported app.handler: bye"):
        load("import os\nos.write(2, b'bye\\n')\nos._exit(3)")


def test_a_python_that_is_too_old_for_kclis_boto3_is_lent_none(load: Load) -> None:
    if (python := python_of_release("3.9")) is None:
        pytest.skip("this machine has no Python 3.9")
    with pytest.raises(InputError) as caught:
        load("import boto3\n", interpreter=interpreter_of(python))
    assert "Lambda's own Python has it; here it must be installed." in caught.value.advice


def test_what_is_missing_names_the_interpreter_and_what_to_do(load: Load, tmp_path: Path) -> None:
    python = new_environment(tmp_path / "env")
    with pytest.raises(InputError) as caught:
        load("import not_there_at_all\n", interpreter=interpreter_of(python))
    assert "No module named 'not_there_at_all'" in caught.value.problem
    assert caught.value.place == f"{tmp_path}/app.py, line 1"
    for part in (
        str(python),
        f"uv pip install --python {python} not-there",
        "sam build",
        "--python",
    ):
        assert part in caught.value.advice
    (site_packages(tmp_path / "env") / "pip").mkdir()
    with pytest.raises(InputError) as caught:
        load("import yaml\n", interpreter=interpreter_of(python))
    assert f"{python} -m pip install PyYAML" in caught.value.advice
