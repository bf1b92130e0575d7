"""Nothing is wrong: class based."""

import base64
import json


def decode(record):
    return base64.b64decode(record["kinesis"]["data"])


def seq(record):
    return record["kinesis"]["sequenceNumber"]


from dataclasses import dataclass
from datetime import datetime, timezone


@dataclass
class Order:
    v: float
    at: datetime

    @classmethod
    def parse(cls, raw):
        body = json.loads(raw)
        return cls(
            float(body["v"]),
            datetime.fromisoformat(body["at"].replace("Z", "+00:00")).astimezone(timezone.utc),
        )


class Handler:
    def __init__(self):
        self.count = 0

    def __call__(self, event, context):
        out = []
        for record in event["Records"]:
            self.count += 1
            try:
                Order.parse(decode(record))
            except Exception as error:
                print(json.dumps({"level": "WARN", "error": type(error).__name__}))
                out.append({"itemIdentifier": seq(record)})
        print("handled", self.count)
        return {"batchItemFailures": out}


handler = Handler()
