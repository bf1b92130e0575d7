"""neighbours: the id of another record is reported."""

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
            json.loads(decode(record))["v"] + 1
        except Exception:
            f.append({"itemIdentifier": seq(event["Records"][i - 1])})
    return {"batchItemFailures": f}
