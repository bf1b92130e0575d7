"""What a JSON value is of what kcli reads, by the members that only it has."""

import json
from collections.abc import Mapping

from kinesis_cli.recordings.form import Form
from kinesis_cli.stream.kinds.known import KINDS, kind_in, records_in

_EVENT_MEMBERS = {
    *("Records", "window", "state", "shardId", "eventSourceARN"),
    *("isFinalInvokeForWindow", "isWindowTerminatedEarly"),
}


def form_of(value: object) -> Form | None:
    """What a document, or the first of many, is; None: of no source that kcli knows."""
    if isinstance(value, list):
        return _form_of_element(value[0]) if value else None
    if not isinstance(value, dict):
        return None
    if is_record(value):
        return Form.GET_RECORDS if _is_of_streams_api(value) else Form.RECORDING
    if records_in(value) is not None:
        return Form.EVENT
    records = value.get("Records")
    if isinstance(records, list):
        if records:
            return _form_of_element(records[0])
        if {"NextShardIterator", "MillisBehindLatest"} & value.keys():
            return Form.GET_RECORDS
        return Form.EVENT if value.keys() <= _EVENT_MEMBERS else None
    return _form_of_element(value)


def _form_of_element(value: object) -> Form | None:
    if not isinstance(value, dict):
        return None
    if is_pipes_record(value):
        return Form.PIPES
    if is_record(value):
        return Form.GET_RECORDS if _is_of_streams_api(value) else Form.EVENT
    if is_get_records_record(value):
        return Form.GET_RECORDS
    return Form.DOCUMENTS if _holds_document(value) else None


def is_record(value: dict[str, object]) -> bool:
    """Whether it is a record as Lambda sends it, or was meant to be one."""
    return kind_in(value) is not None


def _is_of_streams_api(value: Mapping[str, object]) -> bool:
    """Whether it is a record of a table's stream as `aws dynamodbstreams get-records` prints it.

    It has all members but the stream's ARN, and the time as text.
    """
    kind = kind_in(value)
    return kind is not None and kind.is_as_read(value)


def is_pipes_record(value: dict[str, object]) -> bool:
    """Whether it is a record as EventBridge Pipes hands it to a target.

    Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-kinesis.html
    """
    return value.get("eventSource") == "aws:kinesis" and {"data", "sequenceNumber"} <= value.keys()


def is_get_records_record(value: dict[str, object]) -> bool:
    """Whether it is an element of `get-records`' `Records`."""
    return {"SequenceNumber", "Data"} <= value.keys() and "kinesis" not in value


def _holds_document(value: dict[str, object]) -> bool:
    """Whether it is an on-failure document, or a message or a notification around one."""
    if any(isinstance(value.get(kind.batch_info), Mapping) for kind in KINDS):
        return True
    messages = value.get("Messages")
    if isinstance(messages, list) and messages and isinstance(messages[0], dict):
        value = messages[0]
    sns = value.get("Sns")
    value = sns if isinstance(sns, dict) else value
    bodies = (value.get(name) for name in ("Body", "body", "Message"))
    texts = [body for body in bodies if isinstance(body, str)]
    return any(kind.batch_info in text for kind in KINDS for text in texts)


def inner_form(value: object) -> tuple[Form, str] | None:
    """What else there is of Kinesis's in a document that is not: its form, and `jq`'s path to it.

    It may be text that holds JSON, as a message's body is.
    """
    if isinstance(value, str):
        found = _form_of_text(value)
        return (found, "fromjson") if found else None
    if not isinstance(value, dict):
        return None
    for name, inner in value.items():
        if not name.isidentifier():
            continue
        if form := form_of(inner):
            return form, f".{name}"
        if form := _form_of_text(inner):
            return form, f".{name} | fromjson"
        first = inner[0] if isinstance(inner, list) and inner else None
        if isinstance(first, dict) and (form := _form_of_text(first.get("body"))):
            return form, f".{name}[].body | fromjson"
    return None


def _form_of_text(value: object) -> Form | None:
    hints = ("inesis", "SequenceNumber", "dynamodb", "afka")
    if not (isinstance(value, str) and any(hint in value for hint in hints)):
        return None
    try:
        return form_of(json.loads(value))
    except (ValueError, RecursionError):
        return None
