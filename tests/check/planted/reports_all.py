"""one-bad-record: all are reported for one."""

import base64
import json


def decode(record):
    return base64.b64decode(record["kinesis"]["data"])


def seq(record):
    return record["kinesis"]["sequenceNumber"]


def handler(event, context):
    try:
        for r in event["Records"]:
            json.loads(decode(r))["v"] + 1
    except Exception:
        return {"batchItemFailures": [{"itemIdentifier": seq(r)} for r in event["Records"]]}
    return {"batchItemFailures": []}
