"""memory: each call adds a handler to the logger, and logs once more."""
# kcli check --batch-size 10

import base64
import json


def decode(record):
    return base64.b64decode(record["kinesis"]["data"])


def seq(record):
    return record["kinesis"]["sequenceNumber"]


import logging, sys

log = logging.getLogger("app")
log.setLevel(logging.INFO)
log.propagate = False


def handler(event, context):
    log.addHandler(logging.StreamHandler(sys.stdout))
    failures = []
    for record in event["Records"]:
        try:
            json.loads(decode(record))["v"] + 1
            log.info("fine")
        except Exception:
            failures.append({"itemIdentifier": seq(record)})
    return {"batchItemFailures": failures}
