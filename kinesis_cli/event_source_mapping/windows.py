"""Tumbling windows: state that is handed from call to call, and the final call of each window.

Experimental: much of it is recorded for DynamoDB streams only.
Source: https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-windows.html
"""

from collections.abc import Mapping, Sequence
from typing import cast

import msgspec

from kinesis_cli.stream.on_failure_document import stream_arn_of
from kinesis_cli.stream.record import Record
from kinesis_cli.stream.times import utc_seconds

STATE_LIMIT_BYTES = 1_048_576
# UNSURE(window-close): "Lambda waits up to 2 minutes for late data". We wait that long where the
# shard falls idle: stackd's capture saw no final call within 112 s. Where a record of a later
# window has arrived there is no wait (captured).
IDLE_WAIT_SECONDS = 120.0


class TumblingWindow:
    """The windows of one shard, one open at a time.

    Windows begin at multiples of their length since the epoch (stackd's captures).

    UNSURE(window-early-rest): state over 1 MB ends a window early; further records of it open it
    anew, with an empty state. Or are they added to the window that was closed?
    UNSURE(late-record): a record whose own window is closed goes into the open one.
    """

    def __init__(self, length: int, shard_id: str) -> None:
        self._length, self._shard_id = length, shard_id
        self._start: float | None = None
        self._state: object = {}
        self._oversized = False
        self._ended_early: float | None = None  # the start of the last window that did
        self.unsure: list[
            str
        ] = []  # points that the open window depends on, ids of docs/fidelity.md
        self.stream_arn = ""
        self.last_arrival = 0.0  # of the open window, epoch seconds

    @property
    def close_when_idle_at(self) -> float | None:
        """When the open window ends if no more records come; None if none is open."""
        return None if self._start is None else self._start + self._length + IDLE_WAIT_SECONDS

    def admit(self, waiting: Sequence[Record]) -> int:
        """How many of the first records belong to the open window; opens one where none is."""
        if self._start is None and waiting:
            self._start = waiting[0].arrival // self._length * self._length
            self.stream_arn = stream_arn_of(waiting[0])
        self.unsure = ["window-early-rest"] * (self._start == self._ended_early)
        admitted = 0
        for record in waiting:
            if self._is_later(record):
                break
            self.last_arrival = record.arrival
            admitted += 1
            if self._start is not None and record.arrival < self._start:
                self.unsure.append("late-record")
        return admitted

    def final_call_is_due(self, waiting: Sequence[Record], now: float) -> bool:
        """Whether the next call closes the window."""
        if self._start is None:
            return False
        if self._oversized:
            return True
        if waiting:
            return self._is_later(waiting[0])
        return now >= self._start + self._length + IDLE_WAIT_SECONDS

    def is_idle(self, waiting: Sequence[Record]) -> bool:
        """Whether the open window ends because nothing more has come."""
        return not (self._oversized or waiting)

    def members(self, *, final: bool) -> dict[str, object]:
        """What a call gets besides its records, in the order of stackd's captures."""
        return {
            "shardId": self._shard_id,
            "eventSourceARN": self.stream_arn,
            "window": self._bounds(),
            "state": self._state,
            "isFinalInvokeForWindow": final,
            "isWindowTerminatedEarly": final and self._oversized,
        }

    def info(self, *, final: bool) -> dict[str, object]:
        """What an on-failure document says of the window."""
        return {
            "window": self._bounds(),
            "isFinalInvokeForWindow": final,
            "isWindowTerminatedEarly": final and self._oversized,
        }

    def keep_state(self, response: object) -> None:
        """Take over the state of a call that made progress (`has_state` must hold)."""
        self._state = cast("Mapping[str, object]", response)["state"]
        self._oversized = len(msgspec.json.encode(self._state)) > STATE_LIMIT_BYTES

    def close(self) -> None:
        """After the final call, successful or given up; an early end has no second one."""
        if self._oversized:
            self._ended_early = self._start
        self._start, self._state, self._oversized = None, {}, False

    def _is_later(self, record: Record) -> bool:
        return self._start is not None and record.arrival >= self._start + self._length

    def _bounds(self) -> dict[str, str]:
        assert self._start is not None
        return {"start": utc_seconds(self._start), "end": utc_seconds(self._start + self._length)}


def has_state(response: object) -> bool:
    """Whether an answer carries `state`; without it the call counts as failed."""
    return isinstance(response, Mapping) and "state" in response
