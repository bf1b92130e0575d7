"""memory: all payloads are kept."""

import base64
import json


def decode(record):
    return base64.b64decode(record["kinesis"]["data"])


def seq(record):
    return record["kinesis"]["sequenceNumber"]


cache = {}


def parse(data):
    if data not in cache:
        cache[data] = json.loads(base64.b64decode(data))
    return cache[data]


def handler(event, context):
    failures = []
    for record in event["Records"]:
        try:
            parse(record["kinesis"]["data"])["v"] + 1
        except Exception:
            failures.append({"itemIdentifier": seq(record)})
    return {"batchItemFailures": failures}
