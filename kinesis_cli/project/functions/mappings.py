"""The event source mappings of a template that lead from Kinesis to a function.

Source: https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html
"""

import json
from collections.abc import Mapping

from kinesis_cli.event_source_mapping.settings_document import NOT_ACTED_ON
from kinesis_cli.project.functions.context import Reading
from kinesis_cli.project.functions.feeders import WrittenMapping

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
_INERT_MEMBERS = NOT_ACTED_ON - {"Enabled"} | {"FunctionName"}


def mapping_document(reading: Reading, written: WrittenMapping) -> dict[str, object]:
    """A mapping under CreateEventSourceMapping's names; what cannot be followed is noted."""
    mapping: dict[str, object] = {}
    name = written.name
    for member, raw in written.members.items():
        aws_name = "EventSourceArn" if member == "Stream" else member
        if aws_name in MAPPING_MEMBERS:
            value = _member(reading, f"{name}.{member}", aws_name, raw)
            if value == "" and aws_name == "EventSourceArn":
                reading.note(f"{name}.{member} is empty, so its stream is not known.")
            elif value is not None:
                mapping[aws_name] = value
        elif aws_name in written.kind.rules.own_members:
            value = reading.resolved(raw, f"{name}.{member}")
            if value is not None:
                mapping[aws_name] = value
        elif aws_name not in _INERT_MEMBERS:
            kind = written.kind.title
            reading.note(f"{name}.{member} is not acted on: no setting of a {kind} mapping.")
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
    return converted(value, MAPPING_MEMBERS[name])


def _pattern(reading: Reading, place: str, entry: object) -> object:
    if isinstance(entry, Mapping) and isinstance(entry.get("Pattern"), Mapping):
        reading.note(f"{place} holds a pattern that is not text: AWS wants the JSON as a string.")
        return {"Pattern": json.dumps(entry["Pattern"])}
    return entry


def converted(value: object, kind: type) -> object:
    """A text as the number or boolean that CloudFormation makes of it (parameters are texts)."""
    if not isinstance(value, str) or kind in (str, dict, list):
        return value
    if kind is bool:
        return {"true": True, "false": False}.get(value.lower(), value)
    try:
        return kind(value)
    except ValueError:
        return value  # whoever reads the mapping says what is wrong with it
