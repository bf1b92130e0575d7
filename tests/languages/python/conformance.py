"""See ../README.md."""

import os
import sys
import time
from typing import Any

if "INIT_ERROR" in os.environ:
    raise RuntimeError(os.environ["INIT_ERROR"])


def handler(event: dict[str, Any], context: object) -> object:
    """Do what the event says."""
    match event.get("do"):
        case {"fail": numbers}:
            found = [record["kinesis"]["sequenceNumber"] for record in event["Records"]]
            return {"batchItemFailures": [{"itemIdentifier": n} for n in numbers if n in found]}
        case {"return": value}:
            return value
        case {"raise": text}:
            raise RuntimeError(text)
        case {"large": size}:
            return "x" * size
        case {"log": lines}:
            sys.stdout.writelines(f"{line}\n" for line in lines)
        case {"nothing": _}:
            return None
        case {"exit": status}:
            sys.exit(status)
        case {"sleep": _}:
            time.sleep(1000)
    return {"batchItemFailures": []}
