"""no-state-leak: a lock is not given back when a record fails."""

import base64
import json


def decode(record):
    return base64.b64decode(record["kinesis"]["data"])


def seq(record):
    return record["kinesis"]["sequenceNumber"]


import threading

lock = threading.Lock()


def handler(event, context):
    lock.acquire()
    for record in event["Records"]:
        json.loads(decode(record))["v"] + 1
    lock.release()
    return {"batchItemFailures": []}
