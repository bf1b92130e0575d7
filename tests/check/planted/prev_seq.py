"""neighbours: the record before the one that failed is reported."""

import base64
import json


def decode(record):
    return base64.b64decode(record["kinesis"]["data"])


def seq(record):
    return record["kinesis"]["sequenceNumber"]


def handler(event, context):
    failures, previous = [], None
    for record in event["Records"]:
        try:
            json.loads(decode(record))["v"] + 1
        except Exception:
            failures.append({"itemIdentifier": previous or seq(record)})
        previous = seq(record)
    return {"batchItemFailures": failures}
