"""Buckets, parameters, secrets, log groups and alarms."""

import json
from typing import Any

from kinesis_cli.local.neighbours.resources.calls import Clients

Properties = dict[str, Any]


def make_bucket(clients: Clients, name: str, properties: Properties) -> None:
    """`AWS::S3::Bucket`."""
    s3 = clients("s3")
    region = s3.meta.region_name
    elsewhere = {"LocationConstraint": region} if region != "us-east-1" else None
    s3.create_bucket(Bucket=name, **({"CreateBucketConfiguration": elsewhere} if elsewhere else {}))
    if versioning := properties.get("VersioningConfiguration"):
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration=versioning)


def make_parameter(clients: Clients, name: str, properties: Properties) -> None:
    """`AWS::SSM::Parameter`."""
    tags = properties.get("Tags", {})
    parameter = {**properties, "Name": name, "Overwrite": False}
    parameter["Tags"] = [{"Key": tag, "Value": value} for tag, value in tags.items()]
    clients.call("ssm", "PutParameter", parameter)


def make_secret(clients: Clients, name: str, properties: Properties) -> None:
    """`AWS::SecretsManager::Secret`, generated where the template says so.

    Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-secretsmanager-secret.html
    """
    secret = {**properties, "Name": name}
    if (how := properties.get("GenerateSecretString")) is not None:
        secret["SecretString"] = _generated(clients, how)
    clients.call("secretsmanager", "CreateSecret", secret)


def _generated(clients: Clients, how: Properties) -> str:
    word: str = clients.call("secretsmanager", "GetRandomPassword", how)["RandomPassword"]
    if "GenerateStringKey" not in how:
        return word
    template = json.loads(how.get("SecretStringTemplate", "{}"))
    return json.dumps({**template, how["GenerateStringKey"]: word})


def make_log_group(clients: Clients, name: str, properties: Properties) -> None:
    """`AWS::Logs::LogGroup`."""
    clients.call("logs", "CreateLogGroup", {"logGroupName": name})
    if days := properties.get("RetentionInDays"):
        retention = {"logGroupName": name, "retentionInDays": days}
        clients.call("logs", "PutRetentionPolicy", retention)


def make_alarm(clients: Clients, name: str, properties: Properties) -> None:
    """`AWS::CloudWatch::Alarm`."""
    clients.call("cloudwatch", "PutMetricAlarm", {**properties, "AlarmName": name})
