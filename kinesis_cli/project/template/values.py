"""What values of a template are, and what stands in for those that only AWS knows."""

import os
from collections.abc import Mapping
from typing import TypeAlias

import msgspec

ACCOUNT_ID = "123456789012"

Json: TypeAlias = Mapping[str, object]


class Unresolved(msgspec.Struct, frozen=True):
    """A value that is known only to AWS, and why."""

    reason: str  # "Fn::ImportValue is known only after deployment"


class _NoValue:
    """AWS::NoValue: the property is as if it had not been written."""


NO_VALUE = _NoValue()


def region() -> str:
    """The region that stands in for AWS::Region: the environment's, else us-east-1."""
    return os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"


def pseudo_parameters() -> dict[str, object]:
    """What stands in for AWS's pseudo parameters.

    Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/pseudo-parameter-reference.html
    """
    return {
        "AWS::AccountId": ACCOUNT_ID,
        "AWS::NoValue": NO_VALUE,
        "AWS::NotificationARNs": [],
        "AWS::Partition": "aws",
        "AWS::Region": region(),
        "AWS::StackId": f"arn:aws:cloudformation:{region()}:{ACCOUNT_ID}:stack/kcli/kcli",
        "AWS::StackName": "kcli",
        "AWS::URLSuffix": "amazonaws.com",
    }


def first_unresolved(value: object) -> Unresolved | None:
    """The first `Unresolved` in a resolved value, if there is one."""
    if isinstance(value, Unresolved):
        return value
    members: list[object] = []
    if isinstance(value, Mapping):
        members = list(value.values())
    elif isinstance(value, list):
        members = value
    return next((found for member in members if (found := first_unresolved(member))), None)


def as_text(value: object) -> str:
    """A value as CloudFormation writes it into a text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
