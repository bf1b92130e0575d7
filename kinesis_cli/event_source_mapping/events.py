"""What happens to a delivery, and what it wants done: the border of `delivery`.

What crosses it is frozen, except `Batch`, whose counters only `delivery` changes. msgspec structs,
as `Record` is: dataclasses of the same shape take ten times as long to define, at every start.
"""

from collections.abc import Sequence
from typing import Literal

import msgspec

from kinesis_cli.event_source_mapping.invocation import InvocationResult
from kinesis_cli.stream.on_failure_document import Discard
from kinesis_cli.stream.record import Record


class Batch(msgspec.Struct, gc=False):
    """A fixed list of records on its way to the function."""

    records: Sequence[Record]  # of one shard, in stream order; empty for a window's final call
    request_id: str
    attempts: int = 0  # calls that count against MaximumRetryAttempts
    throttles: int = 0
    deliveries: int = 0  # times that its records were handed over, in the batches before it too
    handled: frozenset[str] = frozenset()  # sequence numbers that an earlier call had not failed
    is_final: bool = False  # a window's final call
    is_duplicate: bool = False  # delivered again after success
    is_too_large: bool = False  # known from an earlier attempt: its event is larger than 6 MB


# What happens to a delivery.


class RecordsQueued(msgspec.Struct, frozen=True, gc=False):
    """`ShardDelivery.queue` put records behind those that wait."""


class TimeReached(msgspec.Struct, frozen=True, gc=False):
    """A moment came that a `Wake` had asked for."""


class Throttled(msgspec.Struct, frozen=True, gc=False):
    """The call was refused before the function ran."""


class InvocationEnded(msgspec.Struct, frozen=True, gc=False):
    """The function ran."""

    result: InvocationResult
    deliver_again: bool = False  # at-least-once delivery: hand the batch over once more


Event = RecordsQueued | TimeReached | Throttled | InvocationEnded


# What a delivery wants done, or has decided.


class Invoke(msgspec.Struct, frozen=True, gc=False):
    """Call the function with this batch."""

    batch: Batch
    payload: bytes
    attempt: int  # 1-based, of this batch
    unsure: tuple[str, ...] = ()  # points that the batch depends on, see `Unsure`


class NotCalled(msgspec.Struct, frozen=True, gc=False):
    """An attempt used up a retry without reaching the function."""

    records: Sequence[Record]
    attempt: int  # 1-based, of this batch
    reason: str  # one sentence: why, and what follows
    unsure: tuple[str, ...] = ()  # points that it depends on, see `Unsure`


class Wake(msgspec.Struct, frozen=True, gc=False):
    """Send `TimeReached` at this time (epoch seconds)."""

    at: float


Outcome = Literal["success", "partial", "failed", "throttled"]


class Judged(msgspec.Struct, frozen=True, gc=False):
    """What the call that has just ended came to."""

    outcome: Outcome
    reason: str
    # Success: the batch's last record. Partial: the record that delivery goes on from.
    checkpoint: str | None = None
    failures: tuple[str, ...] = ()
    warning: str | None = None  # what the function's author probably did not mean, one sentence


class Succeeded(msgspec.Struct, frozen=True, gc=False):
    """Records that are done."""

    records: Sequence[Record]
    deliveries: int


class Discarded(msgspec.Struct, frozen=True, gc=False):
    """Records that are given up; the document says so, where a destination is configured."""

    discard: Discard
    deliveries: int
    payload: bytes  # the event, for S3
    unsure: tuple[str, ...] = ()


class Expired(msgspec.Struct, frozen=True, gc=False):
    """Records whose retention ended before they were done."""

    records: Sequence[Record]
    deliveries: int = 0
    unsure: tuple[str, ...] = ()


class Filtered(msgspec.Struct, frozen=True, gc=False):
    """Records that match no filter: the shard moves past them."""

    records: Sequence[Record]


class Unsure(msgspec.Struct, frozen=True, gc=False):
    """What was decided depends on points that AWS does not document: ids of docs/fidelity.md.

    Comes before the `Judged` of the call that it is about.
    """

    points: tuple[str, ...]


Effect = Unsure | Invoke | NotCalled | Wake | Judged | Succeeded | Discarded | Expired | Filtered
