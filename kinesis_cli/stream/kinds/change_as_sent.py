"""A change as Lambda sends it to a function, from what the streams API gives."""

import json
import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from kinesis_cli.stream.kinds.change_record import TABLE_STREAM_ARN
from kinesis_cli.stream.times import number_or_nan

_NOT_PRINTED = re.compile(r"[^\x00-\x7e]")


def encoded_change(value: Mapping[str, Any]) -> bytes:
    """A record as JSON, the time as Java writes a double: `1.789651658E9`.

    Source: stackd's captures, the payload of an on-failure document in S3.
    """
    change = value["dynamodb"]
    created = number_or_nan(change.get("ApproximateCreationDateTime"))
    if math.isfinite(created):  # else it is none, and refused later
        time = msgspec.Raw(java_double(created).encode())
        value = {**value, "dynamodb": {**change, "ApproximateCreationDateTime": time}}
    text = msgspec.json.encode(value)
    if text.isascii() and b"\x7f" not in text:
        return text
    # Text of an item may hold anything; shown on a terminal it must not do anything.
    return _NOT_PRINTED.sub(_escaped, text.decode()).encode()


def _escaped(found: "re.Match[str]") -> str:
    return "\\u007f" if found.group() == "\x7f" else json.dumps(found.group())[1:-1]


def java_double(number: float) -> str:
    """A number as `Double.toString` of Java writes it."""
    if not 1e7 <= abs(number) < 1e300:
        return repr(number)
    digits, _, exponent = f"{number:.16e}".partition("e")
    shortest = repr(number).replace(".", "").lstrip("-").partition("e")[0].rstrip("0") or "0"
    sign = "-" if digits.startswith("-") else ""
    return f"{sign}{shortest[0]}.{shortest[1:] or '0'}E{int(exponent)}"


def as_lambda_sends(
    value: Mapping[str, Any], stream_arn: str = TABLE_STREAM_ARN
) -> dict[str, object]:
    """A record of the streams API, which `get-records` prints, as Lambda hands it to a function.

    Args:
        value: one element of `Records`, as boto3 or the AWS CLI gives it.
        stream_arn: of the stream, where the record does not tell it.
    """
    arn = value.get("eventSourceARN")
    arn = arn if isinstance(arn, str) else stream_arn
    change = value.get("dynamodb")
    sent: dict[str, object] = {
        "eventID": value.get("eventID", ""),
        "eventName": value.get("eventName", ""),
        "eventVersion": value.get("eventVersion", "1.1"),
        "eventSource": value.get("eventSource", "aws:dynamodb"),
        "awsRegion": _region_of(arn) or value.get("awsRegion", ""),
    }
    # UNSURE(ddb-identity-place): its place among the members; a type of aws-lambda-go has it here.
    if isinstance(identity := value.get("userIdentity"), Mapping):
        sent["userIdentity"] = {
            "type": identity.get("type", identity.get("Type")),
            "principalId": identity.get("principalId", identity.get("PrincipalId")),
        }
    sent["dynamodb"] = _change_as_sent(change) if isinstance(change, Mapping) else change
    sent["eventSourceARN"] = arn
    others = {name: each for name, each in value.items() if name not in sent}
    others.pop("userIdentity", None)
    return sent | others


def _change_as_sent(change: Mapping[str, Any]) -> dict[str, object]:
    order = (
        *("ApproximateCreationDateTime", "Keys", "NewImage", "OldImage", "SequenceNumber"),
        *("SizeBytes", "StreamViewType"),
    )
    names = [name for name in order if name in change]
    names += [name for name in change if name not in order]
    sent = {name: change[name] for name in names}
    for name in ("Keys", "NewImage", "OldImage"):
        if name in sent:
            sent[name] = _as_json(sent[name])
    if "ApproximateCreationDateTime" in sent:
        sent["ApproximateCreationDateTime"] = _whole_seconds(sent["ApproximateCreationDateTime"])
    return sent


def _whole_seconds(time: object) -> object:
    """A time in whole seconds, rounded down; what is none stays, and is refused later.

    Source: ApproximateCreationDateTime in botocore's model dynamodbstreams/2012-08-10
    """
    if isinstance(time, str):
        try:
            time = datetime.fromisoformat(time)
        except ValueError:
            return time
    if isinstance(time, datetime):
        time = (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()
    seconds = number_or_nan(time)
    return float(math.floor(seconds)) if math.isfinite(seconds) else time


def _as_json(value: Any) -> Any:  # noqa: ANN401 - any attribute value
    """Attribute values with binary ones as base64 text, and sets as lists, as JSON has them."""
    match value:
        case bytes():
            return msgspec.to_builtins(value)
        case Mapping():
            return {name: _as_json(each) for name, each in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_as_json(each) for each in value]
    return value


def _region_of(arn: str) -> str:
    parts = arn.split(":", 4)
    return parts[3] if len(parts) == 5 else ""
