"""one-bad-record: the whole batch raises."""

import base64
import json


def decode(record):
    return base64.b64decode(record["kinesis"]["data"])


def seq(record):
    return record["kinesis"]["sequenceNumber"]


def handler(event, context):
    for record in event["Records"]:
        json.loads(decode(record))["v"] + 1
    return {"batchItemFailures": []}
