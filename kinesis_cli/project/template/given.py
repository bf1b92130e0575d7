"""Values that come from outside a template: of parameters, stores, and other stacks.

Whoever deploys gives them, or AWS reads them; here the user gives what is missing, by its name.
"""

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from kinesis_cli.errors import InputError
from kinesis_cli.project.template.file import siblings
from kinesis_cli.project.template.values import Json, Unresolved

if TYPE_CHECKING:
    from kinesis_cli.project.template.view import TemplateView


def parameter_value(template: "TemplateView", name: str, declared: Json) -> object:
    """A parameter's value: the one that the user or the parent gives, else its default."""
    value: object = template.parameters.get(name)
    if value is None and template.parent is not None:
        value = template.parent.given(name)
    given = value is not None
    if value is None and (value := declared.get("Default")) is None:
        return Unresolved(f"the parameter {name} has no default{_how_to_give(name)}")
    kind = str(declared.get("Type"))
    if kind.startswith("AWS::SSM::Parameter::Value") and isinstance(value, str):
        value = _stored(template, value, is_value=given and not value.startswith("/"))
    if isinstance(value, str) and ("List<" in kind or kind == "CommaDelimitedList"):
        return [part.strip() for part in value.split(",")]
    return value


def _stored(template: "TemplateView", name: str, *, is_value: bool = False) -> object:
    """A value of the Parameter Store: the one that the user gives for its name."""
    if name in given_by_user(template):
        return given_by_user(template)[name]
    if is_value:
        return name
    return Unresolved(f"{name} is read from the Parameter Store by AWS{_how_to_give(name)}")


def refuse_unknown(template: "TemplateView", names: Iterable[str]) -> None:
    """Refuse values for what a template does not have, as a misspelt parameter.

    Only a parameter's name is letters and digits; imports and stored parameters are found when
    they are resolved.

    Raises:
        InputError: names the parameters that there are.
    """
    parameters = [
        name for _, part in template.walk() for name in part.section("Parameters") if name
    ]
    for name in names:
        if name.isalnum() and name not in parameters and not _is_written(template.document, name):
            near = difflib.get_close_matches(name, parameters, n=1)
            raise InputError(
                f"there is no parameter {name}, only {', '.join(parameters) or 'none'}",
                place=f"--parameter-overrides, {template.path}",
                advice=f"Did you mean {near[0]}?" if near else "",
            )


def _is_written(document: object, name: str) -> bool:
    """Whether a text stands anywhere in a document, as the name of an import does."""
    seen: set[int] = set()
    waiting = [document]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            if name in value:
                return True
        elif id(value) not in seen:
            seen.add(id(value))
            if isinstance(value, Mapping):
                waiting += value.values()
            elif isinstance(value, list):
                waiting += value
    return False


def given_by_user(template: "TemplateView") -> Mapping[str, str]:
    """What the user gives, also where this template is nested."""
    return given_by_user(template.parent.template) if template.parent else template.parameters


def dynamic_reference(template: "TemplateView", text: str) -> object:
    """A text with `{{resolve:service:name}}` replaced by what the user gives for the name.

    Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html
    """
    missing: list[str] = []

    def replace(match: re.Match[str]) -> str:
        service, name = match[1], match[2]
        if service != "secretsmanager":
            name = re.sub(r":\d+$", "", name)  # a version
        if name not in given_by_user(template):
            missing.append(name)
        return given_by_user(template).get(name, "")

    result = re.sub(r"\{\{resolve:([a-z-]+):([^}]*)\}\}", replace, text)
    if missing:
        return Unresolved(f"{missing[0]} is read by AWS only{_how_to_give(missing[0])}")
    return result


def import_value(template: "TemplateView", argument: object) -> object:
    """What another stack exports: the value that the user gives, else that of CDK's other stack."""
    name = template.resolve(argument)
    if isinstance(name, Unresolved):
        return name
    if str(name) in given_by_user(template):
        return given_by_user(template)[str(name)]
    for sibling in siblings(template.path):
        if (value := _exported(template.beside(sibling), str(name))) is not None:
            return value
    return Unresolved(f"{name} is exported by another stack{_how_to_give(str(name))}")


def _exported(template: "TemplateView", name: str) -> object:
    """The value of the output that is exported under a name; None: there is none."""
    for output in template.section("Outputs").values():
        if not isinstance(output, Mapping):
            continue
        export = output.get("Export")
        if isinstance(export, Mapping) and template.resolve(export.get("Name")) == name:
            return template.resolve(output.get("Value"))
    return None


def output_of(template: "TemplateView", name: str) -> object:
    """The value of an output."""
    output = template.section("Outputs").get(name)
    value = template.resolve(output.get("Value")) if isinstance(output, Mapping) else None
    return Unresolved(f"{template.path.name} has no output {name}") if value is None else value


def _how_to_give(name: str) -> str:
    return f" (give it with --parameter-overrides {name}=VALUE)"
