"""Stops before its time is over, and hands back the rest."""

import base64
import json

LEAST_MS = 200


def handler(event, context):
    failures = []
    for record in event["Records"]:
        number = record["kinesis"]["sequenceNumber"]
        if context.get_remaining_time_in_millis() < LEAST_MS:
            failures.append({"itemIdentifier": number})
            break
        try:
            json.loads(base64.b64decode(record["kinesis"]["data"]))["v"] + 1
        except Exception:
            failures.append({"itemIdentifier": number})
    return {"batchItemFailures": failures}
