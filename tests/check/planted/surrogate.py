"""one-bad-record: half a surrogate pair is encoded."""


def process(body, record):
    if not isinstance(body, dict):
        raise KeyError("v")
    body["v"]
    return str(body).encode("utf-8")


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
        except (KeyError, json.JSONDecodeError):
            failures.append({"itemIdentifier": seq(record)})
    return {"batchItemFailures": failures}
