"""A handler that works on calls meanwhile: the run is as with one that is waited for."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from kinesis_cli import EventSourceMapping, Record
from kinesis_cli.event_source_mapping.invocation import (
    TIMED_OUT,
    FunctionError,
    InvocationRequest,
    InvocationResult,
)
from kinesis_cli.simulation.durations import CallDuration
from kinesis_cli.simulation.faults import Fault
from kinesis_cli.simulation.run import Simulation, SimulationOptions
from kinesis_cli.simulation.trace import Row, Summary
from kinesis_cli.stream.record_source import RecordList
from tests.examples import examples
from tests.unit.streams import (
    START,
    Fickle,
    fickle_answers,
    injected,
    mappings,
    record,
    recordings,
)

TIMEOUT = 3.0  # seconds


class Sleeping(Fickle):
    """A fickle function that sleeps, sometimes for too long, or really takes its time."""

    def __init__(self, answers: Sequence[tuple[str, int]], sleeps: Sequence[float]) -> None:
        super().__init__(answers)
        self._sleeps = sleeps
        self.asked: list[InvocationRequest] = []

    def invoke(self, request: InvocationRequest) -> InvocationResult:
        """Sleep, and give the next answer."""
        self.asked.append(request)
        slept = self._sleeps[self.calls % len(self._sleeps)]
        result = super().invoke(request)
        if slept + request.invocation_duration > TIMEOUT:
            late = FunctionError(TIMED_OUT, "drawn")
            return InvocationResult(error=late, slept=TIMEOUT, elapsed=0.5)
        return replace(result, slept=slept, elapsed=slept / 2)


class Ahead(Sleeping):
    """The same, but that it is called as late as can be."""

    def __init__(self, answers: Sequence[tuple[str, int]], sleeps: Sequence[float]) -> None:
        super().__init__(answers, sleeps)
        self._begun: deque[tuple[InvocationRequest, list[InvocationResult]]] = deque()
        self.most_begun = 0

    def begin(self, request: InvocationRequest) -> Callable[[], InvocationResult]:
        """Begin a call. Returns what waits for its result."""
        results: list[InvocationResult] = []
        self._begun.append((request, results))
        self.most_begun = max(self.most_begun, len(self._begun))

        def result() -> InvocationResult:
            while not results:
                first, ended = self._begun.popleft()
                ended.append(self.invoke(first))
            return results[0]

        return result


def run(
    records: Sequence[Record],
    handler: Sleeping,
    mapping: EventSourceMapping,
    options: SimulationOptions,
) -> tuple[list[Row], Summary]:
    simulation = Simulation(RecordList(records), handler, mapping, options)
    rows = list(simulation.rows())
    return rows, simulation.summary()


@given(
    recordings(),
    mappings(),
    fickle_answers(),
    st.lists(st.sampled_from([0.0, 0.0, 0.3, 2.0, 8.0]), min_size=1, max_size=5),
    injected(),
    st.sampled_from([None, CallDuration(), CallDuration(0.1, 0.02), CallDuration(5.0)]),
    st.sampled_from([0.0, 0.4]),
    st.sampled_from([None, 1, 2]),
    st.sampled_from([None, START + 2.0]),
)
@settings(max_examples=examples(100), deadline=None)
def test_what_is_delivered_and_when_is_the_same(
    records: list[Record],
    mapping: EventSourceMapping,
    answers: list[tuple[str, int]],
    sleeps: list[float],
    faults: list[str],
    duration: CallDuration | None,
    cold_start: float,
    reserved_concurrency: int | None,
    until: float | None,
) -> None:
    options = SimulationOptions(
        start_at=START,
        until=until,
        invocation_duration=duration,
        cold_start=cold_start,
        reserved_concurrency=reserved_concurrency,
        function_timeout=TIMEOUT,
        retention_hours=0.5,
        faults=tuple(map(Fault.parse, faults)),
        show_throttled=True,
        seed=3,
    )
    one, other = Sleeping(answers, sleeps), Ahead(answers, sleeps)
    assert run(records, other, mapping, options) == run(records, one, mapping, options)
    assert other.asked == one.asked


def test_calls_of_several_shards_begin_before_the_first_has_ended() -> None:
    records = [record(index, at=0.0, shard=index % 3) for index in range(9)]
    handler = Ahead([("succeed", 0)], [0.0])
    mapping = EventSourceMapping.from_aws({"StartingPosition": "TRIM_HORIZON"})
    options = SimulationOptions(start_at=START, invocation_duration=CallDuration(2.0))
    rows, summary = run(records, handler, mapping, options)
    assert handler.most_begun == 3
    assert len(rows) == 3
    assert summary.succeeded == 9


def test_a_call_that_times_out_ends_before_it_would_have_ended_otherwise() -> None:
    records = [record(index, at=0.4 * index, shard=index % 3) for index in range(25)]
    mapping = EventSourceMapping.from_aws({"StartingPosition": "TRIM_HORIZON", "BatchSize": 2})
    options = SimulationOptions(
        start_at=START, invocation_duration=CallDuration(5.0), function_timeout=TIMEOUT
    )
    one, other = Sleeping([("succeed", 0)], [0.0]), Ahead([("succeed", 0)], [0.0])
    assert run(records, other, mapping, options) == run(records, one, mapping, options)
