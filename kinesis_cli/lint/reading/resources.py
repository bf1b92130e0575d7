"""Resources around a mapping: by their ARN, and by who refers to them."""

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path as FilePath

from kinesis_cli.lint.facts import UNKNOWN
from kinesis_cli.project.functions.choosing import not_followed
from kinesis_cli.project.template.file import siblings
from kinesis_cli.project.template.names import properties_of
from kinesis_cli.project.template.template import Template
from kinesis_cli.project.template.values import NO_VALUE, Json, Unresolved

_KNOWN_TRANSFORMS = ("AWS::Serverless", "AWS::LanguageExtensions", "AWS::SecretsManager")


def known(template: Template, raw: object) -> object:
    """A value with its intrinsics resolved; what only AWS knows is UNKNOWN, wherever it stands."""
    return _known(template.resolve(raw))


def _known(value: object) -> object:
    match value:
        case Unresolved():
            return UNKNOWN
        case Mapping():
            return {str(name): _known(member) for name, member in value.items()}
        case list():
            return [_known(each) for each in value]
    return None if value is NO_VALUE else value


def root_of(template: Template) -> Template:
    """The template that a nested one belongs to, in the end."""
    while template.parent is not None:
        template = template.parent.template
    return template


@cache
def _sibling(path: FilePath) -> Template:
    return Template.read(path)


def neighbourhood(template: Template) -> Iterator[Template]:
    """This template, those nested in it and around it, the other stacks of a CDK application."""
    root = root_of(template)
    for _, part in root.walk():
        yield part
    for path in siblings(root.path):
        yield _sibling(path)


def is_terraform(template: Template) -> bool:
    """Whether it was a plan or a state of Terraform."""
    return any("." in str(name) for name in template.section("Resources"))


def is_whole(template: Template) -> bool:
    """Whether all that will be deployed can be seen: no macro, module or nested stack elsewhere."""
    if template.document.get("Partial"):  # of a plan with -target
        return False
    for part in neighbourhood(template):
        transforms = part.document.get("Transform") or []
        for each in transforms if isinstance(transforms, list) else [transforms]:
            if not str(each).startswith(_KNOWN_TRANSFORMS):
                return False
        if any("condition" not in sentence for sentence in not_followed(part)):
            return False
    return True


def all_resources(template: Template, *types: str) -> Iterator[tuple[Template, str, Json]]:
    """The resources of these types around a template, those of conditions that are false too."""
    for part in neighbourhood(template):
        for name, resource in part.section("Resources").items():
            if isinstance(resource, Mapping) and (not types or resource.get("Type") in types):
                yield part, str(name), resource


def arn_of(template: Template, logical_id: str) -> object:
    """A resource's ARN: AWS's own, where Terraform has made it already, else a plausible one."""
    return (template.resource(logical_id) or {}).get("Arn") or template.arn(logical_id)


def by_arn(template: Template, arn: object, *types: str) -> tuple[Template, str] | None:
    """The resource that has an ARN; None: it is not made here."""
    if not isinstance(arn, str):
        return None
    for part, name, resource in all_resources(template, *types):
        if str(resource.get("Type")).startswith("AWS::") and arn_of(part, name) == arn:
            return part, name
    return None


def mentions(template: Template, value: object, owner: Template, logical_id: str) -> bool:
    """Whether a value refers to a resource: by Ref, GetAtt, Sub, or by its name or ARN.

    Args:
        template: that the value is of.
        value: as it is written.
        owner: the template of the resource.
        logical_id: of the resource.
    """
    text = json.dumps(value, default=str)
    if template is owner and re.search(rf"\b{re.escape(logical_id)}\b", text):
        return True
    resolved = json.dumps(known(template, value), default=str)
    arn = arn_of(owner, logical_id)
    if isinstance(arn, str) and arn in resolved:
        return True
    return owner.has_name(logical_id) and owner.physical_name(logical_id) in resolved


def properties(template: Template, logical_id: str) -> dict[str, object]:
    """A resource's properties, resolved."""
    resolved = known(template, properties_of(template.resource(logical_id) or {}))
    return resolved if isinstance(resolved, dict) else {}
