"""Delivery equals what AWS recorded and documents (`data/esm_cases.json`, through the library)."""

import base64
import itertools
import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from _pytest.mark import ParameterSet

from kinesis_cli import EventSourceMapping, InputError, Record, SimulationResult, simulate
from kinesis_cli.event_source_mapping.filters.compiler import compile_pattern
from tests.unit.simulation.scripted import DESTINATIONS, START, ScriptedFunction, throttles

CASES = json.loads((Path(__file__).parents[1] / "data" / "esm_cases.json").read_text())
FIRST_NUMBER = 49590338271490256608559692538361571095921575989136588898


def cases(kind: str) -> list[ParameterSet]:
    """The cases of a kind, as parameters named like them."""
    return [pytest.param(case, id=case["name"]) for case in CASES if case["kind"] == kind]


def sequence_number(index: int) -> str:
    return str(FIRST_NUMBER + 1000 * index)


def recorded(index: int, record: Mapping[str, Any]) -> Record:
    data = record["data"].encode() if "data" in record else b"x" * record["size"]
    shard_id = f"shardId-{record.get('shard', 0):012d}"
    number, arrival = sequence_number(index), START + record.get("t", 0)
    document = {
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": record["pk"],
            "sequenceNumber": number,
            "data": base64.b64encode(data).decode(),
            "approximateArrivalTimestamp": arrival,
        },
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": f"{shard_id}:{number}",
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": "arn:aws:iam::111111111111:role/function",
        "awsRegion": "eu-west-1",
        "eventSourceARN": "arn:aws:kinesis:eu-west-1:111111111111:stream/readings",
    }
    return Record(shard_id, number, record["pk"], arrival, json.dumps(document).encode())


def delivered(
    case: Mapping[str, Any], until: float | None
) -> tuple[SimulationResult, ScriptedFunction]:
    mapping = dict(case["esm"])
    on_failure = mapping.get("DestinationConfig", {}).get("OnFailure", {})
    if on_failure.get("Destination") in DESTINATIONS:
        arn = DESTINATIONS[on_failure["Destination"]]
        mapping["DestinationConfig"] = {"OnFailure": {"Destination": arn}}
    numbers = {index: sequence_number(index) for index in range(len(case["records"]))}
    function = ScriptedFunction(case, numbers)
    records = [recorded(index, record) for index, record in enumerate(case["records"])]
    duration = case.get("handler", {}).get("duration_s", 0.0)
    result = simulate(
        records,
        function,
        mapping,
        start_at=START,
        invocation_duration=duration,
        inject=throttles(case),
        until=until,
    )
    return result, function


@pytest.mark.parametrize("case", cases("delivery"))
def test_delivery_equals_what_is_recorded(case: Mapping[str, Any]) -> None:
    until = START + case["disable_at"] if "disable_at" in case else None
    result, function = delivered(case, until)

    expected = case["expect"]
    batches = [
        [function.indices[number] for number in invocation.sequence_numbers]
        for invocation in result.invocations
    ]
    assert_batches(expected, batches)
    assert_times(expected, [invocation.at - START for invocation in result.invocations])
    assert_windows(expected, batches, function.events)
    for first, second in expected.get("same_request_id", []):
        ids = [invocation.request_id for invocation in result.invocations]
        assert ids[first] == ids[second]
    if isinstance(expected.get("destination"), list):
        assert_documents(expected["destination"], result.destination, function.numbers)


def assert_batches(expected: Mapping[str, Any], batches: list[list[int]]) -> None:
    if (wanted := expected.get("invocations")) is not None:
        if expected.get("invocation_order") == "any":
            assert sorted(batches) == sorted(wanted)
        else:
            assert batches == wanted
    if (first := expected.get("first_invocations")) is not None:
        assert batches[: len(first)] == first
    match expected.get("invocation_count"):
        case {"min": least}:
            assert len(batches) >= least
        case int(number):
            assert len(batches) == number
    deliveries = Counter(index for batch in batches for index in batch)
    for index, number in (expected.get("deliveries") or {}).items():
        assert deliveries[int(index)] == number


def assert_times(expected: Mapping[str, Any], starts: list[float]) -> None:
    if "first_start_before_s" in expected:
        assert starts[0] < expected["first_start_before_s"]
    if "first_start_after_s" in expected:
        assert starts[0] > expected["first_start_after_s"]
    gaps = [later - earlier for earlier, later in itertools.pairwise(starts)]
    for gap, least in zip(gaps, expected.get("min_start_gap_s") or [], strict=False):
        assert gap >= least


def assert_windows(
    expected: Mapping[str, Any], batches: list[list[int]], events: list[dict[str, Any]]
) -> None:
    if "window_events" not in expected:
        return
    wanted = expected["window_events"]
    assert batches == [event["records"] for event in wanted]
    for event, want in zip(events, wanted, strict=True):
        for flag in ("isFinalInvokeForWindow", "isWindowTerminatedEarly"):
            if flag in want:
                assert event[flag] is want[flag]
        if isinstance(want.get("state"), dict):
            assert event["state"] == want["state"]
        elif isinstance(want.get("state"), str):  # "the complete oversized state"
            assert len(json.dumps(event["state"])) > 2**20


def assert_documents(
    expected: list[Mapping[str, Any]],
    documents: list[Mapping[str, Any]],
    numbers: Mapping[int, str],
) -> None:
    assert len(documents) == len(expected)
    for document, want in zip(documents, expected, strict=True):
        context, batch = document["requestContext"], document["KinesisBatchInfo"]
        assert context["condition"] == want["condition"]
        assert context["requestId"]
        assert batch["startSequenceNumber"] == numbers[want["first"]]
        assert batch["endSequenceNumber"] == numbers[want["last"]]
        assert batch["batchSize"] == want["batchSize"]
        match want["approximateInvokeCount"]:
            case {"min": least}:
                assert context["approximateInvokeCount"] >= least
            case number:
                assert context["approximateInvokeCount"] == number
        if want.get("responseContext") == "absent":
            assert "responseContext" not in document
        elif "responseContext" in want:
            assert document["responseContext"] == want["responseContext"]
        if want.get("payload"):
            assert isinstance(document["payload"], str)
            assert json.loads(document["payload"])["Records"]


@pytest.mark.parametrize("case", cases("pattern"))
def test_a_pattern_matches_as_recorded(case: Mapping[str, Any]) -> None:
    assert compile_pattern(case["pattern"]).matches(case["value"]) is case["expect"]["match"]


def test_the_defaults_are_those_that_aws_answers() -> None:
    case = next(case for case in CASES if case["name"] == "create_defaults")
    settings = EventSourceMapping.from_aws(case["esm"]).to_aws()
    answered = case["expect"]["response"]
    state = {"LastProcessingResult", "State", "StateTransitionReason"}  # of a mapping that exists
    assert settings == {name: value for name, value in answered.items() if name not in state}


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, id=case["name"])
        for case in CASES
        if case["kind"] == "create" and "FilterCriteria" in case["esm"]
    ],
)
def test_a_mapping_that_aws_refuses_is_refused_with_its_reason(case: Mapping[str, Any]) -> None:
    mapping = EventSourceMapping.from_aws(case["esm"])
    with pytest.raises(InputError, match=r"Invalid filter pattern definition\."):
        simulate([], lambda event, context: None, mapping)
