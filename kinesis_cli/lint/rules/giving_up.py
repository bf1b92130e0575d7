"""Retries, record age, bisect, destination: how records are given up, or are not. Pure."""

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from kinesis_cli.event_source_mapping.retries import FIRST_PAUSE_SECONDS, MAX_PAUSE_SECONDS
from kinesis_cli.event_source_mapping.settings import EventSourceMapping
from kinesis_cli.event_source_mapping.settings_document import LIMITS, UNLIMITED
from kinesis_cli.lint.checks import checks
from kinesis_cli.lint.facts import UNKNOWN, MappingFacts
from kinesis_cli.lint.rule import Change, Finding, Rule, Severity
from kinesis_cli.lint.rules.around import queue_alarm
from kinesis_cli.lint.words import counted, span
from kinesis_cli.project.stream_settings import DEFAULT_RETENTION_HOURS

if TYPE_CHECKING:
    from kinesis_cli.lint.one_bad_record import Cost

SENSIBLE_RETRIES = 10  # over in minutes, and longer than most outages of what a handler calls

_PARAMETERS = "https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-parameters.html"

UNLIMITED_RETRIES = Rule(
    "K001",
    "unlimited-retries",
    Severity.ERROR,
    "Retries go on until the stream's retention ends",
    "https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html",
)
NO_DESTINATION = Rule(
    "K002",
    "no-failure-destination",
    Severity.WARNING,
    "Records that are given up leave no trace",
    "https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html",
)
NO_BISECT = Rule(
    "K005",
    "no-bisect",
    Severity.WARNING,
    "Good records are given up with a bad one",
    _PARAMETERS,
)
WINDOW_AS_LONG_AS_AGE = Rule(
    "K006",
    "window-as-long-as-age",
    Severity.WARNING,
    "The batching window is as long as the record age",
    "https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventsourcemapping.html",
)
AGE_BEYOND_RETENTION = Rule(
    "K007",
    "age-beyond-retention",
    Severity.WARNING,
    "The record age is longer than the stream keeps records",
    "https://docs.aws.amazon.com/streams/latest/dev/kinesis-extended-retention.html",
)
AGE_ENDS_RETRIES = Rule(
    "K008",
    "age-ends-retries",
    Severity.NOTE,
    "The record age ends before the retries do",
    _PARAMETERS,
)


@checks(UNLIMITED_RETRIES)
def unlimited_retries(mapping: MappingFacts) -> Iterator[Finding]:
    """Neither retries nor record age end before the stream's retention does."""
    retries = mapping.number("MaximumRetryAttempts")
    age = mapping.number("MaximumRecordAgeInSeconds")
    if retries is None or age != UNLIMITED:
        return
    hours = _retention(mapping)
    if retries != UNLIMITED and pauses(retries) < hours * 3600:
        return
    said = (
        "Retries have no limit and records no maximum age"
        if retries == UNLIMITED
        else f"{retries:,} retries take {span(pauses(retries))}, and records have no maximum age"
    )
    untold = ""
    if mapping.on_failure not in (None, UNKNOWN):
        untold = "; the on-failure destination is never told"
    cost = _cost(mapping)
    effect = (
        f"{_batch(cost)}: about {cost.calls:,} calls in {span(cost.hours * 3600)}, then "
        f"{_with_it(cost.lost, 'leave')}{untold}."
        if cost
        else f"Nothing behind it is delivered for {hours:,} h{untold}."
    )
    yield Finding(
        UNLIMITED_RETRIES,
        f"{said}: one bad record blocks its shard until the stream drops it.",
        effect,
        f"Set MaximumRetryAttempts, such as {SENSIBLE_RETRIES} (over in "
        f"{span(pauses(SENSIBLE_RETRIES))}), or MaximumRecordAgeInSeconds.",
        mapping.at("MaximumRetryAttempts"),
        changes=_an_end(mapping),
        unsure=("back-off",),
    )


def _an_end(mapping: MappingFacts) -> tuple[Change, ...]:
    """Retries that end; and then bisect, or good records would be given up with a bad one."""
    end = Change(mapping.place, "MaximumRetryAttempts", SENSIBLE_RETRIES)
    if "BisectBatchOnFunctionError" in mapping.values:
        return (end,)
    return end, Change(mapping.place, "BisectBatchOnFunctionError", True)


@checks(NO_DESTINATION)
def no_destination(mapping: MappingFacts) -> Iterator[Finding]:
    """Nobody is told of records that are given up."""
    if mapping.on_failure is not None:
        return
    cost = _cost(mapping)
    gone = f"{_batch(cost)}: {_with_it(cost.lost, 'are gone')}" if cost else "A bad record is gone"
    yield Finding(
        NO_DESTINATION,
        "There is no on-failure destination: records that are given up leave no trace.",
        f"{gone}, and nothing tells which.",
        "Name a queue, topic or bucket in DestinationConfig; only a bucket gets the data, too.",
        mapping.at("DestinationConfig"),
        changes=_new_queue(mapping),
        unsure=_points(cost, mapping),
    )


def _new_queue(mapping: MappingFacts) -> tuple[Change, ...]:
    """A queue as destination, where SAM lets the function send to it."""
    if not mapping.is_sam or mapping.function is None or not mapping.function.sam_makes_role:
        return ()
    name = mapping.new_name("FailureQueue")
    queue = {"Type": "AWS::SQS::Queue", "Properties": {"MessageRetentionPeriod": 1_209_600}}
    on_failure = {"Type": "SQS", "Destination": {"Fn::GetAtt": [name, "Arn"]}}
    return (
        Change(mapping.place, "DestinationConfig", {"OnFailure": on_failure}),
        Change(("Resources",), name, queue),
        Change(("Resources",), mapping.new_name(f"{name}Alarm"), queue_alarm(name)),
    )


@checks(NO_BISECT)
def no_bisect(mapping: MappingFacts) -> Iterator[Finding]:
    """Retries or age end, and then a whole batch is given up."""
    settings = _settings(mapping)
    if mapping.flag("BisectBatchOnFunctionError") is not False or settings is None:
        return
    cost = _cost_of(settings, mapping)
    halved = _cost_of(replace(settings, bisect_batch_on_function_error=True), mapping)
    if cost.lost <= halved.lost or next(unlimited_retries(mapping), None):
        return
    yield Finding(
        NO_BISECT,
        "BisectBatchOnFunctionError is off: when retries are over, good records are given up "
        "with the bad one.",
        f"{_batch(cost)}: {counted(cost.lost, 'good record')} given up with it; halved, "
        f"{halved.lost:,}, for {halved.calls:,} calls instead of {cost.calls:,}.",
        "Set BisectBatchOnFunctionError to true.",
        mapping.at("BisectBatchOnFunctionError"),
        changes=(Change(mapping.place, "BisectBatchOnFunctionError", True),),
        unsure=_points(cost, mapping),
    )


@checks(WINDOW_AS_LONG_AS_AGE)
def window_as_long_as_age(mapping: MappingFacts) -> Iterator[Finding]:
    """A record can be too old by the time that its batch is full."""
    window = mapping.number("MaximumBatchingWindowInSeconds")
    age = mapping.number("MaximumRecordAgeInSeconds")
    if window is None or age is None or age == UNLIMITED or window < age:
        return
    yield Finding(
        WINDOW_AS_LONG_AS_AGE,
        f"The batching window ({span(window)}) is as long as MaximumRecordAgeInSeconds "
        f"({span(age)}).",
        f"A record that waits {span(age)} for its batch may be given up before the function was "
        "called with it once.",
        "Make the window shorter, or the age longer.",
        mapping.at("MaximumBatchingWindowInSeconds"),
        unsure=("age-in-window",),
    )


@checks(AGE_BEYOND_RETENTION)
def age_beyond_retention(mapping: MappingFacts) -> Iterator[Finding]:
    """The stream drops records before they are too old."""
    age, hours = mapping.number("MaximumRecordAgeInSeconds"), mapping.retention_hours
    if age is None or hours is None or age <= hours * 3600:
        return
    is_fixed = mapping.kind.rules.fixed_retention_hours is not None
    longer = f", or RetentionPeriodHours of the stream to {math.ceil(age / 3600) + 1:,} or more"
    yield Finding(
        AGE_BEYOND_RETENTION,
        f"MaximumRecordAgeInSeconds is {span(age)}, and the stream keeps records {hours:,} h: they "
        "are gone before they are too old.",
        f"A record that is not handled within {hours:,} h is lost, and the on-failure destination "
        "is not told.",
        f"Set it below {hours * 3600:,}{'' if is_fixed else longer}.",
        mapping.at("MaximumRecordAgeInSeconds"),
    )


@checks(AGE_ENDS_RETRIES)
def age_ends_retries(mapping: MappingFacts) -> Iterator[Finding]:
    """Where calls time out, records are too old before all retries were made."""
    retries = mapping.number("MaximumRetryAttempts")
    age = mapping.number("MaximumRecordAgeInSeconds")
    timeout = mapping.function.timeout if mapping.function else None
    if retries is None or age is None or timeout is None or UNLIMITED in (retries, age):
        return
    if retries * timeout <= age:
        return
    made, spent = 0, 0.0
    while spent < age and made <= retries:
        spent += timeout + _pause(made)
        made += 1
    yield Finding(
        AGE_ENDS_RETRIES,
        f"{retries:,} retries of calls that take {span(timeout)} (Timeout) are longer than "
        f"MaximumRecordAgeInSeconds ({span(age)}).",
        f"Where calls time out, {counted(made, 'call')} of {retries + 1:,} are made.",
        f"Set MaximumRetryAttempts to {max(made - 1, 0):,}, or the age to "
        f"{min(math.ceil((retries + 1) * timeout + pauses(retries)), 604_800):,}.",
        mapping.at("MaximumRetryAttempts"),
        unsure=("back-off",),
    )


def pauses(retries: int) -> float:
    """Seconds that Lambda waits before so many retries, in all.

    UNSURE(back-off): AWS documents no curve for streams; this is the delivery machine's.
    """
    first, longest = FIRST_PAUSE_SECONDS, MAX_PAUSE_SECONDS
    doubling = min(retries, math.ceil(math.log2(longest / first)))
    return sum(map(_pause, range(doubling))) + (retries - doubling) * longest


def _pause(number: int) -> float:
    return min(FIRST_PAUSE_SECONDS * 2.0 ** min(number, 60), MAX_PAUSE_SECONDS)


def _retention(mapping: MappingFacts) -> int:
    return mapping.retention_hours or DEFAULT_RETENTION_HOURS


def _cost(mapping: MappingFacts) -> "Cost | None":
    settings = _settings(mapping)
    return None if settings is None else _cost_of(settings, mapping)


def _cost_of(settings: EventSourceMapping, mapping: MappingFacts) -> "Cost":
    from kinesis_cli.lint.one_bad_record import one_bad_record  # start-up counts

    return one_bad_record(settings, _retention(mapping))


def _points(cost: "Cost | None", mapping: MappingFacts) -> tuple[str, ...]:
    """What the count of lost records depends on; where retries end, not on when they are."""
    points = cost.unsure if cost else ()
    if mapping.number("MaximumRetryAttempts") == UNLIMITED:
        return points
    return tuple(point for point in points if point != "back-off")


def _settings(mapping: MappingFacts) -> EventSourceMapping | None:
    """What the machine needs; None: a part of it is not known, or AWS refuses it."""
    numbers = [
        mapping.number(name)
        for name in ("BatchSize", "MaximumRetryAttempts", "MaximumRecordAgeInSeconds")
    ]
    bisect, reports = mapping.flag("BisectBatchOnFunctionError"), mapping.reports
    size, retries, age = numbers
    if size is None or retries is None or age is None or bisect is None or reports is None:
        return None
    for name, value in (
        ("BatchSize", size),
        ("MaximumRetryAttempts", retries),
        ("MaximumRecordAgeInSeconds", age),
    ):
        limit = LIMITS[name]
        if not limit.least <= value <= limit.most and not (limit.unlimited and value == UNLIMITED):
            return None
    return EventSourceMapping(
        batch_size=size,
        maximum_retry_attempts=retries,
        maximum_record_age_in_seconds=age,
        bisect_batch_on_function_error=bisect,
        report_batch_item_failures=reports,
    )


def _batch(cost: "Cost") -> str:
    if cost.records == 1:
        return "One bad record"
    return f"One bad record in a batch of {cost.records:,}"


def _with_it(lost: int, verb: str) -> str:
    """Who shares the bad record's fate: `it and 99 good records are gone`."""
    if not lost:
        return "it leaves the stream" if verb == "leave" else "it is gone"
    end = "leave the stream" if verb == "leave" else verb
    return f"it and {counted(lost, 'good record')} {end}"
