"""kcli as a library: what ``from kinesis_cli import …`` gives."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kinesis_cli.event_source_mapping.gathering import LaneReading
from kinesis_cli.event_source_mapping.invocation import Handler
from kinesis_cli.event_source_mapping.settings import EventSourceMapping
from kinesis_cli.recordings.recording import Recording
from kinesis_cli.simulation.durations import CallDuration, call_duration
from kinesis_cli.simulation.faults import Fault
from kinesis_cli.simulation.run import Simulation, SimulationOptions
from kinesis_cli.simulation.trace import (
    Destination,
    ExpiredRecords,
    FailedRecord,
    FilteredRecords,
    Invocation,
    Row,
    Summary,
)
from kinesis_cli.stream.record import Record
from kinesis_cli.stream.record_source import RecordList

LambdaFunction = Callable[[Any, Any], object]  # (event, context) -> response


@dataclass(frozen=True, slots=True)
class SimulationResult:
    """Everything that happened in a simulation."""

    rows: tuple[Row, ...]
    summary: Summary

    @property
    def invocations(self) -> list[Invocation]:
        """The calls, in the order of their start."""
        return [row for row in self.rows if isinstance(row, Invocation)]

    @property
    def destination(self) -> list[Mapping[str, object]]:
        """The on-failure documents, whether or not the mapping has a destination.

        Those that the destination refused are not among them.
        """
        rows = (row for row in self.rows if isinstance(row, Destination))
        return [row.document for row in rows if not row.is_lost]

    @property
    def discarded(self) -> list[str]:
        """Sequence numbers of the records that were given up."""
        return [
            number
            for row in self.rows
            if isinstance(row, Destination)
            for number in row.sequence_numbers
        ]

    @property
    def filtered(self) -> list[str]:
        """Sequence numbers of the records that matched no filter."""
        return [
            number
            for row in self.rows
            if isinstance(row, FilteredRecords)
            for number in row.sequence_numbers
        ]

    @property
    def expired(self) -> list[str]:
        """Sequence numbers of the records whose retention ended before they were done."""
        return [
            number
            for row in self.rows
            if isinstance(row, ExpiredRecords)
            for number in row.sequence_numbers
        ]

    @property
    def failed_records(self) -> list[FailedRecord]:
        """The records that the function reported, or failed on alone."""
        return [row for row in self.rows if isinstance(row, FailedRecord)]


def simulate(
    records: Recording | RecordList | Iterable[Record],
    handler: Handler | LambdaFunction,
    mapping: EventSourceMapping | Mapping[str, object] | None = None,
    *,
    start_at: float | None = None,
    until: float | None = None,
    invocation_duration: float | str | None = 0.1,
    cold_start: float = 0.0,
    reserved_concurrency: int | None = None,
    retention_hours: float | None = None,
    seed: int = 0,
    inject: Sequence[str] = (),
    show_throttled: bool = False,
    parents: Mapping[str, Sequence[str]] | None = None,
    lanes: LaneReading = "keys",
    destination_refuses_until: float | None = None,
) -> SimulationResult:
    """Deliver records to a handler as Lambda would, in virtual time.

    Args:
        records: a `Recording`, or records in the order in which they arrived.
        handler: from `load_handler`, or a Lambda function, `(event, context) -> response`.
        mapping: settings, or a mapping under CreateEventSourceMapping's names; default: AWS's
            defaults, from TRIM_HORIZON.
        start_at: when the mapping goes live, epoch seconds; default: the first arrival.
        until: epoch seconds; nothing starts after it.
        invocation_duration: virtual seconds that a call takes, or a model of its batch as in
            `kcli simulate --invocation-duration 0.05+0.002/record`; None: as long as it really
            takes.
        cold_start: virtual seconds that a call takes longer for which no environment is idle.
        reserved_concurrency: calls that may run at the same time; None: no limit.
        retention_hours: how long the stream keeps a record; None: as is usual for its kind.
        seed: fixes request ids, poll phases and faults.
        inject: faults, `KIND@WHEN` as in `kcli simulate --inject`.
        show_throttled: list throttled calls among the invocations.
        parents: shards that were made by resharding → the shards that they were made from.
        lanes: with a ParallelizationFactor, how partition keys find their lanes: each waiting key
            takes any free one ("keys"), or has one by its hash ("hash").
        destination_refuses_until: until when the on-failure destination takes nothing, epoch
            seconds: those documents are lost, as on Lambda.

    Raises:
        InputError: the mapping or a fault is not valid.
    """
    source = records if isinstance(records, Recording | RecordList) else RecordList(records)
    if not isinstance(mapping, EventSourceMapping):
        mapping = EventSourceMapping.from_aws(mapping or {}, kind=source.kind)
    mapping = mapping.reading(source.kind)
    options = SimulationOptions(
        start_at=start_at,
        until=until,
        invocation_duration=_duration(invocation_duration),
        cold_start=cold_start,
        reserved_concurrency=reserved_concurrency,
        retention_hours=source.kind.rules.default_retention_hours
        if retention_hours is None
        else retention_hours,
        seed=seed,
        faults=tuple(map(Fault.parse, inject)),
        show_throttled=show_throttled,
        parents=parents or {},
        lanes=lanes,
        destination_refuses_until=destination_refuses_until,
    )
    if not callable(handler):
        return _run(Simulation(source, handler, mapping, options))
    wrapped = _callable_handler(handler)
    try:
        return _run(Simulation(source, wrapped, mapping, options))
    finally:
        wrapped.close()


def _duration(seconds: float | str | None) -> CallDuration | None:
    if isinstance(seconds, str):
        return call_duration(seconds)
    return None if seconds is None else CallDuration(seconds)


def _run(simulation: Simulation) -> SimulationResult:
    return SimulationResult(tuple(simulation.rows()), simulation.summary())


def _callable_handler(function: LambdaFunction) -> Handler:
    from kinesis_cli.handlers.in_process import CallableHandler

    return CallableHandler(function)
