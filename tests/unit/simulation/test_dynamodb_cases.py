"""Delivery of a table's stream equals what AWS recorded (`data/dynamodb_cases.json`)."""

import json
import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Any

import pytest
from _pytest.mark import ParameterSet

from kinesis_cli import EventSourceMapping, InputError, Record, SimulationResult, simulate
from kinesis_cli.event_source_mapping.filters.criteria import compile_filters
from kinesis_cli.payloads.changes.keys import TableKeys
from kinesis_cli.payloads.changes.table_stream import ChangeMaker
from kinesis_cli.payloads.changes.views import View
from kinesis_cli.payloads.changes.writes import Write
from kinesis_cli.simulation.trace import Destination
from kinesis_cli.stream.kinds.dynamodb import DYNAMODB, change_record
from tests.unit.minutes import counts_of
from tests.unit.simulation.scripted import DESTINATIONS, START, ScriptedFunction, throttles

CASES = json.loads((Path(__file__).parents[1] / "data" / "dynamodb_cases.json").read_text())
ARN = "arn:aws:dynamodb:eu-west-1:111111111111:table/t/stream/2026-09-17T13:26:53.746"


def cases(kind: str) -> list[ParameterSet]:
    """The cases of a kind, as parameters named like them."""
    return [pytest.param(case, id=case["name"]) for case in CASES if case["kind"] == kind]


def records_of(case: Mapping[str, Any]) -> dict[int, Record]:
    """The record of each write that makes one, by the write's index."""
    maker = ChangeMaker(
        TableKeys(*case["table"]["keys"]),
        View(case["table"]["view"]),
        stream_arn=ARN,
        random=Random(1),
        created=START,
    )
    found: dict[int, Record] = {}
    for index, write in enumerate(case["records"]):
        if write["old"] != write["new"]:
            at = write.get("at", START + write.get("t", 0))
            change = Write(write["old"], write["new"], by_ttl=write["change"] == "ttl")
            [(_, raw)] = maker.records([(at, change)])
            shard_id = f"shardId-{int(START * 1000):020d}-{write.get('shard', 0):08x}"
            found[index] = change_record(raw, shard_id=shard_id)
    return found


def mapping_of(case: Mapping[str, Any]) -> dict[str, Any]:
    mapping: dict[str, Any] = {"EventSourceArn": ARN, **case["esm"]}
    config = {
        outcome: {"Destination": DESTINATIONS.get(target["Destination"], target["Destination"])}
        for outcome, target in mapping.get("DestinationConfig", {}).items()
    }
    if config:
        mapping["DestinationConfig"] = config
    if mapping.get("StartingPositionTimestamp") == "<a past time>":
        mapping["StartingPositionTimestamp"] = START - 1000
    return mapping


def delivered(
    case: Mapping[str, Any],
) -> tuple[SimulationResult, ScriptedFunction, dict[int, Record]]:
    records = records_of(case)
    numbers = {index: record.sequence_number for index, record in records.items()}
    function = ScriptedFunction(case, numbers)
    refuses_until = case.get("destination_refuses_until")
    result = simulate(
        list(records.values()),
        function,
        mapping_of(case),
        start_at=START,
        invocation_duration=case.get("handler", {}).get("duration_s", 0.0),
        inject=throttles(case),
        until=START + case["disable_at"] if "disable_at" in case else None,
        destination_refuses_until=None if refuses_until is None else START + refuses_until,
    )
    return result, function, records


@pytest.mark.parametrize("case", cases("delivery"))
def test_delivery_equals_what_is_recorded(case: Mapping[str, Any]) -> None:
    result, function, _ = delivered(case)
    expected = case["expect"]
    batches = [
        [function.indices[number] for number in invocation.sequence_numbers]
        for invocation in result.invocations
    ]
    if (wanted := expected.get("invocations")) is not None:
        in_order = expected.get("invocation_order") != "any"
        assert batches == wanted if in_order else sorted(batches) == sorted(wanted)
    deliveries = Counter(index for batch in batches for index in batch)
    for index, number in (expected.get("deliveries") or {}).items():
        assert deliveries[int(index)] == number
    for first, second in expected.get("same_request_id", []):
        ids = [invocation.request_id for invocation in result.invocations]
        assert ids[first] == ids[second]
    assert_windows(expected, batches, function.events)
    if "no_call_between_s" in expected:
        begin, end = expected["no_call_between_s"]
        starts = [invocation.at - START for invocation in result.invocations]
        assert not [at for at in starts if begin <= at < end]


@pytest.mark.parametrize("case", cases("delivery"))
def test_what_is_given_up_is_told_as_recorded(case: Mapping[str, Any]) -> None:
    result, function, records = delivered(case)
    expected = case["expect"]
    if isinstance(expected.get("destination"), list):
        assert_documents(case, expected["destination"], result, function)
    rows = [row for row in result.rows if isinstance(row, Destination)]
    lost = [function.indices[n] for row in rows if row.is_lost for n in row.sequence_numbers]
    told = [function.indices[n] for row in rows if not row.is_lost for n in row.sequence_numbers]
    if "lost" in expected:
        assert lost == expected["lost"]
    if "destination_records" in expected:
        assert told == expected["destination_records"]
    if "metrics" in expected:
        assert_metrics(expected["metrics"], result)
    for document in result.destination:
        if "document_members" in expected:
            assert list(document) == expected["document_members"]
        if "batch_info_members" in expected:
            info = document["DDBStreamBatchInfo"]
            assert isinstance(info, dict)
            assert list(info) == expected["batch_info_members"]
    if "payload" in expected:
        (text,) = [document["payload"] for document in result.destination]
        assert isinstance(text, str)
        assert text.encode() == b'{"Records":[%b]}' % records[0].raw
    if "key" in expected:
        (key,) = [row.s3_key for row in rows]
        assert re.fullmatch(
            r"aws/lambda/[0-9a-f-]{36}/shardId-\d{20}-[0-9a-f]{8}/\d{4}/\d\d/\d\d/"
            r"\d{4}-\d\d-\d\dT\d\d\.\d\d\.\d\d-[0-9a-f-]{36}",
            str(key),
        )


def assert_windows(
    expected: Mapping[str, Any], batches: list[list[int]], events: list[dict[str, Any]]
) -> None:
    if "window_events" not in expected:
        return
    wanted = expected["window_events"]
    if expected.get("window_events_are") == "a prefix":
        batches, events = batches[: len(wanted)], events[: len(wanted)]
    assert batches == [event["records"] for event in wanted]
    for event, want in zip(events, wanted, strict=True):
        assert event["isFinalInvokeForWindow"] is want.get("isFinalInvokeForWindow", False)
        assert event["isWindowTerminatedEarly"] is want.get("isWindowTerminatedEarly", False)
        if isinstance(want.get("state"), dict):
            assert event["state"] == want["state"]
        elif isinstance(want.get("state"), str):  # "the complete oversized state"
            assert len(json.dumps(event["state"])) > 2**20
        if "window" in want:
            assert event["window"] == window(want["window"])
        if "event_members" in expected:
            assert list(event) == expected["event_members"]


def window(bounds: list[int]) -> dict[str, str]:
    from kinesis_cli.stream.times import utc_seconds

    return {"start": utc_seconds(START + bounds[0]), "end": utc_seconds(START + bounds[1])}


def assert_documents(
    case: Mapping[str, Any],
    expected: list[Mapping[str, Any]],
    result: SimulationResult,
    function: ScriptedFunction,
) -> None:
    documents: list[Any] = list(result.destination)
    assert len(documents) == len(expected)
    for document, want in zip(documents, expected, strict=True):
        context, batch = document["requestContext"], document["DDBStreamBatchInfo"]
        assert context["condition"] == want["condition"]
        assert context["requestId"]
        assert batch["streamArn"] == ARN
        match want["approximateInvokeCount"]:
            case {"min": least}:
                assert context["approximateInvokeCount"] >= least
            case number:
                assert context["approximateInvokeCount"] == number
        if "first" in want:
            assert batch["startSequenceNumber"] == function.numbers[want["first"]]
            assert batch["endSequenceNumber"] == function.numbers[want["last"]]
            assert batch["batchSize"] == want["batchSize"]
        if want.get("responseContext") == "absent":
            assert "responseContext" not in document
        elif "responseContext" in want:
            assert document["responseContext"] == want["responseContext"]
        if want.get("payload"):
            assert isinstance(document["payload"], str)
            assert json.loads(document["payload"])["Records"]
        if "payload_records" in want:
            assert len(json.loads(document["payload"])["Records"]) == want["payload_records"]
        if "functionArn" in want:
            arn = f"arn:aws:lambda:eu-west-1:111111111111:function:{case['esm']['FunctionName']}"
            assert context["functionArn"] == arn
        if "timeWindowInfo" in want:
            info = dict(want["timeWindowInfo"])
            info["window"] = window([info["window"]["start"], info["window"]["end"]])
            assert document["timeWindowInfo"] == info
        if "times" in want:
            for name in ("approximateArrivalOfFirstRecord", "approximateArrivalOfLastRecord"):
                assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", batch[name])


def assert_metrics(expected: Mapping[str, int | None], result: SimulationResult) -> None:
    counts: Counter[str] = Counter()
    for minute in result.summary.metrics:
        counts.update(counts_of(minute))
        counts["DestinationDeliveryFailures"] += minute.destination_failures
    for name, value in expected.items():
        assert counts[name] == (value or 0), name


@pytest.mark.parametrize("case", cases("pattern"))
def test_a_pattern_matches_as_recorded(case: Mapping[str, Any]) -> None:
    filters = compile_filters([json.dumps(case["pattern"])], DYNAMODB)
    document = json.dumps(case["value"]).encode()
    record = Record("shardId-0", "1", "a", START, document)
    assert filters.matches(record) is case["expect"]["match"]


def test_the_defaults_are_those_that_aws_answers() -> None:
    case = next(case for case in CASES if case["name"] == "ddb_create_defaults")
    settings = EventSourceMapping.from_aws(case["esm"], kind=DYNAMODB).to_aws()
    answered = case["expect"]["response"]
    state = {"LastProcessingResult", "State", "StateTransitionReason"}  # of a mapping that exists
    assert settings == {name: value for name, value in answered.items() if name not in state}


# What only AWS, or the endpoint, knows of: other mappings, roles; and what has to be written.
BY_THE_ENDPOINT = (
    "ddb_create_duplicate",
    "ddb_create_role_may_not_read",
    "ddb_create_without_position",
)


@pytest.mark.parametrize(
    "case", [each for each in cases("create") if each.id not in BY_THE_ENDPOINT]
)
def test_a_mapping_is_accepted_or_refused_as_by_aws(case: Mapping[str, Any]) -> None:
    if case["expect"]["status"] == 202:
        EventSourceMapping.from_aws(mapping_of(case))
        return
    with pytest.raises(InputError) as refused:
        simulate([change_record(SAMPLE)], lambda event, context: None, mapping_of(case))
    message = case["expect"].get("message", "")
    if message and case["expect"]["error"] == "InvalidParameterValueException":
        said = getattr(refused.value, "aws", "") or str(refused.value)
        assert message.replace("<stream arn>", ARN) in said


SAMPLE = {
    "eventName": "INSERT",
    "eventSource": "aws:dynamodb",
    "dynamodb": {
        "ApproximateCreationDateTime": START,
        "Keys": {"pk": {"S": "a"}},
        "SequenceNumber": "1",
    },
    "eventSourceARN": ARN,
}
