"""One machine for all kinds of source: the same scenario comes to the same, whatever the kind.

`KCLI_EXAMPLES=250` tries 10,000 scenarios.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kinesis_cli import EventSourceMapping, InputError, Record, simulate
from kinesis_cli.event_source_mapping.invocation import InvocationRequest, InvocationResult
from kinesis_cli.simulation.faults import Fault
from kinesis_cli.simulation.run import Simulation, SimulationOptions
from kinesis_cli.simulation.trace import Destination, FailedRecord, FilteredRecords, Row, Summary
from kinesis_cli.stream.kinds.dynamodb import DYNAMODB, change_record
from kinesis_cli.stream.kinds.kind import SourceKind
from kinesis_cli.stream.kinds.kinesis import KinesisKind
from kinesis_cli.stream.record_source import RecordList
from tests.examples import examples
from tests.unit.streams import START, STREAM_ARN, Fickle, fickle_answers, injected, record

PACKAGE = Path(__file__).parents[3] / "kinesis_cli"
TABLE_ARN = "arn:aws:dynamodb:eu-west-1:111111111111:table/readings/stream/2026-09-17T13:26:53.746"
FILTERS = {
    "kinesis": '{"data": {"kind": ["kept"]}}',
    "dynamodb": '{"dynamodb": {"NewImage": {"kind": {"S": ["kept"]}}}}',
}


class KinesisPolledAsOften(KinesisKind):
    """Kinesis, but for how often a shard is polled and how much a poll brings."""

    polling = DYNAMODB.polling


AS_OFTEN = KinesisPolledAsOften()


class Scenario(msgspec.Struct):
    """What happens, whatever the kind of source."""

    arrivals: list[tuple[float, int, str, str]]  # seconds after START, shard, key, kind of item
    settings: dict[str, Any]
    filtered: bool
    answers: list[tuple[str, int]]
    faults: list[str]

    def of_kinesis(self) -> list[Record]:
        return [
            record(index, at=at, shard=shard, key=key, data=json.dumps({"kind": kind}))
            for index, (at, shard, key, kind) in enumerate(self.arrivals)
        ]

    def of_a_table(self) -> list[Record]:
        return [_as_change(each) for each in self.of_kinesis()]

    def mapping(self, kind: SourceKind) -> EventSourceMapping:
        document = dict(self.settings)
        if self.filtered:
            document["FilterCriteria"] = {"Filters": [{"Pattern": FILTERS[kind.name]}]}
        return EventSourceMapping.from_aws(document, kind=kind)


def _as_change(of_kinesis: Record) -> Record:
    """The same record as a table's stream would have it."""
    key = {"pk": {"S": of_kinesis.partition_key}}
    return change_record(
        {
            "eventName": "MODIFY",
            "eventSource": "aws:dynamodb",
            "dynamodb": {
                "ApproximateCreationDateTime": of_kinesis.arrival,
                "Keys": key,
                "NewImage": {**key, "kind": {"S": json.loads(of_kinesis.data)["kind"]}},
                "SequenceNumber": of_kinesis.sequence_number,
            },
            "eventSourceARN": TABLE_ARN,
        },
        shard_id=of_kinesis.shard_id,
    )


@st.composite
def scenarios(draw: st.DrawFn) -> Scenario:
    gaps = draw(st.lists(st.sampled_from([0, 0, 0, 1, 3, 70, 4000]), max_size=25))
    at, arrivals = -float(draw(st.sampled_from([0, 5, 100, 86_000]))), []
    for gap in gaps:
        at += gap
        shard, key = draw(st.integers(0, 2)), draw(st.sampled_from("abcd"))
        arrivals.append((at, shard, key, draw(st.sampled_from(["kept", "kept", "other"]))))
    document: dict[str, Any] = {
        "BatchSize": draw(st.integers(1, 7)),
        "MaximumBatchingWindowInSeconds": draw(st.sampled_from([0, 0, 1, 30])),
        "MaximumRetryAttempts": draw(st.sampled_from([-1, 0, 1, 3])),
        "MaximumRecordAgeInSeconds": draw(st.sampled_from([-1, 60, 3600])),
        "BisectBatchOnFunctionError": draw(st.booleans()),
        "FunctionResponseTypes": draw(st.sampled_from([[], ["ReportBatchItemFailures"]])),
        "StartingPosition": draw(st.sampled_from(["TRIM_HORIZON", "LATEST"])),
    }
    filtered = draw(st.booleans())
    if not filtered and draw(st.integers(0, 3)) == 0:
        document["TumblingWindowInSeconds"] = draw(st.sampled_from([1, 60]))
    else:
        document["ParallelizationFactor"] = draw(st.sampled_from([1, 1, 3]))
    return Scenario(arrivals, document, filtered, draw(fickle_answers()), draw(injected()))


class OfAnyKind(Fickle):
    """The same function, which is given records of a kind."""

    def __init__(self, answers: Sequence[tuple[str, int]], member: str, number: str) -> None:
        super().__init__(answers)
        self._member, self._number = member, number

    def invoke(self, request: InvocationRequest) -> InvocationResult:
        """Give the next answer, with a state where a window needs one."""
        event = json.loads(request.payload)
        records = [
            {"kinesis": {"sequenceNumber": each[self._member][self._number]}}
            for each in event["Records"]
        ] or [{"kinesis": {"sequenceNumber": "0"}}]
        payload = json.dumps({"Records": records}).encode()
        result = super().invoke(replace(request, payload=payload))
        if result.error is None and "window" in event:
            response = result.response if isinstance(result.response, dict) else {}
            return replace(result, response={**response, "state": {"n": self.calls}})
        return result


def outcome(
    records: list[Record], mapping: EventSourceMapping, handler: Fickle, scenario: Scenario
) -> tuple[list[object], Summary]:
    """What happened, in words that are the same for all kinds."""
    source = RecordList(records)
    source.kind = mapping.kind
    options = SimulationOptions(
        start_at=START, seed=3, faults=tuple(map(Fault.parse, scenario.faults))
    )
    simulation = Simulation(source, handler, mapping, options)
    return [renamed(row) for row in simulation.rows()], simulation.summary()


def renamed(row: Row) -> object:
    match row:
        case Destination(document=document):
            names = {"DDBStreamBatchInfo": "KinesisBatchInfo"}
            text = json.dumps({names.get(name, name): each for name, each in document.items()})
            return row.at, row.unsure, text.replace(TABLE_ARN, STREAM_ARN)
        case FilteredRecords():
            return row.shard_id, row.sequence_numbers, row.unsure
        case FailedRecord():
            return msgspec.structs.replace(row, data=b"")
        case _:
            return row


# A report of a window's final call, which has no records.
@example(
    Scenario(
        [(0.0, 0, "a", "kept")] * 3,
        {
            "BatchSize": 1,
            "FunctionResponseTypes": ["ReportBatchItemFailures"],
            "TumblingWindowInSeconds": 1,
            "MaximumRetryAttempts": 1,
        },
        filtered=False,
        answers=[("succeed", 0), ("succeed", 0), ("succeed", 0), ("report", 0)],
        faults=[],
    )
)
@given(scenarios())
@settings(max_examples=examples(40), deadline=None)
def test_a_tables_stream_comes_to_the_same_as_a_stream_of_kinesis(scenario: Scenario) -> None:
    of_kinesis = outcome(
        scenario.of_kinesis(),
        scenario.mapping(AS_OFTEN),
        OfAnyKind(scenario.answers, "kinesis", "sequenceNumber"),
        scenario,
    )
    of_a_table = outcome(
        scenario.of_a_table(),
        scenario.mapping(DYNAMODB),
        OfAnyKind(scenario.answers, "dynamodb", "SequenceNumber"),
        scenario,
    )
    assert of_a_table == of_kinesis


def test_a_table_is_polled_four_times_a_second() -> None:
    arrivals = [(0.0, 0, "a", "kept"), *((float(n), 0, "a", "kept") for n in range(1, 200))]
    scenario = Scenario(arrivals, {}, False, [("succeed", 0)], [])
    result = simulate(scenario.of_a_table(), lambda event, context: None, start_at=START)
    waits = [invocation.at - START - n for n, invocation in enumerate(result.invocations)]
    assert len(waits) == 200
    assert 0 <= min(waits) <= max(waits) < 0.25


def test_a_poll_of_a_table_brings_at_most_1000_records() -> None:
    scenario = Scenario([(0.0, 0, "a", "kept")] * 2500, {}, False, [("succeed", 0)], [])
    mapping = {"BatchSize": 10_000}
    result = simulate(scenario.of_a_table(), lambda event, context: None, mapping)
    sizes = [len(invocation.sequence_numbers) for invocation in result.invocations]
    assert sizes[0] == 1000
    assert sum(sizes) == 2500


def test_what_a_table_keeps_cannot_be_changed_and_an_age_beyond_it_does_nothing() -> None:
    scenario = Scenario([(0.0, 0, "a", "kept")], {}, False, [("succeed", 0)], [])
    with pytest.raises(InputError, match="a DynamoDB stream keeps a record for 24 hours"):
        simulate(scenario.of_a_table(), lambda event, context: None, retention_hours=48)


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        ({"EventSourceArn": STREAM_ARN}, "names a Kinesis stream, and the records are of DynamoDB"),
        ({"EventSourceArn": f"{TABLE_ARN}/consumer/c:1"}, "names a consumer, and a DynamoDB"),
        ({"StartingPosition": "AT_TIMESTAMP"}, "AWS accepts TRIM_HORIZON or LATEST for a DynamoDB"),
        ({"TumblingWindowInSeconds": 9, "ParallelizationFactor": 2}, "cannot be combined"),
        ({"Topics": ["t"]}, "a setting for Kafka, not for a DynamoDB stream"),
        (
            {"DestinationConfig": {"OnFailure": {"Destination": "arn:aws:sqs:a:1:q.fifo"}}},
            "a FIFO queue or topic cannot be",
        ),
    ],
)
def test_what_a_mapping_of_a_table_may_not_be_is_refused(
    document: dict[str, Any], problem: str
) -> None:
    scenario = Scenario([(0.0, 0, "a", "kept")], {}, False, [("succeed", 0)], [])
    with pytest.raises(InputError, match=problem):
        simulate(scenario.of_a_table(), lambda event, context: None, document)


def test_a_mapping_may_be_an_object_or_a_document_and_takes_the_kind_of_the_records() -> None:
    scenario = Scenario([(0.0, 0, "a", "kept")], {}, False, [("succeed", 0)], [])
    for mapping in (None, {}, {"EventSourceArn": TABLE_ARN}, EventSourceMapping(batch_size=5)):
        result = simulate(scenario.of_a_table(), lambda event, context: None, mapping)
        assert result.summary.succeeded == 1


MACHINE = ("event_source_mapping", "simulation", "recordings", "picture", "show", "function_log")
# The classes of what is printed have a member for each name of AWS's: they say it, and ask nothing.
SHAPES = "show/shapes/"
_ASKS = re.compile(
    r"aws:dynamodb|aws:kafka|SelfManagedKafka\b|DDBStreamBatchInfo|KafkaBatchInfo|ChangeRecord"
    r"|\bis (not )?(KINESIS|DYNAMODB|KAFKA)|kinds\.(dynamodb|kafka)"
)


@pytest.mark.parametrize("room", MACHINE)
def test_nobody_in_the_machine_asks_which_kind_of_source_it_is(room: str) -> None:
    asking = [
        f"{path.relative_to(PACKAGE)}:{number}: {line.strip()}"
        for path in sorted((PACKAGE / room).rglob("*.py"))
        if not str(path.relative_to(PACKAGE)).startswith(SHAPES)
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if _ASKS.search(line)
    ]
    assert asking == []
