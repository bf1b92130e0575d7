"""neighbours: a list is shortened while it is gone through."""

import base64
import json


def decode(record):
    return base64.b64decode(record["kinesis"]["data"])


def seq(record):
    return record["kinesis"]["sequenceNumber"]


def handler(event, context):
    failures, records = [], list(event["Records"])
    for record in records:
        try:
            json.loads(decode(record))["v"] + 1
        except Exception:
            failures.append({"itemIdentifier": seq(record)})
            if record in records:
                records.remove(record)
    return {"batchItemFailures": failures[-1:]}
