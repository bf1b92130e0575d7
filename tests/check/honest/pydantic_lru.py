"""Nothing is wrong: pydantic lru."""

import base64
import json


def decode(record):
    return base64.b64decode(record["kinesis"]["data"])


def seq(record):
    return record["kinesis"]["sequenceNumber"]


import logging
from functools import lru_cache

from pydantic import BaseModel

log = logging.getLogger()


class Reading(BaseModel):
    v: float
    at: str
    kind: str


@lru_cache(maxsize=128)
def known(kind):
    return len(kind)


def handler(event, context):
    failures = []
    for record in event["Records"]:
        try:
            r = Reading.model_validate_json(decode(record))
            known(r.kind)
            log.warning("got one")
        except Exception:
            log.exception("record %s failed", seq(record))
            failures.append({"itemIdentifier": seq(record)})
    return {"batchItemFailures": failures}
