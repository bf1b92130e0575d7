"""Nothing is wrong: dynamodb."""

import base64
import json


def decode(record):
    return base64.b64decode(record["kinesis"]["data"])


def seq(record):
    return record["kinesis"]["sequenceNumber"]


from decimal import Decimal

import boto3

table = boto3.resource("dynamodb").Table("readings")


def handler(event, context):
    failures = []
    for record in event["Records"]:
        try:
            body = json.loads(decode(record), parse_float=Decimal)
            table.put_item(Item={"id": seq(record), "v": body["v"] + 1})
        except Exception as e:
            print("ERROR", type(e).__name__)
            failures.append({"itemIdentifier": seq(record)})
    return {"batchItemFailures": failures}
