"""Goes through the records of each key apart, and reports the lowest that failed."""

import base64
import json
from collections import defaultdict


def handler(event, context):
    by_key = defaultdict(list)
    for record in event["Records"]:
        by_key[record["kinesis"]["partitionKey"]].append(record)
    failed = []
    for records in by_key.values():
        for record in records:
            try:
                json.loads(base64.b64decode(record["kinesis"]["data"]))["v"] + 1
            except Exception:
                failed.append(record["kinesis"]["sequenceNumber"])
                break
    if not failed:
        return {"batchItemFailures": []}
    return {"batchItemFailures": [{"itemIdentifier": min(failed, key=int)}]}
