"""A delivery as trace events, for Perfetto (https://ui.perfetto.dev) and chrome://tracing.

A process is a shard, a thread a lane of calls; arrows lead from a batch that failed to what was
delivered of it again.

Source: "Trace Event Format", https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from heapq import heappop, heappush

from kinesis_cli.picture.drawing import KINDS
from kinesis_cli.picture.lanes import CallLanes
from kinesis_cli.picture.waiting import Waiting
from kinesis_cli.simulation.trace import Destination, ExpiredRecords, Invocation, Row

SHOWN_NUMBERS = 20  # sequence numbers of a call that are written out
_FUNCTION = 0  # the process of what concerns all shards
_COLOURS = {  # names that chrome://tracing knows; Perfetto has colours of its own
    "handled": "good",
    "partial": "bad",
    "failed": "terrible",
    "throttled": "grey",
}

TraceEvent = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class _Place:
    """Where an arrow begins."""

    process: int
    thread: int
    at: float  # epoch seconds


class _Shard:
    def __init__(self, process: int) -> None:
        self.process = process
        self.lanes = 0  # that have been named
        self.ends: dict[int, int] = {}  # of the last call of each lane, microseconds
        self.failed: dict[str, _Place] = {}  # sequence number → the end of the call that failed


class TraceEvents:
    """Makes trace events of rows as they come. Their times are microseconds since `start`.

    Args:
        start: when the mapping goes live, epoch seconds.

    Attributes:
        waiting: to be told of records, if these are to be counted.
    """

    def __init__(self, start: float) -> None:
        self.waiting = Waiting(start)
        self._start, self._lanes = start, CallLanes()
        self._shards: dict[str, _Shard] = {}
        self._arrows = 0
        self._running: list[float] = []  # ends of the calls in flight

    def of(self, row: Row) -> Iterator[TraceEvent]:
        """The events of a row."""
        match row:
            case Invocation():
                yield from self._call(row)
            case Destination(document=document, shard_id=shard_id, sequence_numbers=numbers):
                context = document["requestContext"]
                assert isinstance(context, Mapping)
                why = {"condition": context["condition"]}
                yield from self._lost("given up", row.at, shard_id, numbers, why)
            case ExpiredRecords(shard_id=shard_id, sequence_numbers=numbers):
                yield from self._lost("left the stream", row.at, shard_id, numbers, {})
            case _:
                pass

    def finish(self) -> Iterator[TraceEvent]:
        """The events that end what still runs, and what is known only then: who waited when."""
        yield from self._ended_until(float("inf"))
        for shard_id, at, count in self.waiting.steps():
            if shard_id not in self._shards:
                yield from self._new_shard(shard_id)
            yield self._counter("records waiting", at, self._shards[shard_id].process, count)

    # --- calls

    def _call(self, row: Invocation) -> Iterator[TraceEvent]:
        end = row.at + row.duration_ms / 1000
        if row.shard_id not in self._shards:
            yield from self._new_shard(row.shard_id)
        shard = self._shards[row.shard_id]
        lane = self._lanes.of(row)
        if lane == shard.lanes:
            shard.lanes += 1
            yield _named("thread_name", f"lane {lane + 1}", shard.process, lane)
        # rounding must not let a call begin before the end of the one before it in its lane
        begins = max(self._microseconds(row.at), shard.ends.get(lane, 0))
        shard.ends[lane] = ends = max(self._microseconds(end), begins)
        yield {
            "ph": "X",
            "name": _name(row),
            "cat": "call",
            "pid": shard.process,
            "tid": lane,
            "ts": begins,
            "dur": ends - begins,
            "cname": _COLOURS[KINDS[row.outcome]],
            "args": _arguments(row),
        }
        yield from self._arrow_to(row, shard, lane, begins)
        _keep_failed(row, shard, _Place(shard.process, lane, end))
        yield from self._counters(row, shard, end)

    def _arrow_to(
        self, row: Invocation, shard: _Shard, lane: int, begins: int
    ) -> Iterator[TraceEvent]:
        """An arrow from the call that failed with these records."""
        came_from = shard.failed.get(row.sequence_numbers[0]) if row.sequence_numbers else None
        if came_from is None:
            return
        self._arrows += 1
        common = {"name": "again", "cat": "again", "id": self._arrows}
        # within the slice, since an arrow is bound to what encloses its end
        leaves = max(self._microseconds(came_from.at) - 1, 0)
        yield {**common, "ph": "s", "pid": came_from.process, "tid": came_from.thread, "ts": leaves}
        yield {**common, "ph": "f", "bp": "e", "pid": shard.process, "tid": lane, "ts": begins}

    def _counters(self, row: Invocation, shard: _Shard, end: float) -> Iterator[TraceEvent]:
        if row.outcome != "throttled":
            yield from self._ended_until(row.at)
            heappush(self._running, end)
            yield self._counter("calls in flight", row.at, _FUNCTION, len(self._running))
        if row.sequence_numbers and row.outcome != "throttled":
            age = round(row.iterator_age, 6)
            yield self._counter("iterator age, seconds", end, shard.process, age)

    def _ended_until(self, moment: float) -> Iterator[TraceEvent]:
        while self._running and self._running[0] <= moment:
            at = heappop(self._running)
            yield self._counter("calls in flight", at, _FUNCTION, len(self._running))

    def _counter(self, name: str, at: float, process: int, value: float) -> TraceEvent:
        common = {"ph": "C", "name": name, "pid": process, "tid": 0}
        return {**common, "ts": self._microseconds(at), "args": {"value": value}}

    # --- shards, and what is lost

    def _new_shard(self, shard_id: str) -> Iterator[TraceEvent]:
        if not self._shards:
            yield _named("process_name", "all shards", _FUNCTION)
        process = len(self._shards) + 1
        self._shards[shard_id] = _Shard(process)
        yield _named("process_name", shard_id, process)

    def _lost(
        self,
        name: str,
        at: float,
        shard_id: str,
        numbers: tuple[str, ...],
        more: Mapping[str, object],
    ) -> Iterator[TraceEvent]:
        if shard_id not in self._shards:
            yield from self._new_shard(shard_id)
        shard = self._shards[shard_id]
        for number in numbers:
            shard.failed.pop(number, None)
        yield {
            "ph": "i",
            "s": "p",  # a line through the whole process
            "name": name,
            "cat": "lost",
            "pid": shard.process,
            "tid": 0,
            "ts": self._microseconds(at),
            "args": {"records": len(numbers), **_listed(numbers), **more},
        }

    def _microseconds(self, at: float) -> int:
        return round((at - self._start) * 1_000_000)


def _name(row: Invocation) -> str:
    again = f", try {row.attempt}" if row.attempt > 1 else ""
    return f"{KINDS[row.outcome]}{again}"


def _arguments(row: Invocation) -> dict[str, object]:
    arguments: dict[str, object] = {
        "call": row.index,
        "records": len(row.sequence_numbers),
        "reason": row.reason,
        "attempt": row.attempt,
        "checkpoint": row.checkpoint,
        "requestId": row.request_id,
        **_listed(row.sequence_numbers),
    }
    if row.batch_item_failures:
        arguments["batchItemFailures"] = row.batch_item_failures[:SHOWN_NUMBERS]
    if row.error is not None:
        arguments["error"] = row.error.document()
    return arguments


def _listed(numbers: tuple[str, ...]) -> dict[str, object]:
    """Sequence numbers: a few are written out, of many the first and the last."""
    if len(numbers) <= SHOWN_NUMBERS:
        return {"sequenceNumbers": numbers}
    return {"firstSequenceNumber": numbers[0], "lastSequenceNumber": numbers[-1]}


def _keep_failed(row: Invocation, shard: _Shard, place: _Place) -> None:
    """Remember which records come again, and from where."""
    if row.outcome == "success" and not shard.failed:
        return
    handled_before = int(row.checkpoint) if row.checkpoint and row.outcome == "partial" else None
    for number in row.sequence_numbers:
        is_handled = row.outcome == "success" or (
            handled_before is not None and int(number) < handled_before
        )
        if is_handled:
            shard.failed.pop(number, None)
        else:
            shard.failed[number] = place


def _named(kind: str, name: str, process: int, thread: int = 0) -> TraceEvent:
    return {"ph": "M", "name": kind, "pid": process, "tid": thread, "args": {"name": name}}
