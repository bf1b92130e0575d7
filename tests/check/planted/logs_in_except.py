"""one-bad-record: the log of a failure fails."""

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
            body = json.loads(decode(r))
            body["v"] + 1
        except Exception:
            print("bad", body["kind"])
            f.append({"itemIdentifier": seq(r)})
    return {"batchItemFailures": f}
