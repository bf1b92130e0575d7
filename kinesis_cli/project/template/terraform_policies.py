"""Roles and policies of a Terraform plan, as CloudFormation has them.

Source: https://registry.terraform.io/providers/hashicorp/aws/latest/docs/data-sources/iam_policy_document
"""

import json
from collections.abc import Iterator, Mapping

from kinesis_cli.project.template.terraform_plan import PlannedResource, as_map
from kinesis_cli.project.template.values import Json

_DOCUMENT = "aws_iam_policy_document"
_OF_OTHERS = {"source_policy_documents", "override_policy_documents"}
_MEMBERS = {
    "actions": "Action",
    "not_actions": "NotAction",
    "not_resources": "NotResource",
    "resources": "Resource",
}


def role(resource: PlannedResource) -> Json:
    """Properties of an `AWS::IAM::Role`."""
    inline = [
        {"PolicyDocument": _parsed(resource, each.value("policy"))}
        for each in resource.blocks("inline_policy")
        if each.values or each.written
    ]
    return {
        "RoleName": resource.known("name"),
        "ManagedPolicyArns": resource.known("managed_policy_arns"),
        "Policies": inline
        or (resource.unknown("inline_policy") if resource.is_unknown("inline_policy") else None),
    }


def role_policy(resource: PlannedResource) -> Json:
    """Properties of an `AWS::IAM::RolePolicy`."""
    return {"RoleName": resource.value("role"), "PolicyDocument": document(resource)}


def policy(resource: PlannedResource) -> Json:
    """Properties of an `AWS::IAM::ManagedPolicy`."""
    return {"ManagedPolicyName": resource.known("name"), "PolicyDocument": document(resource)}


def resource_policy(resource: PlannedResource) -> Json:
    """Properties of the policy of a queue, a topic or a bucket."""
    return {"PolicyDocument": document(resource)}


def document(resource: PlannedResource, attribute: str = "policy") -> object:
    """The policy of a resource: known, or as its data source is written, or not known."""
    known = resource.known(attribute)
    if known is not None:
        return _parsed(resource, known)
    written = resource.data(resource.expressions.get(attribute), _DOCUMENT)
    if written is None:
        return resource.unknown(attribute)
    statements = written.get("statement")
    if not isinstance(statements, list) or _OF_OTHERS & written.keys():
        return resource.unknown(attribute)
    return {"Statement": [_statement(resource, as_map(each)) for each in statements]}


def _statement(resource: PlannedResource, written: Json) -> Json:
    effect = as_map(written.get("effect", {"constant_value": "Allow"})).get("constant_value")
    members = {
        name: list(_values(resource, written[attribute]))
        for attribute, name in _MEMBERS.items()
        if attribute in written
    }
    return {"Effect": effect or resource.unknown("effect"), **members}


def _values(resource: PlannedResource, expression: object) -> Iterator[object]:
    """The texts of an expression; of one that is put together, what it may begin with."""
    constant = as_map(expression).get("constant_value")
    if constant is not None:
        yield from constant if isinstance(constant, list) else [constant]
        return
    found = list(resource.all_referred(expression))
    for each in found:
        yield each
        if "aws_s3_bucket" in str(each):
            yield {"Fn::Join": ["", [each, "/*"]]}  # the objects of it
    if not found or _refers_elsewhere(expression):
        yield resource.unknown("policy")


def _refers_elsewhere(expression: object) -> bool:
    references = as_map(expression).get("references")
    elsewhere = ("var.", "local.", "data.", "module.", "each.", "count.")
    return isinstance(references, list) and any(
        str(each).startswith(elsewhere) for each in references
    )


def _parsed(resource: PlannedResource, text: object) -> object:
    if not isinstance(text, str):
        return resource.unknown("policy") if text is None else text
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return resource.unknown("policy")
    return found if isinstance(found, Mapping) else resource.unknown("policy")
