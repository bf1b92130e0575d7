"""Coroutines side by side, whose exceptions are gathered."""

import asyncio
import base64
import json


async def process(record):
    await asyncio.sleep(0)
    return json.loads(base64.b64decode(record["kinesis"]["data"]))["v"] + 1


async def all_of(records):
    return await asyncio.gather(*map(process, records), return_exceptions=True)


def handler(event, context):
    results = asyncio.run(all_of(event["Records"]))
    return {
        "batchItemFailures": [
            {"itemIdentifier": record["kinesis"]["sequenceNumber"]}
            for record, result in zip(event["Records"], results)
            if isinstance(result, Exception)
        ]
    }
