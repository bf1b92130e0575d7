"""answer-shape: the identifier is a number."""

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
            json.loads(decode(record))["v"] + 1
        except Exception:
            failures.append({"itemIdentifier": int(seq(record))})
    return {"batchItemFailures": failures}
