"""one-bad-record: a time is read outside of what is caught."""

import base64
import json


def decode(record):
    return base64.b64decode(record["kinesis"]["data"])


def seq(record):
    return record["kinesis"]["sequenceNumber"]


from datetime import datetime


def handler(event, context):
    failures = []
    for record in event["Records"]:
        try:
            payload = json.loads(decode(record))
            at = payload["at"]
        except Exception:
            failures.append({"itemIdentifier": seq(record)})
            continue
        datetime.strptime(at, "%Y-%m-%dT%H:%M:%SZ")
    return {"batchItemFailures": failures}
