"""neighbours: a value ends the batch without a word."""

import base64
import json


def decode(record):
    return base64.b64decode(record["kinesis"]["data"])


def seq(record):
    return record["kinesis"]["sequenceNumber"]


def handler(event, context):
    f = []
    for r in event["Records"]:
        try:
            v = json.loads(decode(r))["v"] + 1
        except Exception:
            f.append({"itemIdentifier": seq(r)})
            continue
        if v == 1:
            break
    return {"batchItemFailures": f}
