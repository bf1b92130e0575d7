"""What the resources of a template are called before they exist: names, ARNs, and what Ref gives.

A resource without a name of its own is called by its logical id; AWS would invent one.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-template-resource-type-ref.html
"""

from collections.abc import Mapping
from typing import Literal

import msgspec

FUNCTION = "AWS::Lambda::Function"
SAM_FUNCTION = "AWS::Serverless::Function"
FUNCTIONS = (SAM_FUNCTION, FUNCTION)
ALIAS = "AWS::Lambda::Alias"
VERSION = "AWS::Lambda::Version"
MAPPING = "AWS::Lambda::EventSourceMapping"
STREAM = "AWS::Kinesis::Stream"
CONSUMER = "AWS::Kinesis::StreamConsumer"
TABLES = ("AWS::DynamoDB::Table", "AWS::DynamoDB::GlobalTable")
NESTED = {"AWS::Serverless::Application": "Location", "AWS::CloudFormation::Stack": "TemplateURL"}

FIRST_VERSION = "1"  # the number of the first version that is published
STREAM_LABEL = "2026-01-01T00:00:00.000"  # stands in for the moment at which a stream is turned on


class Kind(msgspec.Struct, frozen=True):
    """How resources of a type are named."""

    member: str  # the property that names one
    arn: str  # after "arn:aws:"; {0} region, {1} account, {2} name
    ref: Literal["name", "arn", "url"] = "name"


KINDS: Mapping[str, Kind] = {
    "AWS::DynamoDB::GlobalTable": Kind("TableName", "dynamodb:{0}:{1}:table/{2}"),
    "AWS::DynamoDB::Table": Kind("TableName", "dynamodb:{0}:{1}:table/{2}"),
    "AWS::Events::EventBus": Kind("Name", "events:{0}:{1}:event-bus/{2}"),
    "AWS::IAM::Role": Kind("RoleName", "iam::{1}:role/{2}"),
    STREAM: Kind("Name", "kinesis:{0}:{1}:stream/{2}"),
    "AWS::KinesisFirehose::DeliveryStream": Kind(
        "DeliveryStreamName", "firehose:{0}:{1}:deliverystream/{2}"
    ),
    FUNCTION: Kind("FunctionName", "lambda:{0}:{1}:function:{2}"),
    "AWS::Logs::LogGroup": Kind("LogGroupName", "logs:{0}:{1}:log-group:{2}:*"),
    "AWS::S3::Bucket": Kind("BucketName", "s3:::{2}"),
    "AWS::SNS::Topic": Kind("TopicName", "sns:{0}:{1}:{2}", ref="arn"),
    "AWS::SQS::Queue": Kind("QueueName", "sqs:{0}:{1}:{2}", ref="url"),
    "AWS::SSM::Parameter": Kind("Name", "ssm:{0}:{1}:parameter/{2}"),
    SAM_FUNCTION: Kind("FunctionName", "lambda:{0}:{1}:function:{2}"),
    "AWS::SecretsManager::Secret": Kind("Name", "secretsmanager:{0}:{1}:secret:{2}", ref="arn"),
    "AWS::Serverless::SimpleTable": Kind("TableName", "dynamodb:{0}:{1}:table/{2}"),
    "AWS::Serverless::StateMachine": Kind("Name", "states:{0}:{1}:stateMachine:{2}", ref="arn"),
    "AWS::StepFunctions::StateMachine": Kind(
        "StateMachineName", "states:{0}:{1}:stateMachine:{2}", ref="arn"
    ),
}

# Attributes that are a resource's name.
NAME_ATTRIBUTES = ("QueueName", "TopicName", "TableName", "ConsumerName", "Name")
# Attributes that are its ARN.
ARN_ATTRIBUTES = ("Arn", "ConsumerARN", "TopicArn", "AliasArn", "FunctionArn")
