"""Nothing is wrong: s3 batch."""

import base64
import json


def decode(record):
    return base64.b64decode(record["kinesis"]["data"])


def seq(record):
    return record["kinesis"]["sequenceNumber"]


import boto3

s3 = boto3.client("s3")


def handler(event, context):
    lines, failures = [], []
    for record in event["Records"]:
        try:
            lines.append(json.dumps(json.loads(decode(record))["v"] + 1))
        except Exception:
            failures.append({"itemIdentifier": seq(record)})
    if lines:
        s3.put_object(
            Bucket="b", Key=f"{seq(event['Records'][0])}.json", Body="\n".join(lines).encode()
        )
    return {"batchItemFailures": failures}
