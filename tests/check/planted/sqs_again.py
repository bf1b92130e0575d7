"""idempotent: a message is sent again."""
# kcli check --idempotent

import base64
import json


def decode(record):
    return base64.b64decode(record["kinesis"]["data"])


def seq(record):
    return record["kinesis"]["sequenceNumber"]


import boto3

sqs = boto3.client("sqs")


def handler(event, context):
    f = []
    for r in event["Records"]:
        try:
            sqs.send_message(
                QueueUrl="https://sqs.us-east-1.amazonaws.com/1/q",
                MessageBody=str(json.loads(decode(r))["v"] + 1),
            )
        except Exception:
            f.append({"itemIdentifier": seq(r)})
    return {"batchItemFailures": f}
