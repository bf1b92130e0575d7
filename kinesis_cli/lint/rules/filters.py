"""Filters: which can never match, and what they drop unseen. Pure."""

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from kinesis_cli.errors import InputError
from kinesis_cli.lint.checks import checks
from kinesis_cli.lint.facts import MappingFacts
from kinesis_cli.lint.rule import Finding, Rule, Severity
from kinesis_cli.lint.words import listed
from kinesis_cli.stream.kinds.kind import SourceKind

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

SAYS_OTHERWISE = Rule(
    "K027",
    "filter-says-otherwise",
    Severity.WARNING,
    "A filter matches more or fewer changes than it seems to",
    "https://docs.aws.amazon.com/lambda/latest/dg/with-ddb-filtering.html",
)

_CAN_NEVER = "can never match"  # in a remark of a kind of source
_NEVER = "never matches"  # at the end of one, where it is so for some records
_BOTH = "NEW_AND_OLD_IMAGES"

# A value in DynamoDB's JSON, and what it is written as.
# Source: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_AttributeValue.html
_DYNAMODB_TYPES: Mapping[str, tuple[type, ...]] = {"N": (str,), "S": (str,), "BOOL": (bool,)}
_IMAGES = ("NewImage", "OldImage", "Keys")


@checks(NEVER_MATCHES)
def never_matches(mapping: MappingFacts) -> Iterator[Finding]:
    """AWS refuses a filter, or no record of the source can match it."""
    patterns = mapping.patterns or []
    if patterns:
        yield from _too_many(mapping, len(patterns))
    for number, pattern in enumerate(patterns, 1):
        name = f"Filter {number}" if len(patterns) > 1 else "The filter"
        compiled = _compiled(pattern, mapping.kind)
        if isinstance(compiled, InputError):
            yield Finding(
                NEVER_MATCHES,
                f"{name} is not valid: {_without_place(compiled)}.",
                "The deployment fails, and the stack is rolled back.",
                compiled.advice or "See the operators in Lambda's guide on event filtering.",
                _place(mapping, number),
            )
        elif reason := _impossible(compiled, pattern, mapping):
            rest = len(patterns) - 1
            yield Finding(
                NEVER_MATCHES,
                f"{name} can never match: {reason}.",
                "The function is never called: 0 % of the records match."
                if not rest
                else f"0 % of the records match it; only the other {rest} let any through.",
                _advice(reason, mapping.kind),
                _place(mapping, number),
            )


def _too_many(mapping: MappingFacts, count: int) -> Iterator[Finding]:
    from kinesis_cli.event_source_mapping.filters.criteria import (
        DEFAULT_QUOTA,
        JOIN_SEVERAL,
        MAX_FILTERS,
    )

    if count <= DEFAULT_QUOTA:
        return
    most = MAX_FILTERS if count > MAX_FILTERS else DEFAULT_QUOTA
    raised = "" if count > MAX_FILTERS else " where nobody had the quota raised"
    yield Finding(
        NEVER_MATCHES,
        f"There are {count} filters, and AWS takes {most}{raised}.",
        "The deployment fails, and the stack is rolled back.",
        JOIN_SEVERAL,
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
    members = mapping.kind.filter_members
    for number, pattern in enumerate(mapping.patterns, 1):
        compiled = _compiled(pattern, mapping.kind)
        if isinstance(compiled, InputError) or _impossible(compiled, pattern, mapping):
            continue
        if names := sorted(compiled.top_level & members.others):
            yield Finding(
                ON_METADATA,
                f"The filter looks at {listed(names)}, and AWS documents only {members.content} "
                f"for {mapping.kind.title}.",
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
    compiled = [_compiled(pattern, mapping.kind) for pattern in patterns]
    if not compiled or not all(_looks_at_text(each, mapping.kind) for each in compiled):
        return
    if all(_is_impossible(*both, mapping) for both in zip(compiled, patterns, strict=True)):
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


@checks(SAYS_OTHERWISE)
def says_otherwise(mapping: MappingFacts) -> Iterator[Finding]:
    """A filter does what its author may not have meant, as the kind of source reads it."""
    for number, pattern in enumerate(mapping.patterns or [], 1):
        compiled = _compiled(pattern, mapping.kind)
        if isinstance(compiled, InputError) or _impossible(compiled, pattern, mapping):
            continue
        for remark in dict.fromkeys(_remarks(compiled, mapping.kind)):
            drops = remark.endswith(_NEVER)
            yield Finding(
                SAYS_OTHERWISE,
                f"The filter {remark}.",
                "0 % of the removals match: no call, no log, no document."
                if drops
                else "100 % of the records match this part of it.",
                'Say which changes are meant: {"eventName": ["INSERT", "MODIFY"], …}.'
                if drops or "REMOVE" in remark
                else 'Name the type: {"dynamodb": {"NewImage": {"NAME": {"S": […]}}}}.',
                _place(mapping, number),
                severity=Severity.NOTE if drops else None,
            )


def _remarks(compiled: "Filter", kind: SourceKind) -> Iterator[str]:
    """What a pattern does besides what it says; that it can never match is another rule's."""
    from kinesis_cli.event_source_mapping.filters.criteria import wanted_field

    remarks = kind.filter_remarks(list(map(wanted_field, compiled.fields)))
    return (remark for remark in remarks if _CAN_NEVER not in remark)


def _is_impossible(compiled: "Filter | InputError", pattern: str, mapping: MappingFacts) -> bool:
    return not isinstance(compiled, InputError) and bool(_impossible(compiled, pattern, mapping))


def _looks_at_text(compiled: "Filter | InputError", kind: SourceKind) -> bool:
    """Whether a filter looks at what is there only where the payload is JSON."""
    decoded = kind.filter_members.decoded
    return not isinstance(compiled, InputError) and bool(decoded & compiled.top_level)


def _place(mapping: MappingFacts, number: int) -> tuple[str | int, ...]:
    return (*mapping.at("FilterCriteria"), "Filters", number - 1, "Pattern")


def _compiled(pattern: str, kind: SourceKind) -> "Filter | InputError":
    # a dozen modules, which a mapping without filters need not wait for
    from kinesis_cli.event_source_mapping.filters.criteria import compile_filters

    try:
        return compile_filters([pattern], kind).filters[0]
    except InputError as error:
        return error


def _without_place(error: InputError) -> str:
    from kinesis_cli.event_source_mapping.filters.compiler import AWS_MESSAGE

    where = error.place.removeprefix("filter 1").removeprefix(", ")
    problem = error.problem.removeprefix(f"{AWS_MESSAGE} ")
    return f"{where}: {problem}" if where else problem


def _impossible(compiled: "Filter", pattern: str, mapping: MappingFacts) -> str:
    """Why no record can match; "": one can, as far as is known."""
    reasons = [
        next((reason for field in fields if (reason := _never(field, mapping))), "")
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


def _never(field: "Field", mapping: MappingFacts) -> str:
    """Why no record can have what is asked at a path; "": one can."""
    first, kind = field.keys[0], mapping.kind
    if field.wants_absence:
        return ""
    members = kind.filter_members
    if first not in members.others | members.documented:
        return f"it looks at {first}, which {members.beside}"
    values = members.values.get(first)
    if values is not None and (len(field.keys) > 1 or not any(map(field.holds, values))):
        always = "always " if len(values) == 1 else ""
        return f"{first} of a {kind.title} record is {always}{' or '.join(values)}"
    if reason := _not_shown(field, mapping):
        return reason
    from kinesis_cli.event_source_mapping.filters.criteria import wanted_field

    remarks = kind.filter_remarks([wanted_field(field)])
    reason = next((remark for remark in remarks if _CAN_NEVER in remark), "")
    return f"it {reason.replace(f', and {_CAN_NEVER}', '')}" if reason else ""


def _not_shown(field: "Field", mapping: MappingFacts) -> str:
    """Why the table's stream does not show an image; "": it does, or nobody knows."""
    view = mapping.table.view if mapping.table is not None else None
    if not isinstance(view, str) or field.keys[:1] != (mapping.kind.filter_members.content,):
        return ""
    shown = {"NewImage": ("NEW_IMAGE", _BOTH), "OldImage": ("OLD_IMAGE", _BOTH)}
    image = field.keys[1] if len(field.keys) > 1 else ""
    if image in shown and view not in shown[image]:
        assert mapping.table is not None
        return f"the stream of {mapping.table.name} is {view}, and shows no {image}"
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


def _advice(reason: str, kind: SourceKind) -> str:
    content = kind.filter_members.content
    if "shows no" in reason:
        return "Set StreamViewType of the table to NEW_AND_OLD_IMAGES."
    if "names no type" in reason:
        return 'Write the type: {"NAME": {"S": [...]}}.'
    if "DynamoDB" in reason or "numbers of an item" in reason:
        return 'Compare texts, such as {"N": ["12.5"]}; ranges must be checked in the function.'
    if "it looks at" in reason:
        return f'Wrap it: {{"{content}": {{…}}}}.'
    return "Leave it out."
