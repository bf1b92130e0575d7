"""one-bad-record: one coroutine that fails ends all."""

import base64
import json


def decode(record):
    return base64.b64decode(record["kinesis"]["data"])


def seq(record):
    return record["kinesis"]["sequenceNumber"]


import asyncio


async def process(record):
    return json.loads(decode(record))["v"] + 1


async def all_of(records):
    return await asyncio.gather(*map(process, records))


def handler(event, context):
    asyncio.run(all_of(event["Records"]))
    return {"batchItemFailures": []}
