"""What the settings of an event source mapping do, in words, and which of them are risky. Pure.

Sources: https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-parameters.html,
https://docs.aws.amazon.com/lambda/latest/dg/invocation-retries.html
"""

from collections.abc import Iterator
from datetime import UTC, datetime

import msgspec

from kinesis_cli.event_source_mapping.settings import EventSourceMapping
from kinesis_cli.event_source_mapping.settings_document import UNLIMITED


class Effect(msgspec.Struct, frozen=True):
    """A setting, and what it does here."""

    name: str  # AWS's
    value: str
    effect: str  # one clause


def effects(mapping: EventSourceMapping) -> list[Effect]:
    """Every setting of a mapping with its effect, the important ones first."""
    return [
        Effect("BatchSize", f"{mapping.batch_size:,}", _batch(mapping)),
        Effect(
            "MaximumBatchingWindowInSeconds",
            str(mapping.maximum_batching_window_in_seconds),
            _window(mapping),
        ),
        Effect("ParallelizationFactor", str(mapping.parallelization_factor), _lanes(mapping)),
        Effect("MaximumRetryAttempts", _limit(mapping.maximum_retry_attempts), _retries(mapping)),
        Effect(
            "MaximumRecordAgeInSeconds",
            _limit(mapping.maximum_record_age_in_seconds),
            "no record is given up because of its age"
            if mapping.maximum_record_age_in_seconds == UNLIMITED
            else f"a record older than {_span(mapping.maximum_record_age_in_seconds)} is given up",
        ),
        Effect(
            "BisectBatchOnFunctionError",
            _yes(mapping.bisect_batch_on_function_error),
            "a failed batch is halved until the bad record is alone"
            if mapping.bisect_batch_on_function_error
            else "a failed batch is delivered again as a whole",
        ),
        Effect(
            "ReportBatchItemFailures",
            _yes(mapping.report_batch_item_failures),
            "the function says which records failed; delivery goes on from the first of them"
            if mapping.report_batch_item_failures
            else "one bad record fails its whole batch; what the function reports is ignored",
        ),
        Effect(
            "Destination",
            mapping.destination or "none",
            "is told of records that are given up"
            if mapping.destination
            else "records that are given up are gone without a trace",
        ),
        Effect("StartingPosition", mapping.starting_position, _start(mapping)),
        *_rest(mapping),
    ]


def _rest(mapping: EventSourceMapping) -> Iterator[Effect]:
    for pattern in mapping.filter_patterns:
        yield Effect("Filter", pattern, "records that match no filter never reach the function")
    if window := mapping.tumbling_window_in_seconds:
        yield Effect(
            "TumblingWindowInSeconds", str(window), f"state is passed on for {_span(window)}"
        )


def uncalled_risk(mapping: EventSourceMapping) -> str | None:
    """What a batching window as long as the record age does; None: the window is shorter.

    UNSURE(age-in-window): a record's age is judged when its batch's turn comes, as everywhere; or
    already while the batch gathers.
    """
    window = mapping.maximum_batching_window_in_seconds
    age = mapping.maximum_record_age_in_seconds
    if age == UNLIMITED or window < age:
        return None
    return (
        f"The batching window ({_span(window)}) is as long as MaximumRecordAgeInSeconds "
        f"({_span(age)}): records may be given up before the function was called with them."
    )


def _batch(mapping: EventSourceMapping) -> str:
    return f"up to {mapping.batch_size:,} records a call, 6 MB at most"


def _window(mapping: EventSourceMapping) -> str:
    window = mapping.maximum_batching_window_in_seconds
    if not window:
        return "records are delivered as they are read"
    return f"a batch is gathered for up to {_span(window)}"


def _lanes(mapping: EventSourceMapping) -> str:
    factor = mapping.parallelization_factor
    if factor == 1:
        return "one call at a time for each shard"
    return f"up to {factor} calls at a time for each shard; a key's records stay in order"


def _retries(mapping: EventSourceMapping) -> str:
    retries = mapping.maximum_retry_attempts
    if retries == UNLIMITED:
        return "a failed batch is delivered again until it succeeds or its records are too old"
    if not retries:
        return "a failed batch is given up at once"
    return f"a batch is delivered {retries + 1:,} times, then given up"


def _start(mapping: EventSourceMapping) -> str:
    match mapping.starting_position:
        case "TRIM_HORIZON":
            return "began with the oldest record"
        case "LATEST":
            return "began with what came after the mapping was made"
        case "AT_TIMESTAMP":
            moment = datetime.fromtimestamp(mapping.starting_position_timestamp or 0, UTC)
            return f"began with what arrived at {moment.isoformat(timespec='seconds')} or later"


def _limit(value: int) -> str:
    return "-1 (no limit)" if value == UNLIMITED else f"{value:,}"


def _yes(value: bool) -> str:
    return "on" if value else "off"


def _span(seconds: float) -> str:
    """`90 s`, `5 min`, `2 h`."""
    for length, unit in ((3600, "h"), (60, "min")):
        if seconds >= length and seconds % length == 0:
            return f"{seconds // length:,} {unit}"
    return f"{seconds:,} s"
