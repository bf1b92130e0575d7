"""Filters: which can never match, and what they drop unseen. Pure."""

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from kinesis_cli.errors import InputError
from kinesis_cli.lint.checks import checks
from kinesis_cli.lint.facts import MappingFacts
from kinesis_cli.lint.rule import Finding, Rule, Severity
from kinesis_cli.lint.words import listed
from kinesis_cli.stream.kinds.kinesis import KINESIS

if TYPE_CHECKING:
    from kinesis_cli.event_source_mapping.filters.criteria import Filter
    from kinesis_cli.event_source_mapping.filters.pattern import Field

_GUIDE = "https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis-filtering.html"
NEVER_MATCHES = Rule(
    "K012", "filter-never-matches", Severity.ERROR, "A filter can never match", _GUIDE
)
ON_METADATA = Rule(
    "K013",
    "filter-on-metadata",
    Severity.WARNING,
    "A filter looks at more than a record's data",
    _GUIDE,
)
DROPS_NOT_JSON = Rule(
    "K014",
    "filter-drops-not-json",
    Severity.NOTE,
    "The filters drop whatever is not JSON, unseen",
    _GUIDE,
)

# Metadata that is the same in each record.
_CONSTANT = {
    "eventName": "aws:kinesis:record",
    "eventSource": "aws:kinesis",
    "eventVersion": "1.0",
    "kinesisSchemaVersion": "1.0",
}
# A value in DynamoDB's JSON, and what it is written as.
# Source: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_AttributeValue.html
_DYNAMODB_TYPES: Mapping[str, tuple[type, ...]] = {"N": (str,), "S": (str,), "BOOL": (bool,)}
_IMAGES = ("NewImage", "OldImage", "Keys")


@checks(NEVER_MATCHES)
def never_matches(mapping: MappingFacts) -> Iterator[Finding]:
    """AWS refuses a filter, or no record of Kinesis can match it."""
    patterns = mapping.patterns or []
    if patterns:
        yield from _too_many(mapping, len(patterns))
    for number, pattern in enumerate(patterns, 1):
        name = f"Filter {number}" if len(patterns) > 1 else "The filter"
        compiled = _compiled(pattern)
        if isinstance(compiled, InputError):
            yield Finding(
                NEVER_MATCHES,
                f"{name} is not valid: {_without_place(compiled)}.",
                "The deployment fails, and the stack is rolled back.",
                compiled.advice or "See the operators in Lambda's guide on event filtering.",
                _place(mapping, number),
            )
        elif reason := _impossible(compiled, pattern):
            rest = len(patterns) - 1
            yield Finding(
                NEVER_MATCHES,
                f"{name} can never match: {reason}.",
                "The function is never called: 0 % of the records match."
                if not rest
                else f"0 % of the records match it; only the other {rest} let any through.",
                _advice(reason),
                _place(mapping, number),
            )


def _too_many(mapping: MappingFacts, count: int) -> Iterator[Finding]:
    from kinesis_cli.event_source_mapping.filters.criteria import DEFAULT_QUOTA, MAX_FILTERS

    if count <= DEFAULT_QUOTA:
        return
    most = MAX_FILTERS if count > MAX_FILTERS else DEFAULT_QUOTA
    raised = "" if count > MAX_FILTERS else " where nobody had the quota raised"
    yield Finding(
        NEVER_MATCHES,
        f"There are {count} filters, and AWS takes {most}{raised}.",
        "The deployment fails, and the stack is rolled back.",
        "Join several with $or, or list several values in one pattern.",
        mapping.at("FilterCriteria"),
        severity=None if count > MAX_FILTERS else Severity.WARNING,
    )


@checks(ON_METADATA)
def on_metadata(mapping: MappingFacts) -> Iterator[Finding]:
    """AWS documents data only.

    UNSURE(metadata-filter): the guide says that Kinesis filters on `data` only; its older edition
    and a recorded sample filter on partitionKey.
    """
    if not mapping.patterns:
        return
    metadata = KINESIS.filter_members.others
    for number, pattern in enumerate(mapping.patterns, 1):
        compiled = _compiled(pattern)
        if isinstance(compiled, InputError) or _impossible(compiled, pattern):
            continue
        if names := sorted(compiled.top_level & metadata):
            yield Finding(
                ON_METADATA,
                f"The filter looks at {listed(names)}, and AWS documents only data for Kinesis.",
                "If AWS ignores it, 100 % of the records match; if it does not, those that were "
                "meant.",
                "Try it on AWS, or check it in the function, too.",
                _place(mapping, number),
                unsure=("metadata-filter",),
            )


@checks(DROPS_NOT_JSON)
def drops_not_json(mapping: MappingFacts) -> Iterator[Finding]:
    """Data that is not JSON matches no filter that looks at data."""
    patterns = mapping.patterns or []
    compiled = [_compiled(pattern) for pattern in patterns]
    if not compiled or not all(map(_looks_at_data, compiled)):
        return
    if all(_is_impossible(*both) for both in zip(compiled, patterns, strict=True)):
        return  # which is worse
    yield Finding(
        DROPS_NOT_JSON,
        "Records whose data is not JSON match no filter of this mapping.",
        "Truncated, compressed and aggregated records are dropped with 0 calls, 0 retries and 0 "
        "documents.",
        "Where that would be an error, leave the filter out and check in the function; or count "
        "them with MetricsConfig [EventCount], metric FilteredOutEventCount.",
        mapping.at("FilterCriteria"),
    )


def _is_impossible(compiled: "Filter | InputError", pattern: str) -> bool:
    return not isinstance(compiled, InputError) and bool(_impossible(compiled, pattern))


def _looks_at_data(compiled: "Filter | InputError") -> bool:
    return not isinstance(compiled, InputError) and "data" in compiled.top_level


def _place(mapping: MappingFacts, number: int) -> tuple[str | int, ...]:
    return (*mapping.at("FilterCriteria"), "Filters", number - 1, "Pattern")


def _compiled(pattern: str) -> "Filter | InputError":
    # a dozen modules, which a mapping without filters need not wait for
    from kinesis_cli.event_source_mapping.filters.criteria import compile_filters

    try:
        return compile_filters([pattern]).filters[0]
    except InputError as error:
        return error


def _without_place(error: InputError) -> str:
    where = error.place.removeprefix("filter 1").removeprefix(", ")
    problem = error.problem.removeprefix("Invalid filter pattern definition. ")
    return f"{where}: {problem}" if where else problem


def _impossible(compiled: "Filter", pattern: str) -> str:
    """Why no record can match; "": one can, as far as is known."""
    reasons = [
        next((reason for field in fields if (reason := _never(field))), "")
        for fields in compiled.pattern.alternatives
    ]
    if all(reasons):
        return reasons[0]
    if len(compiled.pattern.alternatives) > 1:
        return ""
    try:
        return next(_of_other_types(json.loads(pattern), ()), "")
    except (ValueError, RecursionError):
        return ""


def _never(field: "Field") -> str:
    first = field.keys[0]
    if field.wants_absence:
        return ""
    members = KINESIS.filter_members
    if first not in members.others | members.documented:
        return f"{first} is not a member of a Kinesis record; what was put is below data"
    constant = _CONSTANT.get(first)
    if constant is not None and (len(field.keys) > 1 or not field.holds(constant)):
        return f"{first} of a Kinesis record is always {constant}"
    return ""


def _of_other_types(value: object, path: tuple[str, ...]) -> Iterator[str]:
    """Numbers where DynamoDB's JSON has texts, and so on, in a table's changes."""
    if isinstance(value, Mapping):
        for name, member in value.items():
            yield from _of_other_types(member, (*path, str(name)))
        return
    kinds = _DYNAMODB_TYPES.get(path[-1]) if path else None
    in_image = "dynamodb" in path and any(name in path[:-2] for name in _IMAGES)
    if not isinstance(value, list) or not value or kinds is None or not in_image:
        return
    if not any(_may_be(rule, kinds) for rule in value):
        written = (
            "true or false"
            if kinds == (bool,)
            else "a text, such as " + ('"12.5"' if path[-1] == "N" else '"A"')
        )
        yield f"{'.'.join(path)} is {written} in DynamoDB's JSON, and the filter wants another type"


def _may_be(rule: object, kinds: tuple[type, ...]) -> bool:
    if isinstance(rule, Mapping):
        wants_number = "numeric" in rule
        return not wants_number
    return isinstance(rule, kinds)


def _advice(reason: str) -> str:
    if "DynamoDB" in reason:
        return 'Compare texts, such as {"N": ["12.5"]}; ranges must be checked in the function.'
    if "below data" in reason:
        return 'Wrap it: {"data": {…}}.'
    return "Leave it out."
