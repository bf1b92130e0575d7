"""CloudFormation's types as this machine knows them. Imports nothing: the status asks here, too."""

from collections.abc import Iterator, Mapping
from typing import Any

from kinesis_cli.project.template.resources import NESTED
from kinesis_cli.project.template.template import Template

# In the order in which they are made: what refers to another one comes after it.
MADE = (
    "AWS::SQS::Queue",
    "AWS::SNS::Topic",
    "AWS::S3::Bucket",
    "AWS::DynamoDB::Table",
    "AWS::DynamoDB::GlobalTable",
    "AWS::Serverless::SimpleTable",
    "AWS::Logs::LogGroup",
    "AWS::SSM::Parameter",
    "AWS::SecretsManager::Secret",
    "AWS::SNS::Subscription",
    "AWS::CloudWatch::Alarm",
)
# Made by kcli itself, when it starts.
_KCLIS = (
    "AWS::Kinesis::Stream",
    "AWS::Kinesis::StreamConsumer",
    "AWS::Lambda::Alias",
    "AWS::Lambda::EventInvokeConfig",
    "AWS::Lambda::EventSourceMapping",
    "AWS::Lambda::Function",
    "AWS::Lambda::LayerVersion",
    "AWS::Lambda::Version",
    "AWS::Serverless::Function",
    "AWS::Serverless::LayerVersion",
)
# Nothing of what runs here asks for them: who may do what, and what deployment needs.
_WITHOUT_EFFECT = (
    "AWS::CDK::Metadata",
    "AWS::CloudFormation::WaitConditionHandle",
    "AWS::Kinesis::ResourcePolicy",
    "AWS::Lambda::LayerVersionPermission",
    "AWS::Lambda::Permission",
    "AWS::S3::BucketPolicy",
    "AWS::SNS::TopicPolicy",
    "AWS::SQS::QueuePolicy",
    "AWS::SecretsManager::ResourcePolicy",
)
_WITHOUT_EFFECT_PREFIX = "AWS::IAM::"


def not_made(template: Template) -> Iterator[tuple[str, str]]:
    """The logical id and type of each resource that is not on this machine."""
    known = {*MADE, *_KCLIS, *_WITHOUT_EFFECT, *NESTED}
    for prefix, part in template.walk():
        resources: Mapping[str, Any] = part.section("Resources")
        types = {str(each.get("Type")) for each in resources.values() if isinstance(each, Mapping)}
        for type_ in sorted(types - known):
            if not type_.startswith(_WITHOUT_EFFECT_PREFIX):
                for logical_id in part.resources(type_):
                    yield f"{prefix}{logical_id}", type_


def names_neighbours(template: Template) -> bool:
    """Whether it has anything, in itself or a nested one, that another service than kcli's makes.

    Log groups alone do not count: each function has one.
    """
    wanted = [each for each in MADE if each != "AWS::Logs::LogGroup"]
    return any(part.resources(*wanted) for _, part in template.walk())
