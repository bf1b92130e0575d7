"""How long a run would take if partition keys found their lanes the other way.

AWS does not say how they do (UNSURE(lane-mapping)). The function is not called a second time: what
it did with each record in the run is done again, under the other reading, by a stand-in.
"""

import math
from collections import Counter
from typing import NamedTuple

import msgspec

from kinesis_cli.event_source_mapping.events import Batch, Judged
from kinesis_cli.event_source_mapping.gathering import LaneReading
from kinesis_cli.event_source_mapping.invocation import (
    FunctionError,
    InvocationRequest,
    InvocationResult,
)
from kinesis_cli.function_log.measured_call import MeasuredCall

MAX_SAMPLES = 1_000  # calls whose duration is remembered
# Runs that differ by less are the same to a reader.
NOTICEABLE_SECONDS = 0.1


class OtherReading(msgspec.Struct, frozen=True):
    """The same run under the other reading."""

    reading: LaneReading
    elapsed_seconds: float
    max_iterator_age_seconds: float

    def differs(self, elapsed: float, age: float) -> bool:
        """Whether a reader would notice."""
        return (
            abs(self.elapsed_seconds - elapsed) >= NOTICEABLE_SECONDS
            or abs(self.max_iterator_age_seconds - age) >= NOTICEABLE_SECONDS
        )


class Sample(NamedTuple):
    """What a call took besides the seconds of the duration model."""

    at: float  # when it ended
    rank: int  # of its family of shards
    call: MeasuredCall


class Lessons:
    """What a run shows of a function: which records it fails on, how often, and how long it takes.

    Of a call that failed as a whole nobody knows the bad record: the first one stands for it.
    """

    def __init__(self) -> None:
        self._failures: Counter[str] = Counter()  # by event id
        self._raises: set[str] = set()  # of these, those that fail the whole call
        self._handled: set[str] = set()  # of these, those that went well in the end
        self.samples: list[Sample] = []  # what the first calls took, as they ended

    def learn(self, batch: Batch, judged: Judged, more: float, when: tuple[float, int]) -> None:
        """A call has ended, `when` (see `Sample`); it took `more` seconds than the model says."""
        if len(self.samples) < MAX_SAMPLES:
            self.samples.append(Sample(*when, MeasuredCall(more, len(batch.records))))
        if not batch.records or judged.outcome == "throttled":
            return
        if judged.outcome == "success":
            if self._failures:
                ids = {_id(record.shard_id, record.sequence_number) for record in batch.records}
                self._handled |= ids & self._failures.keys()
            return
        shard_id = batch.records[0].shard_id
        bad = judged.failures or (batch.records[0].sequence_number,)
        for number in bad:
            name = _id(shard_id, number)
            self._failures[name] += 1
            if judged.outcome == "failed":
                self._raises.add(name)

    def stand_in(self) -> "StandIn":
        """A function that does the same with each record."""
        failures = {
            name: float(count) if name in self._handled else math.inf
            for name, count in self._failures.items()
        }
        return StandIn(failures, self._raises)


class StandIn:
    """A function that fails on records as often as another one did."""

    name, runtime = "stand-in", "in-process"

    def __init__(self, failures: dict[str, float], raises: set[str]) -> None:
        self.failures, self.raises = dict(failures), raises
        self._left = failures  # what is left of them

    def invoke(self, request: InvocationRequest) -> InvocationResult:
        """Fail on the records that have failures left."""
        if not self._left:
            return InvocationResult()
        ids = [record.event_id for record in _event(request.payload).records]
        bad = [name for name in ids if self._left.get(name, 0) > 0]
        for name in bad:
            self._left[name] -= 1
        if self.raises.intersection(bad):
            return InvocationResult(error=FunctionError("Error", "as in the run"))
        failures = [{"itemIdentifier": name.rpartition(":")[2]} for name in bad]
        return InvocationResult({"batchItemFailures": failures})

    def close(self) -> None:
        """Nothing is held."""


def other_than(reading: LaneReading) -> LaneReading:
    """The other reading."""
    return "hash" if reading == "keys" else "keys"


def _id(shard_id: str, number: str) -> str:
    return f"{shard_id}:{number}"


class _Record(msgspec.Struct):
    event_id: str = msgspec.field(default="", name="eventID")


class _Event(msgspec.Struct):
    records: list[_Record] = msgspec.field(name="Records")


_event = msgspec.json.Decoder(_Event).decode
