"""one-bad-record: data is taken not to be empty."""

import base64
import json


def decode(record):
    return base64.b64decode(record["kinesis"]["data"])


def seq(record):
    return record["kinesis"]["sequenceNumber"]


def handler(event, context):
    f = []
    for record in event["Records"]:
        raw = decode(record)
        first = raw[0]
        try:
            json.loads(raw)["v"] + 1
        except Exception:
            f.append({"itemIdentifier": seq(record)})
    return {"batchItemFailures": f}
