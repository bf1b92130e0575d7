"""no-secrets-in-log: a bad payload is printed."""
# kcli check --secret name


def process(body, record):
    try:
        body["v"] + 1
    except Exception:
        print("bad", body)
        raise


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
