"""Nothing is wrong: threads."""

import base64
import json


def decode(record):
    return base64.b64decode(record["kinesis"]["data"])


def seq(record):
    return record["kinesis"]["sequenceNumber"]


from concurrent.futures import ThreadPoolExecutor

pool = ThreadPoolExecutor(4)


def one(record):
    try:
        json.loads(decode(record))["v"] + 1
    except Exception:
        return seq(record)


def handler(event, context):
    bad = [n for n in pool.map(one, event["Records"]) if n]
    return {"batchItemFailures": [{"itemIdentifier": n} for n in bad]}
