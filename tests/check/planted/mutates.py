"""event-unchanged: the event is mutated."""

import base64
import json


def decode(record):
    return base64.b64decode(record["kinesis"]["data"])


def seq(record):
    return record["kinesis"]["sequenceNumber"]


def handler(event, context):
    f = []
    for i, record in enumerate(event["Records"]):
        try:
            record["kinesis"]["data"] = json.loads(decode(record))
            record["kinesis"]["data"]["v"] + 1
        except Exception:
            f.append({"itemIdentifier": seq(record)})
    return {"batchItemFailures": f}
