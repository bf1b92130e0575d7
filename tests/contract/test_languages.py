"""One function in five languages: kcli makes the same of each (`tests/languages`)."""

import json
import re
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from kinesis_cli import InputError, Recording, SimulationResult, simulate
from kinesis_cli.event_source_mapping.invocation import (
    Handler,
    InvocationRequest,
    InvocationResult,
)
from kinesis_cli.handlers.in_process import InProcessHandler
from kinesis_cli.handlers.isolated import IsolatedHandler
from kinesis_cli.handlers.options import HandlerOptions
from kinesis_cli.project.function import Function
from kinesis_cli.simulation.trace import FailedRecord, Invocation
from tests.language_builds import LANGUAGES, PYTHON, Language
from tests.unit.handler_files import REQUEST_ID, function_in, request
from tests.unit.simulation.scripted import DESTINATIONS, START, applies, throttles
from tests.unit.simulation.test_recorded_cases import cases, recorded, sequence_number

pytestmark = [
    pytest.mark.slow,
    pytest.mark.builds,
    pytest.mark.skipif(sys.platform != "linux", reason="functions are isolated on Linux"),
]

ROOT = Path(__file__).parent.parent.parent
TIMEOUT = 60.0  # seconds: far more than any call takes
SHORT_TIMEOUT = 3.0  # of the calls that never end


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(each, id=each.name, marks=pytest.mark.xdist_group(f"language-{each.name}"))
        for each in LANGUAGES
    ],
)
def function(request: pytest.FixtureRequest) -> Function:
    """The conformance function in a language, built."""
    return function_of(request.param)


def function_of(language: Language, **settings: Any) -> Function:  # noqa: ANN401
    settings = {"timeout": TIMEOUT, "memory_size": 1024, "runtime": language.runtime, **settings}
    return function_in(language.folder(), language.handler, **settings)


@pytest.fixture(scope="module")
def isolated(function: Function) -> Iterator[IsolatedHandler]:
    handler = IsolatedHandler(function)
    yield handler
    handler.close()


def told(handler: Handler, **do: object) -> InvocationResult:
    """A call of a handler that is to do something."""
    event = {"Records": [], **({"do": do} if do else {})}
    return handler.invoke(request(payload=json.dumps(event).encode()))


class Told:
    """A handler that is told with each call what a recorded case says of it."""

    def __init__(self, inner: Handler, case: Mapping[str, Any]) -> None:
        self.name, self.runtime = inner.name, inner.runtime
        self._inner, self._rules = inner, case.get("handler", {}).get("rules", [])
        self._numbers = [sequence_number(index) for index in range(len(case["records"]))]
        self._calls = 0

    def invoke(self, request: InvocationRequest) -> InvocationResult:
        event = json.loads(request.payload)
        numbers = [record["kinesis"]["sequenceNumber"] for record in event["Records"]]
        batch = [self._numbers.index(number) for number in numbers]
        rules = (rule for rule in self._rules if applies(rule["if"], batch, self._calls, {}))
        do = self._instruction(next(rules, {"do": {}})["do"], event, batch)
        self._calls += 1
        if do:
            event["do"] = do
        return self._inner.invoke(replace(request, payload=json.dumps(event).encode()))

    def _instruction(
        self, do: Mapping[str, Any], event: Mapping[str, Any], batch: list[int]
    ) -> dict[str, object]:
        match do:
            case {"raise": True}:
                return {"raise": "boom"}
            case {"timeout": True}:
                return {"sleep": True}
            case {"report": indices}:
                return {"fail": [self._numbers[index] for index in indices]}
            case {"return": value}:
                return {"return": value}
            case {"return_raw": ""}:
                return {"nothing": True}
            case {"count_state": True}:
                counted = event["state"].get("n", 0) + len(batch)
                return {"return": {"state": {"n": counted}, "batchItemFailures": []}}
            case {"return_state_chars": characters}:
                return {"return": {"state": {"x": "x" * characters}}}
        assert not do or do == {"throttle": True}
        return {"return": {"state": event["state"]}} if "window" in event else {}

    def close(self) -> None:
        """Whoever made the inner one closes it."""


def never_ends(case: Mapping[str, Any]) -> bool:
    return any("timeout" in rule["do"] for rule in case.get("handler", {}).get("rules", []))


def delivered(case: Mapping[str, Any], handler: Handler) -> SimulationResult:
    mapping = dict(case["esm"])
    on_failure = mapping.get("DestinationConfig", {}).get("OnFailure", {})
    if on_failure.get("Destination") in DESTINATIONS:
        arn = DESTINATIONS[on_failure["Destination"]]
        mapping["DestinationConfig"] = {"OnFailure": {"Destination": arn}}
    return simulate(
        [recorded(index, record) for index, record in enumerate(case["records"])],
        Told(handler, case),
        mapping,
        start_at=START,
        invocation_duration=case.get("handler", {}).get("duration_s", 0.0),
        inject=throttles(case),
        until=START + case["disable_at"] if "disable_at" in case else None,
    )


def rows_of(result: SimulationResult) -> list[object]:
    """All rows, without what is each language's own: the words of errors and logs.

    Virtual sleeps take virtual time in kcli's own process only, so the times after a call that
    sleeps until its end are the process's own, too.
    """
    return [_same(row) for row in result.rows]


def _same(row: object) -> object:
    match row:
        case Invocation():
            return msgspec.structs.replace(
                row, error=None, reason="", logs=(), duration_ms=0.0, at=0.0
            ), row.error is None
        case FailedRecord():
            return msgspec.structs.replace(row, why="")
    document = getattr(row, "document", None)
    if document is None:
        return row
    return {name: value for name, value in document.items() if name != "timestamp"}


@pytest.mark.parametrize("case", cases("delivery"))
def test_each_language_gives_the_rows_of_kclis_own_process(
    case: Mapping[str, Any], function: Function, isolated: IsolatedHandler
) -> None:
    timeout = SHORT_TIMEOUT if never_ends(case) else TIMEOUT
    here = InProcessHandler(function_of(PYTHON, timeout=timeout))
    there = IsolatedHandler(replace(function, timeout=timeout)) if never_ends(case) else isolated
    try:
        expected, found = delivered(case, here), delivered(case, there)
    finally:
        here.close()
        if there is not isolated:
            there.close()
    assert rows_of(found) == rows_of(expected)


def test_every_answer_comes_back_as_it_was(isolated: IsolatedHandler) -> None:
    values: tuple[object, ...] = (
        {"a": [1, 2.5, None, "ü \U0001f600"]}, [], "", "text", 0, False, {}
    )  # fmt: skip
    for value in values:
        assert told(isolated, **{"return": value}).response == value
    assert told(isolated).response == {"batchItemFailures": []}
    assert told(isolated, nothing=True).response is None


def test_an_error_has_its_text_and_the_process_stays(isolated: IsolatedHandler) -> None:
    told(isolated)
    for _ in range(2):
        error = told(isolated, **{"raise": "boom"}).error
        assert error is not None
        assert error.error_message == "boom"
        assert error.error_type
    assert not any(line.startswith("INIT_START") for line in told(isolated).logs)


def test_six_megabytes_pass_and_more_do_not(isolated: IsolatedHandler) -> None:
    assert told(isolated, large=6_000_000).response == "x" * 6_000_000
    error = told(isolated, large=7_000_000).error
    assert error is not None
    assert error.error_type == "Function.ResponseSizeTooLarge"
    assert told(isolated).error is None


def test_a_process_that_ends_is_replaced(isolated: IsolatedHandler) -> None:
    for _ in range(2):
        error = told(isolated, exit=3).error
        assert error is not None
        assert (error.error_type, error.error_message) == (
            "Runtime.ExitError",
            f"RequestId: {REQUEST_ID} Error: Runtime exited with error: exit status 3",
        )
    assert told(isolated).error is None


def test_a_call_that_never_ends_times_out(function: Function) -> None:
    handler = IsolatedHandler(replace(function, timeout=SHORT_TIMEOUT))
    try:
        error = told(handler, sleep=True).error
    finally:
        handler.close()
    assert error is not None
    assert error.error_type == "Sandbox.Timedout"


def test_what_it_writes_is_the_log(isolated: IsolatedHandler) -> None:
    told(isolated)
    logs = told(isolated, log=["one", "two ü"]).logs
    assert logs[0] == f"START RequestId: {REQUEST_ID} Version: $LATEST"
    assert logs[1:3] == ("one", "two ü")
    assert logs[3] == f"END RequestId: {REQUEST_ID}"


def test_an_initialisation_that_fails_is_tried_twice_and_said(function: Function) -> None:
    failing = replace(function, environment={"INIT_ERROR": "not today"})
    with pytest.raises(InputError):
        IsolatedHandler(failing)
    handler = IsolatedHandler(failing, HandlerOptions(keep_failing_init=True))
    try:
        result = told(handler)
    finally:
        handler.close()
    assert result.error is not None
    assert any("not today" in line for line in result.logs)
    phases = [re.search(r"Phase: (\w+)\tStatus: error", line) for line in result.logs]
    assert [phase[1] for phase in phases if phase] == ["init", "invoke"]


@pytest.mark.xdist_group("language-rust")
def test_kclis_sample_function_in_rust_is_what_it_is_in_python() -> None:
    (rust,) = (each for each in LANGUAGES if each.name == "rust")
    code = rust.folder().parent / "readings"
    there = IsolatedHandler(function_in(code, "bootstrap", runtime=rust.runtime, timeout=TIMEOUT))
    here = InProcessHandler(
        function_in(ROOT / "lambda_function", "new_message_processor.handler.function_handler")
    )
    mapping = {"FunctionResponseTypes": ["ReportBatchItemFailures"], "MaximumRetryAttempts": 2,
               "BisectBatchOnFunctionError": True, "BatchSize": 7}  # fmt: skip
    results = []
    try:
        for handler in (here, there):
            with Recording.open([str(ROOT / "fixtures" / "batch.json")]) as recording:
                results.append(simulate(recording, handler, mapping))
    finally:
        here.close()
        there.close()
    expected, found = results
    assert rows_of(found) == rows_of(expected)
    assert expected.summary.discarded > 0
    whys = {row.sequence_number: row.why for row in found.failed_records}
    assert any(why.endswith("failed: the temperature is above 100.00") for why in whys.values())


@pytest.mark.xdist_group("language-java")
def test_processes_of_java_may_start_at_the_same_time() -> None:
    java = function_of(next(each for each in LANGUAGES if each.name == "java"))
    with ThreadPoolExecutor(6) as threads:
        for handler in threads.map(lambda _: IsolatedHandler(java), range(12)):
            handler.close()
