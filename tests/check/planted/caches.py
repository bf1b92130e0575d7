"""no-state-leak: a result is cached by partition key."""

cache = {}


def process(body, record):
    key = record["kinesis"]["partitionKey"]
    if key not in cache:
        cache[key] = body["v"] + 1
    return cache[key]


import base64
import json


def decode(record):
    return base64.b64decode(record["kinesis"]["data"])


def seq(record):
    return record["kinesis"]["sequenceNumber"]


def handler(event, context):
    failures = []
    for record in event["Records"]:
        try:
            process(json.loads(decode(record)), record)
        except Exception:
            failures.append({"itemIdentifier": seq(record)})
    return {"batchItemFailures": failures}
