"""no-state-leak: a record is marked as seen before it is handled."""

import base64
import json


def decode(record):
    return base64.b64decode(record["kinesis"]["data"])


def seq(record):
    return record["kinesis"]["sequenceNumber"]


seen = set()


def handler(event, context):
    f = []
    for r in event["Records"]:
        if seq(r) in seen:
            continue
        seen.add(seq(r))
        try:
            json.loads(decode(r))["v"] + 1
        except Exception:
            f.append({"itemIdentifier": seq(r)})
    return {"batchItemFailures": f}
