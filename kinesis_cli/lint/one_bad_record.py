"""What one bad record costs under a mapping, found out by delivering it. Pure.

The delivery machine of `kcli simulate` gets one full batch that arrives at once on one shard; the
record in its middle fails each time. Nothing here is estimated that the machine can tell.
"""

import json
from dataclasses import dataclass, replace
from functools import cache

from kinesis_cli.event_source_mapping.invocation import (
    FunctionError,
    InvocationRequest,
    InvocationResult,
)
from kinesis_cli.event_source_mapping.settings import EventSourceMapping
from kinesis_cli.event_source_mapping.settings_document import UNLIMITED
from kinesis_cli.stream.record import Record

MAX_RECORDS = 100  # of a batch that is delivered very often
MANY_RETRIES = 20
MAX_HOURS = 48  # of virtual time; what comes later is as the hour before
_SHARD = "shardId-000000000000"
_FIRST = 1_000_000


@dataclass(frozen=True, slots=True)
class Cost:
    """What came of a batch with one bad record."""

    records: int  # of the batch, the bad one too
    calls: int
    hours: float  # that the shard was blocked
    lost: int  # good records that the function never handled, or that were given up
    repeated: int  # deliveries of good records beyond the first
    unsure: tuple[str, ...]  # points that it depends on, ids of docs/fidelity.md


@cache
def one_bad_record(settings: EventSourceMapping, retention_hours: int) -> Cost:
    """What a batch with one bad record costs.

    Args:
        settings: the mapping.
        retention_hours: of the stream.
    """
    # the machine of `kcli simulate`, which a template without findings need not wait for
    from kinesis_cli.event_source_mapping.retries import MAX_PAUSE_SECONDS
    from kinesis_cli.simulation.durations import USUAL
    from kinesis_cli.simulation.run import Simulation, SimulationOptions
    from kinesis_cli.stream.record_source import RecordList

    hours = min(retention_hours, MAX_HOURS)
    is_patient = not 0 <= settings.maximum_retry_attempts <= MANY_RETRIES
    count = min(settings.batch_size, MAX_RECORDS) if is_patient else settings.batch_size
    window = settings.maximum_batching_window_in_seconds
    plain = replace(
        settings,
        batch_size=count,
        starting_position="TRIM_HORIZON",
        starting_position_timestamp=None,
        filter_patterns=(),
        tumbling_window_in_seconds=0,
        maximum_batching_window_in_seconds=min(window, 1),  # the batch is full at once
        parallelization_factor=1,
    )
    bad = str(_FIRST + count // 2)
    handler = _FailsOn(bad, reports=settings.report_batch_item_failures)
    run = Simulation(
        RecordList(_record(_FIRST + i) for i in range(count)),
        handler,
        plain,
        SimulationOptions(retention_hours=hours),
    )
    for _ in run.rows():
        pass
    summary = run.summary()
    blocked = summary.longest_block.seconds / 3600 if summary.longest_block else 0.0
    # Beyond what was run, each call comes after the longest pause.
    later = retention_hours - hours if blocked >= hours else 0
    if settings.maximum_record_age_in_seconds != UNLIMITED:
        later = min(later, max(settings.maximum_record_age_in_seconds // 3600 - hours, 0))
    return Cost(
        records=count,
        calls=summary.invocations + int(later * 3600 / (MAX_PAUSE_SECONDS + USUAL.base)),
        hours=blocked + later,
        lost=max(summary.discarded + summary.expired - 1, 0),
        repeated=handler.good - (count - 1),
        unsure=summary.unsure,
    )


class _FailsOn:
    """A handler that fails on one record, and reports it where that is listened to."""

    name, runtime = "handler", "in-process"

    def __init__(self, bad: str, *, reports: bool) -> None:
        self._bad, self._reports = bad, reports
        self._mark = b'"sequenceNumber":"%s"' % bad.encode()
        self.good = 0  # deliveries of good records

    def invoke(self, request: InvocationRequest) -> InvocationResult:
        """Fail, report or succeed."""
        has_bad = self._mark in request.payload
        self.good += request.payload.count(b'"sequenceNumber"') - has_bad
        if not has_bad:
            return InvocationResult(response={"batchItemFailures": []})
        if self._reports:
            return InvocationResult(response={"batchItemFailures": [{"itemIdentifier": self._bad}]})
        return InvocationResult(error=FunctionError("Error", "a bad record"))

    def close(self) -> None:
        """Hold nothing."""


def _record(number: int) -> Record:
    members = {"partitionKey": "key", "sequenceNumber": str(number), "data": ""}
    raw = json.dumps({"kinesis": members}, separators=(",", ":")).encode()
    return Record(_SHARD, str(number), "key", 0.0, raw)
