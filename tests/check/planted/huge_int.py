"""one-bad-record: huge integers overflow."""


def process(body, record):
    if not isinstance(body, dict) or isinstance(
        body.get("v"), (str, bytes, bool, list, dict, type(None))
    ):
        raise ValueError("v")
    return float(body["v"]).hex()


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
        except ValueError:
            failures.append({"itemIdentifier": seq(record)})
    return {"batchItemFailures": failures}
