"""answer-shape: itemIdentifier is misspelt."""

import base64
import json


def decode(record):
    return base64.b64decode(record["kinesis"]["data"])


def seq(record):
    return record["kinesis"]["sequenceNumber"]


def handler(event, context):
    f = []
    for record in event["Records"]:
        try:
            json.loads(decode(record))["v"] + 1
        except Exception:
            f.append({"ItemIdentifier": seq(record)})
    return {"batchItemFailures": f}
