"""idempotent: each write has a new key."""
# kcli check --idempotent

import uuid

import boto3

table = boto3.resource("dynamodb").Table("t")


def process(body, record):
    table.put_item(Item={"id": str(uuid.uuid4()), "v": str(body["v"] + 1)})


import base64
import json


def decode(record):
    return base64.b64decode(record["kinesis"]["data"])


def seq(record):
    return record["kinesis"]["sequenceNumber"]


def handler(event, context):
    failures = []
    for record in event["Records"]:
        try:
            process(json.loads(decode(record)), record)
        except Exception:
            failures.append({"itemIdentifier": seq(record)})
    return {"batchItemFailures": failures}
