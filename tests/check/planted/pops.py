"""event-unchanged: the event is emptied."""

import base64
import json


def decode(record):
    return base64.b64decode(record["kinesis"]["data"])


def seq(record):
    return record["kinesis"]["sequenceNumber"]


def handler(event, context):
    f = []
    while event["Records"]:
        r = event["Records"].pop(0)
        try:
            json.loads(decode(r))["v"] + 1
        except Exception:
            f.append({"itemIdentifier": seq(r)})
    return {"batchItemFailures": f}
