"""What one delivery is told besides its records and function."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import ClassVar

from kinesis_cli.project.function import MAX_TIMEOUT, Function
from kinesis_cli.project.stream_settings import DEFAULT_RETENTION_HOURS
from kinesis_cli.simulation.durations import CallDuration, call_duration
from kinesis_cli.simulation.faults import Fault
from kinesis_cli.simulation.run import SimulationOptions
from kinesis_cli.stream.record import Record
from kinesis_cli.testing.mapping_settings import MappingSettings
from kinesis_cli.testing.meant import MappingGiven

USUAL_DURATION = 0.1  # virtual seconds of a call, as in `kcli simulate`
MAX_EXPLAINED = 10_000  # filtered records that are told why


class DeliveryOptions(MappingSettings, total=False):
    """Keywords of `Kinesis.deliver`, which says what they are."""

    mapping: MappingGiven
    start_at: float | None
    until: float | None
    invocation_duration: float | str | None
    retention_hours: float | None
    inject: Sequence[str]
    seed: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """The keywords of a delivery, over those of the test."""

    KEYWORDS: ClassVar = (
        *("seed", "mapping", "start_at", "until"),
        *("invocation_duration", "retention_hours", "inject"),
    )

    seed: int
    mapping: MappingGiven
    settings: Mapping[str, object] = field(default_factory=dict)
    start_at: float | None = None
    until: float | None = None
    invocation_duration: float | str | None = USUAL_DURATION
    retention_hours: float | None = None
    inject: Sequence[str] = ()

    def options(
        self,
        function: Function | None,
        records: Iterable[Record],
        parents: Mapping[str, Sequence[str]],
    ) -> SimulationOptions:
        """Return the options of the simulation.

        Args:
            function: what the template says of it.
            records: all that are delivered.
            parents: of shards that were made by resharding.

        Raises:
            InputError: a fault or a duration is none.
        """
        return SimulationOptions(
            start_at=self.start_at,
            until=self.until,
            invocation_duration=_duration(self.invocation_duration),
            function_timeout=function.timeout if function else MAX_TIMEOUT,
            function_name=function.qualified_name if function else "function",
            executed_version=function.version if function else "$LATEST",
            reserved_concurrency=function.reserved_concurrency if function else None,
            retention_hours=self._retention(function),
            seed=self.seed,
            faults=tuple(map(Fault.parse, self.inject)),
            parents=parents,
            explain=frozenset(each.sequence_number for each in islice(records, MAX_EXPLAINED)),
        )

    def as_command(self, function: Function | None) -> tuple[str, ...]:
        """Return the same as options of `kcli simulate`, but for its defaults."""
        usual = self.invocation_duration == USUAL_DURATION
        duration = "measured" if self.invocation_duration is None else self.invocation_duration
        retention = self._retention(function)
        given = {
            "--seed": self.seed or None,
            "--start-at": self.start_at,
            "--until": self.until,
            "--invocation-duration": None if usual else duration,
            "--retention-hours": None if retention == DEFAULT_RETENTION_HOURS else retention,
        }
        told = ((name, str(value)) for name, value in given.items() if value is not None)
        return (
            *chain.from_iterable(told),
            *(word for fault in self.inject for word in ("--inject", fault)),
        )

    def _retention(self, function: Function | None) -> float:
        if self.retention_hours is not None:
            return self.retention_hours
        stream = function.stream if function else None
        return float(stream.retention_hours if stream else DEFAULT_RETENTION_HOURS)


def _duration(given: float | str | None) -> CallDuration | None:
    if isinstance(given, str):
        return call_duration(given)
    return None if given is None else CallDuration(given)
