"""answer-shape: the answer is JSON in a text."""

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
            json.loads(decode(r))["v"] + 1
        except Exception:
            f.append({"itemIdentifier": seq(r)})
    return json.dumps({"batchItemFailures": f})
