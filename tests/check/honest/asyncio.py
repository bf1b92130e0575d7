"""Nothing is wrong: asyncio."""

import base64
import json


def decode(record):
    return base64.b64decode(record["kinesis"]["data"])


def seq(record):
    return record["kinesis"]["sequenceNumber"]


import asyncio


async def one(record):
    await asyncio.sleep(0)
    try:
        json.loads(decode(record))["v"] + 1
    except Exception:
        return seq(record)


async def all_(records):
    return await asyncio.gather(*map(one, records))


def handler(event, context):
    return {
        "batchItemFailures": [
            {"itemIdentifier": n} for n in asyncio.run(all_(event["Records"])) if n
        ]
    }
