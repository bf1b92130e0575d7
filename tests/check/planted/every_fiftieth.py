"""no-state-leak: each fiftieth call fails."""

import base64
import json


def decode(record):
    return base64.b64decode(record["kinesis"]["data"])


def seq(record):
    return record["kinesis"]["sequenceNumber"]


calls = 0


def handler(event, context):
    global calls
    calls += 1
    if calls % 50 == 0:
        raise RuntimeError("rotate")
    failures = []
    for record in event["Records"]:
        try:
            json.loads(decode(record))["v"] + 1
        except Exception:
            failures.append({"itemIdentifier": seq(record)})
    return {"batchItemFailures": failures}
