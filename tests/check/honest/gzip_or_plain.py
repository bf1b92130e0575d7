"""Takes payloads as they are, or in gzip."""

import base64
import gzip
import json
import zlib


def opened(data):
    if data[:2] == b"\x1f\x8b":
        return gzip.decompress(data)
    return data


def handler(event, context):
    failures = []
    for record in event["Records"]:
        try:
            json.loads(opened(base64.b64decode(record["kinesis"]["data"])))["v"] + 1
        except (
            ValueError,
            KeyError,
            TypeError,
            IndexError,
            RecursionError,
            OSError,
            EOFError,
            zlib.error,
        ):
            failures.append({"itemIdentifier": record["kinesis"]["sequenceNumber"]})
    return {"batchItemFailures": failures}
