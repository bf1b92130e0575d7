"""What a run would take under the other reading of lanes, without calling the function again."""

import json
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kinesis_cli import EventSourceMapping, Record
from kinesis_cli.event_source_mapping.gathering import LaneReading
from kinesis_cli.event_source_mapping.invocation import (
    FunctionError,
    InvocationRequest,
    InvocationResult,
)
from kinesis_cli.simulation.durations import CallDuration
from kinesis_cli.simulation.run import Simulation, SimulationOptions
from kinesis_cli.stream.record_source import RecordList
from tests.examples import examples
from tests.unit.streams import FIRST_NUMBER, START, numbers_of, record

ONE_SECOND = CallDuration(1.0)


class Failing:
    """A function that fails on some records, for a number of calls each."""

    name, runtime = "failing", "in-process"

    def __init__(self, failures: dict[int, int], *, reports: bool, slept: float = 0.0) -> None:
        self._left = Counter({str(FIRST_NUMBER + index): n for index, n in failures.items()})
        self._reports, self._slept, self.calls = reports, slept, 0

    def invoke(self, request: InvocationRequest) -> InvocationResult:
        """Fail on the records that have failures left."""
        self.calls += 1
        bad = [n for n in numbers_of(json.loads(request.payload)) if self._left[n] > 0]
        self._left.subtract(bad)
        if not bad:
            return InvocationResult(slept=self._slept)
        if self._reports:
            failures = [{"itemIdentifier": number} for number in bad]
            return InvocationResult({"batchItemFailures": failures}, slept=self._slept)
        return InvocationResult(error=FunctionError("ValueError", "bad"), slept=self._slept)

    def close(self) -> None:
        """Nothing is held."""


def simulation(
    records: list[Record],
    function: Failing,
    mapping: EventSourceMapping,
    reading: LaneReading,
    duration: CallDuration | None = ONE_SECOND,
) -> Simulation:
    options = SimulationOptions(start_at=START, lanes=reading, invocation_duration=duration)
    run = Simulation(RecordList(records), function, mapping, options)
    for _ in run.rows():
        pass
    return run


@given(
    st.lists(st.sampled_from("abcdef"), min_size=1, max_size=30),
    st.dictionaries(st.integers(0, 29), st.sampled_from([1, 2, 99]), max_size=4),
    st.integers(2, 10),
    st.booleans(),
    st.sampled_from(["keys", "hash"]),
)
@settings(max_examples=examples(50), deadline=None)
def test_the_stand_in_takes_as_long_as_the_function_would(
    keys: list[str],
    failures: dict[int, int],
    factor: int,
    reports: bool,
    reading: LaneReading,
) -> None:
    # One record a batch: of larger batches that fail nobody knows the bad record.
    mapping = EventSourceMapping(
        batch_size=1,
        parallelization_factor=factor,
        maximum_retry_attempts=3,
        report_batch_item_failures=reports,
    )
    records = [record(index, key=key) for index, key in enumerate(keys)]
    function = Failing(failures, reports=reports)
    run = simulation(records, function, mapping, reading)
    calls = function.calls
    told = run.other_reading(RecordList(records))
    assert function.calls == calls
    other: LaneReading = "hash" if reading == "keys" else "keys"
    real = simulation(records, Failing(failures, reports=reports), mapping, other).summary()
    own = run.summary()
    if told is None:
        assert real.elapsed_seconds == pytest.approx(own.elapsed_seconds, abs=0.1)
    else:
        assert told.reading == other
        assert told.elapsed_seconds == pytest.approx(real.elapsed_seconds, abs=1e-3)
        assert told.max_iterator_age_seconds == pytest.approx(
            real.max_iterator_age_seconds, abs=1e-3
        )


def test_what_the_function_slept_counts() -> None:
    records = [record(index, key="abcd"[index % 4]) for index in range(40)]
    mapping = EventSourceMapping(batch_size=1, parallelization_factor=4)
    function = Failing({}, reports=True, slept=0.9)
    run = simulation(records, function, mapping, "keys", CallDuration(0.1))
    told = run.other_reading(RecordList(records))
    assert told is not None
    assert told.elapsed_seconds - run.summary().elapsed_seconds == pytest.approx(10, abs=1e-3)


def test_with_one_lane_there_is_one_reading() -> None:
    records = [record(index, key="abcd"[index % 4]) for index in range(8)]
    mapping = EventSourceMapping(batch_size=1)
    assert (
        simulation(records, Failing({}, reports=True), mapping, "keys").other_reading(
            RecordList(records)
        )
        is None
    )
    one_key = replace(mapping, parallelization_factor=4)
    run = simulation(records[::4], Failing({}, reports=True), one_key, "keys")
    assert run.other_reading(RecordList(records[::4])) is None
