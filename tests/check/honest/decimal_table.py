"""Writes exact numbers to DynamoDB, under a condition."""

import base64
import json
from decimal import Decimal

import boto3
from botocore.exceptions import ClientError

table = boto3.resource("dynamodb", region_name="us-east-1").Table("orders")


def store(record):
    payload = json.loads(base64.b64decode(record["kinesis"]["data"]), parse_float=Decimal)
    item = {"pk": record["kinesis"]["sequenceNumber"], "v": payload["v"] + 0}
    try:
        table.put_item(Item=item, ConditionExpression="attribute_not_exists(pk)")
    except ClientError as error:
        if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
            raise


def handler(event, context):
    failures = []
    for record in event["Records"]:
        try:
            store(record)
        except Exception:
            failures.append({"itemIdentifier": record["kinesis"]["sequenceNumber"]})
    return {"batchItemFailures": failures}
