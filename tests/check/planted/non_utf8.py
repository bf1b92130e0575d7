"""one-bad-record: data is taken for UTF-8."""

import base64
import json


def decode(record):
    return base64.b64decode(record["kinesis"]["data"])


def seq(record):
    return record["kinesis"]["sequenceNumber"]


def handler(event, context):
    f = []
    for record in event["Records"]:
        text = decode(record).decode()
        try:
            json.loads(text)["v"] + 1
        except Exception:
            f.append({"itemIdentifier": seq(record)})
    return {"batchItemFailures": f}
