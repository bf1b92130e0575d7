"""one-bad-record: times with and without zones are compared."""

import datetime


def process(body, record):
    when = datetime.datetime.fromisoformat(body["at"])
    return when < datetime.datetime.now(datetime.timezone.utc)


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
        except (ValueError, KeyError, AttributeError):
            failures.append({"itemIdentifier": seq(record)})
    return {"batchItemFailures": failures}
