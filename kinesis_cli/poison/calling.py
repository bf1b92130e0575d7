"""Calling the function on this machine with a batch, and judging it, as the mapping would."""

import time
import uuid
from collections.abc import Callable, Sequence

import msgspec

from kinesis_cli.event_source_mapping.gathering import PAYLOAD_LIMIT_BYTES
from kinesis_cli.event_source_mapping.invocation import (
    TIMED_OUT,
    Handler,
    InvocationRequest,
    InvocationResult,
)
from kinesis_cli.event_source_mapping.lane import TOO_LARGE
from kinesis_cli.event_source_mapping.response import Malformed, Reported, verdict
from kinesis_cli.event_source_mapping.settings import EventSourceMapping
from kinesis_cli.event_source_mapping.windows import TumblingWindow
from kinesis_cli.poison.search import Outcome
from kinesis_cli.stream.record import Record


class BatchCaller:
    """See `search.Call`.

    Args:
        new_handler: makes a handler that no call was made with, given its clock's epoch seconds.
        settings: of the mapping.
        called: told after each call how many there were.
    """

    def __init__(
        self,
        new_handler: Callable[[float], Handler],
        settings: EventSourceMapping,
        called: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._new_handler, self._settings, self._called = new_handler, settings, called
        self._handler: Handler | None = None
        self.calls = 0

    def close(self) -> None:
        """Close the handler."""
        handler, self._handler = self._handler, None
        if handler is not None:
            handler.close()

    def __call__(self, records: Sequence[Record], *, fresh: bool = False) -> Outcome:
        """See `search.Call`."""
        payload = self._payload(records)
        if len(payload) > PAYLOAD_LIMIT_BYTES:
            return Outcome(failed=True, why=TOO_LARGE)
        now = time.time()
        if fresh:
            self.close()
        if self._handler is None:
            self._handler = self._new_handler(now)
        self.calls += 1
        self._called(self.calls)
        result = self._handler.invoke(InvocationRequest(str(uuid.uuid4()), payload, at=now))
        return self._judged(result, records)

    def _payload(self, records: Sequence[Record]) -> bytes:
        event = self._settings.kind.event(records)
        length = self._settings.tumbling_window_in_seconds
        if not length:
            return event
        window = TumblingWindow(length, records[0].shard_id)
        window.admit(records)
        return event[:-1] + b"," + msgspec.json.encode(window.members(final=False))[1:]

    def _judged(self, result: InvocationResult, records: Sequence[Record]) -> Outcome:
        if (error := result.error) is not None:
            why = f"{error.error_type}: {error.error_message}"
            return Outcome(failed=True, why=why, timed_out=error.error_type == TIMED_OUT)
        match verdict(result, records, self._settings):
            case Reported(failures=numbers):
                whys = {number: result.why(number) for number in numbers}
                why = f"the function reported {len(set(numbers))} of {len(records)}"
                return Outcome(failed=True, why=why, reported=numbers, whys=whys)
            case Malformed(why=why):
                return Outcome(failed=True, why=why)
        return Outcome(failed=False)
