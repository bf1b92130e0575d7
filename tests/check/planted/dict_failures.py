"""answer-shape: the failures are one object, not a list."""

import base64
import json


def decode(record):
    return base64.b64decode(record["kinesis"]["data"])


def seq(record):
    return record["kinesis"]["sequenceNumber"]


def handler(event, context):
    for record in event["Records"]:
        try:
            json.loads(decode(record))["v"] + 1
        except Exception:
            return {"batchItemFailures": {"itemIdentifier": seq(record)}}
    return {"batchItemFailures": []}
