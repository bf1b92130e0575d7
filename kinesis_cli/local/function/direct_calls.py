"""Calls that no mapping made: by Invoke, and of events with their retries. The newest are kept."""

from collections import deque
from dataclasses import dataclass
from itertools import islice
from typing import Literal

import msgspec

from kinesis_cli.event_source_mapping.invocation import InvocationRequest, InvocationResult
from kinesis_cli.local.clock import Clock
from kinesis_cli.local.function.registry import Target
from kinesis_cli.local.function.runtime import NotRunnableError, ThrottledError

MAX_CALLS = 500  # that are kept, and so many of those that did not succeed
_MAX_TEXT = 500  # characters of an error

Kind = Literal["request", "event"]  # somebody waits for the answer; nobody does
Outcome = Literal["success", "failed", "throttled"]


class DirectCall(msgspec.Struct, frozen=True):
    """A call that has ended."""

    number: int  # 1, 2, … since the start of the server
    request_id: str  # an event keeps its own through all tries
    function: str  # name, with the qualifier that was called
    kind: Kind
    attempt: int  # 1-based
    began: float  # epoch seconds of the endpoint's clock, as `ended`
    ended: float
    outcome: Outcome
    error: str  # "ValueError: text", or why it could not be called; empty: it answered
    log_group: str


class DirectCalls:
    """Makes such calls, and keeps how they went.

    Args:
        clock: tells the time.

    Attributes:
        total: calls that have ended.
        running: calls that have not.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._calls: deque[DirectCall] = deque(maxlen=MAX_CALLS)
        self._problems: deque[DirectCall] = deque(maxlen=MAX_CALLS)
        self.total = self.running = 0

    async def call(
        self, target: Target, request: InvocationRequest, kind: Kind, attempt: int = 1
    ) -> InvocationResult:
        """Call a function once, see `Target.call`.

        Raises:
            ThrottledError: it has too many calls already.
            NotRunnableError: it cannot be called.
        """
        call = _Call(target, request, kind, attempt, self._clock.now())
        self.running += 1
        try:
            result = await target.call(request)
        except ThrottledError:
            self._keep(call, "throttled", "")
            raise
        except NotRunnableError as problem:
            self._keep(call, "failed", str(problem))
            raise
        finally:
            self.running -= 1
        if error := result.error:
            self._keep(call, "failed", f"{error.error_type}: {error.error_message}")
        else:
            self._keep(call, "success", "")
        return result

    def _keep(self, call: "_Call", outcome: Outcome, error: str) -> None:
        self.total += 1
        ended = DirectCall(
            number=self.total,
            request_id=call.request.request_id,
            function=call.target.arn.rpartition(":function:")[2],
            kind=call.kind,
            attempt=call.attempt,
            began=call.began,
            ended=self._clock.now(),
            outcome=outcome,
            error=error[:_MAX_TEXT],
            log_group=call.target.function.log_group,
        )
        self._calls.append(ended)
        if outcome != "success":
            self._problems.append(ended)

    def newest(self, most: int) -> list[DirectCall]:
        """The newest calls, the newest first."""
        return list(islice(reversed(self._calls), most))

    def problems(self, most: int) -> list[DirectCall]:
        """The newest of those that did not succeed, the newest first."""
        return list(islice(reversed(self._problems), most))

    def find(self, number: int) -> DirectCall | None:
        """A call of those that are kept; None: it is not, any more."""
        kept = (*self._calls, *self._problems)
        return next((each for each in kept if each.number == number), None)


@dataclass(frozen=True, slots=True)
class _Call:
    target: Target
    request: InvocationRequest
    kind: Kind
    attempt: int
    began: float
