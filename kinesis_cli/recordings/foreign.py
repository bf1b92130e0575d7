"""What is no input of kcli, or not of this command, named as what it is."""

import json
import re
from typing import NamedTuple

from kinesis_cli.stream.lines import service_of

AS_PAYLOAD = "To take it as a payload, say --format payloads."
AS_LINES = "To take each line as a payload, say --format payloads."

_BINARY = {
    b"PAR1": "a Parquet file",
    b"Obj\x01": "an Avro file",
    b"ORC": "an ORC file",
    b"PK\x03\x04": "a zip file",
    b"BZh91AY&SY": "a bzip2 file",
    b"\xfd7zXZ": "an xz file",
    b"\xff\x06\x00\x00sNaPpY": "a Snappy file",
    b"%PDF": "a PDF file",
    b"\x89PNG": "an image",
    b"SQLite format 3": "an SQLite database",
}
_UNPACKED = ("a zip file", "a bzip2 file", "an xz file", "a Snappy file")
_PYTHON = re.compile(r"""[\[{]\s*(\{\s*)?('|b'|"[^"]*"\s*:\s*')|[\[{(]\s*\d+\s*:""")
_AWS_TEXT = re.compile(
    r"RECORDS\t|\d+\tAAAA\S{20,}\n|(MillisBehindLatest|NextShardIterator): |Records:\n- "
)


class Named(NamedTuple):
    """What something is, and what to do about it."""

    problem: str
    advice: str = ""


def binary(head: bytes) -> Named | None:
    """What bytes are that are not text."""
    for magic, name in _BINARY.items():
        if head.startswith(magic) and (b"\0" in head or not magic.isalnum()):
            advice = (
                "Unpack it first; kcli reads gzip and zstd."
                if name in _UNPACKED
                else "To put it as one payload, say --data @FILE."
            )
            return Named(f"this is {name}", advice)
    if b"\0" in head:
        return Named("this is binary data", "To put it as one payload, say --data @FILE.")
    return None


def text(head: str) -> Named | None:
    """What a text is that is not JSON, where that is known."""
    if _AWS_TEXT.match(head):
        return Named(
            "this is get-records output of the AWS CLI as text or YAML",
            "Print it with --output json.",
        )
    return None


def not_json(head: str, error: json.JSONDecodeError) -> Named:
    """What a text is that begins like JSON and is not."""
    if _PYTHON.match(head):
        return Named(
            "this is how Python prints a value, not JSON",
            f"Write it with json.dumps instead of print or str. {AS_LINES}",
        )
    reason = error.msg[0].lower() + error.msg[1:]
    where = f"line {error.lineno}, column {error.colno}"
    return Named(f"it begins like JSON, and is not: {reason} at {where}", AS_LINES)


def foreign(value: object) -> Named | None:
    """What a JSON document is that Lambda, or a service, made for another purpose."""
    if not isinstance(value, dict):
        return None
    if "requestPayload" in value:
        kinesis = "kinesis" in json.dumps(value["requestPayload"])[:100_000]
        inside = "The event in it: `jq .requestPayload FILE | kcli invoke -`. " if kinesis else ""
        return Named("this is the record of a Lambda destination", inside + AS_PAYLOAD)
    if "detail-type" in value and "source" in value:
        return Named("this is an event of EventBridge, not of Kinesis", AS_PAYLOAD)
    if (service := _service(value)) is not None:
        return Named(f"this is an event of {service}, not of Kinesis", AS_PAYLOAD)
    return None


def _service(value: dict[str, object]) -> str | None:
    records = value.get("Records", value.get("records"))
    first = records[0] if isinstance(records, list) and records else None
    if isinstance(first, dict):
        source = first.get("eventSource", first.get("EventSource"))
        if not (isinstance(source, str) and source.startswith("aws:")):
            return service_of(value) if "deliveryStreamArn" in value else None  # CloudTrail's too
        return service_of(first)
    if {"awslogs", "httpMethod", "routeKey", "deliveryStreamArn"} & value.keys():
        return service_of(value)
    source = value.get("eventSource")
    is_kafka = source in ("aws:kafka", "SelfManagedKafka") and isinstance(records, dict)
    http = value.get("requestContext")
    is_http = isinstance(http, dict) and {"http", "elb", "apiId"} & http.keys()
    return service_of(value) if is_kafka or is_http else None
