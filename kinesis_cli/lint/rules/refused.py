"""What AWS refuses when the mapping is made. Pure."""

from collections.abc import Iterator, Mapping

from kinesis_cli.errors import InputError
from kinesis_cli.event_source_mapping.settings import EventSourceMapping
from kinesis_cli.event_source_mapping.settings_document import LIMITS
from kinesis_cli.lint.checks import checks
from kinesis_cli.lint.facts import UNKNOWN, MappingFacts
from kinesis_cli.lint.rule import Change, Finding, Rule, Severity

FIFO_DESTINATION = Rule(
    "K010",
    "fifo-destination",
    Severity.ERROR,
    "A FIFO queue or topic cannot be the on-failure destination of a stream",
    "https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html",
)
WINDOW_COMBINATIONS = Rule(
    "K011",
    "window-combinations",
    Severity.ERROR,
    "A tumbling window cannot be combined with ParallelizationFactor above 1",
    "https://github.com/terraform-aws-modules/terraform-aws-lambda/issues/619",
)
REFUSED_SETTING = Rule(
    "K026",
    "refused-setting",
    Severity.ERROR,
    "AWS refuses a setting of the mapping",
    "https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html",
)
_FAILS = "The deployment fails, and the stack is rolled back."


@checks(FIFO_DESTINATION)
def fifo_destination(mapping: MappingFacts) -> Iterator[Finding]:
    """The destination's name ends in .fifo, or it is a FIFO queue or topic of the template."""
    arn, made = mapping.on_failure, mapping.destination
    is_fifo = isinstance(arn, str) and arn.endswith(".fifo")
    if made is not None:
        flag = made.properties.get("FifoQueue", made.properties.get("FifoTopic"))
        is_fifo = is_fifo or str(flag).lower() == "true"
    if not is_fifo:
        return
    name = made.name if made else str(arn).rpartition(":")[2]
    yield Finding(
        FIFO_DESTINATION,
        f"The on-failure destination {name} is FIFO, which AWS refuses for a stream.",
        _FAILS,
        "Name a standard queue or topic, or a bucket.",
        mapping.at("DestinationConfig"),
    )


@checks(WINDOW_COMBINATIONS)
def window_combinations(mapping: MappingFacts) -> Iterator[Finding]:
    """A tumbling window beside what it cannot be combined with."""
    if not mapping.number("TumblingWindowInSeconds"):
        return
    if (factor := mapping.number("ParallelizationFactor") or 1) > 1:
        yield Finding(
            WINDOW_COMBINATIONS,
            f"TumblingWindowInSeconds cannot be combined with ParallelizationFactor {factor}.",
            _FAILS,
            "Set ParallelizationFactor to 1, or leave the window out.",
            mapping.at("ParallelizationFactor"),
            changes=(Change(mapping.place, "ParallelizationFactor", 1),),
        )
    if mapping.patterns:
        # UNSURE(window-filters): refused for DynamoDB streams; nobody recorded it for Kinesis.
        is_sure = mapping.kind.rules.refuses_window_with_filters
        also = "" if is_sure else f" for DynamoDB streams and probably for {mapping.kind.title}"
        yield Finding(
            WINDOW_COMBINATIONS,
            f"TumblingWindowInSeconds is combined with FilterCriteria, which AWS refuses{also}.",
            _FAILS,
            "Filter in the function, or leave the window out.",
            mapping.at("FilterCriteria"),
            severity=None if is_sure else Severity.WARNING,
            unsure=() if is_sure else ("window-filters",),
        )


@checks(REFUSED_SETTING)
def refused_setting(mapping: MappingFacts) -> Iterator[Finding]:
    """A value out of AWS's limits, or a member that it wants and does not get."""
    for member, document in _parts(mapping):
        try:
            EventSourceMapping.from_aws(document, kind=mapping.kind)
        except InputError as error:
            advice = error.advice or _limits(member)
            yield Finding(REFUSED_SETTING, f"{error.problem}.", _FAILS, advice, mapping.at(member))
    if mapping.place and mapping.values.get("StartingPosition") is None:
        yield Finding(
            REFUSED_SETTING,
            "StartingPosition is missing; a stream's mapping must have one.",
            _FAILS,
            "Set it to TRIM_HORIZON: LATEST may miss records while the mapping is set up.",
            mapping.at("StartingPosition"),
            changes=(Change(mapping.place, "StartingPosition", "TRIM_HORIZON"),),
        )


def _parts(mapping: MappingFacts) -> Iterator[tuple[str, Mapping[str, object]]]:
    """Settings that can be wrong by themselves; what belongs together, together."""
    for member in (*LIMITS, "BisectBatchOnFunctionError", "FunctionResponseTypes"):
        value = mapping.values.get(member)
        if value is not None and value is not UNKNOWN and not _has_unknown(value):
            yield member, {member: value}
    arn = mapping.on_failure
    if isinstance(arn, str) and not arn.endswith(".fifo"):
        yield "DestinationConfig", {"DestinationConfig": {"OnFailure": {"Destination": arn}}}
    position = mapping.values.get("StartingPosition")
    moment = mapping.values.get("StartingPositionTimestamp")
    if isinstance(position, str) and moment is not UNKNOWN:
        document = {"StartingPosition": position, "StartingPositionTimestamp": moment}
        at_moment = moment is not None and position != "AT_TIMESTAMP"
        yield "StartingPositionTimestamp" if at_moment else "StartingPosition", document


def _has_unknown(value: object) -> bool:
    return isinstance(value, list) and UNKNOWN in value


def _limits(member: str) -> str:
    if limit := LIMITS.get(member):
        unlimited = ", or -1 for no limit" if limit.unlimited else ""
        return f"Set it to {limit.least:,} to {limit.most:,}{unlimited}."
    if member == "DestinationConfig":
        return "Name it by its ARN: Ref of a queue is its URL, GetAtt Arn is the ARN."
    return "See the values that CreateEventSourceMapping takes."
