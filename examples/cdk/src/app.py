"""Raises the alarm."""

import base64
import json

raised = []


def lambda_handler(event, context):
    for record in event["Records"]:
        raised.append(json.loads(base64.b64decode(record["kinesis"]["data"]))["place"])
