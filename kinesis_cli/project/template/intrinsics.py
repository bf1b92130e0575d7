"""CloudFormation's intrinsic functions.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference.html
"""

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeAlias

from kinesis_cli.project.template.given import import_value, output_of, parameter_value
from kinesis_cli.project.template.names import arn_of, generated, queue_url, stream_arn_of
from kinesis_cli.project.template.resources import (
    ALIAS,
    ARN_ATTRIBUTES,
    CONSUMER,
    FIRST_VERSION,
    KINDS,
    NAME_ATTRIBUTES,
    VERSION,
)
from kinesis_cli.project.template.values import (
    Unresolved,
    as_text,
    first_unresolved,
    pseudo_parameters,
)

if TYPE_CHECKING:
    from kinesis_cli.project.template.view import TemplateView


def _ref(template: "TemplateView", argument: object) -> object:
    name = str(argument)
    if name in (pseudo := pseudo_parameters()):
        return pseudo[name]
    parameter = template.section("Parameters").get(name)
    if isinstance(parameter, Mapping):
        return parameter_value(template, name, parameter)
    resource = template.resource(name)
    if resource is None:
        return generated(template, name) or Unresolved(
            f"{name} is neither a parameter nor a resource of the template"
        )
    type_ = str(resource.get("Type"))
    ref = KINDS[type_].ref if type_ in KINDS else "name"
    if ref == "arn" or type_ in (CONSUMER, ALIAS, VERSION):
        return arn_of(template, name)
    return queue_url(template, name) if ref == "url" else template.physical_name(name)


def _get_att(template: "TemplateView", argument: object) -> object:
    parts = argument.split(".", 1) if isinstance(argument, str) else argument
    if not isinstance(parts, list) or len(parts) < 2:
        return Unresolved("Fn::GetAtt needs a resource and an attribute")
    logical_id = str(parts[0])
    attribute = ".".join(str(template.resolve(part)) for part in parts[1:])
    resource = template.resource(logical_id) or {}
    type_ = str(resource.get("Type"))
    if attribute.startswith("Outputs.") and (child := template.nested(logical_id)):
        return output_of(child, attribute.removeprefix("Outputs."))
    if type_ == VERSION and attribute == "Version":
        return FIRST_VERSION
    if attribute in ARN_ATTRIBUTES:
        return arn_of(template, logical_id)
    if attribute == "StreamArn":
        return stream_arn_of(template, logical_id)
    if attribute == "QueueUrl":
        return queue_url(template, logical_id)
    if attribute in NAME_ATTRIBUTES:
        return template.physical_name(logical_id)
    return Unresolved(f"{logical_id}.{attribute} is known only after deployment")


def _sub(template: "TemplateView", argument: object) -> object:
    text, local = argument if isinstance(argument, list) and len(argument) == 2 else (argument, {})
    if not isinstance(text, str) or not isinstance(local, Mapping):
        return Unresolved("Fn::Sub needs a text")
    problems: list[Unresolved] = []

    def replace(match: re.Match[str]) -> str:
        name = match[1].strip()
        if name.startswith("!"):  # ${!Literal} stands for ${Literal}
            return "${" + name[1:] + "}"
        if name in local:
            value = template.resolve(local[name])
        else:
            value = _attribute_or_name(template, name)
        if isinstance(value, Unresolved):
            problems.append(value)
        text = as_text(value)
        template.budget.spend(text)
        return text

    result = re.sub(r"\$\{([^}]+)\}", replace, text)
    return problems[0] if problems else result


def _attribute_or_name(template: "TemplateView", name: str) -> object:
    """What `${Name}` or `${Name.Attribute}` stands for in a text."""
    if "." not in name:
        return _ref(template, name)
    return generated(template, name) or _get_att(template, name)


def _join(template: "TemplateView", argument: object) -> object:
    values = template.resolve(argument)
    if unresolved := first_unresolved(values):
        return unresolved
    match values:
        case [str(delimiter), list(members)]:
            texts = [as_text(member) for member in members]
            for each in texts:
                template.budget.spend(each)
            template.budget.spend_text(len(delimiter) * len(texts))
            return delimiter.join(texts)
    return Unresolved("Fn::Join needs a delimiter and a list")


def _split(template: "TemplateView", argument: object) -> object:
    values = template.resolve(argument)
    if unresolved := first_unresolved(values):
        return unresolved
    match values:
        case [str(delimiter), str(text)] if delimiter:
            return text.split(delimiter)
    return Unresolved("Fn::Split needs a delimiter and a text")


def _select(template: "TemplateView", argument: object) -> object:
    match template.resolve(argument):
        case [index, list(members)] if str(index).isdecimal() and int(str(index)) < len(members):
            return members[int(str(index))]
        case values:
            return first_unresolved(values) or Unresolved("Fn::Select is out of range")


def _find_in_map(template: "TemplateView", argument: object) -> object:
    keys = template.resolve(argument)
    if unresolved := first_unresolved(keys):
        return unresolved
    found: object = template.section("Mappings")
    for key in keys[:3] if isinstance(keys, list) else []:
        found = found.get(str(key)) if isinstance(found, Mapping) else None
    if found is None or not isinstance(keys, list):
        return Unresolved(f"Fn::FindInMap finds nothing under {keys}")
    return found


def _if(template: "TemplateView", argument: object) -> object:
    return template.resolve(branch(template, argument))


def branch(template: "TemplateView", argument: object) -> object:
    """The value that Fn::If chooses, as it is written."""
    if not isinstance(argument, list) or len(argument) != 3:
        return Unresolved("Fn::If needs a condition and two values")
    decided = condition_holds(template, argument[0], default=None)
    if decided is None:
        return Unresolved(f"the condition {argument[0]} could not be decided")
    return argument[1 if decided else 2]


def condition_holds(template: "TemplateView", name: object, *, default: bool | None) -> bool | None:
    """Whether the condition of this name holds; `default` where that cannot be decided."""
    conditions = template.section("Conditions")
    if name is None or str(name) not in conditions:
        return default
    decided = template.budget.once(
        "the condition", template, str(name), lambda: _holds(template, conditions[str(name)])
    )
    return default if decided is None else decided


def _holds(template: "TemplateView", condition: object) -> bool | None:
    template.budget.spend()
    match condition:
        case {"Condition": name}:
            return condition_holds(template, name, default=None)
        case {"Fn::Not": [inner]}:
            holds = _holds(template, inner)
            return None if holds is None else not holds
        case {"Fn::And": list(inner)}:
            decided = [_holds(template, one) for one in inner]
            return None if None in decided else all(decided)
        case {"Fn::Or": list(inner)}:
            decided = [_holds(template, one) for one in inner]
            return None if None in decided else any(decided)
        case {"Fn::Equals": [left, right]}:
            values = [template.resolve(left), template.resolve(right)]
            return None if first_unresolved(values) else as_text(values[0]) == as_text(values[1])
    return None


Intrinsic: TypeAlias = Callable[["TemplateView", object], object]

INTRINSICS: dict[str, Intrinsic] = {
    "Ref": _ref,
    "Fn::GetAtt": _get_att,
    "Fn::Sub": _sub,
    "Fn::Join": _join,
    "Fn::Split": _split,
    "Fn::Select": _select,
    "Fn::FindInMap": _find_in_map,
    "Fn::If": _if,
    "Fn::ImportValue": import_value,
}


def unknown(name: str) -> Intrinsic:
    """What stands for a function that is not known here."""
    return lambda _template, _argument: Unresolved(f"{name} is resolved by AWS only")
