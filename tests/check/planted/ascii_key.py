"""one-bad-record: partition keys are written in ASCII, outside of what is caught."""

import base64
import json


def decode(record):
    return base64.b64decode(record["kinesis"]["data"])


def seq(record):
    return record["kinesis"]["sequenceNumber"]


def handler(event, context):
    failures = []
    for record in event["Records"]:
        key = record["kinesis"]["partitionKey"].encode("ascii")
        try:
            json.loads(decode(record))["v"] + 1
        except Exception:
            failures.append({"itemIdentifier": seq(record)})
    return {"batchItemFailures": failures}
