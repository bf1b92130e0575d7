"""mapping-fits: a generator is consumed before it is gone through."""

import base64
import json


def decode(record):
    return base64.b64decode(record["kinesis"]["data"])


def seq(record):
    return record["kinesis"]["sequenceNumber"]


def handler(event, context):
    failures = []
    records = (record for record in event["Records"])
    count = sum(1 for _ in records)
    for record in records:
        try:
            json.loads(decode(record))["v"] + 1
        except Exception:
            failures.append({"itemIdentifier": seq(record)})
    return {"batchItemFailures": failures}
