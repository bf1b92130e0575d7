"""no-state-leak: the event loop is closed after the first call."""

import base64
import json


def decode(record):
    return base64.b64decode(record["kinesis"]["data"])


def seq(record):
    return record["kinesis"]["sequenceNumber"]


import asyncio

loop = asyncio.new_event_loop()


async def process(record):
    json.loads(decode(record))["v"] + 1


async def all_of(records):
    failures = []
    for record in records:
        try:
            await process(record)
        except Exception:
            failures.append({"itemIdentifier": seq(record)})
    return failures


def handler(event, context):
    failures = loop.run_until_complete(all_of(event["Records"]))
    loop.close()
    return {"batchItemFailures": failures}
