"""memory: a cache has no end."""

import base64
import json


def decode(record):
    return base64.b64decode(record["kinesis"]["data"])


def seq(record):
    return record["kinesis"]["sequenceNumber"]


from functools import lru_cache


@lru_cache(maxsize=None)
def parse(data):
    return json.loads(base64.b64decode(data))["v"] + 1


def handler(event, context):
    failures = []
    for record in event["Records"]:
        try:
            parse(record["kinesis"]["data"])
        except Exception:
            failures.append({"itemIdentifier": seq(record)})
    return {"batchItemFailures": failures}
