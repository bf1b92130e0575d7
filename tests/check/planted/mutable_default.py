"""no-state-leak: failures are kept in a default argument."""

import base64
import json


def decode(record):
    return base64.b64decode(record["kinesis"]["data"])


def seq(record):
    return record["kinesis"]["sequenceNumber"]


def process(records, failures=[]):
    for record in records:
        try:
            json.loads(decode(record))["v"] + 1
        except Exception:
            failures.append({"itemIdentifier": seq(record)})
    return failures


def handler(event, context):
    return {"batchItemFailures": process(event["Records"])}
