"""Records, recordings, mappings and handlers for tests, by hand and by hypothesis."""

import base64
import json
from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import strategies as st

from kinesis_cli import EventSourceMapping, Record
from kinesis_cli.event_source_mapping.invocation import (
    FunctionError,
    InvocationRequest,
    InvocationResult,
)

START = 1_700_000_040.0
FIRST_NUMBER = 49590338271490256608559692538361571095921575989136588898
STREAM_ARN = "arn:aws:kinesis:eu-west-1:111111111111:stream/readings"


def record(
    index: int, *, at: float = 0.0, shard: int = 0, key: str = "k", data: str = "{}"
) -> Record:
    """A record that arrives `at` seconds after `START`."""
    shard_id, number = f"shardId-{shard:012d}", str(FIRST_NUMBER + index)
    document = {
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": key,
            "sequenceNumber": number,
            "data": base64.b64encode(data.encode()).decode(),
            "approximateArrivalTimestamp": START + at,
        },
        "eventSource": "aws:kinesis",
        "eventID": f"{shard_id}:{number}",
        "eventSourceARN": STREAM_ARN,
    }
    return Record(shard_id, number, key, START + at, json.dumps(document).encode())


def records_at(*arrivals: float) -> list[Record]:
    """Records of one shard."""
    return [record(index, at=at) for index, at in enumerate(arrivals)]


def numbers_of(event: dict[str, Any]) -> list[str]:
    """The sequence numbers of an event's records."""
    return [record["kinesis"]["sequenceNumber"] for record in event["Records"]]


def reporting(*failing: int) -> Callable[[dict[str, Any], object], object]:
    """A function that reports the records of these indices."""
    failures = {str(FIRST_NUMBER + index) for index in failing}

    def function(event: dict[str, Any], context: object) -> object:
        reported = [number for number in numbers_of(event) if number in failures]
        return {"batchItemFailures": [{"itemIdentifier": number} for number in reported]}

    return function


def raising(*poison: int) -> Callable[[dict[str, Any], object], object]:
    """A function that raises when one of these records is in its batch."""
    numbers = {str(FIRST_NUMBER + index) for index in poison}

    def function(event: dict[str, Any], context: object) -> object:
        if numbers & set(numbers_of(event)):
            raise ValueError("poison")
        return None

    return function


@st.composite
def recordings(draw: st.DrawFn) -> list[Record]:
    """Up to 25 records on up to three shards, some of them long before the mapping starts."""
    gaps = draw(st.lists(st.sampled_from([0.0, 0.0, 0.001, 0.4, 3.0, 70.0, 4000.0]), max_size=25))
    at, records = -draw(st.sampled_from([0.0, 5.0, 100.0, 86_000.0])), []
    for index, gap in enumerate(gaps):
        at += gap
        shard = draw(st.integers(0, 2))
        key = draw(st.sampled_from(["a", "b", "c", "d"]))
        kept = draw(st.sampled_from(['{"kind": "kept"}', '{"kind": "other"}', "no json"]))
        records.append(record(index, at=at, shard=shard, key=key, data=kept))
    return records


@st.composite
def mappings(draw: st.DrawFn) -> EventSourceMapping:
    """Any mapping without tumbling windows."""
    document: dict[str, object] = {
        "BatchSize": draw(st.integers(1, 7)),
        "MaximumBatchingWindowInSeconds": draw(st.sampled_from([0, 0, 1, 30])),
        "ParallelizationFactor": draw(st.sampled_from([1, 1, 3])),
        "MaximumRetryAttempts": draw(st.sampled_from([-1, 0, 1, 3])),
        "MaximumRecordAgeInSeconds": draw(st.sampled_from([-1, 60, 3600])),
        "BisectBatchOnFunctionError": draw(st.booleans()),
        "FunctionResponseTypes": draw(st.sampled_from([[], ["ReportBatchItemFailures"]])),
        "StartingPosition": draw(st.sampled_from(["TRIM_HORIZON", "LATEST"])),
    }
    if draw(st.booleans()):
        document["FilterCriteria"] = {"Filters": [{"Pattern": '{"data": {"kind": ["kept"]}}'}]}
    return EventSourceMapping.from_aws(document)


class Fickle:
    """A function whose answers are drawn beforehand: it succeeds, raises, or reports anything."""

    name, runtime = "fickle", "in-process"

    def __init__(self, answers: Sequence[tuple[str, int]]) -> None:
        self._answers, self.calls = answers, 0

    def invoke(self, request: InvocationRequest) -> InvocationResult:
        """Give the next answer."""
        kind, position = self._answers[self.calls % len(self._answers)]
        self.calls += 1
        numbers = numbers_of(json.loads(request.payload))
        match kind:
            case "raise":
                return InvocationResult(error=FunctionError("ValueError", "drawn"))
            case "report":
                failure = {"itemIdentifier": numbers[position % len(numbers)]}
                return InvocationResult({"batchItemFailures": [failure]})
            case "malformed":
                return InvocationResult({"batchItemFailures": [{"itemIdentifier": ""}]})
        return InvocationResult()

    def close(self) -> None:
        """Nothing is held."""


def fickle_answers() -> st.SearchStrategy[list[tuple[str, int]]]:
    """What a `Fickle` function answers, in turn."""
    kinds = st.sampled_from(["succeed", "succeed", "raise", "report", "malformed"])
    return st.lists(st.tuples(kinds, st.integers(0, 9)), min_size=1, max_size=12)


def injected() -> st.SearchStrategy[list[str]]:
    """Faults, or none."""
    fault = st.sampled_from(["throttle@2-4", "timeout@p=0.1", "error@1,3", "duplicate@p=0.3"])
    return st.lists(fault, max_size=2)
