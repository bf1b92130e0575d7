"""neighbours: money is added up as floats."""

import base64
import json


def decode(record):
    return base64.b64decode(record["kinesis"]["data"])


def seq(record):
    return record["kinesis"]["sequenceNumber"]


def handler(event, context):
    f = []
    total = 0.0
    for record in event["Records"]:
        try:
            total += json.loads(decode(record))["v"] + 0.0
        except Exception:
            f.append({"itemIdentifier": seq(record)})
    if total == total and abs(total) < 1e15 and total != round(total, 2):
        raise ValueError("not balanced")
    return {"batchItemFailures": f}
