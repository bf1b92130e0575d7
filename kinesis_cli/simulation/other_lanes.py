"""How a run is delivered once more under the other reading of lanes, and what came of it."""

from collections.abc import Sequence
from dataclasses import replace

from kinesis_cli.event_source_mapping.gathering import LaneReading
from kinesis_cli.simulation.durations import USUAL, CallDuration, fitted
from kinesis_cli.simulation.lane_readings import OtherReading, Sample, other_than
from kinesis_cli.simulation.options import SimulationOptions
from kinesis_cli.simulation.trace import Summary


def under_other_reading(options: SimulationOptions, samples: Sequence[Sample]) -> SimulationOptions:
    """The options of the second run.

    Args:
        options: of the first one.
        samples: what its first calls took.
    """
    return replace(
        options,
        lanes=other_than(options.lanes),
        invocation_duration=_duration(options.invocation_duration, samples),
        faults=(),
        explain=(),
    )


def other_reading_of(own: Summary, other: Summary, reading: LaneReading) -> OtherReading | None:
    """What is to be told of the second run; None: nobody would notice."""
    told = OtherReading(reading, other.elapsed_seconds, other.max_iterator_age_seconds)
    differs = told.differs(own.elapsed_seconds, own.max_iterator_age_seconds)
    return told if differs else None


def _duration(model: CallDuration | None, samples: Sequence[Sample]) -> CallDuration:
    """Seconds of a call: those of the model and what the function slept, or took."""
    base = model if model is not None else CallDuration()
    if not samples:
        return model if model is not None else USUAL
    found = fitted([sample.call for sample in samples], "the run").duration
    return CallDuration(base.base + found.base, base.per_record + found.per_record, base.per_kb)
