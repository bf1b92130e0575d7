"""Logs a line of JSON for each record, and counts calls in a global."""

import base64
import json
import logging

logger = logging.getLogger("orders")
logger.setLevel(logging.INFO)
calls = 0


def handler(event, context):
    global calls
    calls += 1
    failures = []
    for record in event["Records"]:
        sequence_number = record["kinesis"]["sequenceNumber"]
        try:
            payload = json.loads(base64.b64decode(record["kinesis"]["data"]))
            total = payload["v"] * 2
            logger.info(json.dumps({"sequence": sequence_number, "total": total, "calls": calls}))
        except Exception as error:
            logger.error(json.dumps({"sequence": sequence_number, "error": type(error).__name__}))
            failures.append({"itemIdentifier": sequence_number})
    return {"batchItemFailures": failures}
