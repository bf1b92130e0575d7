"""deterministic: the order of a set matters."""


def process(body, record):
    first = next(iter({str(v) for v in body} | {"alpha", "beta", "gamma", "delta"}))
    if first in ("beta", "v"):
        raise ValueError(first)


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
