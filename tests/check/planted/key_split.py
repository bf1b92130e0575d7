"""one-bad-record: partition keys are taken apart, outside of what is caught."""

import base64
import json


def decode(record):
    return base64.b64decode(record["kinesis"]["data"])


def seq(record):
    return record["kinesis"]["sequenceNumber"]


def handler(event, context):
    failures = []
    for record in event["Records"]:
        name, number = record["kinesis"]["partitionKey"].split("-")
        try:
            json.loads(decode(record))["v"] + 1
        except Exception:
            failures.append({"itemIdentifier": seq(record)})
    return {"batchItemFailures": failures}
