"""A pipeline of generators."""

import base64
import json


def decoded(records):
    for record in records:
        number = record["kinesis"]["sequenceNumber"]
        try:
            yield number, json.loads(base64.b64decode(record["kinesis"]["data"]))
        except (ValueError, RecursionError):
            yield number, None


def failed(pairs):
    for number, payload in pairs:
        if not isinstance(payload, dict) or not isinstance(payload.get("v"), (int, float)):
            yield number


def handler(event, context):
    numbers = failed(decoded(event["Records"]))
    return {"batchItemFailures": [{"itemIdentifier": number} for number in numbers]}
