"""The event source mappings of a template that lead from Kinesis to a function.

Source: https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html
"""

import json
from collections.abc import Iterator, Mapping

from kinesis_cli.project.template import Json, Template, Unresolved
from kinesis_cli.project.template_reading import Reading

MAPPING = "AWS::Lambda::EventSourceMapping"

# What CreateEventSourceMapping takes for a Kinesis stream, and the JSON type of each.
# Source: https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html
MAPPING_MEMBERS: dict[str, type] = {
    "BatchSize": int,
    "BisectBatchOnFunctionError": bool,
    "DestinationConfig": dict,
    "Enabled": bool,
    "EventSourceArn": str,
    "FilterCriteria": dict,
    "FunctionResponseTypes": list,
    "MaximumBatchingWindowInSeconds": int,
    "MaximumRecordAgeInSeconds": int,
    "MaximumRetryAttempts": int,
    "ParallelizationFactor": int,
    "StartingPosition": str,
    "StartingPositionTimestamp": float,
    "TumblingWindowInSeconds": int,
}
# These change nothing of what is delivered.
_INERT_MEMBERS = {
    "KMSKeyArn",
    "KmsKeyArn",
    "LoggingConfig",
    "MetricsConfig",
    "Tags",
    "FunctionName",
}


def kinesis_mappings(template: Template, logical_id: str) -> Iterator[tuple[str, Json]]:
    """The event source mappings from Kinesis to a function: (where it is written, its members)."""
    resource = template.resource(logical_id) or {}
    properties = resource.get("Properties")
    events = template.choose(properties.get("Events")) if isinstance(properties, Mapping) else None
    for name, event in events.items() if isinstance(events, Mapping) else ():
        if isinstance(event, Mapping) and event.get("Type") == "Kinesis":
            members = event.get("Properties")
            yield str(name), members if isinstance(members, Mapping) else {}
    for name, mapping in template.resources(MAPPING).items():
        members = mapping.get("Properties")
        if isinstance(members, Mapping) and _feeds(template, members, logical_id):
            yield name, members


def _feeds(template: Template, members: Json, logical_id: str) -> bool:
    """Whether a mapping leads from a Kinesis stream to this function."""
    source = template.resolve(members.get("EventSourceArn"))
    if isinstance(source, str) and ":kinesis:" not in source:
        return False
    if isinstance(source, Unresolved) and members.get("StartingPosition") is None:
        return False  # a queue: only streams have a position
    target = template.resolve(members.get("FunctionName"))
    return target in (
        logical_id,
        template.physical_name(logical_id),
        template.arn(logical_id),
    )


def mapping_of(reading: Reading) -> dict[str, object] | None:
    """The mapping that feeds the function, under CreateEventSourceMapping's names."""
    mappings = list(kinesis_mappings(reading.template, reading.logical_id))
    if not mappings:
        return None
    for name, _ in mappings[1:]:
        reading.note(
            f"{name} is left out: kcli delivers from one stream, that of {mappings[0][0]}."
        )
    return mapping_document(reading, *mappings[0])


def mapping_document(reading: Reading, name: str, members: Json) -> dict[str, object]:
    """A mapping under CreateEventSourceMapping's names.

    Args:
        reading: what cannot be followed is noted there.
        name: where the mapping is written.
        members: what is written there.
    """
    mapping: dict[str, object] = {}
    for member, raw in members.items():
        aws_name = "EventSourceArn" if member == "Stream" else member
        if aws_name in MAPPING_MEMBERS:
            value = _member(reading, f"{name}.{member}", aws_name, raw)
            if value is not None:
                mapping[aws_name] = value
        elif aws_name not in _INERT_MEMBERS:
            reading.note(f"{name}.{member} is not acted on: no setting of a Kinesis mapping.")
    return mapping


def _member(reading: Reading, place: str, name: str, raw: object) -> object:
    value = reading.resolved(raw, place)
    match name, value:
        case _, None:
            return None
        case "DestinationConfig", {"OnFailure": {"Destination": destination}}:
            return {"OnFailure": {"Destination": destination}}  # SAM's Type is not AWS's
        case "FilterCriteria", {"Filters": list(filters)}:
            return {"Filters": [_pattern(reading, place, one) for one in filters]}
        case "FunctionResponseTypes", str():
            return [value]
    return _converted(value, MAPPING_MEMBERS[name])


def _pattern(reading: Reading, place: str, entry: object) -> object:
    if isinstance(entry, Mapping) and isinstance(entry.get("Pattern"), Mapping):
        reading.note(f"{place} holds a pattern that is no text: AWS wants the JSON as a string.")
        return {"Pattern": json.dumps(entry["Pattern"])}
    return entry


def _converted(value: object, kind: type) -> object:
    """A text as the number or boolean that CloudFormation makes of it (parameters are texts)."""
    if not isinstance(value, str) or kind in (str, dict, list):
        return value
    if kind is bool:
        return {"true": True, "false": False}.get(value.lower(), value)
    try:
        return kind(value)
    except ValueError:
        return value  # whoever reads the mapping says what is wrong with it
