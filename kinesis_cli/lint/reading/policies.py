"""Whether a function's role may do something, as far as the template says.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase

from kinesis_cli.lint.facts import UNKNOWN
from kinesis_cli.lint.reading.resources import all_resources, arn_of, by_arn, known, mentions
from kinesis_cli.project.functions.choosing import merged_properties
from kinesis_cli.project.template.names import properties_of
from kinesis_cli.project.template.resources import SAM_FUNCTION
from kinesis_cli.project.template.template import Template

ROLE = "AWS::IAM::Role"
_ATTACHED = ("AWS::IAM::Policy", "AWS::IAM::RolePolicy", "AWS::IAM::ManagedPolicy")

# AWS's own policies that let nobody send anywhere.
# Source: https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html
_HARMLESS = {
    "AWSLambdaBasicExecutionRole",
    "AWSLambdaDynamoDBExecutionRole",
    "AWSLambdaKinesisExecutionRole",
    "AWSLambdaSQSQueueExecutionRole",
    "AWSLambdaVPCAccessExecutionRole",
    "AWSXRayDaemonWriteAccess",
    "AWSXrayWriteOnlyAccess",
    "AmazonKinesisFullAccess",
    "AmazonKinesisReadOnlyAccess",
    "CloudWatchLambdaInsightsExecutionRolePolicy",
}
_ALLOWING = {
    "AdministratorAccess": "*",
    "AmazonS3FullAccess": "s3:*",
    "AmazonSNSFullAccess": "sns:*",
    "AmazonSQSFullAccess": "sqs:*",
    "PowerUserAccess": "*",
}
# SAM's policy templates that let a function send.
# Source: https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/serverless-policy-template-list.html
_TEMPLATES = {
    "S3CrudPolicy": "s3:*",
    "S3FullAccessPolicy": "s3:*",
    "S3WritePolicy": "s3:PutObject",
    "SNSCrudPolicy": "sns:*",
    "SNSPublishMessagePolicy": "sns:Publish",
    "SQSSendMessagePolicy": "sqs:SendMessage",
}
_INVENTED = "\0"  # ends an ARN whose name AWS will invent
_RESOURCE_POLICIES = ("AWS::SQS::QueuePolicy", "AWS::SNS::TopicPolicy", "AWS::S3::BucketPolicy")


def may(template: Template, logical_id: str, action: str, arn: str) -> bool | None:
    """Whether a function may do `action` on `arn`; None: a policy is not known here."""
    made = by_arn(template, arn)
    name = arn if made is None or made[0].has_name(made[1]) else f"{arn}{_INVENTED}"
    verdicts = list(_verdicts(template, logical_id, action, name))
    if True in verdicts:
        return True
    return None if None in verdicts else False


def _verdicts(template: Template, logical_id: str, action: str, arn: str) -> Iterator[bool | None]:
    resource = template.resource(logical_id) or {}
    written = merged_properties(template, logical_id)
    connectors = all_resources(template, "AWS::Serverless::Connector")
    if "Connectors" in resource or next(connectors, None):
        yield None
    yield from _of_resource_policies(template, action, arn)
    role = template.resolve(written.get("Role"))
    if written.get("Role") is None and resource.get("Type") == SAM_FUNCTION:
        policies = template.choose(written.get("Policies"))
        for each in policies if isinstance(policies, list) else [policies]:
            yield _of_sam(template, template.choose(each), action, arn)
        return
    found = next(
        (
            (part, name)
            for part, name, _ in all_resources(template, ROLE)
            if isinstance(role, str) and role in (arn_of(part, name), part.physical_name(name))
        ),
        None,
    )
    if found is None:
        yield None  # the role is made elsewhere
    else:
        yield from _of_role(*found, action, arn)


def _of_role(template: Template, role: str, action: str, arn: str) -> Iterator[bool | None]:
    members = properties_of(template.resource(role) or {})
    inline = template.choose(members.get("Policies"))
    for raw in inline if isinstance(inline, list) else [inline] if inline else ():
        each = template.choose(raw)
        document = each.get("PolicyDocument") if isinstance(each, Mapping) else None
        yield _of_document(known(template, document), action, arn)
    managed = known(template, members.get("ManagedPolicyArns"))
    for each in managed if isinstance(managed, list) else [managed] if managed else ():
        yield _of_managed(template, each, action, arn)
    for part, _, resource in all_resources(template, *_ATTACHED):
        attached = properties_of(resource)
        if mentions(part, [attached.get("Roles"), attached.get("RoleName")], template, role):
            yield _of_document(known(part, attached.get("PolicyDocument")), action, arn)


def _of_sam(template: Template, policy: object, action: str, arn: str) -> bool | None:
    """A member of a SAM function's Policies."""
    match policy:
        case None:
            return False
        case str():
            return _of_managed(template, policy, action, arn)
        case {"Statement": _}:
            return _of_document(known(template, policy), action, arn)
        case Mapping() if len(policy) == 1:
            name = str(next(iter(policy)))
            if name.endswith(("Policy", "Access")):
                return fnmatchcase(action, _TEMPLATES.get(name, ""))
            return _of_managed(template, known(template, policy), action, arn)
    return None


def _of_managed(template: Template, policy: object, action: str, arn: str) -> bool | None:
    """A managed policy, by its name or ARN."""
    if policy is UNKNOWN or not isinstance(policy, str):
        return None
    name = policy.rpartition("/")[2]
    if name in _HARMLESS:
        return False
    if name in _ALLOWING:
        return fnmatchcase(action, _ALLOWING[name])
    for part, logical_id, resource in all_resources(template, "AWS::IAM::ManagedPolicy"):
        if policy in (logical_id, part.physical_name(logical_id), arn_of(part, logical_id)):
            return _of_document(
                known(part, properties_of(resource).get("PolicyDocument")), action, arn
            )
    return None


def _of_document(document: object, action: str, arn: str) -> bool | None:
    """Whether a policy allows it; None: a part of it that matters is not known."""
    statements = document.get("Statement") if isinstance(document, Mapping) else None
    verdicts = [
        _of_statement(each, action, arn)
        for each in (statements if isinstance(statements, list) else [statements])
    ]
    if True in verdicts:
        return True
    return None if None in verdicts else False


def _of_statement(statement: object, action: str, arn: str) -> bool | None:
    if not isinstance(statement, Mapping):
        return None
    if statement.get("Effect") != "Allow":
        return False
    if "NotAction" in statement or "NotResource" in statement:
        return None
    acts = [_fits(each, action, ignore_case=True) for each in _several(statement.get("Action"))]
    if True not in acts:
        return None if None in acts else False
    on = [_covers(each, arn) for each in _several(statement.get("Resource"))]
    return True if True in on else None if None in on else False


def _several(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


def _covers(pattern: object, arn: str) -> bool | None:
    """Whether a Resource covers an ARN; of a bucket the objects in it."""
    if arn.endswith(_INVENTED):
        fits = _covers(pattern, arn.removesuffix(_INVENTED))
        # AWS makes the name of the stack's, and a pattern may mean that
        return None if fits is False and "*" in str(pattern) else fits
    return _fits(pattern, f"{arn}/x" if ":s3:" in arn else arn)


def _fits(pattern: object, text: str, *, ignore_case: bool = False) -> bool | None:
    if pattern is UNKNOWN or not isinstance(pattern, str):
        return None
    if ignore_case:
        pattern, text = pattern.lower(), text.lower()
    wanted = "".join(
        ".*" if letter == "*" else "." if letter == "?" else re.escape(letter) for letter in pattern
    )
    return re.fullmatch(wanted, text, re.DOTALL) is not None


def _of_resource_policies(template: Template, action: str, arn: str) -> Iterator[bool | None]:
    """What the destination's own policy allows: within an account that is enough."""
    for part, _, resource in all_resources(template, *_RESOURCE_POLICIES):
        document = known(part, properties_of(resource).get("PolicyDocument"))
        if _of_document(document, action, arn) is not False:
            yield None  # to whom is a matter of principals and conditions
