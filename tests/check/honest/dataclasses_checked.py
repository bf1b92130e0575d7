"""Parses into a dataclass that checks itself."""

import base64
import json
from dataclasses import dataclass


@dataclass(frozen=True)
class Order:
    v: float
    kind: str

    def __post_init__(self):
        if isinstance(self.v, bool) or not isinstance(self.v, (int, float)):
            raise TypeError("v is not a number")
        if not isinstance(self.kind, str):
            raise TypeError("kind is not a text")


def parse(data):
    value = json.loads(data)
    return Order(v=value["v"], kind=value["kind"])


def handler(event, context):
    failures = []
    for record in event["Records"]:
        try:
            parse(base64.b64decode(record["kinesis"]["data"]))
        except Exception as error:
            print("failed", type(error).__name__)
            failures.append({"itemIdentifier": record["kinesis"]["sequenceNumber"]})
    return {"batchItemFailures": failures} if failures else {"batchItemFailures": []}
