"""answer-shape: the answer has what was processed, and becomes larger than 6 MB."""

import base64
import json


def decode(record):
    return base64.b64decode(record["kinesis"]["data"])


def seq(record):
    return record["kinesis"]["sequenceNumber"]


def handler(event, context):
    failures, done = [], []
    for record in event["Records"]:
        try:
            payload = json.loads(decode(record))
            payload["v"] + 1
            done.append({"payload": payload, "record": record})
        except Exception:
            failures.append({"itemIdentifier": seq(record)})
    return {"batchItemFailures": failures, "processed": done}
