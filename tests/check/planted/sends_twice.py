"""idempotent: a message is sent with each delivery."""
# kcli check --idempotent

import base64
import json


def decode(record):
    return base64.b64decode(record["kinesis"]["data"])


def seq(record):
    return record["kinesis"]["sequenceNumber"]


import boto3

sns = boto3.client("sns", region_name="us-east-1")


def handler(event, context):
    failures = []
    for record in event["Records"]:
        try:
            payload = json.loads(decode(record))
            payload["v"] + 1
            sns.publish(
                TopicArn="arn:aws:sns:us-east-1:123456789012:t", Message=json.dumps(payload)
            )
        except Exception:
            failures.append({"itemIdentifier": seq(record)})
    return {"batchItemFailures": failures}
