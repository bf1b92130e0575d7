"""Which AWS calls write, and which of them are the same when they are made twice."""

import json
import re
from collections.abc import Iterable, Sequence

from kinesis_cli.testing.checks.observing import AwsCall

_READS = ("Get", "List", "Describe", "Query", "Scan", "BatchGet", "Head", "Select", "Search")
_READS_TOO = frozenset({"ReceiveMessage", "AssumeRole", "Decrypt", "TransactGetItems"})
# What tells how a function is doing may come twice.
_OF_OPERATIONS = frozenset({"CloudWatch", "CloudWatch Logs", "XRay", "STS"})
# What sends something each time it is called, whatever was sent before.
_SENDS = frozenset(
    {"SendMessage", "SendMessageBatch", "Publish", "PublishBatch", "PutRecord", "PutRecords"}
    | {"PutRecordBatch", "PutEvents", "Invoke", "InvokeAsync", "SendEmail", "SendRawEmail"}
    | {"StartExecution", "SendTemplatedEmail", "SendBulkEmail", "SendCommand", "ExecuteStatement"}
)
_TOKENS = (
    "MessageDeduplicationId",
    "ClientToken",
    "ClientRequestToken",
    "IdempotencyToken",
    "name",  # of an execution of Step Functions: the same name starts nothing new
)
_KEYS = ("Key", "Bucket", "TableName", "Name", "QueueUrl", "Id", "FunctionName", "StreamName")
_ADDS = re.compile(r"\bADD\b|list_append|[+-]\s*:|:\w+\s*[+-]", re.IGNORECASE)


def writes_of(calls: Iterable[AwsCall]) -> list[str]:
    """The writes among some calls, each as what it does to what."""
    return [_identity(call) for call in calls if _writes(call)]


def repeated_writes(first: Sequence[AwsCall], second: Sequence[AwsCall]) -> str:
    """What a second delivery adds to the first, in words; "": nothing."""
    known = set(writes_of(first))
    for call in filter(_writes, second):
        what = f"{call.service} {call.operation}"
        if _identity(call) not in known:
            return f"makes a {what} of another key or text than the first"
        if not _is_same_twice(call):
            return f"makes the {what} again, and nothing tells the two apart"
    return ""


def _writes(call: AwsCall) -> bool:
    if call.service in _OF_OPERATIONS or call.operation in _READS_TOO:
        return False
    return not call.operation.startswith(_READS)


def _is_same_twice(call: AwsCall) -> bool:
    """Whether a write that is repeated changes nothing more."""
    parameters = call.parameters
    if parameters.get("ConditionExpression") or any(parameters.get(name) for name in _TOKENS):
        return True
    if call.operation in _SENDS:
        entries = parameters.get("Entries")
        return isinstance(entries, list) and all(
            isinstance(entry, dict) and entry.get("MessageDeduplicationId") for entry in entries
        )
    if call.operation == "UpdateItem":
        return not _ADDS.search(str(parameters.get("UpdateExpression") or ""))
    return True


def _identity(call: AwsCall) -> str:
    """A write as far as it counts: its key where it has one, else all of it."""
    parameters = call.parameters
    token = {name: parameters[name] for name in _TOKENS if parameters.get(name)}
    condition = parameters.get("ConditionExpression")
    match call.operation:
        case "PutItem":
            kept: object = {"TableName": parameters.get("TableName"), "Key": _key_of(parameters)}
        case "UpdateItem" | "DeleteItem" | "PutObject" | "DeleteObject" | "PutParameter":
            kept = {name: parameters[name] for name in _KEYS if name in parameters}
        case "BatchWriteItem":
            kept = {table: _keys(rows) for table, rows in _requests(parameters).items()}
        case _ if token:
            kept = token
        case _:
            kept = dict(parameters)
    return json.dumps([call.service, call.operation, kept, condition], sort_keys=True, default=str)


def _requests(parameters: object) -> dict[str, object]:
    items = parameters.get("RequestItems") if hasattr(parameters, "get") else None
    return items if isinstance(items, dict) else {}


def _keys(rows: object) -> list[object]:
    if not isinstance(rows, list):
        return []
    found = []
    for row in rows:
        put = row.get("PutRequest") if isinstance(row, dict) else None
        found.append(_key_of(put) if isinstance(put, dict) else row)
    return found


_USUAL = ("pk", "sk", "id")


def _key_of(parameters: object) -> object:
    """The key of an item, as far as its names tell; else all of the item."""
    item = parameters.get("Item") if hasattr(parameters, "get") else None
    if not isinstance(item, dict):
        return item
    named = {name: value for name, value in item.items() if _is_key(name)}
    return named or item


def _is_key(name: str) -> bool:
    letters = name.lower().replace("_", "").replace("-", "")
    return letters in _USUAL or letters.endswith(("id", "key", "sequencenumber"))
