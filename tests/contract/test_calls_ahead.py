"""Calls that a worker has before those in front of them have ended: real processes."""

import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from kinesis_cli.event_source_mapping.invocation import InvocationRequest, InvocationResult
from kinesis_cli.handlers.options import HandlerOptions
from kinesis_cli.handlers.worker import WorkerHandler
from kinesis_cli.handlers.worker import handler as worker_handler
from tests.contract.test_worker import press_ctrl_c_when
from tests.named_pipes import opened_for_its_reader
from tests.patience import PATIENCE
from tests.unit.handler_files import AT, function_in, write_code

Load = Callable[..., WorkerHandler]

# Writes down each call, and does what its event says.
CODE = """
import os, signal, subprocess, sys, time
def handler(event, context):
    with open({calls!r}, "a") as calls: calls.write(f"{{event['number']}} {{os.getpid()}}\\n")
    print("printed", event["number"])
    os.write(1, b"past Python %d\\n" % event["number"])
    what = event.get("what")
    if what == "exits": os._exit(4)
    if what == "runs": subprocess.run(["echo", f"run by {{event['number']}}"])
    if what == "raises": raise ValueError(event["number"])
    if what == "is late": time.sleep(60)
    if what == "hangs":
        signal.pthread_sigmask(signal.SIG_BLOCK, {{signal.SIGALRM}})
        while True: time.sleep(60)
    if what == "gate": open({gate!r}).close()
    if what == "writes": os.write(1, b"x" * event["size"])
    answer = "x" * event.get("answers", 0)
    return [event["number"], answer, time.time(), len(event.get("pad", "")), os.fstat(1).st_size]
"""


@pytest.fixture
def load(tmp_path: Path) -> Iterator[Load]:
    """Loads the function in a worker; ends it after the test."""
    loaded: list[WorkerHandler] = []

    def load(*, wall_clock: bool = False, timeout: float = 20.0) -> WorkerHandler:
        os.mkfifo(tmp_path / "gate")
        paths = {name: str(tmp_path / name) for name in ("calls", "gate")}
        write_code(tmp_path, CODE.format(**paths))
        options = HandlerOptions(wall_clock=wall_clock)
        handler = WorkerHandler(function_in(tmp_path, timeout=timeout), options)
        loaded.append(handler)
        return handler

    yield load
    for handler in loaded:
        handler.close()


def call(number: int, **members: object) -> InvocationRequest:
    payload = json.dumps({"number": number, **members}).encode()
    return InvocationRequest(f"id-{number}", payload, at=AT + number, number=number)


def calls_in(folder: Path) -> list[int]:
    return [int(line.split()[0]) for line in (folder / "calls").read_text().splitlines()]


def processes_in(folder: Path) -> int:
    return len({line.split()[1] for line in (folder / "calls").read_text().splitlines()})


def answer_of(result: InvocationResult) -> list[Any]:
    assert isinstance(result.response, list)
    return result.response


def ended_as(results: list[InvocationResult]) -> list[str]:
    return ["fine" if result.error is None else result.error.error_type for result in results]


def test_each_call_has_its_own_answer_time_and_log_in_whatever_order_they_are_waited_for(
    load: Load, tmp_path: Path
) -> None:
    handler = load()
    ends = [handler.begin(call(n, what="runs" if n % 3 == 0 else None)) for n in range(12)]
    for n in (7, 2, 11, *range(12)):
        result = ends[n]()
        assert answer_of(result)[:4] == [n, "", AT + n, 0]
        past = [f"past Python {n}", *([f"run by {n}"] if n % 3 == 0 else [])]
        assert list(result.logs) == [f"printed {n}", *past]
        assert result is ends[n]()
    assert calls_in(tmp_path) == list(range(12))
    assert processes_in(tmp_path) == 1


def test_a_call_is_there_before_the_one_in_front_of_it_has_ended(
    load: Load, tmp_path: Path
) -> None:
    handler = load(wall_clock=True)
    ends = [handler.begin(call(n, what="gate" if n == 0 else None)) for n in range(3)]
    os.close(opened_for_its_reader(tmp_path / "gate"))
    end = time.monotonic() + PATIENCE
    while not (tmp_path / "calls").is_file() or len(calls_in(tmp_path)) < 3:
        assert time.monotonic() < end, "the calls were not made"  # nobody waits for an answer yet
    assert [answer_of(end())[0] for end in ends] == [0, 1, 2]


@pytest.mark.parametrize("what", ["exits", "raises", "is late", None])
@pytest.mark.parametrize("bad", [0, 1, 3, 5])
def test_what_begins_behind_a_call_that_fails_is_made_once(
    load: Load, tmp_path: Path, what: str | None, bad: int
) -> None:
    handler = load()
    ends = [handler.begin(call(n, what=what if n == bad else None)) for n in range(6)]
    found = [end() for end in ends]
    errors = {"exits": "Runtime.ExitError", "raises": "ValueError", "is late": "Sandbox.Timedout"}
    expected = ["fine"] * 6
    expected[bad] = errors.get(str(what), "fine")
    assert ended_as(found) == expected
    assert [f"past Python {n}" in found[n].logs for n in range(6)] == [True] * 6
    assert calls_in(tmp_path) == list(range(6))
    assert processes_in(tmp_path) == (2 if what == "exits" and bad < 5 else 1)


def test_what_begins_behind_a_call_that_nothing_interrupts_is_made_in_the_next_process(
    load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_handler, "_GRACE_SECONDS", 0.1)
    handler = load(wall_clock=True, timeout=3.0)
    ends = [handler.begin(call(n, what="hangs" if n == 1 else None)) for n in range(4)]
    assert ended_as([end() for end in ends]) == ["fine", "Sandbox.Timedout", "fine", "fine"]
    assert calls_in(tmp_path) == [0, 1, 2, 3]
    assert processes_in(tmp_path) == 2


def test_long_events_and_long_answers_hold_nothing_up(load: Load, tmp_path: Path) -> None:
    handler = load()
    ends = [
        handler.begin(call(n, pad="y" * (3_000_000 if n % 2 else 300), answers=5_000_000))
        for n in range(8)
    ]
    for n, end in enumerate(ends):
        number, answer, _, padding, _ = answer_of(end())
        assert (number, len(answer), padding) == (n, 5_000_000, 3_000_000 if n % 2 else 300)
    assert calls_in(tmp_path) == list(range(8))


def test_what_many_calls_write_past_python_is_forgotten_when_it_was_read(
    load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kinesis_cli.handlers.worker.process._KEPT_OUTPUT_BYTES", 100_000)
    handler = load()
    ends = [handler.begin(call(n, what="writes", size=90_000)) for n in range(9)]
    for n, end in enumerate(ends):
        result = end()
        assert list(result.logs) == [f"printed {n}", f"past Python {n}", "x" * 90_000]
        assert answer_of(result)[4] < 100_000 + 5 * 90_100


def test_ctrl_c_ends_the_process_whatever_it_has(load: Load, tmp_path: Path) -> None:
    handler = load(wall_clock=True, timeout=900.0)
    calls = tmp_path / "calls"

    def is_in_the_second() -> bool:
        return calls.is_file() and len(calls.read_text().splitlines()) == 2

    called = threading.Thread(target=press_ctrl_c_when, args=[is_in_the_second])
    called.start()
    with pytest.raises(KeyboardInterrupt):
        [handler.begin(call(n, what="gate" if n == 1 else None)) for n in range(4)][3]()
    called.join()
    assert is_in_the_second(), "pressed for want of a call"
    with pytest.raises(ProcessLookupError):
        os.kill(int(calls.read_text().split()[1]), 0)
    assert answer_of(handler.invoke(call(9)))[0] == 9
    assert calls_in(tmp_path) == [0, 1, 9]
