"""Each point that AWS does not document is named where a result depended on it."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from kinesis_cli import Record, SimulationResult, simulate
from kinesis_cli.event_source_mapping.invocation import (
    FunctionError,
    InvocationRequest,
    InvocationResult,
)
from kinesis_cli.event_source_mapping.unsure import named_in, with_points, without_points
from kinesis_cli.stream.aggregate import aggregated
from kinesis_cli.stream.event import lambda_record
from kinesis_cli.stream.payload import Payload
from tests.unit.streams import (
    START,
    STREAM_ARN,
    numbers_of,
    raising,
    record,
    records_at,
    reporting,
)

ROOT = Path(__file__).parents[3]
CONSUMER = f"{STREAM_ARN}/consumer/app:1545084650"
REPORTS: dict[str, object] = {
    "FunctionResponseTypes": ["ReportBatchItemFailures"],
    "MaximumRetryAttempts": 0,
}


def nothing(event: object, context: object) -> object:
    return None


def answering(response: object) -> Callable[[object, object], object]:
    return lambda _event, _context: response


def run(
    records: Sequence[Record], function: object, mapping: Mapping[str, object], **options: object
) -> SimulationResult:
    arguments: dict[str, Any] = {"start_at": START, **options}
    return simulate(records, function, mapping, **arguments)  # type: ignore[arg-type]


def keyed(keys: str) -> list[Record]:
    return [record(index, key=key) for index, key in enumerate(keys)]


def of_consumer(data: bytes, at: float = 0.0) -> Record:
    return lambda_record(
        shard_id="shardId-000000000000",
        sequence_number=str(4959 + int(at)),
        partition_key="k",
        arrival=START + at,
        data=data,
        event_source_arn=CONSUMER,
    )


def filtered(pattern: str, data: str = '{"n": 300}') -> SimulationResult:
    mapping = {"FilterCriteria": {"Filters": [{"Pattern": pattern}]}}
    return run([record(0, data=data)], nothing, mapping)


def windowed(
    records: Sequence[Record], function: object = None, **mapping: object
) -> SimulationResult:
    def keeping(event: dict[str, Any], context: object) -> object:
        return {"state": event["state"]}

    return run(records, function or keeping, {"TumblingWindowInSeconds": 30, **mapping})


def state_too_large(event: dict[str, Any], context: object) -> object:
    return {"state": {"text": "x" * 2**20 if event["Records"] else ""}}


def reporting_in_window(event: dict[str, Any], context: object) -> object:
    numbers = numbers_of(event)
    failures = [{"itemIdentifier": numbers[1]}] if len(numbers) > 1 else []
    return {"state": {}, "batchItemFailures": failures}


def failing_final_call(event: dict[str, Any], context: object) -> object:
    if not event["Records"]:
        raise ValueError("final")
    return {"state": {}}


class Ending:
    """A function whose process ends in some way."""

    name, runtime = "ending", "isolated"

    def __init__(self, kind: str, message: str = "") -> None:
        self._error = FunctionError(kind, message)

    def invoke(self, request: InvocationRequest) -> InvocationResult:
        """Fail."""
        return InvocationResult(error=self._error)

    def close(self) -> None:
        """Nothing is held."""


class Leaving:
    """A function whose process ends behind its answer; what the isolated one says of it."""

    name, runtime = "leaving", "isolated"

    def invoke(self, request: InvocationRequest) -> InvocationResult:
        """Answer."""
        return InvocationResult(response=None, unsure=("exit-after-answer",))

    def close(self) -> None:
        """Nothing is held."""


def slowly(records: Sequence[Record], mapping: Mapping[str, object]) -> SimulationResult:
    """Each call takes 40 seconds and fails."""
    return run(records, raising(*range(9)), mapping, invocation_duration=40)


BISECT: dict[str, object] = {"BisectBatchOnFunctionError": True}
SCENARIOS: dict[str, Callable[[], SimulationResult]] = {
    "poll-phase": lambda: run(records_at(5), nothing, {}),
    "push-delay": lambda: run([of_consumer(b"{}", at=5)], nothing, {}),
    "batching-window": lambda: run(
        records_at(0), nothing, {"MaximumBatchingWindowInSeconds": 5, "BatchSize": 2}
    ),
    "payload-limit": lambda: run(
        [record(index, data="x" * 2**22) for index in range(2)], nothing, {"BatchSize": 2}
    ),
    "retention-in-buffer": lambda: run(
        records_at(-3500), raising(0), {"MaximumRetryAttempts": -1}, retention_hours=1
    ),
    "lane-mapping": lambda: run(keyed("ab"), nothing, {"ParallelizationFactor": 2, "BatchSize": 1}),
    "blocked-lane": lambda: run(
        keyed("abab"),
        raising(0),
        {"ParallelizationFactor": 2, "BatchSize": 1, "MaximumRetryAttempts": 3},
    ),
    "foreign-inner": lambda: run(
        [of_consumer(aggregated([Payload("a", None, b"1"), Payload("b", None, b"2")]))], nothing, {}
    ),
    "environment-life": lambda: run(records_at(0, 0), nothing, {"BatchSize": 1}, cold_start=0.8),
    "back-off": lambda: run(records_at(0), raising(0), {"MaximumRetryAttempts": 1}),
    "bisect-without-retries": lambda: run(
        records_at(0, 0), raising(0), {**BISECT, "MaximumRetryAttempts": 0}
    ),
    "suffix-top-up": lambda: run(records_at(0, 0, 0), reporting(1), {**REPORTS, "BatchSize": 2}),
    "suffix-discard": lambda: run(records_at(0, 0, 0), reporting(1), REPORTS),
    "age-count": lambda: slowly(records_at(0), {"MaximumRecordAgeInSeconds": 60}),
    "age-documents": lambda: run(
        records_at(-90, -80, 0), nothing, {"MaximumRecordAgeInSeconds": 60}
    ),
    "age-counter": lambda: slowly(
        records_at(-50, -50, 0), {"MaximumRecordAgeInSeconds": 60, "MaximumRetryAttempts": 1}
    ),
    "age-in-window": lambda: run(
        records_at(0),
        nothing,
        {"MaximumRecordAgeInSeconds": 60, "MaximumBatchingWindowInSeconds": 120, "BatchSize": 2},
    ),
    "kafka-destination": lambda: run(
        records_at(0),
        raising(0),
        {
            "MaximumRetryAttempts": 0,
            "DestinationConfig": {"OnFailure": {"Destination": "kafka://failures"}},
        },
    ),
    "foreign-item": lambda: run(
        records_at(0), answering({"batchItemFailures": [{"itemIdentifier": "1"}]}), REPORTS
    ),
    "mixed-items": lambda: run(
        records_at(0),
        answering({"batchItemFailures": [{"itemIdentifier": ""}, {"itemIdentifier": "1"}]}),
        REPORTS,
    ),
    "failures-not-a-list": lambda: run(
        records_at(0), answering({"batchItemFailures": {}}), REPORTS
    ),
    "response-not-an-object": lambda: run(records_at(0), answering("OK"), REPORTS),
    "wrong-top-level-key": lambda: run(records_at(0), answering({"failures": ["1"]}), REPORTS),
    "nan-response": lambda: run(records_at(0), answering({"mean": float("nan")}), {}),
    "bytes-response": lambda: run(records_at(0), answering(b'{"batchItemFailures": []}'), {}),
    "exit-status": lambda: run(
        records_at(0), Ending("Runtime.ExitError", "exit status 1"), {"MaximumRetryAttempts": 0}
    ),
    "memory-kill": lambda: run(
        records_at(0), Ending("Runtime.ExitError", "signal: killed"), {"MaximumRetryAttempts": 0}
    ),
    "streamed-response": lambda: run(
        records_at(0),
        Ending("Runtime.StreamingNotSupported"),
        {"MaximumRetryAttempts": 0},
    ),
    "exit-after-answer": lambda: run(records_at(0), Leaving(), {}),
    "error-not-json": lambda: run(
        records_at(0), Ending("Runtime.Unknown"), {"MaximumRetryAttempts": 0}
    ),
    "window-close": lambda: windowed(records_at(1)),
    "window-early-rest": lambda: windowed(records_at(1, 5), state_too_large),
    "window-final-age": lambda: windowed(records_at(1), MaximumRecordAgeInSeconds=60),
    "late-record": lambda: windowed(records_at(40, 1)),
    "window-partial": lambda: windowed(records_at(1, 1), reporting_in_window, **REPORTS),
    "window-bisect": lambda: windowed(records_at(1, 1), raising(0), **BISECT, **REPORTS),
    "number-equality": lambda: filtered('{"data": {"n": [300]}}', '{"n": 300.0}'),
    "numeric-range": lambda: filtered('{"data": {"n": [{"numeric": [">", 1700000000000]}]}}'),
    "metadata-filter": lambda: filtered('{"partitionKey": ["other"]}'),
    "filter-operators": lambda: filtered('{"data": {"n": [{"wildcard": "3*"}]}}'),
    "repeated-key": lambda: filtered('{"data": {"n": [300]}}', '{"n": 1, "n": 300}'),
    "repeated-path": lambda: filtered('{"data": {"n": [1], "$or": [{"n": [300]}, {"m": [1]}]}}'),
}
# What is refused, or shows in a log or an error only: no record ends otherwise.
NOT_IN_A_SIMULATION = {
    "window-filters": "refused",
    "data-leaf": "refused",
    "wildcard-complexity": "refused",
    "report-status": "a log's line",
    "failure-status": "a log's line",
    "json-timeout-line": "a log's line",
    "malformed-answer": "its error says so",
    "node-memory": "how much memory the process gets",
    "java-memory": "how much memory the process gets",
    "failed-invoke": "a metric",
    "dropped-count": "a metric",
    "iterator-age-moment": "a metric",
    "follow-reported": "what no log says of a call on AWS",
}


@pytest.mark.parametrize("point", SCENARIOS)
def test_a_result_names_the_point_that_it_depended_on(point: str) -> None:
    result = SCENARIOS[point]()
    assert point in result.summary.unsure
    told = {name for call in result.invocations for name in named_in(call.reason)}
    told |= {name for row in result.rows for name in getattr(row, "unsure", ())}
    assert point in told
    assert told <= set(result.summary.unsure)


def test_what_depends_on_nothing_names_nothing() -> None:
    result = run(records_at(-5, -4), nothing, {"BatchSize": 2})
    assert result.summary.unsure == ()
    assert [call.reason for call in result.invocations] == ["2 records handled"]


def test_every_point_of_delivery_has_a_scenario_or_a_reason_for_none() -> None:
    page = (ROOT / "docs" / "fidelity.md").read_text()
    parts = re.split(r"^## ", page, flags=re.MULTILINE)
    wanted = ("Polling", "Retries", "What the function", "The isolated", "Tumbling", "Filters")
    points = {
        point
        for part in parts
        if part.startswith(wanted)
        for point in re.findall(r"^\| (?!id )([a-z-]*[a-z]) \|", part, re.MULTILINE)
    }
    assert points == SCENARIOS.keys() | NOT_IN_A_SIMULATION.keys()


@pytest.mark.parametrize(
    "data",
    [
        '{"n": 300, "m": {"k": 1, "k": 2}}',  # no pattern looks there
        '{"n": 300, "all": [{"n": 1}, {"n": 2}]}',
        '{"n": 300, "m": "n, \\"n\\", \\u006e"}',
        '{"n": 300, "n": ',
    ],
)
def test_a_name_that_is_there_once_in_each_object_is_not_repeated(data: str) -> None:
    assert "repeated-key" not in filtered('{"data": {"n": [300]}}', data).summary.unsure


@pytest.mark.parametrize(
    "data", ['{"a": {"n": 1 , "n" :2}}', '{"a": [{"n": 1, "\\u006e": 2}]}', '{"n": 1, "n": 1}']
)
def test_a_repeated_name_at_which_a_filter_looks_is_told(data: str) -> None:
    pattern = '{"data": {"$or": [{"a": {"n": [2]}}, {"n": [1]}]}}'
    assert "repeated-key" in filtered(pattern, data).summary.unsure


def test_points_stand_behind_the_reason_once_and_in_order() -> None:
    reason = with_points("x: UNSURE(foreign-item)", ["poll-phase", "back-off", "foreign-item"])
    assert reason == "x: UNSURE(foreign-item) [UNSURE(back-off), UNSURE(poll-phase)]"
    assert without_points(reason) == "x: UNSURE(foreign-item)"
    assert with_points("x", []) == without_points("x") == "x"
    json.dumps(reason)
