"""Which functions a template has, and which of them is meant."""

from collections.abc import Mapping

from kinesis_cli.errors import InputError
from kinesis_cli.project.template import Json, Template
from kinesis_cli.project.template_mappings import kinesis_mappings

SAM_FUNCTION = "AWS::Serverless::Function"
FUNCTION = "AWS::Lambda::Function"


def choose_function(template: Template, function: str | None) -> str:
    """The logical id of the function that is meant."""
    functions = template.resources(SAM_FUNCTION, FUNCTION)
    fed = [name for name in functions if any(True for _ in kinesis_mappings(template, name))]
    candidates = fed or list(functions)
    if function is not None:
        if function in functions:
            return function
        raise InputError(
            f"has no function {function}, it has {_names(list(functions))}",
            place=str(template.path),
            advice="Give --function one of these." if functions else "",
        )
    if len(candidates) == 1:
        return candidates[0]
    if not candidates:
        raise InputError(
            "has no Lambda function",
            place=str(template.path),
            advice="Name the code with --handler, or another template with --template.",
        )
    kind = "functions fed by Kinesis" if fed else "functions, none of them fed by Kinesis"
    raise InputError(
        f"has {len(candidates)} {kind}: {_names(candidates)}",
        place=str(template.path),
        advice="Choose one with --function.",
    )


def _names(names: list[str]) -> str:
    return ", ".join(names) or "none"


def merged_properties(template: Template, logical_id: str) -> dict[str, object]:
    """A function's properties, with those of Globals."""
    resource = template.resource(logical_id) or {}
    properties = resource.get("Properties")
    properties = dict(properties) if isinstance(properties, Mapping) else {}
    if resource.get("Type") == SAM_FUNCTION:
        shared = template.section("Globals").get("Function")
        if isinstance(shared, Mapping):
            return merged(shared, properties)
    return properties


def merged(shared: Json, own: Json) -> dict[str, object]:
    """SAM's merge of Globals into a resource.

    Maps are merged member by member, lists are joined (the shared ones first); of anything else,
    and of intrinsics, the resource's own value wins.

    Source: https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification-template-anatomy-globals.html
    """
    result = dict(shared)
    for name, value in own.items():
        base = result.get(name)
        if _is_plain_map(base) and _is_plain_map(value):
            assert isinstance(base, Mapping)
            assert isinstance(value, Mapping)
            result[name] = merged(base, value)
        elif isinstance(base, list) and isinstance(value, list):
            result[name] = base + value
        else:
            result[name] = value
    return result


def _is_plain_map(value: object) -> bool:
    if not isinstance(value, Mapping):
        return False
    name = next(iter(value)) if len(value) == 1 else ""
    return not (name == "Ref" or str(name).startswith("Fn::"))
