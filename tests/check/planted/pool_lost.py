"""mapping-fits: nobody asks what became of the threads."""

import base64
import json


def decode(record):
    return base64.b64decode(record["kinesis"]["data"])


def seq(record):
    return record["kinesis"]["sequenceNumber"]


from concurrent.futures import ThreadPoolExecutor


def process(record):
    return json.loads(decode(record))["v"] + 1


def handler(event, context):
    failures = []
    with ThreadPoolExecutor(4) as pool:
        for record in event["Records"]:
            try:
                pool.submit(process, record)
            except Exception:
                failures.append({"itemIdentifier": seq(record)})
    return {"batchItemFailures": failures}
