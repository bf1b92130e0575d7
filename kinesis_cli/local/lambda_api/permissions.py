"""A function's resource policy: who may call it. It is kept and shown; nobody is refused here.

Source: https://docs.aws.amazon.com/lambda/latest/api/API_AddPermission.html and LocalStack's
snapshots recorded on AWS.
"""

import json
import re
from typing import Any

from kinesis_cli.local.function.hosted import LATEST
from kinesis_cli.local.lambda_api.context import Context
from kinesis_cli.local.lambda_api.errors import (
    conflict,
    function_not_found,
    invalid_parameter,
    not_found,
    not_there,
    wrong_revision,
)
from kinesis_cli.local.lambda_api.names import Name

Parameters = dict[str, Any]
Document = dict[str, Any]


def add_permission(context: Context, parameters: Parameters) -> Document:
    """One more statement."""
    name = context.name(parameters)
    if name.qualifier == LATEST:
        raise invalid_parameter("We currently do not support adding policies for $LATEST.")
    principal = _principal(parameters["Principal"])
    if not context.registry.has(name.name):
        raise function_not_found(context.registry.arn(name.name), name.qualifier)
    _check_qualifier(context, name)
    _check_revision(context, name, parameters)
    statements = _statements(context, name)
    sid = parameters["StatementId"]
    if any(each["Sid"] == sid for each in statements):
        raise conflict(
            f"The statement id ({sid}) provided already exists. Please provide a new statement id,"
            " or remove the existing statement."
        )
    statement: Document = {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": principal,
        "Action": parameters["Action"],
        "Resource": context.registry.arn(name.reference),
    }
    if condition := _condition(parameters):
        statement["Condition"] = condition
    _keep(context, name, [*statements, statement])
    return {"Statement": json.dumps(statement, separators=(",", ":"))}


def remove_permission(context: Context, parameters: Parameters) -> Document:
    """One statement less."""
    name = context.name(parameters)
    arn = context.registry.arn(name.reference)
    if not context.registry.has(name.name):
        raise not_found(f"No policy found for: {arn}")
    _check_qualifier(context, name)
    statements = _statements(context, name)
    if not statements:
        raise not_found("No policy is associated with the given resource.")
    sid = parameters["StatementId"]
    left = [each for each in statements if each["Sid"] != sid]
    if len(left) == len(statements):
        raise not_found(f"Statement {sid} is not found in resource policy.")
    _check_revision(context, name, parameters)
    _keep(context, name, left)
    return {}


def get_policy(context: Context, parameters: Parameters) -> Document:
    """All statements."""
    name = context.name(parameters)
    statements = _statements(context, name)
    if not statements:
        raise not_there()
    policy = {"Version": "2012-10-17", "Id": "default", "Statement": statements}
    return {
        "Policy": json.dumps(policy, separators=(",", ":")),
        "RevisionId": context.revision(name.name, name.qualifier),
    }


def _check_qualifier(context: Context, name: Name) -> None:
    """Raises: LambdaError: there is no such version or alias."""
    if "$" in name.qualifier:
        raise function_not_found(context.registry.arn(name.name), name.qualifier)
    if name.qualifier:
        context.published(name)


def _check_revision(context: Context, name: Name, parameters: Parameters) -> None:
    wanted = parameters.get("RevisionId")
    if wanted and wanted != context.revision(name.name, name.qualifier):
        raise wrong_revision("GetPolicy")


def _statements(context: Context, name: Name) -> list[Document]:
    found = context.get(name.name, "policy", name.qualifier or LATEST)
    return found["Statement"] if found else []


def _keep(context: Context, name: Name, statements: list[Document]) -> None:
    context.put(name.name, "policy", name.qualifier or LATEST, {"Statement": statements})
    context.change_revision(name.name, name.qualifier)


def _principal(text: str) -> object:
    """A principal as a policy has it."""
    if text == "*":
        return "*"
    if re.fullmatch(r"\d{12}", text):
        return {"AWS": f"arn:aws:iam::{text}:root"}
    if re.fullmatch(r"arn:aws[a-z-]*:(iam|sts)::\d{12}:.+", text):
        return {"AWS": text}
    if re.fullmatch(r"[a-zA-Z0-9-]+(\.[a-zA-Z0-9-]+)*\.amazon(aws)?\.com(\.cn)?", text):
        return {"Service": text}
    raise invalid_parameter(
        "The provided principal was invalid. Please check the principal and try again."
    )


def _condition(parameters: Parameters) -> Document:
    condition: Document = {}
    equals = {
        "SourceAccount": "AWS:SourceAccount",
        "EventSourceToken": "lambda:EventSourceToken",
        "FunctionUrlAuthType": "lambda:FunctionUrlAuthType",
        "PrincipalOrgID": "aws:PrincipalOrgID",
    }
    for member, key in equals.items():
        if member in parameters:
            condition.setdefault("StringEquals", {})[key] = parameters[member]
    if arn := parameters.get("SourceArn"):
        condition["ArnLike"] = {"AWS:SourceArn": arn}
    if parameters.get("InvokedViaFunctionUrl") is not None:
        value = str(parameters["InvokedViaFunctionUrl"]).lower()
        condition["Bool"] = {"lambda:InvokedViaFunctionUrl": value}
    return condition
