"""Nothing is wrong: skip and report downstream."""

import base64
import json


def decode(record):
    return base64.b64decode(record["kinesis"]["data"])


def seq(record):
    return record["kinesis"]["sequenceNumber"]


import logging

import boto3
from botocore.exceptions import ClientError

sqs = boto3.client("sqs")
log = logging.getLogger()


def handler(event, context):
    failures = []
    for record in event["Records"]:
        try:
            body = json.loads(decode(record))
            v = float(body["v"])
        except Exception:
            log.warning("skipping a record that cannot be read")
            continue
        try:
            sqs.send_message(QueueUrl="https://sqs/q", MessageBody=str(v))
        except ClientError:
            failures.append({"itemIdentifier": seq(record)})
    return {"batchItemFailures": failures}
