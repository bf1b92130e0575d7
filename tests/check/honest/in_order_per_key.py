"""Nothing is wrong: in order per key."""

import base64
import json


def decode(record):
    return base64.b64decode(record["kinesis"]["data"])


def seq(record):
    return record["kinesis"]["sequenceNumber"]


def handler(event, context):
    failed_keys, failures = set(), []
    for record in event["Records"]:
        key = record["kinesis"]["partitionKey"]
        if key in failed_keys:
            failures.append({"itemIdentifier": seq(record)})
            continue
        try:
            json.loads(decode(record))["v"] + 1
        except Exception:
            failed_keys.add(key)
            failures.append({"itemIdentifier": seq(record)})
    return {"batchItemFailures": failures}
