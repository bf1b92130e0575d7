"""From a template to what the rules see of each mapping in it."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache, partial

from kinesis_cli.lint.facts import (
    UNKNOWN,
    DestinationFacts,
    FunctionFacts,
    HandlerCode,
    MappingFacts,
    StreamFacts,
    TableFacts,
)
from kinesis_cli.lint.lanes import lanes_of
from kinesis_cli.lint.reading import watching
from kinesis_cli.lint.reading.resources import (
    all_resources,
    by_arn,
    known,
    mentions,
    properties,
    root_of,
)
from kinesis_cli.lint.rule import Path
from kinesis_cli.project.function import DEFAULT_TIMEOUT
from kinesis_cli.project.functions.choosing import all_functions, merged_properties
from kinesis_cli.project.functions.feeders import (
    WrittenMapping,
    called_function,
    feeds_from_kinesis,
    other_feeders,
    stream_mappings,
)
from kinesis_cli.project.functions.mappings import MAPPING_MEMBERS, converted
from kinesis_cli.project.functions.streams import stream_name
from kinesis_cli.project.stream_settings import DEFAULT_RETENTION_HOURS
from kinesis_cli.project.template.names import properties_of
from kinesis_cli.project.template.resources import (
    CONSUMER,
    MAPPING,
    SAM_FUNCTION,
    STREAM,
    TABLES,
)
from kinesis_cli.project.template.template import Template
from kinesis_cli.stream.kinds.dynamodb import DYNAMODB
from kinesis_cli.stream.kinds.kind import SourceKind
from kinesis_cli.stream.kinds.kinesis import KINESIS

_LINTED = (KINESIS, DYNAMODB)
_DESTINATIONS = {"AWS::SQS::Queue": "SQS", "AWS::SNS::Topic": "SNS", "AWS::S3::Bucket": "S3"}


@dataclass(frozen=True, slots=True)
class LintedMapping:
    """A mapping, and the template that it is written in."""

    template: Template
    facts: MappingFacts


def mappings_of(template: Template) -> list[LintedMapping]:
    """Every mapping from a stream in a template and those nested in it."""
    found = []
    for written in all_functions(template).values():
        part, function = written.template, written.logical_id
        for mapping in _linted_mappings(part, function):
            found.append(_linted(part, function, mapping))
    for _, part in template.walk():
        for name, resource in part.resources(MAPPING).items():
            members = properties_of(resource)
            if called_function(part, members) is None and feeds_from_kinesis(part, members):
                found.append(_linted(part, None, WrittenMapping(name, members)))
    return found


def _linted_mappings(template: Template, function: str) -> Iterator[WrittenMapping]:
    """The mappings to a function from what has shards: the rules are about them."""
    return (each for each in stream_mappings(template, function) if each.kind in _LINTED)


def _linted(template: Template, function: str | None, written: WrittenMapping) -> LintedMapping:
    place, is_sam = _place(template, function, written)
    values = _values(template, written)
    stream = _stream(template, values.get("EventSourceArn"))
    facts = MappingFacts(
        kind=written.kind,
        table=_table(template, written),
        name=f"{function}, {written.name}" if is_sam else _shown_name(template, written.name),
        values=values,
        place=place,
        stream=stream,
        is_sam=is_sam,
        is_consumer=_is_consumer(values.get("EventSourceArn"), template, written),
        new_name=partial(_new_name, template),
    )
    facts = replace(facts, destination=_destination(template, facts.on_failure))
    if function is None:
        return LintedMapping(template, facts)
    return LintedMapping(
        template,
        replace(
            facts,
            function=_function(template, function, written.kind),
            age_is_watched=watching.age_is_watched(template, function),
        ),
    )


def _shown_name(template: Template, logical_id: str) -> str:
    """What people call a resource: CDK's path of it, without what every path ends in."""
    metadata = (template.resource(logical_id) or {}).get("Metadata")
    path = metadata.get("aws:cdk:path") if isinstance(metadata, Mapping) else None
    return str(path).removesuffix("/Resource") if path else logical_id


def _place(template: Template, function: str | None, written: WrittenMapping) -> tuple[Path, bool]:
    """The path of a mapping's members, and whether it is an event of a SAM function."""
    resource = template.resource(written.name) or {}
    if function is None or properties_of(resource) is written.members:
        return ("Resources", written.name, "Properties"), False
    path = ("Resources", function, "Properties", "Events", written.name, "Properties")
    return path, True


def _values(template: Template, written: WrittenMapping) -> dict[str, object]:
    """A mapping's members under AWS's names; what is only known to AWS is UNKNOWN."""
    values: dict[str, object] = {}
    for member, raw in written.members.items():
        name = "EventSourceArn" if member == "Stream" else member
        if name not in MAPPING_MEMBERS:
            continue
        value = known(template, raw)
        if value is None:
            # left out by a condition: it is there where the stack is deployed otherwise
            if isinstance(raw, Mapping) and "Fn::If" in raw:
                values[name] = UNKNOWN
            continue
        if name == "FunctionResponseTypes" and isinstance(value, str):
            value = [value]
        if name == "DestinationConfig":
            value = _destination_config(value)
        if name == "FilterCriteria":
            value = _filters(value)
        values[name] = value if value is UNKNOWN else converted(value, MAPPING_MEMBERS[name])
    return values


def _destination_config(config: object) -> object:
    """DestinationConfig; an empty text comes from a parameter that is given at deployment."""
    on_failure = config.get("OnFailure") if isinstance(config, Mapping) else None
    if isinstance(on_failure, Mapping) and on_failure.get("Destination") == "":
        return {"OnFailure": {**on_failure, "Destination": UNKNOWN}}
    return config


def _filters(criteria: object) -> object:
    """FilterCriteria, a pattern that is written as a map as the text that is meant."""
    filters = criteria.get("Filters") if isinstance(criteria, Mapping) else None
    if not isinstance(filters, list):
        return criteria
    return {"Filters": [_filter(each) for each in filters]}


def _filter(entry: object) -> object:
    pattern = entry.get("Pattern") if isinstance(entry, Mapping) else None
    return {"Pattern": json.dumps(pattern)} if isinstance(pattern, Mapping) else entry


def _is_consumer(arn: object, template: Template, written: WrittenMapping) -> bool | None:
    if isinstance(arn, str):
        return "/consumer/" in arn
    raw = written.members.get("Stream", written.members.get("EventSourceArn"))
    for part, name, _ in all_resources(template, CONSUMER):
        if mentions(template, raw, part, name):
            return True
    return None


def _table(template: Template, written: WrittenMapping) -> TableFacts | None:
    """The table whose stream a mapping reads, where the template makes it."""
    raw = written.members.get("Stream", written.members.get("EventSourceArn"))
    if raw is None:
        return None
    for part, name, _ in all_resources(template, *TABLES, "AWS::Serverless::SimpleTable"):
        if not mentions(template, raw, part, name):
            continue
        stream = properties(part, name).get("StreamSpecification")
        view = stream.get("StreamViewType") if isinstance(stream, Mapping) else stream
        place = ("Resources", name, "Properties") if part is template else ()
        return TableFacts(name=name, place=place, view=view)
    return None


def _stream(template: Template, arn: object) -> StreamFacts | None:
    if not isinstance(arn, str) or ":stream/" not in arn:
        return None
    wanted = stream_name(arn)
    for part, name, _ in all_resources(template, STREAM):
        if part.physical_name(name) == wanted:
            return _stream_facts(template, part, name)
    return None


def _stream_facts(template: Template, part: Template, name: str) -> StreamFacts:
    members = properties(part, name)
    details = members.get("StreamModeDetails")
    mode = details.get("StreamMode") if isinstance(details, Mapping) else None
    count = members.get("ShardCount", None if mode == "ON_DEMAND" else UNKNOWN)
    hours = members.get("RetentionPeriodHours")
    return StreamFacts(
        name=name,
        place=("Resources", name, "Properties") if part is template else (),
        shards=int(str(count)) if str(count).isdecimal() and mode != "ON_DEMAND" else None,
        is_on_demand=mode == "ON_DEMAND",
        retention_hours=DEFAULT_RETENTION_HOURS
        if hours is None
        else int(str(hours))
        if str(hours).isdecimal()
        else None,
        distribution=str(members.get("RecordDistributionStrategy") or ""),
        producers=_producers(part, name),
    )


def _producers(stream_of: Template, stream: str) -> tuple[str, ...]:
    """Where functions that know the stream make aggregates of the KPL."""
    root = root_of(stream_of)
    aggregating = root.budget.once("who aggregates", root, "", lambda: _aggregating(root))
    return tuple(
        place
        for part, function, place in aggregating
        if mentions(part, properties_of(part.resource(function) or {}), stream_of, stream)
    )


def _aggregating(root: Template) -> list[tuple[Template, str, str]]:
    """The functions that make aggregates of the KPL and that no stream feeds, and where they do."""
    from kinesis_cli.lint.reading.code import aggregates_at  # start-up counts

    found = []
    for written in all_functions(root).values():
        part, function = written.template, written.logical_id
        if not written.is_fed and (place := aggregates_at(part, function)):
            found.append((part, function, place))
    return found


def _code(template: Template, function: str) -> HandlerCode:
    from kinesis_cli.lint.reading.code import code_of  # start-up counts

    return code_of(template, function)


def _destination(template: Template, arn: object) -> DestinationFacts | None:
    found = by_arn(template, arn, *_DESTINATIONS)
    if found is None:
        return None
    part, name = found
    kind = _DESTINATIONS[str((part.resource(name) or {}).get("Type"))]
    watched = None
    if kind == "SQS":
        watched = watching.queue_is_watched(template, part, name)
    elif kind == "SNS":
        watched = watching.topic_is_watched(template, part, name)
    return DestinationFacts(
        kind=kind,
        name=name,
        # elsewhere nothing can be pointed at or changed
        place=("Resources", name, "Properties") if part is template else (),
        properties=properties(part, name),
        is_watched=watched,
        consumers=tuple(watching.consumers(template, part, name)) if kind == "SQS" else (),
    )


def _function(template: Template, function: str, kind: SourceKind) -> FunctionFacts:
    written = merged_properties(template, function)
    timeout = known(template, written.get("Timeout"))
    reserved = known(template, written.get("ReservedConcurrentExecutions"))
    is_sam = (template.resource(function) or {}).get("Type") == SAM_FUNCTION
    mappings = _linted_mappings(template, function)
    makes_role = is_sam and written.get("Role") is None
    return FunctionFacts(
        name=function,
        place=("Resources", function, "Properties"),
        timeout=DEFAULT_TIMEOUT if timeout is None else _number(timeout),
        reserved=int(str(reserved)) if str(reserved).isdecimal() else None,
        lanes=lanes_of(map(partial(_values_and_stream, template), mappings)),
        sam_makes_role=makes_role,
        other_feeders=tuple(other_feeders(template, function, kind)),
        read_code=cache(partial(_code, template, function)),
        may_send=partial(_may_send, template, function, sam_makes_role=makes_role),
    )


def _values_and_stream(
    template: Template, written: WrittenMapping
) -> tuple[dict[str, object], StreamFacts | None]:
    values = _values(template, written)
    return values, _stream(template, values.get("EventSourceArn"))


def _may_send(
    template: Template, function: str, action: str, arn: str, *, sam_makes_role: bool
) -> bool | None:
    if sam_makes_role and _sam_grants(template, merged_properties(template, function), arn):
        return True
    from kinesis_cli.lint.reading.policies import may  # start-up counts

    return may(template, function, action, arn)


def _sam_grants(template: Template, value: object, arn: str) -> bool:
    """Whether SAM lets a role that it makes send there, as it does for what has a Type.

    Source: https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-property-function-onfailure.html
    """
    if isinstance(value, list):
        return any(_sam_grants(template, each, arn) for each in value)
    if not isinstance(value, Mapping):
        return False
    target = value.get("Destination", value.get("TargetArn"))  # the second of a DeadLetterQueue
    if target is not None and value.get("Type") and known(template, target) == arn:
        return True
    return any(_sam_grants(template, each, arn) for each in value.values())


def _number(value: object) -> float | None:
    text = str(value)
    return float(text) if re.fullmatch(r"\d+(\.\d+)?", text) else None


def _new_name(template: Template, wanted: str) -> str:
    """A logical id that no resource has."""
    taken = template.section("Resources")
    name, number = wanted, 2
    while name in taken:
        name, number = f"{wanted}{number}", number + 1
    return name
