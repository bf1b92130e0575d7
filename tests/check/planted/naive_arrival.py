"""deterministic: the arrival is read in the time zone of the process."""

import base64
import json


def decode(record):
    return base64.b64decode(record["kinesis"]["data"])


def seq(record):
    return record["kinesis"]["sequenceNumber"]


from datetime import datetime


def handler(event, context):
    failures = []
    for record in event["Records"]:
        arrival = datetime.fromtimestamp(record["kinesis"]["approximateArrivalTimestamp"])
        try:
            json.loads(decode(record))["v"] + 1
            if arrival.year != 2024:
                raise ValueError("not of this year")
        except Exception:
            failures.append({"itemIdentifier": seq(record)})
    return {"batchItemFailures": failures}
