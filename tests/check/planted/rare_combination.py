"""one-bad-record: two members together raise."""


def process(body, record):
    if body["v"] > 1000 and body["kind"] == "refund":
        os.nope()


import base64
import json
import os


def decode(record):
    return base64.b64decode(record["kinesis"]["data"])


def seq(record):
    return record["kinesis"]["sequenceNumber"]


def handler(event, context):
    failures = []
    for record in event["Records"]:
        try:
            process(json.loads(decode(record)), record)
        except (KeyError, TypeError, ValueError):
            failures.append({"itemIdentifier": seq(record)})
    return {"batchItemFailures": failures}
