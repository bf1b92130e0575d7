"""Nothing is wrong: dedupe."""

import base64
import json


def decode(record):
    return base64.b64decode(record["kinesis"]["data"])


def seq(record):
    return record["kinesis"]["sequenceNumber"]


from collections import OrderedDict

seen = OrderedDict()


def handler(event, context):
    failures = []
    for record in event["Records"]:
        if seq(record) in seen:
            continue
        try:
            json.loads(decode(record))["v"] + 1
        except Exception:
            failures.append({"itemIdentifier": seq(record)})
        else:
            seen[seq(record)] = True
            while len(seen) > 500:
                seen.popitem(last=False)
    return {"batchItemFailures": failures}
