"""Asynchronous calls: kept until they have ended, and tried again when they fail.

Source: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
"""

import asyncio
import json
import math
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from kinesis_cli.event_source_mapping.invocation import InvocationRequest, InvocationResult
from kinesis_cli.local.clock import Clock
from kinesis_cli.local.database import Store
from kinesis_cli.local.function.activity import Remark, Tell
from kinesis_cli.local.function.destinations import Destinations
from kinesis_cli.local.function.direct_calls import DirectCalls
from kinesis_cli.local.function.registry import Target
from kinesis_cli.local.function.runtime import NotRunnableError, ThrottledError
from kinesis_cli.stream.times import clock_time, object_key_time

FILE = "events.sqlite3"
VERSION = 1
RETRY_SECONDS = (60.0, 120.0)  # after a failure of the function, before each retry
THROTTLED_SECONDS = (1.0, 300.0)  # doubled from throttle to throttle, up to the second
_LOOK_SECONDS = 0.5  # the clock may be moved while an event waits

_SCHEMA = """
CREATE TABLE event (
    request_id TEXT PRIMARY KEY,
    function TEXT NOT NULL,
    payload BLOB NOT NULL,
    trace_id TEXT,
    accepted REAL NOT NULL, -- epoch seconds, as `due`
    due REAL NOT NULL,
    calls INTEGER NOT NULL, -- that have failed
    throttles INTEGER NOT NULL -- since the last call
)
"""

Condition = Literal["Success", "RetriesExhausted", "EventAgeExceeded", "ZeroReservedConcurrency"]


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event that has not ended."""

    request_id: str
    function: str  # ARN, with the qualifier that was called
    payload: bytes
    trace_id: str | None
    accepted: float  # epoch seconds, as `due`
    due: float
    calls: int = 0
    throttles: int = 0


class EventStore(Store):
    """Events that have not ended; see `Store`."""

    file, schema, version = FILE, _SCHEMA, VERSION

    def events(self) -> list[StoredEvent]:
        """All that have not ended, oldest first."""
        rows = self._database.execute("SELECT * FROM event ORDER BY accepted")
        return [StoredEvent(*row) for row in rows]

    def save(self, event: StoredEvent) -> None:
        """Keep a new event, or a changed one."""
        with self._database:
            self._database.execute(
                "INSERT OR REPLACE INTO event VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    event.request_id,
                    event.function,
                    event.payload,
                    event.trace_id,
                    event.accepted,
                    event.due,
                    event.calls,
                    event.throttles,
                ),
            )

    def delete(self, event: StoredEvent) -> None:
        """Forget an event."""
        with self._database:
            self._database.execute("DELETE FROM event WHERE request_id = ?", (event.request_id,))


class EventCalls:
    """Calls functions with the events that were accepted for them.

    Args:
        store: keeps the events.
        clock: tells the time.
        find: what is called by an ARN; None: it is gone.
        calls: makes the calls.
        destinations: where what became of an event is sent.
        tell: told of events that are given up.
        changed: told when one has ended.
    """

    def __init__(
        self,
        store: EventStore,
        clock: Clock,
        find: Callable[[str], Target | None],
        calls: DirectCalls,
        destinations: Destinations,
        tell: Tell,
        changed: Callable[[], None],
    ) -> None:
        self._store, self._clock, self._find, self._calls = store, clock, find, calls
        self._destinations, self._tell, self._changed = destinations, tell, changed
        self._tasks: set[asyncio.Task[None]] = set()

    def resume(self) -> None:
        """Go on with the events that an earlier process had accepted."""
        for event in self._store.events():
            self._begin(event)

    def accept(self, function: str, payload: bytes, trace_id: str | None) -> str:
        """Take an event; it is called as soon as possible. Returns its request id."""
        now = self._clock.now()
        event = StoredEvent(str(uuid.uuid4()), function, payload, trace_id, now, now)
        self._store.save(event)
        self._begin(event)
        return event.request_id

    @property
    def is_idle(self) -> bool:
        """Whether all have ended."""
        return not self._tasks

    async def close(self) -> None:
        """Stop. What has not ended goes on at the next start."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _begin(self, event: StoredEvent) -> None:
        task = asyncio.create_task(self._handle(event))
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._changed()

    async def _handle(self, event: StoredEvent) -> None:
        result: InvocationResult | None = None
        while True:
            await self._until(event.due)
            function = self._find(event.function)  # it may have changed
            if function is None:
                gone = f"an event for {_name(event)} is dropped: there is no such function"
                self._tell(Remark(gone))
                self._store.delete(event)
                return
            condition = self._condition(event, function)
            if condition is None:
                called = await self._called(function, event)
                result = called or result
                event, condition = self._judged(event, called, function)
                self._store.save(event)
            if condition is not None:
                await self._end(event, function, condition, result)
                return

    async def _called(self, function: Target, event: StoredEvent) -> InvocationResult | None:
        """None: it was not called."""
        request = InvocationRequest(event.request_id, event.payload, trace_id=event.trace_id)
        try:
            return await self._calls.call(function, request, "event", event.calls + 1)
        except (ThrottledError, NotRunnableError):
            return None

    def _condition(self, event: StoredEvent, function: Target) -> Condition | None:
        """Why an event is given up without a call; None: it is not."""
        if function.calling.reserved_concurrency == 0:
            return "ZeroReservedConcurrency"
        if self._clock.now() - event.accepted > function.calling.maximum_event_age:
            return "EventAgeExceeded"
        return None

    async def _until(self, due: float) -> None:
        while (left := due - self._clock.now()) > 0:
            await asyncio.sleep(min(left, _LOOK_SECONDS))

    def _judged(
        self, event: StoredEvent, result: InvocationResult | None, function: Target
    ) -> tuple[StoredEvent, Condition | None]:
        """The event after a call (None: it was refused), and what it has ended with."""
        now = self._clock.now()
        if result is None:
            first, longest = THROTTLED_SECONDS
            pause = min(first * math.pow(2, min(event.throttles, 16)), longest)
            return replace(event, throttles=event.throttles + 1, due=now + pause), None
        event = replace(event, calls=event.calls + 1, throttles=0)
        if result.error is None:
            return event, "Success"
        retries = function.calling.maximum_retry_attempts
        if event.calls > retries:
            return event, "RetriesExhausted"
        pause = RETRY_SECONDS[event.calls - 1]
        error = f"{result.error.error_type}: {result.error.error_message}"
        retry = f"retry {event.calls} of {retries} in {pause:.0f} s"
        self._tell(Remark(f"{_name(event)}: an event failed, {error}; {retry}"))
        return replace(event, due=now + pause), None

    async def _end(
        self,
        event: StoredEvent,
        function: Target,
        condition: Condition,
        result: InvocationResult | None,
    ) -> None:
        """First tell the destination, then forget the event."""
        calling, now = function.calling, self._clock.now()
        succeeded = condition == "Success"
        arn = calling.on_success if succeeded else calling.on_failure
        sent = []
        if arn:
            document = _document(event, function, condition, result, now)
            key = _key(_name(event), now)
            sent.append((arn, await self._send(arn, document, key)))
        if calling.dead_letter and not succeeded:
            problem = await self._destinations.send_dead_letter(
                calling.dead_letter, event.payload.decode(), _dead_letter(event, result)
            )
            sent.append((calling.dead_letter, problem))
        self._store.delete(event)
        if not succeeded:
            where = " and ".join(destination.rpartition(":")[2] for destination, _ in sent)
            went = f"sent to {where}" if where else "no destination is configured"
            self._tell(Remark(f"{_name(event)}: an event is given up, {condition}, {went}"))
        for destination, problem in sent:
            if problem:
                self._tell(Remark(f"{destination} did not take an event's document: {problem}"))

    async def _send(self, arn: str, document: dict[str, object], key: str) -> str:
        """Send what became of an event. Returns why it did not get there; empty: it did."""
        if ":lambda:" not in arn:
            return await self._destinations.send(arn, document, document, key)
        if self._find(arn) is None:
            return "there is no such function"
        self.accept(arn, json.dumps(document).encode(), None)
        return ""


def _name(event: StoredEvent) -> str:
    """The function's name, with its qualifier."""
    return event.function.rpartition(":function:")[2]


def _document(
    event: StoredEvent,
    target: Target,
    condition: Condition,
    result: InvocationResult | None,
    at: float,
) -> dict[str, object]:
    """What a destination gets.

    Source: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
    """
    document: dict[str, object] = {
        "version": "1.0",
        "timestamp": clock_time(at),
        "requestContext": {
            "requestId": event.request_id,
            "functionArn": target.qualified_arn,
            "condition": condition,
            "approximateInvokeCount": event.calls,
        },
        "requestPayload": json.loads(event.payload),
    }
    if result is not None:
        context: dict[str, object] = {"statusCode": 200, "executedVersion": target.function.version}
        if result.error is not None:
            context["functionError"] = "Unhandled"
        document["responseContext"] = context
        document["responsePayload"] = result.error.document() if result.error else result.response
    return document


def _dead_letter(event: StoredEvent, result: InvocationResult | None) -> dict[str, tuple[str, str]]:
    """The attributes of a message in a dead-letter queue: name → type and value.

    Source: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
    """
    error = result.error if result else None
    message = error.error_message.encode()[:1024].decode(errors="ignore") if error else ""
    attributes = {"RequestID": ("String", event.request_id), "ErrorCode": ("Number", "200")}
    if message:
        attributes["ErrorMessage"] = ("String", message)
    return attributes


def _key(function: str, at: float) -> str:
    """Of the object in a bucket. Source: the same page."""
    return f"aws/lambda/async/{function}/{object_key_time(at)}-{uuid.uuid4()}"
