"""What is seen of a function: one delivery, and the means to deliver."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from kinesis_cli.event_source_mapping.invocation import (
    TIMED_OUT,
    InvocationRequest,
    InvocationResult,
)
from kinesis_cli.event_source_mapping.response import Handled, Malformed, Reported, Verdict, judge
from kinesis_cli.event_source_mapping.settings import EventSourceMapping
from kinesis_cli.handlers.runner.watching import AWS_CALLS, EVENT_CHANGED
from kinesis_cli.stream.kinds.known import kind_of_records
from kinesis_cli.stream.record import Record
from kinesis_cli.testing.checks.batches import AT

Batch = Sequence[Record]

# Errors that say that the answer is not one, rather than that the function failed.
_NOT_AN_ANSWER = ("Runtime.MarshalError", "Function.ResponseSizeTooLarge")


@dataclass(frozen=True, slots=True)
class AwsCall:
    """A call of an AWS client in the function."""

    service: str  # "DynamoDB"
    operation: str  # "PutItem"
    parameters: Mapping[str, object]


def has_hung(result: InvocationResult) -> bool:
    """Whether a call took longer than the function may."""
    return result.error is not None and result.error.error_type == TIMED_OUT


@dataclass(frozen=True, slots=True)
class Seen:
    """A batch that was delivered, and what came of it."""

    batch: tuple[Record, ...]
    result: InvocationResult
    verdict: Verdict | None  # what the answer says; None: there is none, the call failed
    reports: bool  # whether the mapping reads the answer

    @classmethod
    def of(cls, batch: Batch, result: InvocationResult, *, reports: bool) -> "Seen":
        """Read what the function answered, as Lambda would."""
        verdict = judge(result.response, batch) if result.error is None else None
        return cls(tuple(batch), result, verdict, reports)

    @property
    def first_failed(self) -> int | None:
        """Where Lambda would go on: the place of the first record that failed; None: all is done.

        With the whole batch, it is 0.
        """
        if self.result.error is not None:
            return 0
        if not self.reports:
            return None
        match self.verdict:
            case Reported(first=first):
                return first
            case Malformed():
                return 0
            case Handled() | None:
                return None

    @property
    def reported(self) -> tuple[str, ...]:
        """The sequence numbers that a sound answer names."""
        return self.verdict.failures if isinstance(self.verdict, Reported) else ()

    @property
    def raised(self) -> bool:
        """Whether the call failed, in its own time."""
        error = self.result.error
        return error is not None and not self.timed_out and not self.has_no_answer

    @property
    def timed_out(self) -> bool:
        """Whether the call took too long."""
        return has_hung(self.result)

    @property
    def has_no_answer(self) -> bool:
        """Whether what it returned cannot be sent."""
        error = self.result.error
        return error is not None and error.error_type in _NOT_AN_ANSWER

    @property
    def fate(self) -> tuple[str, int | None]:
        """What two deliveries of one batch must have in common."""
        if self.result.error is not None:
            return "failed", None
        if isinstance(self.verdict, Malformed) and self.reports:
            return "malformed", None
        return "answered", self.first_failed

    @property
    def event_changed(self) -> bool:
        """Whether the function changed the event that it was given."""
        return bool((self.result.watched or {}).get(EVENT_CHANGED))

    @property
    def aws_calls(self) -> list[AwsCall]:
        """The AWS calls that it made."""
        found = (self.result.watched or {}).get(AWS_CALLS) or []
        assert isinstance(found, list)
        return [AwsCall(each["service"], each["operation"], each["parameters"]) for each in found]

    @property
    def seconds(self) -> float:
        """How long it took: virtual sleeps, and what really went by."""
        return self.result.slept + self.result.elapsed


class Subject(Protocol):
    """A function that is checked, with the mapping that feeds it."""

    name: str  # "app.handler"
    runtime: str  # "worker"
    timeout: float  # seconds
    mapping: EventSourceMapping
    sees_inside: bool  # whether results tell of the event, of AWS calls and of memory
    names_failures: bool | None  # whether its code could report a record; None: not known
    depends_on_payloads_only: bool  # whether nothing else can make a record of it fail
    real_seconds: float  # that a call may really last
    environments: int  # how many have begun

    def deliver(
        self, *batches: Batch, fresh: bool = True, at: float = AT, keeps_tables: bool = False
    ) -> list[Seen]:
        """Deliver batches, one after another, in one environment.

        Args:
            batches: at least one.
            fresh: whether that must be one that has seen nothing yet.
            at: epoch seconds of virtual time, where there is one.
            keeps_tables: whether what one call writes to DynamoDB is there for the next, where
                AWS calls are answered by kcli.
        """
        ...

    def deliver_in(self, variables: Mapping[str, str], batch: Batch) -> Seen | None:
        """Deliver a batch in an environment with other variables; None: that cannot be done."""
        ...

    def growth(self, series: Iterable[Sequence[Batch]]) -> Iterator[int] | None:
        """Bytes that its objects take after each series of calls, all in one environment.

        It ends early where the function's process does; None: nobody can tell.
        """
        ...

    def close(self) -> None:
        """End its processes."""
        ...


def request_of(batch: Batch, at: float, real_seconds: float | None = None) -> InvocationRequest:
    """The call that delivers a batch; the same one each time."""
    number = int(batch[0].sequence_number) if batch else 0
    request_id = f"{number & 0xFFFFFFFF:08x}-0000-4000-8000-{len(batch):012x}"
    return InvocationRequest(
        request_id, kind_of_records(batch).event(batch), at=at, real_seconds=real_seconds
    )
