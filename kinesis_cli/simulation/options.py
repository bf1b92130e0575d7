"""How a recording is delivered in a simulation."""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field

from kinesis_cli.event_source_mapping.gathering import LaneReading
from kinesis_cli.simulation.durations import USUAL, CallDuration
from kinesis_cli.simulation.faults import Fault


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulationOptions:
    """How a recording is delivered. Times are epoch seconds of virtual time."""

    start_at: float | None = None  # when the mapping goes live; default: the first arrival
    until: float | None = None  # nothing starts after it
    # None: as long as the real call took
    invocation_duration: CallDuration | None = USUAL
    cold_start: float = 0.0  # seconds that a call takes longer for which no environment is idle
    reserved_concurrency: int | None = None  # calls at the same time; None: no limit
    function_timeout: float = 900.0  # seconds
    function_name: str = "function"  # with its version or alias, where one is called
    executed_version: str = "$LATEST"
    retention_hours: float = 24.0
    lanes: LaneReading = "keys"  # how partition keys find their lanes
    seed: int = 0
    faults: tuple[Fault, ...] = ()
    show_throttled: bool = False
    parents: Mapping[str, Sequence[str]] = field(
        default_factory=dict
    )  # of shards made by resharding
    # Until when the on-failure destination takes nothing, epoch seconds; None: it takes all.
    destination_refuses_until: float | None = None
    explain: Container[str] = ()  # sequence numbers to explain if they are filtered
