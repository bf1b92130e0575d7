"""What is not an input of kcli, or not of this command, named as what it is."""

import json
import re
from typing import NamedTuple

from kinesis_cli.recordings.form import Form
from kinesis_cli.recordings.looking.json_forms import form_of, inner_form
from kinesis_cli.stream.kinds.known import KINDS
from kinesis_cli.stream.lines import service_of

_AS_PAYLOAD = "To take it as a payload, say --format payloads."
# With the other each line would be one.
_AS_ONE_PAYLOAD = "To take it as one payload, say --format firehose."
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
_PYTHON_BYTES = re.compile(r"""b(['"]).*\1\r?$""", re.MULTILINE)
_AWS_TEXT = re.compile(
    r"RECORDS\t|\d+\tAAAA\S{20,}\n|(MillisBehindLatest|NextShardIterator): |Records:\n- "
    r"|-+\r?\n\|\s+GetRecords\s+\|"
)
# What no text has: not white space, nor what terminals (ESC, BEL, BS), FIX or HL7 use.
_NO_TEXT = re.compile(rb"[\x00\x04-\x06\x0e-\x1a]")
_PUT_AS_ONE = "`kcli put --data @FILE` puts it as one payload."
_INSIDE = {
    Form.EVENT: "a Kinesis event",
    Form.RECORDING: "a record of a Kinesis event",
    Form.GET_RECORDS: "get-records output",
    Form.PIPES: "a record of EventBridge Pipes",
    Form.DOCUMENTS: "an on-failure document",
}


class Named(NamedTuple):
    """What something is, and what to do about it."""

    problem: str
    advice: str = ""


def binary(head: bytes) -> Named | None:
    """What bytes are that are not text."""
    for magic, name in _BINARY.items():
        if head.startswith(magic) and (b"\0" in head or not magic.isalnum()):
            advice = (
                "Unpack it first; kcli reads gzip and zstd." if name in _UNPACKED else _PUT_AS_ONE
            )
            return Named(f"this is {name}", advice)
    if _NO_TEXT.search(head):
        return Named("this is binary data", _PUT_AS_ONE)
    return None


def text(head: str) -> Named | None:
    """What a text is that is not JSON, where that is known."""
    if _AWS_TEXT.match(head):
        return Named(
            "this is get-records output of the AWS CLI as text or YAML, or a table",
            "Let `aws kinesis get-records` print it with `--output json`.",
        )
    if _PYTHON_BYTES.match(head):
        return Named(
            "this is how Python prints bytes",
            f"Write the bytes themselves, or their decode(). {AS_LINES}",
        )
    if head.startswith('"') and '"' in head[1:]:
        try:
            return foreign(json.loads(head.partition("\n")[0]))
        except (ValueError, RecursionError):
            return None
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


def foreign(value: object, *, is_one_line: bool = True) -> Named | None:
    """What a JSON document is that Lambda, or a service, made for another purpose.

    Args:
        value: the document.
        is_one_line: whether it stands on one line.
    """
    as_payload = _AS_PAYLOAD if is_one_line else _AS_ONE_PAYLOAD
    if found := inner_form(value):
        form, path = found
        command = "redrive" if form is Form.DOCUMENTS else "invoke"
        inside = f"`jq '{path}' FILE | kcli {command} -` takes it."
        what = "text that holds" if isinstance(value, str) else "JSON with"
        if isinstance(value, dict) and "requestPayload" in value:
            what = "the record of a Lambda destination, with"
        return Named(f"this is {what} {_INSIDE[form]} in it", f"{inside} {as_payload}")
    problem = _purpose(value)
    return None if problem is None else Named(f"this is {problem}", as_payload)


def _purpose(value: object) -> str | None:
    if isinstance(value, list):
        is_request = bool(value) and all(map(_is_put_entry, value))
        return "what `aws kinesis put-records --records` takes" if is_request else None
    if not isinstance(value, dict):
        return None
    records = value.get("Records")
    if isinstance(records, list) and records:
        if all(map(_is_put_entry, records)):
            return "what `aws kinesis put-records --cli-input-json` takes"
        if "FailedRecordCount" in value:
            return "what PutRecords answered, without the records"
    if "requestPayload" in value:
        return "the record of a Lambda destination"
    if any(name.endswith("BatchInfo") for name in value):
        return "an on-failure document of another source than Kinesis"
    if "detail-type" in value and "source" in value:
        return "an event of EventBridge, not of Kinesis"
    if (service := _service(value)) is not None:
        if service in {kind.title for kind in KINDS} and form_of(value) is None:
            return f"an event of {service} whose records are not whole"
        return f"an event of {service}, not of Kinesis"
    return None


def _is_put_entry(value: object) -> bool:
    # https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecordsRequestEntry.html
    members = {"Data", "PartitionKey", "ExplicitHashKey"}
    return isinstance(value, dict) and {"Data", "PartitionKey"} <= value.keys() <= members


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
    is_map = isinstance(value.get("eventSource"), str) and isinstance(records, dict)  # Kafka's
    http = value.get("requestContext")
    is_http = isinstance(http, dict) and {"http", "elb", "apiId"} & http.keys()
    return service_of(value) if is_map or is_http else None
