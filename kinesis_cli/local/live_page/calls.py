"""Calls of the functions, as the mappings' history tells of them.

The history is there anyhow, and bounded; it is read on while a page is open, and what has happened
before is read then. Here only the newest calls are kept, without their records.
"""

import asyncio
import math
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import cast

import msgspec

from kinesis_cli.event_source_mapping.events import Outcome
from kinesis_cli.following.fact import Fact
from kinesis_cli.local.function.activity import ShardCounts
from kinesis_cli.local.mapping.history import History
from kinesis_cli.local.mapping.sources.choice import source_name
from kinesis_cli.picture.drawing import Mark
from kinesis_cli.picture.rolling import COLUMNS, Key, Rolling, RollingCall, RunningLanes
from kinesis_cli.stream.escaping import escape

WINDOWS = (60, 600, 3600)  # seconds that the timeline can show
MAX_CALLS = 2_000  # that are kept
MAX_PROBLEMS = 1_000  # of those that did not succeed
MAX_SHOWN = 50
MAX_WORDS = 500  # characters of a reason or an error
MAX_AT_ONCE = 1_000  # weight of the facts that are taken in before others may go on
MAX_CALL_SECONDS = 1_000.0  # a call that runs longer has ended without a word: Lambda's last 900


class CallRow(msgspec.Struct, frozen=True):
    """A call that has ended."""

    id: int  # of the fact that says so
    request_id: str
    function: str
    stream: str
    shard_id: str
    at: float  # epoch seconds
    duration_ms: float
    attempt: int
    records: int
    outcome: str
    reason: str
    error: str
    iterator_age: float
    lane: int | None
    first: str  # sequence number
    last: str


class RunningRow(msgspec.Struct, frozen=True):
    """A call that runs."""

    id: int
    request_id: str
    function: str
    stream: str
    shard_id: str
    at: float
    attempt: int
    records: int
    lane: int


@dataclass(frozen=True, slots=True)
class _Running:
    key: Key
    row: RunningRow


class CallWatch:
    """Reads the history on."""

    def __init__(self) -> None:
        self._next = 0
        self._lanes = RunningLanes()
        self._running: dict[tuple[str, str, str, int], _Running] = {}
        self._calls: deque[CallRow] = deque(maxlen=MAX_CALLS)
        self._problems: deque[CallRow] = deque(maxlen=MAX_PROBLEMS)
        self._windows = {seconds: Rolling(seconds) for seconds in WINDOWS}

    async def look(self, history: History, now: float) -> None:
        """Take in what has happened since the last time."""
        more = True
        while more:
            page = history.since(self._next, limit=MAX_AT_ONCE)
            if page.missed and self._next:
                self._forget_running(math.inf)  # how they ended may be among what is gone
            for fact in page.facts:
                self._take(fact)
            self._next, more = page.next, page.more
            if more:
                await asyncio.sleep(0)
        self._forget_running(now - MAX_CALL_SECONDS)

    def _forget_running(self, before: float) -> None:
        for call, running in list(self._running.items()):
            if running.row.at < before:
                self._lanes.leave(running.key, call)
                del self._running[call]

    def _take(self, fact: Fact) -> None:
        key = (escape(source_name(fact.stream)), fact.shard_id, escape(fact.function))
        call = (fact.mapping, fact.shard_id, fact.request_id, fact.attempt)
        match fact.what:
            case "calling":
                lane = self._lanes.take(key, call)
                stream, shard_id, function = key
                row = RunningRow(
                    *(fact.number, fact.request_id, function, stream, shard_id, fact.at),
                    *(fact.attempt, len(fact.sequence_numbers), lane),
                )
                self._running[call] = _Running(key, row)
            case "called":
                running = self._running.pop(call, None)
                self._lanes.leave(key, call)
                self._called(key, fact, running.row.lane if running else None)
            case "ended" if fact.outcome in ("discarded", "expired"):
                lost = len(fact.sequence_numbers)
                is_expired = fact.outcome == "expired"
                mark = Mark(expired=lost) if is_expired else Mark(discarded=lost)
                for window in self._windows.values():
                    window.lost(key, fact.at, mark)
            case _:
                pass

    def _called(self, key: Key, fact: Fact, lane: int | None) -> None:
        row = call_row(fact, lane)
        self._calls.append(row)
        if fact.outcome != "success":
            self._problems.append(row)
        began, ended, outcome = fact.began, fact.at, cast("Outcome", fact.outcome)
        age = fact.iterator_age
        call = RollingCall(key, lane or 0, began, ended, fact.attempt, outcome, age)
        for window in self._windows.values():
            window.call(call)

    def row_of(self, number: int) -> CallRow | None:
        """A call of those that are kept."""
        kept = (each for rows in (self._calls, self._problems) for each in rows)
        return next((each for each in kept if each.id == number), None)

    # What is shown

    def calls(self, shards: Iterable[ShardCounts]) -> dict[str, object]:
        """The newest calls; counts are of all since the server's start."""
        counts = list(shards)
        batches, failed = sum(each.batches for each in counts), sum(each.failed for each in counts)
        partial = sum(each.partial for each in counts)
        throttled = sum(each.throttled for each in counts)
        return {
            "total": batches + throttled,
            "by_outcome": {
                "success": batches - failed,
                "partial": partial,
                "failed": failed - partial,
                "throttled": throttled,
            },
            "shown": _newest(self._calls),
            "problems": _newest(self._problems),
        }

    def running(self) -> list[RunningRow]:
        """Calls that have not ended, the oldest first."""
        return [each.row for each in self._running.values()][:MAX_SHOWN]

    def timeline(self, window: int, now: float) -> dict[str, object]:
        """The picture of the last seconds."""
        running = [(each.key, each.row.lane, each.row.at) for each in self._running.values()]
        picture = self._windows[window].picture(now, running)
        rows = picture.rows if picture else []
        return {
            "window": window,
            "start": picture.start if picture else None,
            "end": picture.end if picture else None,
            "columns": COLUMNS,
            "shards": [
                {
                    **dict(zip(("stream", "id", "function"), row.key, strict=True)),
                    "lanes": row.lanes,
                    "calls": row.calls,
                    "again": row.again,
                    "discarded": row.discarded,
                    "expired": row.expired,
                }
                for row in rows
            ],
            "more": picture.more if picture else 0,
            "ages": [None if math.isinf(age) else round(age, 3) for age in picture.ages]
            if picture
            else [],
        }


def call_row(fact: Fact, lane: int | None = None) -> CallRow:
    """A call of which the history says that it has ended."""
    numbers = fact.sequence_numbers
    return CallRow(
        id=fact.number,
        request_id=fact.request_id,
        function=escape(fact.function),
        stream=escape(source_name(fact.stream)),
        shard_id=fact.shard_id,
        at=fact.began,
        duration_ms=round(max(fact.at - fact.began, 0.0) * 1000, 1),
        attempt=fact.attempt,
        records=len(numbers),
        outcome=fact.outcome,
        reason=escape(fact.reason)[:MAX_WORDS],
        error=escape(fact.error)[:MAX_WORDS],
        iterator_age=round(fact.iterator_age, 3),
        lane=lane,
        first=numbers[0] if numbers else "",
        last=numbers[-1] if numbers else "",
    )


def _newest(rows: Sequence[CallRow]) -> list[CallRow]:
    return [rows[-n] for n in range(1, min(len(rows), MAX_SHOWN) + 1)]
