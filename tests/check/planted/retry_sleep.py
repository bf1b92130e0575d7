"""time: retries within the function sleep beyond the Timeout."""

import base64
import json


def decode(record):
    return base64.b64decode(record["kinesis"]["data"])


def seq(record):
    return record["kinesis"]["sequenceNumber"]


import time


def handler(event, context):
    failures = []
    for record in event["Records"]:
        for attempt in range(5):
            try:
                json.loads(decode(record))["v"] + 1
                break
            except Exception:
                time.sleep(2**attempt)
        else:
            failures.append({"itemIdentifier": seq(record)})
    return {"batchItemFailures": failures}
