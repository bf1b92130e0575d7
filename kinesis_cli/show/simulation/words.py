"""What a simulation came to, in sentences."""

from collections.abc import Mapping

from kinesis_cli.show.cells import (
    counted,
    duration_cell,
    number_cell,
    shard_cell,
)
from kinesis_cli.simulation.lane_readings import OtherReading
from kinesis_cli.simulation.trace import (
    Summary,
)

_OF_TIMES = ("poll-phase", "push-delay")  # points that say when, within a second


def points_to_tell(summary: Summary) -> list[str]:
    """What people should know that AWS does not document: JSON has all of it.

    When a record reaches the function, within a second, changes what records share a batch. Where
    no call failed and none was late, nothing but times came of it.
    """
    went_wrong = summary.failures or summary.throttles or summary.discarded
    if went_wrong or summary.expired or summary.undelivered:
        return list(summary.unsure)
    return [point for point in summary.unsure if point not in _OF_TIMES]


def calls_in_words(summary: Summary, noun: str) -> str:
    """How many calls there were, and what they took.

    Args:
        noun: what they are called: "call", "invocation".
    """
    elapsed = duration_cell(summary.elapsed_seconds)
    age = duration_cell(summary.max_iterator_age_seconds)
    calls = counted(summary.invocations, noun)
    return f"{calls} in {elapsed} of virtual time, iterator age up to {age}"


def lanes_in_words(summary: Summary, other: OtherReading) -> str:
    """From what to what the run takes, by how partition keys find their lanes."""
    elapsed = sorted((summary.elapsed_seconds, other.elapsed_seconds))
    ages = sorted((summary.max_iterator_age_seconds, other.max_iterator_age_seconds))
    shown, hidden = ("(shown)", f"(--lanes {other.reading})")
    free, hashed = (shown, hidden) if other.reading == "hash" else (hidden, shown)
    return (
        f"from {duration_cell(elapsed[0])} to {duration_cell(elapsed[1])}, iterator age from "
        f"{duration_cell(ages[0])} to {duration_cell(ages[1])}: a waiting key takes any free lane "
        f"{free}, or has one by its hash {hashed}"
    )


def mapping_in_words(mapping: Mapping[str, object]) -> str:
    """The settings that shape delivery, in one line."""
    words = [f"BatchSize {mapping['BatchSize']}"]
    if window := mapping["MaximumBatchingWindowInSeconds"]:
        words.append(f"window {window} s")
    if (lanes := mapping["ParallelizationFactor"]) != 1:
        words.append(f"ParallelizationFactor {lanes}")
    retries = mapping["MaximumRetryAttempts"]
    words.append("unlimited retries" if retries == -1 else f"retries {retries}")
    age = mapping["MaximumRecordAgeInSeconds"]
    words.append("no record age limit" if age == -1 else f"record age {age} s")
    words.append("bisect" if mapping["BisectBatchOnFunctionError"] else "no bisect")
    if mapping["FunctionResponseTypes"]:
        words.append("ReportBatchItemFailures")
    if tumbling := mapping["TumblingWindowInSeconds"]:
        words.append(f"tumbling window {tumbling} s (experimental)")
    if "FilterCriteria" in mapping:
        words.append("filters")
    words.append(f"from {mapping['StartingPosition']}")
    return ", ".join(words)


def consequences(summary: Summary, *, has_destination: bool) -> list[str]:
    """What would hurt in production, a sentence each."""
    sentences = []
    block = summary.longest_block
    if block is not None and block.seconds >= 1:
        sentences.append(
            f"shard {shard_cell(block.shard_id)} was blocked for {duration_cell(block.seconds)} "
            f"by the failure of {number_cell(block.sequence_number) or 'a final call'}"
        )
    if summary.redelivered:
        sentences.append(
            f"{summary.redelivered:,} times a record was delivered again although no earlier call "
            f"had failed it: the handler must be idempotent"
        )
    if summary.discarded_bystanders:
        sentences.append(
            f"{counted(summary.discarded_bystanders, 'record')} discarded together with a failed "
            "one, though never reported"
        )
    if summary.discarded and not has_destination:
        sentences.append(
            f"{counted(summary.discarded, 'record')} discarded without a destination: they leave "
            f"no trace"
        )
    if summary.throttles:
        sentences.append(
            f"{counted(summary.throttles, 'call')} throttled: the function's reserved concurrency "
            "was in use"
        )
    if summary.expired:
        sentences.append(
            f"{counted(summary.expired, 'record')} left the stream before being handled"
        )
    if summary.whole_aggregates:
        sentences.append(
            f"{counted(summary.whole_aggregates, 'KPL aggregate')} passed on unopened: broken, or "
            f"too large to open"
        )
    for warning, calls in summary.warnings.items():
        sentences.append(f"{warning} ({counted(calls, 'call')})")
    return sentences
