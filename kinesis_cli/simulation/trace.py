"""What happened in a simulation: rows as it goes, and one summary at its end.

Rows hold no records, so that memory does not grow with the recording.
"""

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from kinesis_cli.event_source_mapping.events import Outcome
from kinesis_cli.event_source_mapping.invocation import FunctionError
from kinesis_cli.event_source_mapping.metrics import MinuteMetrics
from kinesis_cli.simulation.lane_readings import OtherReading
from kinesis_cli.stream.record import Record


class Invocation(msgspec.Struct, frozen=True, gc=False):
    """One call of the function."""

    index: int  # 0-based, by start
    request_id: str
    shard_id: str
    at: float  # start, epoch seconds of virtual time
    attempt: int  # 1-based, of this batch
    sequence_numbers: tuple[str, ...]
    outcome: Outcome
    checkpoint: str | None
    batch_item_failures: tuple[str, ...]
    error: FunctionError | None
    reason: str  # one sentence: why this outcome, and what follows
    duration_ms: float
    logs: tuple[str, ...]
    iterator_age: float = 0.0  # of its last record when it ended, seconds; 0.0: it had none


class Attempt(msgspec.Struct, frozen=True, gc=False):
    """An attempt that never reached the function, yet used up a retry."""

    shard_id: str
    at: float
    attempt: int  # 1-based, of this batch
    sequence_numbers: tuple[str, ...]
    reason: str  # one sentence: why, and what follows


class Destination(msgspec.Struct, frozen=True, gc=False):
    """An on-failure document, whether or not a destination is configured."""

    document: Mapping[str, object]  # as AWS writes it
    s3_key: str | None  # name of the object, where the destination is a bucket
    at: float
    shard_id: str
    sequence_numbers: tuple[str, ...]  # the records that it covers
    unsure: tuple[str, ...] = ()  # points that it depends on, ids of docs/fidelity.md
    is_lost: bool = False  # the destination refused it


class FilteredRecords(msgspec.Struct, frozen=True, gc=False):
    """Records that match no filter."""

    shard_id: str
    sequence_numbers: tuple[str, ...]
    explanations: Mapping[str, str]  # why, for those that were asked for or came first
    unsure: tuple[str, ...] = ()


class ExpiredRecords(msgspec.Struct, frozen=True, gc=False):
    """Records that left the stream before they were done."""

    shard_id: str
    sequence_numbers: tuple[str, ...]
    at: float
    unsure: tuple[str, ...] = ()


Ending = Literal["succeeded", "discarded", "expired", "undelivered"]


class FailedRecord(msgspec.Struct, frozen=True, gc=False):
    """A record that the function reported, or failed on alone; told when it has ended."""

    sequence_number: str
    shard_id: str
    partition_key: str
    arrival: float
    data: bytes  # the payload's beginning, opened where it is packed or an aggregate
    deliveries: int
    ended: Ending
    why: str  # the log line or error that named it, or ""
    packing: str = ""  # "gzip", "zstd", "KPL aggregate of 3": what `data` was opened from


class Blocked(msgspec.Struct, frozen=True, gc=False):
    """How long failures kept a shard from new records."""

    shard_id: str
    seconds: float
    sequence_number: str  # the first record of the batch that blocked it; "": a final call


class Summary(msgspec.Struct, frozen=True):
    """How every record ended, and what it took."""

    records: int = 0
    succeeded: int = 0
    discarded: int = 0
    filtered: int = 0
    expired: int = 0
    skipped: int = 0
    undelivered: int = 0
    invocations: int = 0
    redelivered: int = 0  # deliveries of records that an earlier call had not failed
    max_iterator_age_seconds: float = 0.0
    elapsed_seconds: float = 0.0
    # Beyond the JSON contract, for `--fail-on` and the words of the summary:
    failures: int = 0  # calls that failed, or reported a failure
    errors: int = 0  # calls that ended with an error
    longest_block: Blocked | None = None
    discarded_bystanders: int = 0  # discarded with a batch although a report had not named them
    documents: int = 0
    throttles: int = 0  # attempts that the function's reserved concurrency had no room for
    whole_aggregates: int = 0  # of the KPL, that a consumer's mapping could not open
    unsure: tuple[str, ...] = ()  # points that the run depended on, ids of docs/fidelity.md
    other_reading: OtherReading | None = None  # of lanes, where it would make a difference
    metrics: tuple[MinuteMetrics, ...] = ()  # what CloudWatch would show, by the minute
    warnings: Mapping[str, int] = msgspec.field(default_factory=dict)  # sentence → number of calls


Row = Invocation | Attempt | Destination | FilteredRecords | ExpiredRecords | FailedRecord


def numbers_of(records: Sequence[Record]) -> tuple[str, ...]:
    """The sequence numbers of records, which is what a row keeps of them."""
    return tuple([record.sequence_number for record in records])
